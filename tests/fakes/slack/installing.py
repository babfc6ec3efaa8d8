"""Installing the app in a workspace: OAuth 2, version 2, as Slack's pages do it."""

import html
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fakes.slack.world import User

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Install Firstline</title>
<h1>Firstline wants to access a workspace</h1><p>It asks for: {scopes}</p>
<form method="post"><label>You are <select name="user">{people}</select></label>
<button>Allow</button></form>"""


@dataclass(frozen=True)
class Grant:
    """What somebody allowed; the app gets a token for its code, once."""

    user: User
    scopes: tuple[str, ...]
    redirect_uri: str


class Grants:
    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def allow(self, user: User, query: dict[str, str]) -> str:
        """Where the browser goes after the user allowed what the query asks for."""
        code = secrets.token_hex(16)
        scopes = tuple(query.get("scope", "").replace(" ", ",").split(","))
        self._grants[code] = Grant(user, scopes, query["redirect_uri"])
        return query["redirect_uri"] + "?" + urlencode({"code": code, "state": query["state"]})

    def redeem(self, code: str) -> Grant | None:
        return self._grants.pop(code, None)


def page(scopes: str, people: list[User]) -> str:
    """The question that Slack asks; the reader is whoever they say."""
    options = "".join(
        f'<option value="{user.id}">{html.escape(f"{user.name}, {user.team.name}")}</option>'
        for user in people
    )
    return PAGE.format(scopes=html.escape(scopes), people=options)
