"""Firstline's own actions (bot.actions), run in this process.

rasa_sdk brings sanic with it (a third of a second to import), so it is imported when the first
action runs, or by `warm_up` in the background.
"""

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from bot.action_runner.call import execute
from bot.action_runner.failing import failed
from bot.action_runner.ran import ActionFailedError, Ran
from bot.turn import JSON

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor

HAND_OVER = "action_hand_over"


class OwnActions:
    """Thread-safe; each call is a short asyncio.run of its own."""

    def __init__(self, domain: JSON) -> None:
        self._domain = domain
        self._lock = threading.Lock()
        self._executor: ActionExecutor | None = None

    def warm_up(self) -> None:
        """Import rasa_sdk in the background, so that the first flow doesn't wait for it."""
        threading.Thread(target=self._loaded, name="rasa-sdk-import", daemon=True).start()

    def names(self) -> frozenset[str]:
        return frozenset(self._loaded().actions)

    def run(self, name: str, tracker: JSON) -> Ran:
        """Run one. Raises ActionFailedError, and as UnknownActionError where it isn't ours."""
        try:
            return asyncio.run(execute(self._loaded(), name, tracker, self._domain))
        except ActionFailedError:
            raise
        except Exception as error:
            raise failed(name, error) from error

    def _loaded(self) -> "ActionExecutor":
        with self._lock:
            if self._executor is None:
                from rasa_sdk.executor import ActionExecutor

                from bot.actions.registered import ACTIONS

                executor = ActionExecutor()
                for action in ACTIONS:
                    executor.register_action(action)
                executor.register_function(HAND_OVER, _hand_over_here)
                self._executor = executor
            return self._executor


def _hand_over_here(dispatcher: Any, tracker: Any, domain: Any) -> list[JSON]:
    """What ActionHandOver does for an assistant elsewhere, the dialogue does here: it takes a
    pause for a person's turn."""
    from rasa_sdk.events import ConversationPaused

    return [ConversationPaused()]
