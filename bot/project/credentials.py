"""A project's credentials.yml: the channels that it is connected to."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.action_runner.endpoint import Endpoint
from bot.marked_yaml import Mapped
from bot.project.doubts import Doubts
from bot.project.endpoints import read_endpoint
from bot.project.environment import read_settings


@dataclass(frozen=True, slots=True)
class SocketIO:
    """The Socket.IO channel's options, by Rasa's names."""

    user_message_evt: str = "user_uttered"
    bot_message_evt: str = "bot_uttered"
    namespace: str | None = None
    session_persistence: bool = False
    socketio_path: str = "/socket.io"
    jwt_key: str | None = field(default=None, repr=False)
    jwt_method: str = "HS256"
    metadata_key: str = "metadata"


@dataclass(frozen=True, slots=True)
class Telegram:
    """A Telegram bot's credentials, by Rasa's names."""

    access_token: str | None = field(default=None, repr=False)
    verify: str | None = None
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Slack:
    """A Slack app's credentials, by Rasa's names."""

    slack_token: str | None = field(default=None, repr=False)
    slack_channel: str | None = None
    slack_signing_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a credentials.yml says; None or false for a channel that it doesn't name. `sections`
    maps every channel's name, or the module of one of the project's own, to its line."""

    rest: bool = False
    socketio: SocketIO | None = None
    callback: Endpoint | None = None
    telegram: Telegram | None = None
    slack: Slack | None = None
    sections: dict[str, int] = field(default_factory=dict)


def read_credentials(path: Path, doubts: Doubts) -> Credentials:
    """Raises TrainingError."""
    content = read_settings(path, doubts)
    callback = content.get("callback")
    return Credentials(
        rest="rest" in content,
        socketio=_socketio(content),
        callback=(
            read_endpoint(path, "callback", content.line_of("callback"), callback)
            if callback is not None
            else None
        ),
        telegram=_telegram(content),
        slack=_slack(content),
        sections={name: content.line_of(name) for name in content},
    )


def _socketio(content: Mapped) -> SocketIO | None:
    if "socketio" not in content:
        return None
    default = SocketIO()
    return SocketIO(
        user_message_evt=_text(content, "socketio", "user_message_evt") or default.user_message_evt,
        bot_message_evt=_text(content, "socketio", "bot_message_evt") or default.bot_message_evt,
        namespace=_text(content, "socketio", "namespace"),
        session_persistence=_value(content, "socketio", "session_persistence") is True,
        socketio_path=_text(content, "socketio", "socketio_path") or default.socketio_path,
        jwt_key=_text(content, "socketio", "jwt_key"),
        jwt_method=_text(content, "socketio", "jwt_method") or default.jwt_method,
        metadata_key=_text(content, "socketio", "metadata_key") or default.metadata_key,
    )


def _telegram(content: Mapped) -> Telegram | None:
    if "telegram" not in content:
        return None
    names = ("access_token", "verify", "webhook_url")
    return Telegram(*(_text(content, "telegram", name) for name in names))


def _slack(content: Mapped) -> Slack | None:
    if "slack" not in content:
        return None
    names = ("slack_token", "slack_channel", "slack_signing_secret")
    return Slack(*(_text(content, "slack", name) for name in names))


def _value(content: Mapped, channel: str, name: str) -> object:
    section = content.get(channel)
    return section.get(name) if isinstance(section, Mapped) else None


def _text(content: Mapped, channel: str, name: str) -> str | None:
    value = _value(content, channel, name)
    return None if value is None else str(value)
