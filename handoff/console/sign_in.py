"""Signing in to the console, and out."""

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.db import Database
from handoff.agents import SESSION_LIFE, check_password, issue_token, revoke_token
from handoff.auth import COOKIE, agent_or_none, same_origin
from handoff.console.guesses import guesses_of
from handoff.console.rendering import page

HOME = "/console"

router = APIRouter()


@router.get("/console/sign-in")
def ask(request: Request, next: str = HOME) -> Response:
    if agent_or_none(request):
        return RedirectResponse(_inside(next), 303)
    return _form(request, next)


@router.post("/console/sign-in", dependencies=[Depends(same_origin)])
def sign_in(
    request: Request,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = HOME,
) -> Response:
    """The cookie for a right password; a form with the mend for a wrong one."""
    guesses = guesses_of(request.app)
    caller = request.client.host if request.client else ""
    if wait := guesses.wait(caller):
        minutes = math.ceil(wait / 60)
        return _form(
            request, next, email, f"Too many wrong tries. Try again in {minutes} minutes.", 429
        )
    token = _token(request.app.state.database, email, password)
    if not token:
        guesses.wrong(caller)
        return _form(request, next, email, "This e-mail address and password don't match.", 401)
    guesses.right(caller)
    return _signed_in(request, token, next)


@router.post("/console/sign-out", dependencies=[Depends(same_origin)])
def sign_out(request: Request) -> Response:
    database: Database = request.app.state.database
    with database.write() as session:
        revoke_token(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/console/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


def _token(database: Database, email: str, password: str) -> str | None:
    with database.read() as session:
        agent = check_password(session, email, password)
    if not agent:
        return None
    with database.write() as session:
        return issue_token(session, agent, SESSION_LIFE)


def _signed_in(request: Request, token: str, next: str) -> Response:
    response = RedirectResponse(_inside(next), 303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def _form(
    request: Request, next: str, email: str = "", error: str = "", status: int = 200
) -> HTMLResponse:
    company = request.app.state.settings.company
    return page(
        "sign_in.html", status, next=_inside(next), email=email, error=error, company=company
    )


def _inside(next: str) -> str:
    """Where to go after signing in; only to the console, whatever a link asks for."""
    inside = next == HOME or next.startswith((f"{HOME}/", f"{HOME}?"))
    return next if inside and "\\" not in next else HOME
