"""When a triage channel may be written to: one message at a time, and no sooner than Slack says."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiolimiter import AsyncLimiter

BURST = 3  # messages at once; Slack takes one a second and channel in the long run

Place = tuple[str, str]  # a workspace and a channel of it


class Pace:
    """Each channel waits by itself."""

    def __init__(self) -> None:
        self._locks: defaultdict[Place, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._limits: defaultdict[Place, AsyncLimiter] = defaultdict(
            lambda: AsyncLimiter(BURST, BURST)
        )
        self._paused_until: dict[Place, float] = {}

    @asynccontextmanager
    async def turn(self, place: Place, *, is_new: bool) -> AsyncIterator[None]:
        """Be the only one who writes there, as soon as one may. Changes of messages that are there
        already aren't counted."""
        async with self._locks[place]:
            await asyncio.sleep(self._paused_until.get(place, 0.0) - time.monotonic())
            if is_new:
                await self._limits[place].acquire()
            yield

    def pause(self, place: Place, seconds: float) -> None:
        """Let nobody write there for so long."""
        self._paused_until[place] = time.monotonic() + seconds
