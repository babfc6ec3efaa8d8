"""Change hints: "look again" signals. Rows are the facts; a lost hint costs a refresh."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import structlog

from bot.db import Database

log = structlog.get_logger()

CHANNEL = "firstline"
Hint = dict[str, Any]  # {"kind": "changed" | "typing" | "looking", "conversation": id, ...}


class Hints:
    """Publishes hints to everyone who listens: in this process, and through PostgreSQL's
    LISTEN/NOTIFY in all the processes on one database."""

    def __init__(self, database: Database) -> None:
        self._listeners: set[Callable[[Hint], None]] = set()
        self._lock = threading.Lock()
        self._database = None if database.is_sqlite else database
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to hear the other processes. Does nothing on SQLite."""
        if self._database:
            threading.Thread(target=self._hear, name="hints", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def publish(self, hint: Hint) -> None:
        """Tell everyone to look again. Never raises: a hint may be lost."""
        if not self._database:
            return self._deliver(hint)
        try:
            with self._database.engine.connect() as connection:
                connection.exec_driver_sql("select pg_notify(%s, %s)", (CHANNEL, json.dumps(hint)))
                connection.commit()
        except Exception:
            log.warning("hint lost", exc_info=True)
            self._deliver(hint)

    def changed(self, conversation_id: int) -> None:
        self.publish({"kind": "changed", "conversation": conversation_id})

    def listen(self, listener: Callable[[Hint], None]) -> Callable[[], None]:
        """Call `listener` (from any thread) for each hint; returns what ends that."""
        with self._lock:
            self._listeners.add(listener)

        def end() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return end

    @asynccontextmanager
    async def subscribe(
        self, wants: Callable[[Hint], bool]
    ) -> AsyncIterator["asyncio.Queue[Hint]"]:
        """A queue of the hints that `wants` accepts, for a coroutine that holds a socket."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Hint] = asyncio.Queue(maxsize=1000)

        def put(hint: Hint) -> None:
            if not queue.full():
                queue.put_nowait(hint)

        def forward(hint: Hint) -> None:
            if wants(hint):
                loop.call_soon_threadsafe(put, hint)

        end = self.listen(forward)
        try:
            yield queue
        finally:
            end()

    def _deliver(self, hint: Hint) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(hint)
            except RuntimeError:  # its event loop has closed
                continue

    def _hear(self) -> None:
        assert self._database
        url = self._database.engine.url.set(drivername="postgresql")
        while not self._stopping.is_set():
            try:
                with psycopg.connect(
                    url.render_as_string(hide_password=False), autocommit=True
                ) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._stopping.is_set():
                        for notify in connection.notifies(timeout=1.0):
                            self._deliver(json.loads(notify.payload))
            except psycopg.Error:
                if not self._stopping.is_set():
                    log.warning("not listening to PostgreSQL; trying again")
                    self._stopping.wait(1.0)


async def next_hint(heard: "asyncio.Queue[Hint]", seconds: float) -> Hint | None:
    """The next hint; None after `seconds` without one."""
    try:
        async with asyncio.timeout(seconds):  # wait_for may swallow that we are cancelled
            return await heard.get()
    except TimeoutError:
        return None
