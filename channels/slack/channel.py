"""Slack as a channel: puts its parts together."""

from typing import Any

from fastapi import APIRouter
from slack_bolt import App

from bot.db import Database
from bot.hints import Hints
from bot.knowledge import Knowledge
from bot.settings import Settings, SettingsError
from channels.base import Outgoing
from channels.inbox import Inbox
from channels.slack.address import Address
from channels.slack.application import build_app, deliver, listener
from channels.slack.asking import (
    ASK_COMMAND,
    ASK_SHORTCUT,
    DESK_COMMANDS,
    TICKET_SHORTCUT,
    Asking,
)
from channels.slack.assistant import Assistant
from channels.slack.chores import Chores
from channels.slack.events import CHANNEL
from channels.slack.home import SEARCH, Home
from channels.slack.installations import ByOAuth, open_installations
from channels.slack.oauth import oauth_flow
from channels.slack.pace import Pace
from channels.slack.presses import PRESSED, Presses
from channels.slack.reception import Reception
from channels.slack.routes import events_route, oauth_routes
from channels.slack.sender import Sender
from channels.slack.site import Site
from channels.slack.socket_mode import SocketMode
from channels.slack.triage import Triage
from channels.slack.web_api import WebApi
from handoff.desk import FrontDesk

TYPING = "is typing…"


class SlackChannel:
    """Hears over a socket if there is an app token, and over HTTP if there is a signing secret.

    Raises SettingsError for what is missing.
    """

    name = CHANNEL

    def __init__(
        self,
        settings: Settings,
        database: Database,
        inbox: Inbox,
        hints: Hints,
        front_desk: FrontDesk,
        knowledge: Knowledge,
    ) -> None:
        _check(settings)
        self._settings = settings
        self._database = database
        self._installations = open_installations(settings, database)
        self._chores = Chores()
        self._api = WebApi(settings.slack_api_url, self._installations)
        self._site = Site(settings.public_url, knowledge)
        self._pace = Pace()
        self._sender = Sender(self._api, self._site, database)
        self._assistant = Assistant(settings.desk(settings.slack_desk), self._api, self._chores)
        self._reception = Reception(
            settings, database, inbox, self._api, self._assistant, self._chores
        )
        self._triage = Triage(settings, database, front_desk, hints, self._api, self._chores)
        self._app = build_app(settings.slack_api_url, self._installations)
        self._listen(self._app)
        self._socket: SocketMode | None = None
        self.router = self._routes()

    async def start(self) -> None:
        self._chores.start()
        await self._api.start()
        self._chores.add(self._triage.run())
        if token := self._settings.slack_app_token:
            self._socket = SocketMode(self._app, token.get_secret_value())
            self._chores.add(self._socket.connect())

    async def stop(self) -> None:
        if self._socket:
            await self._socket.close()
        await self._chores.stop()
        await self._api.stop()

    async def turn(self, account: str, address: str) -> None:
        await self._pace.turn(account, Address.parse(address).channel)

    async def send(self, line: Outgoing) -> str:
        return await self._sender.send(line)

    async def typing(self, account: str, address: str) -> None:
        await self._assistant.show(account, address, TYPING)

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        return await self._api.fetch(account, source, limit)

    def _listen(self, app: App) -> None:
        """Say who takes what. The triage threads come first: what is said there is no question."""
        settings, reception = self._settings, self._reception
        presses = Presses(settings.slack_desk, self._database, reception, self._site, self._chores)
        asking = Asking(settings.slack_desk, reception, self._chores)
        home = Home(settings, self._database, reception, self._site, self._api, self._chores)
        self._triage.register(app)
        app.event("message")(listener(reception.hear))
        app.event("app_mention")(listener(reception.hear))
        app.event("assistant_thread_started")(listener(self._assistant.open))
        app.event("app_home_opened")(listener(home.open))
        app.event("app_uninstalled")(listener(self._forget))
        app.event("tokens_revoked")(listener(self._forget))
        app.action(PRESSED)(listener(presses.take))
        app.action(SEARCH)(listener(home.search))
        app.command(ASK_COMMAND)(listener(asking.ask))
        for command in DESK_COMMANDS:
            app.command(command)(listener(asking.pass_on))
        app.shortcut(ASK_SHORTCUT)(listener(asking.about_message))
        app.shortcut(TICKET_SHORTCUT)(listener(asking.make_ticket))

    def _forget(self, body: dict[str, Any], account: str) -> None:
        """The app was removed from a workspace; a person who took back their own consent, which
        `tokens` lists apart, removes nothing."""
        event = body["event"]
        if event["type"] == "app_uninstalled" or (event.get("tokens") or {}).get("bot"):
            self._installations.remove(account)

    def _routes(self) -> APIRouter:
        router = APIRouter()
        if secret := self._settings.slack_signing_secret:
            router.include_router(
                events_route(secret.get_secret_value(), lambda body: deliver(self._app, body))
            )
        if isinstance(self._installations, ByOAuth):
            flow = oauth_flow(self._settings, self._database, self._installations)
            router.include_router(oauth_routes(flow))
        return router


def _check(settings: Settings) -> None:
    is_in_many = settings.slack_client_id and settings.slack_client_secret
    if not settings.slack_bot_token and not is_in_many:
        raise SettingsError(
            "Slack is half set up: set FIRSTLINE_SLACK_BOT_TOKEN to the app's bot token (xoxb-…); "
            "for several workspaces FIRSTLINE_SLACK_CLIENT_ID and FIRSTLINE_SLACK_CLIENT_SECRET"
        )
    if not settings.slack_signing_secret and not settings.slack_app_token:
        raise SettingsError(
            "Slack is half set up: set FIRSTLINE_SLACK_SIGNING_SECRET to the app's signing secret, "
            "or FIRSTLINE_SLACK_APP_TOKEN for Socket Mode"
        )
    if settings.slack_desk not in settings.desks:
        raise SettingsError(
            f'slack_desk: no desk is called "{settings.slack_desk}"; '
            f"there are: {', '.join(settings.desks)}"
        )
