"""Which channels the credentials.yml of a Rasa project switches on.

Telegram's and Slack's only with tokens of their shape: what examples have for a token switches
nothing on.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, SecretStr, ValidationError

from bot.client_settings import Callback, SocketIO
from bot.settings import Settings, SettingsError
from bot.turn import JSON

_TELEGRAM_TOKEN = re.compile(r"\d+:[\w-]{20,}")


def with_credentials(settings: Settings, credentials: Mapping[str, Any]) -> Settings:
    """The settings with the channels that a project's credentials name: `socketio`, `callback`,
    `telegram` and `slack`; `rest` is always on. What the installation sets itself comes first.

    Raises SettingsError, which names the entry.
    """
    found: JSON = {}
    for channel, entry in credentials.items():
        if channel in _CHANNELS:
            found |= _CHANNELS[channel](_entries(channel, entry), settings)
    own = settings.model_fields_set
    return settings.model_copy(update={k: v for k, v in found.items() if k not in own})


def _entries(channel: str, entry: Any) -> JSON:
    if not isinstance(entry, dict | None):
        raise SettingsError(f'credentials: "{channel}" must map names to values')
    return {name: value for name, value in (entry or {}).items() if value is not None}


def _socketio(entry: JSON, settings: Settings) -> JSON:
    known = {name: value for name, value in entry.items() if name in SocketIO.model_fields}
    as_rasa_has_it = {"session_persistence": False}
    return {"socketio": _validated("socketio", SocketIO, as_rasa_has_it | known)}


def _callback(entry: JSON, settings: Settings) -> JSON:
    url = str(entry.get("url", ""))
    query = urlencode(entry.get("params", {}) | _token(entry))
    headers = {name: str(value) for name, value in entry.get("headers", {}).items()}
    if query:
        url += f"{'&' if '?' in url else '?'}{query}"
    callback = {"url": url, "headers": headers | _basic_auth(entry.get("basic_auth", {}))}
    return {"callback": _validated("callback", Callback, callback)}


def _token(entry: JSON) -> JSON:
    return {entry.get("token_name", "token"): entry["token"]} if "token" in entry else {}


def _basic_auth(auth: JSON) -> JSON:
    if not auth:
        return {}
    pair = f"{auth.get('username', '')}:{auth.get('password', '')}".encode()
    return {"Authorization": f"Basic {b64encode(pair).decode()}"}


def _telegram(entry: JSON, settings: Settings) -> JSON:
    token = str(entry.get("access_token", ""))
    return {"telegram_token": SecretStr(token)} if _TELEGRAM_TOKEN.fullmatch(token) else {}


def _slack(entry: JSON, settings: Settings) -> JSON:
    token, secret = (str(entry.get(name, "")) for name in ("slack_token", "slack_signing_secret"))
    if not token.startswith("xox") or not secret:
        return {}
    desk = settings.slack_desk if settings.slack_desk in settings.desks else "customers"
    return {
        "slack_bot_token": SecretStr(token),
        "slack_signing_secret": SecretStr(secret),
        "slack_desk": desk,
    }


def _validated(channel: str, model: type[BaseModel], entry: JSON) -> BaseModel:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in (channel, *problem["loc"]))
        raise SettingsError(f"credentials: {name}: {problem['msg']}") from error


_CHANNELS: dict[str, Callable[[JSON, Settings], JSON]] = {
    "socketio": _socketio,
    "callback": _callback,
    "telegram": _telegram,
    "slack": _slack,
}
