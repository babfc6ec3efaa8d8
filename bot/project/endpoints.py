"""A project's endpoints.yml: where its actions run; the rest has another place here."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.marked_yaml import Mapped, TrainingError
from bot.project.doubts import Doubts
from bot.project.environment import read_settings

ACTION = "action_endpoint"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server of somebody's. `params` and, if there is one, the token (as `token_name`) go into
    the query; `basic_auth` is a user and a password. `selective_domain`: only actions that ask for
    the domain get it."""

    url: str
    params: dict[str, str] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_name: str = "token"
    cafile: str | None = None
    selective_domain: bool = False


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What an endpoints.yml says. `sections` maps every section to its line."""

    action_endpoint: Endpoint | None = None
    sections: dict[str, int] = field(default_factory=dict)


def read_endpoints(path: Path, doubts: Doubts) -> Endpoints:
    """Raises TrainingError."""
    content = read_settings(path, doubts)
    written = content.get(ACTION)
    sections = {name: content.line_of(name) for name, each in content.items() if each is not None}
    if written is None:
        return Endpoints(sections=sections)
    return Endpoints(read_endpoint(path, ACTION, content.line_of(ACTION), written), sections)


def read_endpoint(path: Path, name: str, line: int, written: object) -> Endpoint | None:
    """An endpoint as Rasa writes one; None for one without a URL. Raises TrainingError."""
    if not isinstance(written, Mapped):
        raise TrainingError(path, line, f'"{name}" needs an "url: ..."')
    if not written.get("url"):
        return None
    url = str(written["url"])
    if not url.startswith(("http://", "https://")):
        message = f'"{name}": the url {url!r} must begin with http:// or https://'
        raise TrainingError(path, written.line_of("url"), message)
    login = written.get("basic_auth")
    token = written.get("token")
    return Endpoint(
        url=url,
        params=_texts(written.get("params")),
        headers=_texts(written.get("headers")),
        basic_auth=_login(path, written.line_of("basic_auth"), login) if login else None,
        token=str(token) if token else None,
        token_name=str(written.get("token_name") or "token"),
        cafile=str(written["cafile"]) if written.get("cafile") else None,
        selective_domain=written.get("enable_selective_domain") is True,
    )


def _texts(values: object) -> dict[str, str]:
    if not isinstance(values, Mapped):
        return {}
    return {name: str(value) for name, value in values.items() if value is not None}


def _login(path: Path, line: int, login: object) -> tuple[str, str]:
    if not isinstance(login, Mapped) or not {"username", "password"} <= login.keys():
        raise TrainingError(path, line, '"basic_auth" needs a username and a password')
    return str(login["username"]), str(login["password"])
