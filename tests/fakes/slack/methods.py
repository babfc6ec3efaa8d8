"""The methods of the Web API by their names, the scopes they need, and how they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.slack.faults import Call
from tests.fakes.slack.world import Channel, Json, Team, User

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack

Handler = Callable[["FakeSlack", Call], Json]


@dataclass(frozen=True)
class Method:
    handler: Handler
    scope: str | None
    needs_team: bool


METHODS: dict[str, Method] = {}


class Refused(Exception):
    """`{"ok": false, "error": ...}`."""

    def __init__(self, error: str, messages: Iterable[str] = (), **more: str) -> None:
        super().__init__(error)
        self.body: Json = {"ok": False, "error": error, **more}
        if messages := list(messages):
            self.body |= {"errors": messages, "response_metadata": {"messages": messages}}


def method(
    name: str, scope: str | None = None, *, needs_team: bool = True
) -> Callable[[Handler], Handler]:
    """Registers a method; all but a few are called with the token of a team's bot."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(handler, scope, needs_team)
        return handler

    return register


def team_of(call: Call) -> Team:
    if call.team is None:
        raise Refused("invalid_auth" if call.token else "not_authed")
    return call.team


def given(call: Call, name: str) -> str:
    """An argument that has to be there."""
    value = call.get(name)
    if not value:
        raise Refused("invalid_arguments", [f"[ERROR] missing required field: {name}"])
    return value


def structured(call: Call, name: str) -> Any:
    """An argument that is JSON: as it is in a JSON body, as a string in a form."""
    value = call.arguments.get(name)
    try:
        return json.loads(value) if isinstance(value, str) and value else value
    except ValueError:
        raise Refused(f"invalid_{name}") from None


def channel_of(slack: FakeSlack, call: Call, name: str = "channel") -> Channel:
    """The channel, if the team's bot can know of it."""
    team, wanted = team_of(call), call.get(name)
    channel = slack.world.channel(wanted)
    if channel is None and (user := slack.world.user(wanted)) and user.team is team:
        return slack.world.dm(user, team)  # a person's id is their direct messages
    if channel is None or team not in channel.teams:
        raise Refused("channel_not_found")
    if channel.kind != "channel" and team.bot not in channel.members:
        raise Refused("channel_not_found")
    return channel


def joined_channel_of(slack: FakeSlack, call: Call) -> Channel:
    """The channel, if the team's bot may post there."""
    channel = channel_of(slack, call)
    if channel.is_archived:
        raise Refused("is_archived")
    if team_of(call).bot not in channel.members:
        raise Refused("not_in_channel")
    return channel


def user_of(slack: FakeSlack, call: Call, name: str = "user") -> User:
    user = slack.world.user(given(call, name))
    team = team_of(call)
    if user is None or not (user.team is team or slack.shares_channel(user, team)):
        raise Refused("user_not_found")
    return user
