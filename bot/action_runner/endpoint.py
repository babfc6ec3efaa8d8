"""A server of the project's, such as its action server, as Rasa's YAML files describe it."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

HERE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})
LOOK = 0.5  # seconds that a server on this machine has to take a connection


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server, and what it wants to see of who calls it.

    `params` are added to the URL, the token among them under its name; `basic_auth` is a user and
    a password; `cafile` holds the certificates to trust instead of the usual ones.
    """

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    basic_auth: tuple[str, str] | None = None
    cafile: str | None = None

    @classmethod
    def of(cls, config: Any) -> Self:
        """The endpoint that the section describes, as Rasa reads it. Raises ValueError, with a
        message for whoever wrote it."""
        if not isinstance(config, Mapping):
            raise ValueError("it needs a url, such as http://localhost:5055/webhook")
        params = _texts(config, "params")
        if token := config.get("token"):
            params[str(config.get("token_name") or "token")] = str(token)
        return cls(
            url=_url(config),
            params=params,
            headers=_texts(config, "headers"),
            basic_auth=_basic_auth(config),
            cafile=str(config["cafile"]) if config.get("cafile") else None,
        )

    @property
    def name(self) -> str:
        """The URL without what is secret in it."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    def is_idle_here(self) -> bool:
        """Whether it is an address of this machine where nothing listens: what endpoints.yml names
        in most projects, for the action server that one starts beside Rasa."""
        parts = urlsplit(self.url)
        if parts.hostname not in HERE:
            return False
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname, port), LOOK).close()
        except OSError:
            return True
        return False


def _url(config: Mapping[str, Any]) -> str:
    url = str(config.get("url") or "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = parts.scheme or "nothing"
        raise ValueError(f"url must begin with http:// or https://, not {shown}")
    if not _has_port(url):
        raise ValueError("url has a port that is no number up to 65535")
    return url


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _texts(config: Mapping[str, Any], section: str) -> dict[str, str]:
    found = config.get(section) or {}
    if not isinstance(found, Mapping):
        raise ValueError(f"{section} must map names to values")
    return {str(name): str(value) for name, value in found.items()}


def _basic_auth(config: Mapping[str, Any]) -> tuple[str, str] | None:
    found = _texts(config, "basic_auth")
    if not found:
        return None
    if not {"username", "password"} <= set(found):
        raise ValueError("basic_auth needs a username and a password")
    return found["username"], found["password"]
