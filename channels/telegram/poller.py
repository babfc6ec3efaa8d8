"""Long polling: Telegram forgets an update only when we ask for later ones, after our commit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.failures import failure
from channels.telegram.api import Api
from channels.telegram.errors import seconds

log = structlog.get_logger()

PAUSE = 1.0  # seconds before another try
LONG_PAUSE = 5.0  # where a person has to mend something first

Result = TypeVar("Result")


async def poll(api: Api, take: Callable[[object], Awaitable[None]]) -> None:
    """Take updates until cancelled, each once the one before it is stored.

    Nothing has to be remembered: Telegram begins with the first that wasn't confirmed.
    """
    await _patiently(api.register_commands)
    offset: int | None = None
    while True:
        for update in await _patiently(lambda: api.raw_updates(offset)):  # noqa: B023
            await _store(update, take)
            offset = update["update_id"] + 1


async def _patiently(call: Callable[[], Awaitable[Result]]) -> Result:
    """The call's result, however long it takes until Telegram gives it."""
    while True:
        try:
            return await call()
        except TelegramError as error:
            await asyncio.sleep(_complain(error))


def _complain(error: TelegramError) -> float:
    """Say what is wrong; returns the seconds until the next try."""
    match error:
        case RetryAfter():
            return seconds(error)
        case InvalidToken():
            log.error("telegram does not accept the token: set FIRSTLINE_TELEGRAM_TOKEN")
            return LONG_PAUSE
        case Conflict():  # a webhook is set, or another process polls: Telegram says which
            log.error("telegram gives the updates to somebody else", reason=error.message)
            return LONG_PAUSE
    log.warning("telegram can't be reached", **failure(error))
    return PAUSE


async def _store(update: dict[str, Any], take: Callable[[object], Awaitable[None]]) -> None:
    """Try until it is stored: those that follow must not overtake it."""
    while True:
        try:
            return await take(update)
        except Exception as error:  # the database is away, or Telegram doesn't say our name
            log.error("telegram update not stored", **failure(error))
            await asyncio.sleep(PAUSE)
