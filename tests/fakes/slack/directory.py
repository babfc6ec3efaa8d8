"""Who and where: auth.*, apps.*, users.*, conversations.*, files.info."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.slack.faults import Call
from tests.fakes.slack.methods import Refused, channel_of, given, method, team_of, user_of
from tests.fakes.slack.wire import APP_ID, channel_json, file_json, post_json, user_json
from tests.fakes.slack.world import Json, User

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack


@method("api.test", needs_team=False)
def api_test(slack: FakeSlack, call: Call) -> Json:
    return {"args": call.arguments}


@method("auth.test")
def auth_test(slack: FakeSlack, call: Call) -> Json:
    team = team_of(call)
    return {
        "url": f"https://{team.domain}.slack.example/",
        "team": team.name,
        "user": team.bot.handle,
        "team_id": team.id,
        "user_id": team.bot.id,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke")
def auth_revoke(slack: FakeSlack, call: Call) -> Json:
    team_of(call).tokens.remove(str(call.token))
    return {"revoked": True}


@method("apps.connections.open", needs_team=False)
def open_connection(slack: FakeSlack, call: Call) -> Json:
    if call.token != slack.app_token:
        raise Refused("invalid_auth" if call.token else "not_authed")
    ticket = slack.sockets.issue_ticket()
    address = slack.url.replace("http://", "ws://")
    return {"url": f"{address}/link/?ticket={ticket}&app_id={APP_ID}"}


@method("team.info", "team:read")
def team_info(slack: FakeSlack, call: Call) -> Json:
    team = team_of(call)
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain}}


@method("bots.info", "users:read")
def bot_info(slack: FakeSlack, call: Call) -> Json:
    team = team_of(call)
    if call.get("bot") != team.bot_id:
        raise Refused("bot_not_found")
    bot = {"id": team.bot_id, "app_id": APP_ID, "user_id": team.bot.id, "name": team.bot.name}
    return {"bot": bot | {"deleted": False}}


@method("users.info", "users:read")
def user_info(slack: FakeSlack, call: Call) -> Json:
    return {"user": as_told(slack, call, user_of(slack, call))}


@method("users.lookupByEmail", "users:read.email")
def user_by_email(slack: FakeSlack, call: Call) -> Json:
    email = given(call, "email").lower()
    for user in team_of(call).users:
        if user.email and user.email.lower() == email and not user.is_deleted:
            return {"user": as_told(slack, call, user)}
    raise Refused("users_not_found")


@method("users.profile.get", "users.profile:read")
def user_profile(slack: FakeSlack, call: Call) -> Json:
    return {"profile": as_told(slack, call, user_of(slack, call))["profile"]}


def as_told(slack: FakeSlack, call: Call, user: User) -> Json:
    team = team_of(call)
    is_stranger = user.team is not team and not slack.shares_channel(user, team)
    return user_json(
        user, team, with_email="users:read.email" in team.scopes, is_stranger=is_stranger
    )


@method("conversations.open", "im:write")
def open_conversation(slack: FakeSlack, call: Call) -> Json:
    user, team = user_of(slack, call, "users"), team_of(call)
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    channel = slack.world.dm(user, team)
    whole = call.get("return_im") in ("1", "true", "True")
    return {"channel": channel_json(channel, team) if whole else {"id": channel.id}}


@method("conversations.info", "channels:read")
def channel_info(slack: FakeSlack, call: Call) -> Json:
    return {"channel": channel_json(channel_of(slack, call), team_of(call))}


@method("conversations.list", "channels:read")
def list_channels(slack: FakeSlack, call: Call) -> Json:
    team, kinds = team_of(call), call.get("types") or "public_channel"
    wanted = [
        channel_json(channel, team)
        for channel in slack.world.channels
        if team in channel.teams
        and ("public_channel" in kinds if channel.kind == "channel" else "private" in kinds)
        and (channel.kind == "channel" or team.bot in channel.members)
    ]
    return {"channels": wanted, "response_metadata": {"next_cursor": ""}}


@method("conversations.join", "channels:join")
def join(slack: FakeSlack, call: Call) -> Json:
    channel, team = channel_of(slack, call), team_of(call)
    if channel.kind != "channel":
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("is_archived")
    if team.bot in channel.members:
        warning = {"warning": "already_in_channel"}
        return {"channel": channel_json(channel, team)} | warning
    channel.members.append(team.bot)
    return {"channel": channel_json(channel, team)}


@method("conversations.members", "channels:read")
def members(slack: FakeSlack, call: Call) -> Json:
    found = [user.id for user in channel_of(slack, call).members]
    return {"members": found, "response_metadata": {"next_cursor": ""}}


@method("conversations.replies", "channels:history")
def replies(slack: FakeSlack, call: Call) -> Json:
    channel, ts = channel_of(slack, call), given(call, "ts")
    if not channel.find(ts):
        raise Refused("thread_not_found")
    messages = [post_json(post, slack.url) for post in channel.thread(ts)]
    return {"messages": messages, "has_more": False}


@method("conversations.history", "channels:history")
def history(slack: FakeSlack, call: Call) -> Json:
    posts = [
        post_json(post, slack.url)
        for post in reversed(channel_of(slack, call).posts)
        if not (post.is_deleted or post.only_for or post.thread_ts)
    ]
    return {"messages": posts, "has_more": False}


@method("files.info", "files:read")
def file_info(slack: FakeSlack, call: Call) -> Json:
    file = slack.world.uploads.get(given(call, "file"))
    if file is None:
        raise Refused("file_not_found")
    return {"file": file_json(file, team_of(call), slack.url)}


@method("oauth.v2.access", needs_team=False)
def access(slack: FakeSlack, call: Call) -> Json:
    if call.get("client_id") != slack.client_id:
        raise Refused("invalid_client_id")
    if call.get("client_secret") != slack.client_secret:
        raise Refused("bad_client_secret")
    grant = slack.grants.redeem(call.get("code"))
    if grant is None:
        raise Refused("invalid_code")
    if call.get("redirect_uri") not in ("", grant.redirect_uri):
        raise Refused("bad_redirect_uri")
    team = grant.user.team
    team.scopes = frozenset(grant.scopes)
    return {
        "app_id": APP_ID,
        "authed_user": {"id": grant.user.id},
        "scope": ",".join(grant.scopes),
        "token_type": "bot",
        "access_token": team.issue_token(),
        "bot_user_id": team.bot.id,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }
