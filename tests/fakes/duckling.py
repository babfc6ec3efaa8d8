"""A server that speaks Duckling's protocol: POST /parse with a form, matches as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.fakes.loopback import Loopback


class DucklingServer:
    """Notes the forms that are posted, and answers each with the `matches`, or with `failure`."""

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[dict[str, str]] = []
        self.matches: list[dict[str, Any]] = []
        self.failure: Response | None = None

    async def parse(self, request: Request) -> Response:
        form = await request.form()
        self.forms.append({name: str(value) for name, value in form.items()})
        return self.failure or JSONResponse(self.matches)


@contextmanager
def duckling_server() -> Iterator[DucklingServer]:
    server = DucklingServer()
    app = FastAPI()
    app.post("/parse")(server.parse)
    with Loopback(app) as loopback:
        server.url = loopback.origin
        yield server
