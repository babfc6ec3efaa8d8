"""The app's manifest: what an administrator gives to Slack to have the app made."""

from typing import Any

from bot.settings import Settings
from channels.slack.asking import ASK_COMMAND, ASK_SHORTCUT, TICKET_SHORTCUT

# What each is for stands in docs/slack.md.
SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "users:read",
    "users:read.email",
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "tokens_revoked",
)
DESCRIPTION = "Answers what the help centre knows, and hands the rest to a person."


def manifest(settings: Settings) -> dict[str, Any]:
    """The manifest for these settings: with Socket Mode if there is an app token, else HTTP."""
    over_socket = settings.slack_app_token is not None
    address = {} if over_socket else {"url": address_of(settings, "events")}
    return {
        "display_information": {"name": "Firstline", "description": DESCRIPTION},
        "features": _features(settings, address),
        "oauth_config": {
            "redirect_urls": [address_of(settings, "oauth_redirect")],
            "scopes": {"bot": list(SCOPES)},
        },
        "settings": {
            "event_subscriptions": _request_url(address) | {"bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True} | _request_url(address),
            "socket_mode_enabled": over_socket,
            "org_deploy_enabled": False,
            "token_rotation_enabled": False,
        },
    }


def address_of(settings: Settings, page: str) -> str:
    """Where Slack reaches us, and where somebody installs the app."""
    return f"{settings.public_url.rstrip('/')}/slack/{page}"


def _features(settings: Settings, address: dict[str, str]) -> dict[str, Any]:
    desk = settings.desk(settings.slack_desk)
    prompts = [{"title": each, "message": each} for each in desk.suggestions]
    return {
        "bot_user": {"display_name": "Firstline", "always_online": True},
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "assistant_view": {
            "assistant_description": DESCRIPTION,
            "suggested_prompts": prompts,
        },
        "slash_commands": [
            _command(ASK_COMMAND, "Ask, and see the answer alone", "how do I …") | address,
            _command("/link", "Go on with a conversation from elsewhere", "483920") | address,
            _command("/forget", "Delete what we know about you", "yes") | address,
        ],
        "shortcuts": [
            _shortcut("Ask Firstline", ASK_SHORTCUT, "Look for an answer to this message"),
            _shortcut("Make a ticket", TICKET_SHORTCUT, "Give this message to a person"),
        ],
    }


def _command(command: str, description: str, hint: str) -> dict[str, Any]:
    shown = {"command": command, "description": description, "usage_hint": hint}
    return shown | {"should_escape": True}


def _shortcut(name: str, callback_id: str, description: str) -> dict[str, str]:
    shown = {"name": name, "description": description}
    return shown | {"type": "message", "callback_id": callback_id}


def _request_url(address: dict[str, str]) -> dict[str, str]:
    return {"request_url": address["url"]} if address else {}
