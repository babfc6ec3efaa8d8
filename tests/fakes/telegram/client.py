"""The official client on the fake, and what its tests say often."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import telegram
from telegram.error import BadRequest

from tests.fakes.telegram import FakeTelegram

KEYBOARD = telegram.InlineKeyboardMarkup.from_button(
    telegram.InlineKeyboardButton("Talk to a person", callback_data="1:2:0")
)


@asynccontextmanager
async def bot_of(fake: FakeTelegram, token: str = "") -> AsyncIterator[telegram.Bot]:
    files = fake.url.removesuffix("bot") + "file/bot"
    async with telegram.Bot(token or fake.token, base_url=fake.url, base_file_url=files) as bot:
        yield bot


def refused(words: str) -> "pytest.RaisesExc[BadRequest]":
    """The client changes the case of what Telegram says."""
    return pytest.raises(BadRequest, match=f"(?i){re.escape(words)}")


async def until(holds: Callable[[], object], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.01)
