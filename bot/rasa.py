"""The only bridge to rasa_sdk: runs its Action classes in this process.

rasa_sdk brings sanic with it (a third of a second to import), so it is imported when the first
action runs, or by `warm_up` in the background.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain import Domain
from bot.turn import JSON

if TYPE_CHECKING:
    from rasa_sdk import Action
    from rasa_sdk.executor import ActionExecutor

EVENTS = frozenset({"slot", "active_loop", "followup", "reset_slots", "action_execution_rejected"})


class UnsupportedEventError(Exception):
    """An action returned an event that a dialogue here can't follow."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What an action returned: rasa_sdk's events, and its messages still unrendered."""

    events: tuple[JSON, ...]
    messages: tuple[JSON, ...]
    rejected: bool = False


def _demo_actions() -> "Iterable[type[Action]]":
    from bot.actions.registered import ACTIONS

    return ACTIONS


class ActionRunner:
    """Runs actions by their names. Thread-safe; each call is a short asyncio.run of its own."""

    def __init__(
        self, domain: Domain, actions: "Callable[[], Iterable[type[Action]]]" = _demo_actions
    ) -> None:
        """`actions` is called once, when the first action runs."""
        self._domain = domain.raw
        self._actions = actions
        self._lock = threading.Lock()
        self._executor: ActionExecutor | None = None

    def warm_up(self) -> None:
        """Import rasa_sdk in the background, so that the first flow doesn't wait for it."""
        threading.Thread(target=self._loaded, name="rasa-sdk-import", daemon=True).start()

    def run(self, name: str, tracker: JSON) -> Ran:
        """Run one action on a tracker as Rasa would send it.

        Raises whatever the action raises, rasa_sdk's ActionNotFoundException for an unknown
        name, and UnsupportedEventError.
        """
        from rasa_sdk.interfaces import ActionExecutionRejection

        call = {
            "next_action": name,
            "sender_id": tracker["sender_id"],
            "tracker": tracker,
            "domain": self._domain,
        }
        try:
            result = asyncio.run(self._loaded().run(call))
        except ActionExecutionRejection:
            return Ran((), (), rejected=True)
        events = tuple(_supported(name, event) for event in result.events)
        rejected = any(event["event"] == "action_execution_rejected" for event in events)
        return Ran(events, tuple(result.responses), rejected)

    def _loaded(self) -> "ActionExecutor":
        with self._lock:
            if self._executor is None:
                from rasa_sdk.executor import ActionExecutor

                executor = ActionExecutor()
                for action in self._actions():
                    executor.register_action(action)
                self._executor = executor
            return self._executor


def _supported(action: str, event: JSON) -> JSON:
    if event["event"] not in EVENTS:
        known = ", ".join(sorted(EVENTS))
        raise UnsupportedEventError(
            f'{action} returned the event "{event["event"]}"; only: {known}'
        )
    return event
