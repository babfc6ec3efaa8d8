"""Who is asking: an agent, by a bearer token or by the cookie of the console."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from bot.db import Database
from handoff.agents import Agent, agent_of

COOKIE = "firstline_session"


def token_of(request: Request) -> str | None:
    """The bearer token, else the console's cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(COOKIE)


def agent_or_none(request: Request) -> Agent | None:
    """The agent who asks; None without a valid token."""
    token = token_of(request)
    if not token:
        return None
    database: Database = request.app.state.database
    with database.read() as session:
        return agent_of(session, token)


def signed_in(request: Request) -> Agent:
    """The agent who asks; 401 without a valid token."""
    agent = agent_or_none(request)
    if not agent:
        raise HTTPException(
            401,
            "This needs an agent's token that is valid: send `Authorization: Bearer TOKEN` "
            "(make one with `firstline agent token EMAIL`).",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return agent


def same_origin(request: Request) -> None:
    """Refuse (403) a request that another site makes with the agent's cookie."""
    if request.headers.get("authorization") or COOKIE not in request.cookies:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in ("same-origin", "none"):
        raise HTTPException(403, "This request came from another site.")


SignedIn = Annotated[Agent, Depends(signed_in)]
