"""Things as Slack's API and events write them."""

import time

from tests.fakes.slack.world import Channel, Json, Post, Team, Upload, User, View

APP_ID = "A0000000001"


def user_json(user: User, team: Team, *, with_email: bool, is_stranger: bool = False) -> Json:
    """As users.info tells the app that is installed in `team`."""
    profile = {
        "title": "",
        "real_name": user.name,
        "real_name_normalized": user.name,
        "display_name": user.handle,
        "display_name_normalized": user.handle,
        "team": user.team.id,
    }
    if user.email and with_email and user.team is team:
        profile["email"] = user.email
    found: Json = {
        "id": user.id,
        "team_id": user.team.id,
        "name": user.handle,
        "real_name": user.name,
        "deleted": user.is_deleted,
        "tz": "Europe/London",
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_email_confirmed": bool(user.email),
    }
    if user.team is team:
        found |= {
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": user.guest is not None,
            "is_ultra_restricted": user.guest == "single-channel",
        }
    return found | ({"is_stranger": True} if is_stranger else {})


def channel_json(channel: Channel, team: Team) -> Json:
    if channel.kind == "im":
        other = next(user for user in channel.members if not user.is_bot)
        return {"id": channel.id, "is_im": True, "is_org_shared": False, "user": other.id}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": False,
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_archived": channel.is_archived,
        "is_general": False,
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_shared,
        "is_org_shared": False,
        "is_member": team.bot in channel.members,
        "context_team_id": team.id,
        "num_members": len(channel.members),
    }


def post_json(post: Post, base: str) -> Json:
    """A message without where it is: as a list of messages holds it."""
    message: Json = {
        "type": "message",
        "user": post.author.id,
        "text": post.text,
        "ts": post.ts,
        "team": post.author.team.id,
    }
    if post.author.is_bot:
        message |= {"bot_id": post.author.team.bot_id, "app_id": APP_ID}
    else:
        message["client_msg_id"] = f"00000000-0000-4000-8000-{post.ts.replace('.', '')[-12:]}"
    optional = {
        "subtype": post.subtype,
        "thread_ts": post.thread_ts,
        "blocks": post.blocks,
        "metadata": post.metadata,
        "files": [shared_file(file, post, base) for file in post.files],
    }
    message |= {name: value for name, value in optional.items() if value}
    if post.channel.is_shared and not post.author.is_bot:
        message |= {"user_team": post.author.team.id, "source_team": post.author.team.id}
    if post.edited_ts:
        message["edited"] = {"user": post.author.id, "ts": post.edited_ts}
    return message


def shared_file(file: Upload, post: Post, base: str) -> Json:
    """In a Slack Connect channel only what it takes to ask files.info for the rest."""
    if not post.channel.is_shared:
        return file_json(file, post.author.team, base)
    return {
        "id": file.id,
        "file_access": "check_file_info",
        "user": file.user.id,
        "user_team": file.user.team.id,
    }


def file_json(file: Upload, team: Team, base: str) -> Json:
    private = f"{base}/files-pri/{team.id}-{file.id}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.name,
        "mimetype": file.media_type,
        "filetype": file.name.rpartition(".")[2],
        "user": file.user.id,
        "user_team": team.id,
        "size": len(file.data),
        "mode": "hosted",
        "is_external": False,
        "is_public": False,
        "file_access": "visible",
        "url_private": f"{private}/{file.name}",
        "url_private_download": f"{private}/download/{file.name}",
        "permalink": f"{base}/files/{file.user.id}/{file.id}/{file.name}",
    }


def view_json(view: View, team: Team) -> Json:
    return {
        "id": view.id,
        "team_id": team.id,
        "app_id": APP_ID,
        "app_installed_team_id": team.id,
        "bot_id": team.bot_id,
        "root_view_id": view.id,
        "previous_view_id": None,
        "hash": view.hash,
        "callback_id": "",
        "private_metadata": "",
        "state": {"values": view.values},
    } | view.content


def event_json(event: Json, team: Team, channel: Channel | None, event_id: str) -> Json:
    """The envelope in which the Events API sends the event to the team's installation."""
    return {
        "token": "verification-token",
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": team.bot.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": bool(channel and channel.is_shared),
        "event_context": f"4-{event_id}",
    }
