"""Who goes first when there is more to do than time: what comes in, then what is thought of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.5  # seconds that a turn waits; an action may ask another system for longer than that


class Turnstile:
    """Turns begin one at a time, and not while a message is being stored.

    A turn is arithmetic in one interpreter: several at once finish no sooner, but they would make
    those wait who only want to know that their message has arrived.
    """

    def __init__(self) -> None:
        self._storing = 0
        self._turns = 0
        self._changed = threading.Condition()

    @contextmanager
    def storing(self) -> Iterator[None]:
        """A message comes in."""
        with self._changed:
            self._storing += 1
        try:
            yield
        finally:
            with self._changed:
                self._storing -= 1
                self._changed.notify()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A turn is taken, as soon as may be, and at the latest after PATIENCE."""
        with self._changed:
            self._changed.wait_for(self._is_free, PATIENCE)
            self._turns += 1
        try:
            yield
        finally:
            with self._changed:
                self._turns -= 1
                self._changed.notify()

    def _is_free(self) -> bool:
        return not (self._storing or self._turns)
