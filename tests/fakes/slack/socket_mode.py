"""Socket Mode: the app holds WebSockets, on which each envelope waits for its acknowledgement."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.fakes.slack.wire import APP_ID
from tests.fakes.slack.world import Json

HOST = "applink-fake"
MOST_CONNECTIONS = 10


class Sockets:
    """The open connections, and what was acknowledged on them."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, Future[Json]] = {}
        self._turns = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._open)

    def issue_ticket(self) -> str:
        """For one connection, which apps.connections.open gives the address of."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets or len(self._open) >= MOST_CONNECTIONS:
            await socket.close(1008)
            return
        self._tickets.remove(ticket)
        await socket.accept()
        self._loop = asyncio.get_running_loop()
        self._open.append(socket)
        try:
            await socket.send_json(self._hello())
            while True:
                self._acknowledge(await socket.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            self._open.remove(socket)

    def send(self, envelope: Json, seconds: float) -> Json | None:
        """On one of the connections; returns the acknowledgement, or None if none came in time."""
        if not self._open or not self._loop:
            return None
        socket = self._open[next(self._turns) % len(self._open)]
        envelope_id = str(uuid.uuid4())
        acknowledgement = self._waiting[envelope_id] = Future()
        sending = socket.send_json({"envelope_id": envelope_id} | envelope)
        with suppress(NotInTime, RuntimeError):
            asyncio.run_coroutine_threadsafe(sending, self._loop).result(seconds)
            return acknowledgement.result(seconds)
        del self._waiting[envelope_id]
        return None

    def disconnects(self, reason: str = "refresh_requested") -> None:
        """Slack tells each connection to go and make a new one, as it does every few hours."""
        goodbye = {"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}}
        self._with_each(lambda socket: socket.send_json(goodbye))

    def breaks(self) -> None:
        """Each connection is closed without a word."""
        self._with_each(lambda socket: socket.close(1011))

    def _with_each(self, act: Callable[[WebSocket], Coroutine[None, None, None]]) -> None:
        assert self._loop, "nobody has ever connected"
        for socket in list(self._open):
            asyncio.run_coroutine_threadsafe(act(socket), self._loop).result(5)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": {
                "host": HOST,
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": APP_ID},
        }

    def _acknowledge(self, message: Json) -> None:
        envelope_id = message.get("envelope_id", "")
        self.acknowledged.append(envelope_id)
        if waiting := self._waiting.pop(envelope_id, None):
            waiting.set_result(message)
