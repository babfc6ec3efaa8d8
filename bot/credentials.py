"""Which channels the credentials.yml of a Rasa project switches on: those of clients that connect
to us, and the callback.

Telegram and Slack stay off until their tokens are set here: a project that is tried out beside the
old one must not take its customers from it.
"""

from base64 import b64encode
from dataclasses import asdict
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from bot.action_runner.endpoint import Endpoint
from bot.client_settings import Callback, SocketIO
from bot.project.credentials import Credentials, read_credentials
from bot.project.doubts import Doubts
from bot.project.layout import find_layout
from bot.settings import Settings, SettingsError
from bot.turn import JSON


def with_own_channels(settings: Settings) -> Settings:
    """The settings with the channels of the project that an installation was trained on.

    Raises TrainingError, SettingsError.
    """
    folder = settings.data / "training"
    path = find_layout(folder).credentials
    return with_credentials(settings, read_credentials(path, Doubts(folder))) if path else settings


def with_credentials(settings: Settings, credentials: Credentials) -> Settings:
    """The settings with the channels that a project's credentials name; REST is always on. What the
    installation sets itself comes first.

    Raises SettingsError, which names the entry.
    """
    found = _socketio(credentials) | _callback(credentials.callback)
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


def _validated(channel: str, model: type[BaseModel], entry: JSON) -> BaseModel:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in (channel, *problem["loc"]))
        raise SettingsError(f"credentials.yml: {name}: {problem['msg']}") from error
