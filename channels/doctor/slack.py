"""Slack's answers about our tokens, their scopes and the triage channels."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from sqlalchemy import select

from bot.db import Database
from bot.settings import Settings
from channels.doctor.finding import Finding, clock_finding
from channels.slack.installations import BOTS
from channels.slack.manifest import SCOPES, address_of

BOT_TOKEN = "install the app again (OAuth & Permissions) and set FIRSTLINE_SLACK_BOT_TOKEN"
APP_TOKEN = (
    "make a token with connections:write (Basic Information, App-Level Tokens) "
    "and set FIRSTLINE_SLACK_APP_TOKEN"
)


def examine_slack(settings: Settings) -> Iterator[Finding]:
    """Each workspace's token with its scopes, Socket Mode's token, the channels for agents."""
    if settings.slack_client_id and settings.slack_client_secret:
        yield from _installed(settings, settings.slack_client_id)
    elif settings.slack_bot_token:
        client = _client(settings, settings.slack_bot_token.get_secret_value())
        yield from _workspace(settings, client, BOT_TOKEN)
        for name in _triage_channels(settings):
            yield _membership(settings, client, name)
    elif not settings.slack_app_token:
        yield Finding(True, "off")
    if settings.slack_app_token:
        yield _socket_mode(settings, settings.slack_app_token.get_secret_value())


def _installed(settings: Settings, client_id: str) -> Iterator[Finding]:
    """The workspaces whose people have installed the app."""
    page = address_of(settings, "install")
    database = Database(settings.database)
    with database.read() as session:
        mine = select(BOTS).where(BOTS.c.client_id == client_id).order_by(BOTS.c.installed_at)
        newest = {row.team_id: row for row in session.execute(mine)}
    database.close()
    if not newest:
        yield Finding(False, "the app isn't installed in any workspace", f"open {page}")
    for row in newest.values():
        client = _client(settings, row.bot_token)
        yield from _workspace(
            settings, client, f"have it installed again in {row.team_name}: {page}"
        )
        for name in _triage_channels(settings):
            if name.startswith(f"{row.team_id}/"):
                yield _membership(settings, client, name)


def _workspace(settings: Settings, client: WebClient, mend: str) -> Iterator[Finding]:
    answer = _ask(settings, client, "auth.test", mend)
    if isinstance(answer, Finding):
        yield answer
        return
    yield Finding(True, f"the token is that of {answer['user']} in {answer['team']}")
    yield _scopes(answer)
    yield clock_finding(_header(answer, "date"), "Slack")


def _scopes(answer: SlackResponse) -> Finding:
    granted = {scope.strip() for scope in _header(answer, "x-oauth-scopes").split(",")}
    missing = sorted(set(SCOPES) - granted)
    if not missing:
        return Finding(True, "the token has every scope that is needed")
    return Finding(
        False,
        f"the token lacks scopes: {', '.join(missing)}",
        "paste `firstline slack manifest` into the app's settings, and install the app again",
    )


def _membership(settings: Settings, client: WebClient, name: str) -> Finding:
    """Of a channel by its id, after the workspace's where there may be several."""
    channel = name.rpartition("/")[2]
    invite = "type /invite with the app's name in the channel, and set its id (C0123ABCDEF)"
    answer = _ask(settings, client, "conversations.info", invite, channel=channel)
    if isinstance(answer, Finding):
        return Finding(False, f"triage channel {name}: {answer.what}", answer.mend)
    found: dict[str, Any] = answer["channel"]
    shown = f"#{found.get('name')}"
    if found.get("is_archived"):
        return Finding(
            False, f"the triage channel {shown} is archived", "name another, or restore it"
        )
    if not found.get("is_member"):
        return Finding(False, f"the app isn't in the triage channel {shown}", invite)
    return Finding(True, f"the app is in the triage channel {shown}")


def _socket_mode(settings: Settings, token: str) -> Finding:
    answer = _ask(settings, _client(settings, token), "apps.connections.open", APP_TOKEN)
    if isinstance(answer, Finding):
        return answer
    return Finding(True, "the app token opens Socket Mode")


def _triage_channels(settings: Settings) -> list[str]:
    named = [settings.slack_triage_channel, *(d.triage_channel for d in settings.desks.values())]
    return sorted({channel for channel in named if channel})


def _client(settings: Settings, token: str) -> WebClient:
    return WebClient(token=token, base_url=settings.slack_api_url, timeout=15)


def _ask(
    settings: Settings, client: WebClient, method: str, mend: str, **parameters: str
) -> SlackResponse | Finding:
    """Slack's answer, or what became of the question."""
    try:
        return client.api_call(method, params=parameters)
    except SlackApiError as error:
        return Finding(False, f"Slack says {error.response.get('error')} to {method}", mend)
    except (SlackClientError, OSError, ValueError) as error:
        host = urlsplit(settings.slack_api_url).hostname
        return Finding(
            False,
            f"no Slack answers at {host} ({type(error).__name__})",
            "check the network, a proxy (HTTPS_PROXY) and FIRSTLINE_SLACK_API_URL",
        )


def _header(answer: SlackResponse, name: str) -> str:
    headers = {key.lower(): value for key, value in answer.headers.items()}
    value = headers.get(name, "")
    return value[0] if isinstance(value, list) else str(value)
