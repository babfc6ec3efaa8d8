"""What answers: the Web API, files, response URLs, the page to install, and Socket Mode."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from tests.fakes.slack import chat, directory, installing, surfaces  # noqa: F401  the methods
from tests.fakes.slack.faults import Call, Fault
from tests.fakes.slack.methods import METHODS, Refused
from tests.fakes.slack.world import Json

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack


class WebApi:
    """The routes, and the `calls` that were made of the API's methods."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self.calls: list[Call] = []
        self.routes: list[BaseRoute] = [
            Route("/api/{method}", self._call, methods=["GET", "POST"]),
            Route("/files-pri/{place}/{rest:path}", self._download),
            Route("/actions/{team}/{secret}", self._respond, methods=["POST"]),
            Route("/oauth/v2/authorize", self._authorize, methods=["GET", "POST"]),
            WebSocketRoute("/link/", slack.sockets.serve),
        ]

    async def _call(self, request: Request) -> Response:
        call = await self._read(request)
        self.calls.append(call)
        fault = self._slack.faults.strike(call)
        if fault:
            await asyncio.sleep(fault.hang)
            if refusal := _refusal(fault):
                return refusal
        response = JSONResponse(self._answer(call), headers=self._headers(call))
        return _Dropped() if fault and fault.drop else response

    async def _read(self, request: Request) -> Call:
        arguments: Json = {**request.query_params}
        if request.headers.get("content-type", "").startswith("application/json"):
            arguments |= json.loads(await request.body() or b"{}")
        else:
            arguments |= await request.form()
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            given = base64.b64decode(credentials).decode().split(":")
            arguments |= zip(("client_id", "client_secret"), given, strict=True)
        bearer = credentials if kind == "Bearer" else None
        token = arguments.pop("token", None) or bearer
        method = request.path_params["method"]
        call = Call(method, arguments, self._slack.world.team_of(token), token, time.monotonic())
        return replace(call, early=self._slack.faults.is_early(call))

    def _answer(self, call: Call) -> Json:
        try:
            method = METHODS.get(call.method)
            if method is None:
                raise Refused("unknown_method")
            if method.needs_team and call.team is None:
                raise Refused("invalid_auth" if call.token else "not_authed")
            if call.team and method.scope and method.scope not in call.team.scopes:
                raise Refused(
                    "missing_scope", needed=method.scope, provided=_listed(call.team.scopes)
                )
            return {"ok": True} | method.handler(self._slack, call)
        except Refused as refused:
            return refused.body

    def _headers(self, call: Call) -> dict[str, str]:
        return {"x-oauth-scopes": _listed(call.team.scopes)} if call.team else {}

    async def _download(self, request: Request) -> Response:
        """Whoever has no token of the workspace is sent to sign in, as a browser would be."""
        team_id, _, file_id = request.path_params["place"].partition("-")
        team = self._slack.world.team_of(
            request.headers.get("authorization", "").removeprefix("Bearer ")
        )
        file = self._slack.world.uploads.get(file_id)
        if team is None or team.id != team_id or "files:read" not in team.scopes:
            return HTMLResponse("<!doctype html><title>Sign in | Slack</title>")
        if file is None:
            return Response(status_code=404)
        return Response(file.data, media_type=file.media_type)

    async def _respond(self, request: Request) -> Response:
        try:
            self._slack.responses.use(
                request.path_params["secret"], json.loads(await request.body())
            )
        except Refused as refused:
            return JSONResponse(refused.body, 404)
        return Response("ok")

    async def _authorize(self, request: Request) -> Response:
        if request.method == "GET":
            people = [
                user for team in self._slack.world.teams for user in team.users if not user.is_bot
            ]
            return HTMLResponse(installing.page(request.query_params.get("scope", ""), people))
        user = self._slack.world.user(str((await request.form())["user"]))
        assert user
        return RedirectResponse(self._slack.grants.allow(user, dict(request.query_params)), 302)


class _Dropped(Response):
    """A connection that breaks in mid-answer: the server closes it when the body doesn't come."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def _refusal(fault: Fault) -> Response | None:
    if fault.status == 429:
        headers = {"Retry-After": str(fault.seconds_left())}
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
    if fault.status != 200:
        return Response("<html>no</html>", fault.status, media_type="text/html")
    return JSONResponse({"ok": False, "error": fault.error}) if fault.error else None


def _listed(scopes: frozenset[str]) -> str:
    return ",".join(sorted(scopes))
