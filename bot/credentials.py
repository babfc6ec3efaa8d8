"""Which channels the credentials.yml of a Rasa project switches on.

Telegram's and Slack's only with tokens of their shape: what examples have for a token switches
nothing on.
"""

import re
from base64 import b64encode
from dataclasses import asdict
from typing import TypeGuard
from urllib.parse import urlencode

from pydantic import BaseModel, SecretStr, ValidationError

from bot.action_runner.endpoint import Endpoint
from bot.client_settings import Callback, SocketIO
from bot.project.credentials import Credentials
from bot.settings import Settings, SettingsError
from bot.turn import JSON

_TELEGRAM_TOKEN = re.compile(r"\d+:[\w-]{20,}")
_SLACK_TOKEN = re.compile(r"xox[a-z]-[\w-]{10,}")


def with_credentials(settings: Settings, credentials: Credentials) -> Settings:
    """The settings with the channels that a project's credentials name; REST is always on. What the
    installation sets itself comes first.

    Raises SettingsError, which names the entry.
    """
    found = (
        _socketio(credentials)
        | _callback(credentials.callback)
        | _telegram(credentials)
        | _slack(credentials, settings)
    )
    own = settings.model_fields_set
    return settings.model_copy(update={k: v for k, v in found.items() if k not in own})


def _socketio(credentials: Credentials) -> JSON:
    if credentials.socketio is None:
        return {}
    return {"socketio": _validated("socketio", SocketIO, asdict(credentials.socketio))}


def _callback(endpoint: Endpoint | None) -> JSON:
    if endpoint is None:
        return {}
    entry = {"url": _with_query(endpoint), "headers": _headers(endpoint)}
    return {"callback": _validated("callback", Callback, entry)}


def _with_query(endpoint: Endpoint) -> str:
    query = urlencode(endpoint.params)
    between = "&" if "?" in endpoint.url else "?"
    return f"{endpoint.url}{between}{query}" if query else endpoint.url


def _headers(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.basic_auth is None:
        return dict(endpoint.headers)
    pair = b64encode(":".join(endpoint.basic_auth).encode()).decode()
    return {**endpoint.headers, "Authorization": f"Basic {pair}"}


def _telegram(credentials: Credentials) -> JSON:
    telegram = credentials.telegram
    token = telegram.access_token if telegram else None
    return {"telegram_token": SecretStr(token)} if _matches(token, _TELEGRAM_TOKEN) else {}


def _slack(credentials: Credentials, settings: Settings) -> JSON:
    slack = credentials.slack
    token = slack.slack_token if slack else None
    secret = slack.slack_signing_secret if slack else None
    if not secret or not _matches(token, _SLACK_TOKEN):
        return {}
    desk = settings.slack_desk if settings.slack_desk in settings.desks else "customers"
    return {
        "slack_bot_token": SecretStr(token),
        "slack_signing_secret": SecretStr(secret),
        "slack_desk": desk,
    }


def _matches(token: str | None, shape: re.Pattern[str]) -> TypeGuard[str]:
    return token is not None and shape.fullmatch(token) is not None


def _validated(channel: str, model: type[BaseModel], entry: JSON) -> BaseModel:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in (channel, *problem["loc"]))
        raise SettingsError(f"credentials.yml: {name}: {problem['msg']}") from error
