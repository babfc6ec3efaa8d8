"""A client's own server, to which the callback channel posts what we say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

from tests.fakes.loopback import Loopback


class CallbackServer:
    """Notes what is posted, and answers with the next of the `answers`, or else 200."""

    def __init__(self) -> None:
        self.url = ""
        self.posts: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Response] = []

    async def take(self, request: Request) -> Response:
        answer = self.answers.pop(0) if self.answers else Response()
        self.headers.append(dict(request.headers))
        if answer.status_code == 200:
            self.posts.append(await request.json())
        return answer

    def texts(self, recipient: str) -> list[str]:
        return [each["text"] for each in self.posts if each["recipient_id"] == recipient]


@contextmanager
def callback_server() -> Iterator[CallbackServer]:
    server = CallbackServer()
    app = FastAPI()
    app.post("/said")(server.take)
    with Loopback(app) as loopback:
        server.url = f"{loopback.origin}/said"
        yield server
