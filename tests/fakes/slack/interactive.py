"""What people do with buttons, commands, shortcuts and views, as Slack tells the app."""

from tests.fakes.slack.wire import APP_ID, post_json, view_json
from tests.fakes.slack.world import Channel, Json, Post, Team, User, View


def actor(user: User, team: Team) -> Json:
    """Who did it, and from where they are seen: what all interactive payloads begin with."""
    return {
        "user": {
            "id": user.id,
            "username": user.handle,
            "name": user.handle,
            "team_id": user.team.id,
        },
        "api_app_id": APP_ID,
        "token": "verification-token",
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def press(post: Post, block_id: str, button: Json, base: str, ts: str) -> Json:
    """Of a button in a message. Slack keeps no ephemeral message that it could send along."""
    container = {
        "type": "message",
        "message_ts": post.ts,
        "channel_id": post.channel.id,
        "is_ephemeral": post.only_for is not None,
    }
    payload: Json = {
        "type": "block_actions",
        "container": container | ({"thread_ts": post.thread_ts} if post.thread_ts else {}),
        "channel": {"id": post.channel.id, "name": name_of(post.channel)},
        "state": {"values": {}},
        "actions": [pressed(block_id, button, ts)],
    }
    return payload if post.only_for else payload | {"message": post_json(post, base)}


def act_in_view(view: View, action: Json, team: Team) -> Json:
    """Of a button or a field in a modal or a Home tab."""
    return {
        "type": "block_actions",
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(view, team),
        "actions": [action],
    }


def pressed(block_id: str, button: Json, ts: str) -> Json:
    """A button as a block_actions payload names it."""
    kept = ("type", "action_id", "value", "text", "style", "url")
    known = {name: button[name] for name in kept if name in button}
    return {"block_id": block_id, "action_ts": ts} | known


def message_shortcut(callback_id: str, post: Post, base: str) -> Json:
    return {
        "type": "message_action",
        "callback_id": callback_id,
        "message_ts": post.ts,
        "channel": {"id": post.channel.id, "name": name_of(post.channel)},
        "message": post_json(post, base),
    }


def command(user: User, team: Team, channel: Channel, name: str, text: str) -> Json:
    """The fields of the form in which a slash command comes."""
    return {
        "token": "verification-token",
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": name_of(channel),
        "user_id": user.id,
        "user_name": user.handle,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
    }


def name_of(channel: Channel) -> str:
    return "directmessage" if channel.kind == "im" else channel.name
