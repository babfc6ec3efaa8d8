"""The widget's server side, kept in memory: the test says what the desk does."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.middleware.cors import CORSMiddleware

from channels.web import widget

CONFIG = {
    "desk": "customers",
    "name": "Larkhome",
    "greeting": "Hello, I am a bot, and a person is here too.",
    "suggestions": ["Where is my order?"],
    "accent": "#ffe600",
    "hours": "Mon-Fri 08:00-20:00",
}
PAGE = """<!doctype html><html lang="en"><title>Any site</title><h1>Any site</h1>
<button data-firstline-open="Is it lost?">Ask us</button>
<script src="{base}/widget.js" data-desk="customers" {identity} async></script>"""


class FakeDesk:
    """Answers the widget as the real routes do; cut off while `is_up` is false."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.state: dict[str, Any] | None = None
        self.seen: list[str] = []
        self.refusal: Response | None = None
        self.is_up = True
        self.base = ""
        self.identity: str | None = None  # the token that the site puts on its page
        self.heard: list[tuple[str, str]] = []  # visitor, and what they did or who they are
        self.taken: set[str] = set()  # visitors who are somebody else
        self.app = FastAPI()
        self.app.add_middleware(
            CORSMiddleware, allow_origins=["*"], allow_headers=["*"], allow_methods=["*"]
        )
        self.app.include_router(widget.router)
        self.app.get("/web/config")(lambda: CONFIG)
        self.app.get("/web/messages")(self.fetch)
        self.app.post("/web/messages")(self.accept)
        self.app.post("/web/seen")(self.note_seen)
        self.app.get("/web/events")(self.stream)
        self.app.post("/web/identify", status_code=204)(self.identify)
        self.app.get("/elsewhere")(self.page)

    def put(self, author: str, text: str, **more: Any) -> str:
        line = {"id": f"1-{len(self.lines) + 1}", "author": author, "text": text, "name": None}
        nothing: dict[str, Any] = {
            "html": None,
            "kind": None,
            "buttons": [],
            "sources": [],
            "client_id": None,
        }
        self.lines.append(line | nothing | {"at": datetime.now(UTC).isoformat()} | more)
        return str(line["id"])

    def page(self) -> Response:
        identity = f'data-identity="{self.identity}"' if self.identity is not None else ""
        return HTMLResponse(PAGE.format(base=self.base, identity=identity))

    async def identify(self, request: Request) -> Response:
        visitor = request.headers["authorization"]
        self.heard.append((visitor, (await request.json())["token"]))
        return Response(status_code=409 if visitor in self.taken else 204)

    def fetch(self, request: Request) -> dict[str, Any]:
        self.heard.append((request.headers["authorization"], "fetched"))
        cursor = self.lines[-1]["id"] if self.lines else None
        return {"conversation": self.state, "messages": self.lines[-100:], "cursor": cursor}

    async def accept(self, request: Request) -> Response:
        if self.refusal or not self.is_up:
            return self.refusal or Response(status_code=503)
        said = await request.json()
        stored = [line["id"] for line in self.lines if line["client_id"] == said["id"]]
        said_id = stored[0] if stored else self.put("customer", said["text"], client_id=said["id"])
        return JSONResponse({"id": said_id}, 202)

    async def note_seen(self, request: Request) -> Response:
        self.seen.append((await request.json())["id"])
        return Response(status_code=204)

    async def stream(self, cursor: str = "1-0") -> Response:
        if not self.is_up:
            return Response(status_code=503)
        return StreamingResponse(self.events(cursor), media_type="text/event-stream")

    async def events(self, cursor: str) -> AsyncIterator[str]:
        sent, state = int(cursor.split("-")[1]), None
        yield ": here\n\n"
        while self.is_up:
            for line in self.lines[sent:]:
                yield f"event: message\ndata: {json.dumps(line)}\n\n"
            sent = len(self.lines)
            if self.state != state:
                state = self.state
                yield f"event: state\r\ndata: {json.dumps(state)}\r\n\r\n"
            await asyncio.sleep(0.02)

    def said(self) -> list[str]:
        return [line["text"] for line in self.lines if line["author"] == "customer"]


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
