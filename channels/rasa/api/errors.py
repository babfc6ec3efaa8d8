"""Errors in the shape that Rasa gives them."""

from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError

from bot.failures import failure
from bot.turn import JSON
from channels.inbox import Unacceptable

log = structlog.get_logger()


class RasaError(Exception):
    """A request that fails; `reason` is the kind of failure, as Rasa names it."""

    def __init__(self, status: int, reason: str, message: str, details: JSON | None = None) -> None:
        super().__init__(message)
        self.status = status
        self._reason = reason
        self._details = details or {}

    def response(self) -> JSONResponse:
        body = {
            "version": version("firstline"),
            "status": "failure",
            "message": str(self),
            "reason": self._reason,
            "details": self._details,
            "help": None,
            "code": self.status,
        }
        return JSONResponse(body, self.status)


class RasaRoute(APIRoute):
    """A route whose errors are Rasa's. An unforeseen one is logged without its text."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_rasa(request: Request) -> Response:
            try:
                return await handle(request)
            except RasaError as error:
                return error.response()
            except RequestValidationError as error:
                return _invalid(error).response()
            except Unacceptable as error:
                return RasaError(400, "BadRequest", str(error)).response()
            except OperationalError:
                log.error("database unavailable", path=request.url.path)
                return RasaError(503, "Conflict", "The database can't be reached.").response()
            except Exception as error:
                log.error("request failed", path=request.url.path, **failure(error))
                unexpected = "An unexpected error occurred. It has been logged."
                return RasaError(500, "ConversationError", unexpected).response()

        return handle_as_rasa


def _invalid(error: RequestValidationError) -> RasaError:
    """Which field is wrong; not its value, which may be a customer's words."""
    found = error.errors()[0]
    place, *names = (str(part) for part in found["loc"])
    name = ".".join(names)
    details = {"parameter": name, "in": place}
    return RasaError(400, "BadRequest", f"{name or place}: {found['msg']}", details)
