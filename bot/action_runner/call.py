"""The call by which Rasa asks for an action, and what rasa_sdk's executor makes of it."""

import copy
import json
from typing import TYPE_CHECKING, Any

from bot.action_runner.events import checked_events
from bot.action_runner.ran import ActionFailedError, Ran, UnknownActionError
from bot.turn import JSON

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor

RASA = "3.6.21"  # whose calls these are
NO_DOMAIN = {"version": "3.1"}  # rasa_sdk refuses a call without any


def call_for(name: str, tracker: JSON, domain: JSON) -> JSON:
    """The call of an action, in Rasa's format."""
    return {
        "next_action": name,
        "sender_id": tracker["sender_id"],
        "tracker": tracker,
        "domain": domain or NO_DOMAIN,
        "version": RASA,
    }


async def execute(executor: "ActionExecutor", name: str, tracker: JSON, domain: JSON) -> Ran:
    """Run one of the executor's actions on a copy of the tracker, which it may change.

    Raises UnknownActionError, UnsupportedEventError, and whatever the action raises.
    """
    from rasa_sdk.interfaces import ActionExecutionRejection

    if name not in executor.actions:
        raise UnknownActionError(f"no action is called {name}")
    try:
        result = await executor.run(call_for(name, copy.deepcopy(tracker), domain))
    except ActionExecutionRejection:
        return Ran((), (), rejected=True)
    return ran(name, _as_json(name, result.events), _as_json(name, result.responses))


def ran(name: str, events: Any, messages: Any) -> Ran:
    """What an action returned, checked. Raises UnsupportedEventError, ActionFailedError."""
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise ActionFailedError(f"{name} returned responses that are no list of messages")
    checked = checked_events(name, events)
    rejected = any(event["event"] == "action_execution_rejected" for event in checked)
    return Ran(checked, tuple(messages), rejected)


def _as_json(name: str, value: Any) -> Any:
    """The value as an action server would send it: what an action returns is kept as JSON."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ActionFailedError(
            f"{name} returned a value that is no JSON ({error}): "
            "return text, numbers, true, false, null, lists and mappings of these"
        ) from error
