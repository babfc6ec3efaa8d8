"""Which channels are on: each is an adapter, made from the settings."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fastapi import APIRouter
from starlette.types import ASGIApp

from bot.db import Database
from bot.hints import Hints
from bot.knowledge import Knowledge
from bot.settings import Settings
from channels.base import Channel
from channels.inbox import Inbox
from handoff.desk import FrontDesk


class Adapter(Channel, Protocol):
    """A channel with its own routes, and with background tasks between `start` and `stop`."""

    @property
    def router(self) -> APIRouter | None:
        """The paths that the channel's server calls."""

    async def start(self) -> None:
        """Begin to listen; returns at once, and without the channel's server being there."""

    async def stop(self) -> None:
        """Let go of everything; what was received and not stored is delivered again."""


class Sockets(Protocol):
    """A channel whose clients hold connections: it sends by itself what is written to them."""

    path: str
    app: ASGIApp

    def running(self) -> AbstractAsyncContextManager[None]:
        """While it sends."""


def open_sockets(
    settings: Settings, database: Database, inbox: Inbox, hints: Hints
) -> Sockets | None:
    """The Socket.IO channel, if it is on; its library is loaded only here."""
    if settings.socketio is None:
        return None
    from channels.rasa.socketio.channel import SocketIOChannel

    return SocketIOChannel(settings, settings.socketio, database, inbox, hints)


def open_adapters(
    settings: Settings,
    database: Database,
    inbox: Inbox,
    hints: Hints,
    front_desk: FrontDesk,
    knowledge: Knowledge,
) -> dict[str, Adapter]:
    """The adapters of the channels that are set up, by name. Their libraries are loaded only here:
    they take a second that an installation without them shouldn't wait for."""
    adapters: list[Adapter] = []
    if settings.telegram_token and settings.telegram_mode != "off":
        from channels.telegram.channel import TelegramChannel

        adapters.append(TelegramChannel(settings, database, inbox))
    if settings.slack_bot_token or settings.slack_signing_secret or settings.slack_app_token:
        from channels.slack.channel import SlackChannel

        adapters.append(SlackChannel(settings, database, inbox, hints, front_desk, knowledge))
    if settings.imap_url or settings.smtp_url:
        from channels.mail.channel import EmailChannel

        adapters.append(EmailChannel(settings, database, inbox, hints))
    if settings.callback:
        from channels.rasa.callback import CallbackChannel

        adapters.append(CallbackChannel(settings.callback, settings, inbox))
    return {adapter.name: adapter for adapter in adapters}
