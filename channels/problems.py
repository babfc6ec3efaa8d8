"""Errors as RFC 9457 problem details: what happened and what to do, never a traceback."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from bot.failures import failure
from channels.inbox import Unacceptable
from channels.web import pages
from handoff.desk import NotFound
from handoff.queue import Refused, Taken

log = structlog.get_logger()


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: object
) -> JSONResponse:
    """A problem+json response."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return JSONResponse(
        body | {"detail": detail} | more,
        status,
        headers=headers,
        media_type="application/problem+json",
    )


def unexpected(path: str, error: Exception) -> JSONResponse:
    """The response to an error that nobody foresaw; logged without its text."""
    log.error("request failed", path=path, **failure(error))
    return problem(500, "Something went wrong on our side. It has been logged.")


def _is_page(request: Request) -> bool:
    """Whether somebody's browser asks for a page, not a program for an answer."""
    wants_html = "text/html" in request.headers.get("accept", "")
    return request.method == "GET" and wants_html and not request.url.path.startswith("/api/")


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of ours, of the framework and of the database with a problem."""

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and _is_page(request):
            return pages.not_found(request)
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, str(error.detail), headers)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # Field names and what is wrong with them; not the values, which may be a customer's words.
        found = (
            f"{'.'.join(str(part) for part in each['loc'] if part != 'body') or 'body'}: "
            f"{each['msg']}"
            for each in error.errors()
        )
        return problem(422, "; ".join(found))

    @app.exception_handler(Unacceptable)
    def unacceptable(request: Request, error: Unacceptable) -> JSONResponse:
        return problem(error.status, str(error))

    @app.exception_handler(NotFound)
    def not_found(request: Request, error: NotFound) -> JSONResponse:
        return problem(404, str(error))

    @app.exception_handler(Taken)
    def taken(request: Request, error: Taken) -> JSONResponse:
        return problem(409, str(error), owner=error.owner)

    @app.exception_handler(Refused)
    def conflict(request: Request, error: Refused) -> JSONResponse:
        return problem(409, str(error))

    @app.exception_handler(OperationalError)
    def database_away(request: Request, error: OperationalError) -> JSONResponse:
        log.error("database unavailable", path=request.url.path)
        return problem(503, "The database can't be reached. Try again in a moment.")
