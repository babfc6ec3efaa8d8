"""The settings of channels for clients that were made for Rasa, under the names that Rasa gives
them in its credentials.yml."""

from typing import Any

from pydantic import BaseModel, Field, SecretStr, field_validator


class SocketIO(BaseModel, extra="forbid"):
    """The Socket.IO channel: events, path, and who may connect.

    With `session_persistence` a client that comes back with its session's id goes on with its
    conversation; without it each connection is a customer of its own, as in Rasa. With a `jwt_key`
    only clients whose token it has signed may connect.
    """

    user_message_evt: str = Field(default="user_uttered", min_length=1)
    bot_message_evt: str = Field(default="bot_uttered", min_length=1)
    metadata_key: str = "metadata"
    namespace: str = "/"
    session_persistence: bool = True
    socketio_path: str = Field(default="/socket.io", pattern=r"^/?[\w.~-]+(/[\w.~-]+)*/?$")
    jwt_key: SecretStr | None = Field(default=None, min_length=1)
    jwt_method: str = "HS256"
    desk: str = "customers"

    @field_validator("namespace", mode="before")
    @classmethod
    def _namespace_is_a_path(cls, name: Any) -> Any:
        return f"/{name.lstrip('/')}" if isinstance(name, str) else name or "/"


class Callback(BaseModel, extra="forbid"):
    """The callback channel: what we say is posted to `url`, with the `headers`."""

    url: SecretStr
    headers: dict[str, SecretStr] = {}
    desk: str = "customers"

    @field_validator("url")
    @classmethod
    def _url_is_of_the_web(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return url
