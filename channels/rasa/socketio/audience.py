"""Who is connected, and what each of them has been sent.

Every process sends to its own connections what the rows say; a hint says when to look again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace

import structlog
from engineio.exceptions import EngineIOError
from starlette.concurrency import run_in_threadpool

from bot.failures import failure
from bot.hints import Hint, Hints, next_hint
from bot.turn import JSON
from channels.rasa.socketio.messages import messages
from channels.rasa.socketio.receipts import Receipts
from channels.rasa.socketio.waiting import Line, Place, Waiting

log = structlog.get_logger()

SWEEP = 5.0  # seconds between looks without a hint, which may be lost
Emit = Callable[[str, JSON], Awaitable[None]]


@dataclass(slots=True)
class Listener:
    """A connection that listens to a session; `read` is None until it was sent what it missed."""

    id: str
    session: str
    receipts: Receipts
    read: Place | None = None

    def lacks(self, line: Line, now: Place) -> bool:
        """Whether the line is to be sent here."""
        if self.read and self.read.conversation_id == line.place.conversation_id:
            return line.place.seq > self.read.seq
        return line.place.conversation_id == now.conversation_id and line.is_missed


class Audience:
    """The connections of this process. `emit` sends a message to one of them."""

    def __init__(self, waiting: Waiting, hints: Hints, emit: Emit, base: str) -> None:
        self._waiting = waiting
        self._hints = hints
        self._emit = emit
        self._base = base
        self._listeners: dict[str, Listener] = {}
        self._sessions: defaultdict[str, list[Listener]] = defaultdict(list)
        self._places: dict[str, Place] = {}
        self._followed: defaultdict[int, set[str]] = defaultdict(set)
        self._heard: asyncio.Queue[Hint] = asyncio.Queue()
        self._arrived: set[int] = set()

    async def join(self, id: str, session: str, receipts: Callable[[], Receipts]) -> None:
        """From now on the connection is sent what is said in the session, and first of all what
        nobody there has got."""
        known = self._listeners.get(id)
        if known and known.session == session:
            return
        self.leave(id)
        listener = Listener(id, session, known.receipts if known else receipts())
        self._listeners[id] = listener
        self._sessions[session].append(listener)
        self.look(session)
        await listener.receipts.ask()  # how long does it take there and back?

    def leave(self, id: str, *, said_goodbye: bool = False) -> None:
        listener = self._listeners.pop(id, None)
        if listener is None:
            return
        if said_goodbye:
            listener.receipts.goodbye()
        others = self._sessions[listener.session]
        others.remove(listener)
        if not others:
            del self._sessions[listener.session]
            self._unfollow(listener.session)

    def look(self, session: str) -> None:
        """Something may have been said in the session."""
        self._heard.put_nowait({"kind": "session", "session": session})

    def arrived(self, ids: Collection[int]) -> None:
        """The lines are known to have arrived somewhere."""
        if ids:
            self._arrived.update(ids)
            self._heard.put_nowait({"kind": "arrived"})

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()

        def hear(hint: Hint) -> None:
            if hint["kind"] == "changed" and hint["conversation"] in self._followed:
                loop.call_soon_threadsafe(self._heard.put_nowait, hint)

        end = self._hints.listen(hear)
        try:
            while True:
                hint = await next_hint(self._heard, SWEEP)
                await self._act([hint, *self._drained()] if hint else None)
        finally:
            end()

    def _drained(self) -> Iterable[Hint]:
        while not self._heard.empty():
            yield self._heard.get_nowait()

    async def _act(self, heard: list[Hint] | None) -> None:
        """Note what has arrived, and look at the sessions that were heard of, at all for None."""
        try:
            await self._note_arrivals()
            await self._send_news(set(self._sessions) if heard is None else self._concerned(heard))
        except Exception as error:  # the database is away: look again later
            log.error("socketio can't look", **failure(error))
            await asyncio.sleep(1.0)

    def _concerned(self, heard: Iterable[Hint]) -> set[str]:
        found = {hint["session"] for hint in heard if hint["kind"] == "session"}
        changed = {hint["conversation"] for hint in heard if hint["kind"] == "changed"}
        return found.union(*(self._followed[each] for each in changed & self._followed.keys()))

    async def _note_arrivals(self) -> None:
        if ids := frozenset(self._arrived):
            changed = await run_in_threadpool(self._waiting.arrived, ids)
            self._arrived -= ids
            for conversation_id in changed:
                self._hints.changed(conversation_id)

    async def _send_news(self, concerned: set[str]) -> None:
        names = concerned & self._sessions.keys()
        places = await run_in_threadpool(self._waiting.places, names) if names else {}
        for name, now in places.items():
            is_new = any(listener.read is None for listener in self._sessions.get(name, ()))
            if is_new or now != self._places.get(name):
                await self._send_to(name, now)

    async def _send_to(self, name: str, now: Place) -> None:
        listeners = tuple(self._sessions.get(name, ()))
        read = {listener.read for listener in listeners if listener.read}
        lines = [
            replace(line, is_missed=line.is_missed and line.id not in self._arrived)
            for line in await run_in_threadpool(self._waiting.lines, name, now, read)
        ]
        wanted = {each.id: [line for line in lines if each.lacks(line, now)] for each in listeners}
        sent = {line.id: line for each in wanted.values() for line in each}
        late = [wanted[each.id] for each in listeners if each.read is None]
        again = [line for each in late for line in each if line.was_sent]
        if sent:
            await run_in_threadpool(self._waiting.sending, sent.values(), again)
        newest = max((line.place.seq for line in lines if _is_in(line, now)), default=0)
        self._follow(name, now)
        for listener in listeners:
            listener.read = Place(now.conversation_id, max(now.seq, newest))
            await self._send(listener, wanted[listener.id])

    def _follow(self, name: str, now: Place) -> None:
        before = self._unfollow(name)
        if name in self._sessions:
            self._places[name] = now
            self._followed[now.conversation_id].add(name)
            if before is None or before.conversation_id != now.conversation_id:
                self.look(name)  # no hint was heard until now of what has been said meanwhile

    def _unfollow(self, name: str) -> Place | None:
        place = self._places.pop(name, None)
        if place:
            self._followed[place.conversation_id].discard(name)
            if not self._followed[place.conversation_id]:
                del self._followed[place.conversation_id]
        return place

    async def _send(self, listener: Listener, lines: Collection[Line]) -> None:
        if not lines or self._listeners.get(listener.id) is not listener:
            return
        try:
            for line in lines:
                for message in messages(line.said, self._base):
                    await self._emit(listener.id, message)
            await listener.receipts.ask([line.id for line in lines])
        except EngineIOError:  # it has gone: the lines wait until it comes back
            log.info("socketio connection lost")


def _is_in(line: Line, now: Place) -> bool:
    return line.place.conversation_id == now.conversation_id
