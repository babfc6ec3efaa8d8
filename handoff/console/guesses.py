"""Wrong passwords are counted, so that nobody can try many."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from fastapi import FastAPI

MOST = 5
WINDOW = 15 * 60.0  # seconds
REMEMBERED = 10_000  # callers; beyond that the whole memory is begun anew


class Guesses:
    """Counts wrong tries per caller within WINDOW, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Seconds until the caller may try again; 0 when they may now."""
        with self._lock:
            wrong = self._recent(caller)
            return wrong[0] + WINDOW - self._clock() if len(wrong) >= MOST else 0.0

    def wrong(self, caller: str) -> None:
        with self._lock:
            if len(self._wrong) > REMEMBERED:
                self._wrong.clear()
            self._recent(caller).append(self._clock())

    def right(self, caller: str) -> None:
        with self._lock:
            self._wrong.pop(caller, None)

    def _recent(self, caller: str) -> deque[float]:
        wrong = self._wrong[caller]
        while wrong and wrong[0] <= self._clock() - WINDOW:
            wrong.popleft()
        return wrong


def guesses_of(app: FastAPI) -> Guesses:
    """The application's memory of wrong tries."""
    with _first:
        if not hasattr(app.state, "guesses"):
            app.state.guesses = Guesses()
        guesses: Guesses = app.state.guesses
        return guesses


_first = threading.Lock()
