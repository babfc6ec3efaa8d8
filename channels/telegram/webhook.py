"""The webhook: Telegram brings its updates, and repeats each until we say that we have it."""

import hmac
import json
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter, HTTPException, Request, Response

from bot.failures import failure
from channels.telegram.api import WEBHOOK

log = structlog.get_logger()

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def webhook(secret: str, take: Callable[[object], Awaitable[None]]) -> APIRouter:
    """The route; `take` returns once an update is stored."""
    router = APIRouter()

    @router.post(WEBHOOK, include_in_schema=False)
    async def receive(request: Request) -> Response:
        shown = request.headers.get(SECRET_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(shown, secret.encode()):
            raise HTTPException(403, "The secret token isn't the one that was set.")
        update = _parse(await request.body())
        try:
            await take(update)
        except Exception as error:  # whatever it is: the update isn't stored
            log.error("telegram update not stored", **failure(error))
            raise HTTPException(503, "It can't be stored now. Repeat it later.") from error
        return Response()

    return router


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The body isn't JSON.") from None
