"""The Bot API: python-telegram-bot's `Bot`, made from our settings."""

import hashlib
import hmac
import logging
from typing import Any

from telegram import Bot
from telegram.request import HTTPXRequest

from bot.settings import Settings
from channels.telegram.commands import COMMANDS

WEBHOOK = "/webhooks/telegram/webhook"
WANTED = ["message", "edited_message", "callback_query", "my_chat_member"]
LONG_POLL = 25  # seconds that Telegram waits for something to tell us

# They log URLs, which hold the token, and answers, which hold what customers write.
for _name in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Api(Bot):
    """The bot, and what the library keeps to itself."""

    async def raw_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """The next updates as JSON: the library gives up all of them if it can't parse one.

        Those below `offset` are confirmed: Telegram forgets them.
        """
        wishes = {"offset": offset, "timeout": LONG_POLL, "allowed_updates": WANTED}
        found: list[dict[str, Any]] = await self._post(
            "getUpdates", wishes, read_timeout=LONG_POLL + 10
        )
        return found

    async def own_name(self) -> str:
        """Our name here, without the "@"; asked for once."""
        me = self._bot_user or await self.get_me()
        return me.username or ""

    async def register_commands(self) -> None:
        """What people see when they type "/"."""
        await self.set_my_commands(COMMANDS)

    async def disconnect(self) -> None:
        """Close the connections; `shutdown` would do so only after an `initialize`."""
        for request in self._request:
            await request.shutdown()


def open_api(settings: Settings) -> Api:
    """The settings' bot; nothing is sent yet."""
    url = settings.telegram_api_url
    return Api(
        token(settings),
        base_url=url,
        base_file_url=f"{url.removesuffix('/bot')}/file/bot",
        request=HTTPXRequest(connect_timeout=10, read_timeout=60, pool_timeout=10),
    )


def token(settings: Settings) -> str:
    assert settings.telegram_token
    return settings.telegram_token.get_secret_value()


def account(settings: Settings) -> str:
    """The bot's number on Telegram, with which its token begins."""
    return token(settings).partition(":")[0]


def webhook_secret(settings: Settings) -> str:
    """What Telegram shows us to prove that it is Telegram: as set, or derived from the token."""
    if settings.telegram_webhook_secret:
        return settings.telegram_webhook_secret.get_secret_value()
    return hmac.new(token(settings).encode(), b"firstline webhook", hashlib.sha256).hexdigest()
