"""Waiting for something to do."""

import asyncio

from bot.hints import Hint


async def wait_for_hint(heard: "asyncio.Queue[Hint]", seconds: float) -> None:
    """Until a hint has been heard, or for `seconds`; hints that wait together count as one."""
    try:
        async with asyncio.timeout(seconds):  # wait_for may swallow that we are cancelled
            await heard.get()
    except TimeoutError:
        return
    while not heard.empty():
        heard.get_nowait()
