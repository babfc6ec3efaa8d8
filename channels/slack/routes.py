"""The addresses that Slack and who installs the app call."""

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.oauth import OAuthFlow
from starlette.concurrency import run_in_threadpool

from channels.problems import problem
from channels.slack.guard import Refused, check_signature, parse_body


def events_route(secret: str, deliver: Callable[[dict[str, Any]], BoltResponse]) -> APIRouter:
    """Where Slack sends events, presses, commands and shortcuts, signed with our secret."""
    router = APIRouter(prefix="/slack", include_in_schema=False)

    @router.post("/events")
    async def receive(request: Request) -> Response:
        body = await request.body()
        try:
            check_signature(secret, request.headers, body, time.time())
            parsed = parse_body(request.headers.get("content-type", ""), body)
        except Refused as refused:
            return problem(refused.status, str(refused))
        return _response(await run_in_threadpool(deliver, parsed))

    return router


def oauth_routes(flow: OAuthFlow) -> APIRouter:
    """Where somebody installs the app in their workspace, and where Slack sends them back."""
    router = APIRouter(prefix="/slack", include_in_schema=False)

    @router.get("/install")
    def install(request: Request) -> Response:
        return _response(flow.handle_installation(_bolt_request(request)))

    @router.get("/oauth_redirect")
    def come_back(request: Request) -> Response:
        return _response(flow.handle_callback(_bolt_request(request)))

    return router


def _bolt_request(request: Request) -> BoltRequest:
    return BoltRequest(body="", query=request.url.query, headers=dict(request.headers))


def _response(answer: BoltResponse) -> Response:
    response = Response(answer.body, answer.status)
    for name, values in answer.headers.items():
        if name != "content-length":
            for value in values:
                response.headers.append(name, value)
    return response
