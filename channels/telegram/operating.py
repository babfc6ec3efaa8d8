"""What the commands ask of Telegram."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from telegram.error import TelegramError

from bot.settings import Settings
from channels.app import create_app
from channels.command import err, stop
from channels.server import configure_logs
from channels.telegram.api import WANTED, WEBHOOK, Api, open_api, webhook_secret
from channels.telegram.errors import send_error

AT_ONCE = 40  # updates that Telegram may bring at the same time


def webhook_url(settings: Settings) -> str:
    return settings.public_url.rstrip("/") + WEBHOOK


def register_webhook(settings: Settings) -> None:
    """Have updates brought to us. Those that wait already are brought too."""

    async def register(api: Api) -> None:
        await api.set_webhook(
            webhook_url(settings),
            max_connections=AT_ONCE,
            allowed_updates=WANTED,
            secret_token=webhook_secret(settings),
        )
        await api.register_commands()

    _ask(settings, register)


def run_polling(settings: Settings) -> None:
    """Take and answer messages until interrupted. A webhook is removed: it would get them."""

    async def unhook(api: Api) -> None:
        await api.delete_webhook()

    async def serve() -> None:
        app = create_app(settings.model_copy(update={"telegram_mode": "poll"}))
        stopping = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stopping.set)
        async with app.router.lifespan_context(app):
            err.print("Polling Telegram; stop with Ctrl-C.")
            await stopping.wait()

    configure_logs()
    _ask(settings, unhook)
    asyncio.run(serve())


def _ask(settings: Settings, question: Callable[[Api], Awaitable[None]]) -> None:
    async def ask() -> None:
        api = open_api(settings)
        try:
            await question(api)
        finally:
            await api.disconnect()

    try:
        asyncio.run(ask())
    except TelegramError as error:
        stop(str(send_error(error)), 1)
