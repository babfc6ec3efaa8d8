"""The Socket.IO server: what clients ask for, and what they say."""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from pydantic import ValidationError
from socketio import ASGIApp, AsyncServer
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp as App

from bot.client_settings import SocketIO
from bot.db import Database
from bot.failures import failure
from bot.hints import Hints
from bot.settings import Settings, SettingsError
from bot.turn import JSON
from channels.inbox import Inbound, Inbox, Unacceptable, id_of_sender
from channels.rasa.signed import Signed
from channels.rasa.socketio.audience import Audience
from channels.rasa.socketio.farewells import Farewells, name_connection
from channels.rasa.socketio.receipts import Receipts
from channels.rasa.socketio.waiting import CHANNEL, Waiting
from channels.rest import Metadata, RestMessage

log = structlog.get_logger()

LARGEST_PACKET = 256 * 1024  # bytes
NOT_STORED = "That could not be taken in. Please send it again in a moment."

# The library's own words may hold what clients send.
_quiet = logging.getLogger("firstline.socketio")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class SocketIOChannel:
    """`app` is to be mounted at `path`, and works while it is `running`."""

    def __init__(
        self,
        settings: Settings,
        chosen: SocketIO,
        database: Database,
        inbox: Inbox,
        hints: Hints,
    ) -> None:
        if chosen.desk not in settings.desks:
            raise SettingsError(f'socketio.desk: no desk is called "{chosen.desk}"')
        self._chosen = chosen
        self._inbox = inbox
        self._signed = _signed(chosen)
        self._trusted = settings.desks[chosen.desk].open or self._signed is not None
        self._server = AsyncServer(
            async_mode="asgi",
            async_handlers=False,  # a client's messages are stored in their order
            cors_allowed_origins=[],  # the application answers that for all its routes
            max_http_buffer_size=LARGEST_PACKET,
            namespaces=[chosen.namespace],
            logger=_quiet,
            engineio_logger=_quiet,
        )
        self._audience = Audience(
            Waiting(database, chosen.desk), hints, self._emit, settings.public_url.rstrip("/")
        )
        self._listen()
        self.path = f"/{chosen.socketio_path.strip('/')}"
        self._farewells = Farewells(ASGIApp(self._server, socketio_path=None))
        self.app: App = self._farewells

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send what is said, until the end."""
        sending = asyncio.create_task(self._audience.run())
        yield
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await self._server.shutdown()

    def _listen(self) -> None:
        on = partial(self._server.on, namespace=self._chosen.namespace)
        on("connect", self._connect)
        on("disconnect", self._disconnect)
        on("session_request", self._begin_session)
        on(self._chosen.user_message_evt, self._hear)

    async def _connect(self, sid: str, environ: JSON, auth: Any = None) -> bool:
        """Whether the client may connect: always, unless tokens are asked for."""
        name_connection(environ["asgi.scope"], self._connection(sid))
        token = auth.get("token") if isinstance(auth, dict) else None
        return self._signed is None or self._signed.read(token) is not None

    async def _disconnect(self, sid: str, reason: Any = None) -> None:
        closed = self._farewells.take_from(self._connection(sid))
        left = reason == self._server.reason.CLIENT_DISCONNECT
        self._audience.leave(sid, said_goodbye=closed or left)

    async def _begin_session(self, sid: str, *said: Any) -> None:
        """Confirm the session that is asked for, or a new one; then send what it missed."""
        session = self._session_of(_fields(said)) or uuid.uuid4().hex
        await self._server.emit(
            "session_confirm", session, to=sid, namespace=self._chosen.namespace
        )
        if self._chosen.session_persistence:
            await self._join(sid, session)

    async def _hear(self, sid: str, *said: Any) -> None:
        """Store what the customer says; the library acknowledges it after that."""
        fields = _fields(said)
        session = self._session_of(fields) if self._chosen.session_persistence else None
        session = session or sid
        await self._join(sid, session)
        try:
            inbound = self._read(session, fields)
            await run_in_threadpool(self._inbox.receive, inbound)
        except Unacceptable as error:
            if fields.get("message"):
                await self._emit(sid, {"text": str(error)})
        except Exception as error:  # the database is away: only the customer can send it again
            log.error("socketio can't store", **failure(error))
            await self._emit(sid, {"text": NOT_STORED})
        else:
            self._audience.look(session)

    def _read(self, session: str, fields: JSON) -> Inbound:
        """Raises Unacceptable."""
        try:
            metadata = _object(fields.get(self._chosen.metadata_key))
            message = fields.get("message", "")
            read = RestMessage.model_validate(
                {"sender": session, "message": message, "metadata": metadata}
            )
        except ValidationError:
            raise Unacceptable("The message is none that can be read.") from None
        known = read.metadata or Metadata()
        return Inbound(
            CHANNEL,
            self._chosen.desk,
            session,
            read.message,
            known.message_id and id_of_sender(session, known.message_id),
            name=known.name,
            address=session,
            trusted=self._trusted,
            details=read.details(),
        )

    def _session_of(self, fields: JSON) -> str | None:
        """The session that a client names; None for what can't be a name."""
        try:
            session = fields.get("session_id")
            return RestMessage(sender=session, message="").sender if session else None
        except ValidationError:
            return None

    def _connection(self, sid: str) -> str:
        """The engine's name for the connection; none once it has gone."""
        known = self._server.manager.eio_sid_from_sid(sid, self._chosen.namespace)
        return known or ""

    async def _join(self, sid: str, session: str) -> None:
        connection = self._connection(sid)
        if connection in self._server.eio.sockets:  # it may have gone while we were at it
            receipts = partial(Receipts, self._server.eio, connection, self._audience.arrived)
            await self._audience.join(sid, session, receipts)

    async def _emit(self, sid: str, message: JSON) -> None:
        await self._server.emit(
            self._chosen.bot_message_evt, message, to=sid, namespace=self._chosen.namespace
        )


def _signed(chosen: SocketIO) -> Signed | None:
    if chosen.jwt_key is None:
        return None
    return Signed(chosen.jwt_key, chosen.jwt_method, "socketio.jwt_key")


def _object(metadata: Any) -> JSON | None:
    """What a client says besides the text, as an object or as the JSON of one."""
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            return None
    return metadata if isinstance(metadata, dict) else None


def _fields(said: tuple[Any, ...]) -> JSON:
    """What came with an event; nothing for what is no object."""
    return said[0] if said and isinstance(said[0], dict) else {}
