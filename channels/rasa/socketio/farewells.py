"""Which websockets were closed by their clients, as when a page is left, and didn't break off."""

from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLOSED = frozenset({1000, 1001, 1005})  # in order, by going away, without a word why


class Farewells:
    """Stands before the engine, which doesn't tell the two apart."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._said_by: set[str] = set()

    def take_from(self, connection: str) -> bool:
        """Whether the client of the connection, which has ended, said goodbye."""
        said = connection in self._said_by
        self._said_by.discard(connection)
        return said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self._app(scope, receive, send)
        is_ours = False

        async def hear() -> Message:
            event = await receive()
            if event["type"] == "websocket.disconnect" and not is_ours and _is_goodbye(event):
                self._said_by.add(_connection(scope))
            return event

        async def say(message: Message) -> None:
            nonlocal is_ours
            is_ours = is_ours or message["type"] == "websocket.close"
            await send(message)

        await self._app(scope, hear, say)
        self._said_by.discard(_connection(scope))


def name_connection(scope: Scope, connection: str) -> None:
    """Note which of the engine's connections a websocket belongs to that began as one."""
    scope["firstline.connection"] = connection


def _connection(scope: Scope) -> str:
    """One that began with polls has the connection's name in its address."""
    named: str | None = scope.get("firstline.connection")
    return named or parse_qs(scope["query_string"].decode("latin-1")).get("sid", [""])[0]


def _is_goodbye(event: Message) -> bool:
    """uvicorn gives the reason, even an empty one, only of a closing that the client asked for."""
    return event.get("code") in CLOSED and "reason" in event
