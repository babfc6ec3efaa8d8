"""Who looks at which conversation: what a process keeps in mind and never stores."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from fastapi import FastAPI

from bot.hints import Hint, Hints

LOOK_LASTS = 25.0  # seconds; the console says "still looking" every 10
Clock = Callable[[], float]


class Presence:
    """Remembers the "looking" hints for LOOK_LASTS seconds."""

    def __init__(self, hints: Hints, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._looks: dict[int, dict[int, tuple[str, float]]] = defaultdict(dict)
        self._lock = threading.Lock()
        hints.listen(self._hear)

    def others(self, conversation_id: int, agent_id: int) -> list[str]:
        """The names of the other agents who look at the conversation right now."""
        with self._lock:
            looks = self._looks.get(conversation_id, {})
            fresh = self._clock() - LOOK_LASTS
            return sorted(
                name for agent, (name, at) in looks.items() if at > fresh and agent != agent_id
            )

    def _hear(self, hint: Hint) -> None:
        if hint["kind"] != "looking":
            return
        moment = self._clock()
        with self._lock:
            self._looks[hint["conversation"]][hint["agent"]] = (hint["name"], moment)
            self._forget(moment - LOOK_LASTS)

    def _forget(self, stale: float) -> None:
        for conversation, looks in list(self._looks.items()):
            for agent, (_, at) in list(looks.items()):
                if at <= stale:
                    del looks[agent]
            if not looks:
                del self._looks[conversation]


def presence_of(app: FastAPI) -> Presence:
    """The application's Presence; it begins to listen when it is first asked for."""
    with _first:
        if not hasattr(app.state, "presence"):
            app.state.presence = Presence(app.state.hints)
        presence: Presence = app.state.presence
        return presence


_first = threading.Lock()
