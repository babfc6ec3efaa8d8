"""Things to do beside answering Slack, which waits three seconds and no more."""

import asyncio
from collections.abc import Coroutine

import structlog

from bot.failures import failure

log = structlog.get_logger()


class Chores:
    """Coroutines that run in the server's event loop, whichever thread thought of them. One that
    fails is logged and nothing else: nothing that must happen may be left to a chore."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """From now on, in the running loop."""
        self._loop = asyncio.get_running_loop()

    def add(self, chore: Coroutine[None, None, None]) -> None:
        """Have it done soon. Thread-safe."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._begin, chore)

    async def stop(self) -> None:
        """Let go of what isn't done."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_logged(chore))
        self._running.add(task)
        task.add_done_callback(self._running.discard)


async def _logged(chore: Coroutine[None, None, None]) -> None:
    try:
        await chore
    except Exception as error:
        log.warning("slack chore failed", **failure(error))
