"""Slack as a whole: what a test is given."""

from __future__ import annotations

import secrets
import time
from types import TracebackType
from typing import Literal, Self

from starlette.applications import Starlette

from tests.fakes.loopback import Loopback
from tests.fakes.slack.events import Events
from tests.fakes.slack.faults import Call, Faults
from tests.fakes.slack.installing import Grants
from tests.fakes.slack.people import Person
from tests.fakes.slack.rendering import Reader
from tests.fakes.slack.responding import ResponseUrls
from tests.fakes.slack.sending import Client, Sender
from tests.fakes.slack.socket_mode import Sockets
from tests.fakes.slack.web_api import WebApi
from tests.fakes.slack.world import Channel, Team, User, World


class FakeSlack:
    """Slack with one workspace, in which the app is installed; see the package for how to use it.

    `api_url`, `bot_token`, `signing_secret`, `app_token`, `client_id` and `client_secret` are what
    the settings of the same names take. `faults` makes methods go wrong, `calls` were made.
    """

    def __init__(self, port: int = 0) -> None:
        self.signing_secret = secrets.token_hex(16)
        self.app_token = f"xapp-1-{secrets.token_hex(12)}"
        self.client_id = "1000000000.2000000000"
        self.client_secret = secrets.token_hex(16)
        self.world = World()
        self.faults = Faults()
        self.sockets = Sockets()
        self.sender = Sender(self.signing_secret, self.sockets)
        self.events = Events(self)
        self.reader = Reader(self.world)
        self.responses = ResponseUrls(self)
        self.grants = Grants()
        self.triggers: dict[str, tuple[User, float]] = {}
        self.team = self.workspace("Larkhome")
        self._web_api = WebApi(self)
        self.app = Starlette(routes=self._web_api.routes)
        self._server = Loopback(self.app, port)
        self.url = self._server.origin
        self.api_url = f"{self.url}/api/"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sender.close()
        self._server.stop()

    @property
    def bot_token(self) -> str:
        """Of the first workspace."""
        return self.team.token

    def deliver_to(self, app: Client | str) -> None:
        """Send events to the app at this URL, or by this client; without it, by Socket Mode."""
        self.sender.deliver_to(app)

    def calls(self, method: str) -> list[Call]:
        return [call for call in self._web_api.calls if call.method == method]

    # What there is

    def workspace(self, name: str, *, is_installed: bool = True) -> Team:
        team = Team(name)
        if is_installed:
            team.issue_token()
        self.world.teams.append(team)
        return team

    def person(
        self,
        name: str,
        email: str | None = None,
        *,
        team: Team | None = None,
        guest: Literal["multi-channel", "single-channel"] | None = None,
    ) -> Person:
        """A member of the first workspace, unless another is named."""
        home = team or self.team
        address = email or f"{name.lower().replace(' ', '.')}@{home.domain}.example"
        person = Person(name, home, address, guest, slack=self)
        home.users.append(person)
        return person

    def channel(
        self,
        name: str,
        *members: User,
        is_private: bool = False,
        with_bot: bool = True,
        shared_with: Team | None = None,
    ) -> Channel:
        """With the members and, unless told otherwise, the bot."""
        teams = [self.team, *([shared_with] if shared_with else [])]
        everybody = [*members, *([self.team.bot] if with_bot else [])]
        channel = Channel(name, "group" if is_private else "channel", teams, everybody)
        self.world.channels.append(channel)
        return channel

    def group(self, *members: User) -> Channel:
        """Direct messages of several people and the bot."""
        name = f"mpdm-{'--'.join(user.handle for user in members)}-1"
        channel = Channel(name, "mpim", [self.team], [*members, self.team.bot])
        self.world.channels.append(channel)
        return channel

    def shares_channel(self, user: User, team: Team) -> bool:
        """Whether somebody of another workspace is in a channel that the team's bot sees."""
        return any(
            user in channel.members and team.bot in channel.members
            for channel in self.world.channels
        )

    def uninstalls(self, team: Team) -> None:
        """Somebody removes the app from the workspace: its tokens die, and the app is told."""
        tokens = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [team.bot.id]}}
        team.tokens.clear()
        self.events.send(team, tokens)
        self.events.send(team, {"type": "app_uninstalled"})

    def issue_trigger(self, user: User) -> str:
        trigger = f"{time.monotonic_ns()}.{user.team.id}.{secrets.token_hex(8)}"
        self.triggers[trigger] = (user, time.monotonic())
        return trigger
