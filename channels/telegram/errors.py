"""What Telegram's refusals mean for a line on its way."""

from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from channels.base import SendError

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def send_error(error: TelegramError) -> SendError:
    """The error in our terms. Only the words of Telegram's own answers are repeated: those of
    errors on the way may hold the URL, and with it the token."""
    match error:
        case RetryAfter():
            return SendError("Telegram asks us to wait", retry_after=seconds(error))
        case Forbidden():
            return SendError(f"Telegram says: {error.message}", blocked=True)
        case BadRequest():
            return SendError(f"Telegram says: {error.message}", permanent=True)
        case InvalidToken():
            return SendError("Telegram does not accept the bot's token")
        case NetworkError() if isinstance(error.__cause__, httpx.HTTPError):
            is_uncertain = not isinstance(error.__cause__, NOT_SENT)
            return SendError("Telegram could not be reached", uncertain=is_uncertain)
    return SendError("Telegram has a problem")


def seconds(error: RetryAfter) -> float:
    """How long Telegram asks us to wait."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
