"""Waiting for something to do."""

import asyncio

from bot.hints import Hint, next_hint


async def wait_for_hint(heard: "asyncio.Queue[Hint]", seconds: float) -> None:
    """Until a hint has been heard, or for `seconds`; hints that wait together count as one."""
    await next_hint(heard, seconds)
    while not heard.empty():
        heard.get_nowait()
