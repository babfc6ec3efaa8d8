"""The widget's HTTP: send, fetch, and follow live. A visitor is known by a random token."""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import Conversation, Identity, State
from bot.db import Database
from bot.hints import Hint, Hints, next_hint
from bot.hours import describe
from bot.settings import Settings
from channels.inbox import STORABLE, Inbound, Inbox
from channels.rest import check_desk
from handoff import queue
from handoff.agents import Agent
from handoff.channel_names import way_of
from handoff.markdown import render
from handoff.people import members_of
from handoff.pictures import picture
from handoff.ticket import current_ticket
from handoff.transcript import Line, lines

router = APIRouter(prefix="/web")

CHANNEL = "web"
CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")  # conversation and line
LOOK_AGAIN = 20.0  # seconds after which a stream looks even without a hint, which may be lost


class WebMessage(BaseModel):
    """A line from the widget; `id` is made by the widget, so that a repeat is stored once."""

    id: str = Field(min_length=8, max_length=64, pattern=STORABLE)
    text: str
    payload: str | None = Field(default=None, max_length=1000)
    desk: str = "customers"


class Typing(BaseModel):
    """Whether the visitor is typing."""

    desk: str = "customers"
    on: bool = True


class Seen(BaseModel):
    """The last line that the visitor has seen; `id` as the lines have it."""

    desk: str = "customers"
    id: str


def visitor(request: Request) -> str:
    """The visitor's name here: a hash of their token, which itself is stored nowhere."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or len(token.strip()) < 16:
        raise HTTPException(401, "Send the visitor's token: `Authorization: Bearer TOKEN`.")
    return hashlib.sha256(token.strip().encode()).hexdigest()[:32]


def open_desk(request: Request, desk: str = "customers") -> str:
    """The name of a desk that strangers may write to."""
    settings: Settings = request.app.state.settings
    if desk in settings.desks and not settings.desks[desk].open:
        raise HTTPException(403, f'The desk "{desk}" isn\'t open to visitors of the web.')
    check_desk(request, desk)
    return desk


Visitor = Annotated[str, Depends(visitor)]
OpenDesk = Annotated[str, Depends(open_desk)]


@router.get("/config")
def config(request: Request, desk: OpenDesk) -> dict[str, Any]:
    """What the widget says before anybody has written."""
    settings: Settings = request.app.state.settings
    chosen = settings.desk(desk)
    return {
        "desk": desk,
        "name": chosen.name,
        "greeting": chosen.greeting,
        "suggestions": chosen.suggestions,
        "accent": chosen.accent,
        "hours": describe(chosen),
    }


@router.post("/messages", status_code=202)
def send(request: Request, body: WebMessage, sender: Visitor) -> dict[str, str]:
    """Store the visitor's line; the answer comes over the stream."""
    open_desk(request, body.desk)
    inbox: Inbox = request.app.state.inbox
    accepted = inbox.receive(
        Inbound(
            CHANNEL,
            body.desk,
            sender,
            body.text,
            f"{sender}:{body.id}",
            body.payload,
            body.id,
            trusted=True,
        )
    )
    return {"id": f"{accepted.conversation_id}-{accepted.seq}"}


@router.get("/messages")
def fetch(
    request: Request,
    sender: Visitor,
    desk: OpenDesk,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> dict[str, Any]:
    """The visitor's present conversation and its last lines."""
    database: Database = request.app.state.database
    with database.read() as session:
        conversation = _current(session, desk, sender)
        if not conversation:
            return {"conversation": None, "messages": [], "cursor": None}
        found = lines(session, conversation.id, limit=limit, public_only=True)
        return {
            "conversation": _state(session, conversation),
            "messages": [_shown(conversation.id, line) for line in found if _says_something(line)],
            "cursor": f"{conversation.id}-{_newest(found)}",
        }


@router.get("/events", response_class=EventSourceResponse)
async def events(
    request: Request, sender: Visitor, desk: OpenDesk, cursor: str | None = None
) -> AsyncIterator[ServerSentEvent]:
    """Lines after the cursor, then whatever comes: `message`, `state` and `typing`."""
    stream = Stream(request.app.state.database, desk, sender, cursor)
    hints: Hints = request.app.state.hints
    async with hints.subscribe(stream.concerns) as heard:
        while True:
            for event in await run_in_threadpool(stream.news):
                yield event
            hint = await next_hint(heard, LOOK_AGAIN)
            while hint and hint["kind"] == "typing":
                yield _typing(hint)
                hint = await next_hint(heard, LOOK_AGAIN)


@router.post("/typing", status_code=204)
def typing(request: Request, body: Typing, sender: Visitor) -> None:
    """Let the agent see that the visitor is typing."""
    database: Database = request.app.state.database
    with database.read() as session:
        conversation = _current(session, body.desk, sender)
    if conversation:
        hint = {"kind": "typing", "conversation": conversation.id, "who": "customer", "on": body.on}
        request.app.state.hints.publish(hint)


@router.post("/seen", status_code=204)
def seen(request: Request, body: Seen, sender: Visitor) -> None:
    """Note what the visitor has seen, so that nobody writes an e-mail to them about it."""
    database: Database = request.app.state.database
    conversation_id, seq = _parse_cursor(body.id)
    with database.write() as session:
        conversation = _current(session, body.desk, sender)
        if conversation and conversation.id == conversation_id:
            conversation.seen_seq = max(conversation.seen_seq, min(seq, conversation.last_seq))


class Stream:
    """What one open widget has seen; `news` says what it hasn't."""

    def __init__(self, database: Database, desk: str, sender: str, cursor: str | None) -> None:
        self._database = database
        self._desk = desk
        self._sender = sender
        self._cursor = cursor
        self._conversation_id = self._seq = 0
        self._state: dict[str, Any] | None = None

    def concerns(self, hint: Hint) -> bool:
        """Hints on the visitor's conversation; any change, while they may begin another."""
        if hint["conversation"] != self._conversation_id:
            return bool(hint["kind"] == "changed" and self._may_begin_another())
        if hint["kind"] == "typing" and hint["who"] == "customer":
            return False
        return bool(hint["kind"] != "looking")

    def _may_begin_another(self) -> bool:
        return self._state is None or self._state["state"] == State.RESOLVED

    def news(self) -> list[ServerSentEvent]:
        """The lines since the last look, then the state if it is another."""
        with self._database.read() as session:
            self._go_to_cursor(session)
            conversation = _current(session, self._desk, self._sender)
            if not conversation:
                self._state = None  # they may begin one, also after a split
                return []
            return [
                *self._new_lines(session, conversation),
                *self._new_state(session, conversation),
            ]

    def _go_to_cursor(self, session: Session) -> None:
        """Begin where the widget says that it stopped, if that is the visitor's at all."""
        if self._cursor is None:
            return
        conversation_id, seq = _parse_cursor(self._cursor)
        self._cursor = None
        if self._is_theirs(session, conversation_id):
            self._conversation_id, self._seq = conversation_id, seq

    def _is_theirs(self, session: Session, conversation_id: int) -> bool:
        return _is_theirs(session, conversation_id, self._desk, self._sender)

    def _new_lines(self, session: Session, conversation: Conversation) -> list[ServerSentEvent]:
        found: list[ServerSentEvent] = []
        before = self._conversation_id
        if before not in (0, conversation.id) and self._is_theirs(session, before):
            found += self._after(session, before)  # the end of the one before
        if self._conversation_id != conversation.id:
            self._conversation_id, self._seq = conversation.id, 0
        return found + self._after(session, conversation.id)

    def _after(self, session: Session, conversation_id: int) -> list[ServerSentEvent]:
        found = lines(session, conversation_id, after=self._seq, public_only=True)
        if found:
            self._seq = _newest(found)
        shown = (_shown(conversation_id, line) for line in found if _says_something(line))
        return [_event("message", line) for line in shown]

    def _new_state(self, session: Session, conversation: Conversation) -> list[ServerSentEvent]:
        state = _state(session, conversation)
        if state == self._state:
            return []
        self._state = state
        return [_event("state", state)]


def _newest(found: list[Line]) -> int:
    """The newest line's number; one that came late isn't the last."""
    return max((line["seq"] for line in found), default=0)


def _parse_cursor(cursor: str | None) -> tuple[int, int]:
    match = CURSOR.fullmatch(cursor or "")
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _is_theirs(session: Session, conversation_id: int, desk: str, sender: str) -> bool:
    """Whether the visitor is the conversation's person; a cursor is only what they claim."""
    identity = session.get(Identity, (CHANNEL, desk, sender))
    conversation = session.get(Conversation, conversation_id)
    return bool(
        identity
        and conversation
        and conversation.desk == desk
        and conversation.person_id in members_of(session, identity.person_id)
    )


def _current(session: Session, desk: str, sender: str) -> Conversation | None:
    return session.scalar(
        select(Conversation)
        .join(Identity, Identity.conversation_id == Conversation.id)
        .where(
            Identity.channel == CHANNEL,
            Identity.account == desk,
            Identity.external_id == sender,
        )
    )


def _state(session: Session, conversation: Conversation) -> dict[str, Any]:
    waits = conversation.state == State.QUEUED
    has_person = waits or conversation.state == State.OPEN
    ticket = current_ticket(session, conversation.id) if has_person else None
    owner = conversation.owner_id and session.get(Agent, conversation.owner_id)
    return {
        "state": conversation.state,
        "agent": {"name": owner.name} if owner else None,
        "ticket": ticket.number if ticket else None,
        "position": queue.position(session, conversation) if waits else None,
    }


def _says_something(line: Line) -> bool:
    """Whether there is anything to see: not in a payload that only a client made for Rasa reads."""
    content = line["content"]
    custom_only = content.get("custom") and not (content.get("buttons") or picture(content))
    return not (custom_only and not line["text"])


def _shown(conversation_id: int, line: Line) -> dict[str, Any]:
    """A line as the widget gets it: no evidence, nothing private."""
    content = line["content"]
    return {
        "id": f"{conversation_id}-{line['seq']}",
        "author": line["author"],
        "name": line["name"],
        "text": line["text"],
        "html": render(line["text"]) if content.get("markdown") else None,
        "kind": line["kind"],
        "buttons": content.get("buttons", []),
        "sources": content.get("sources", []),
        "at": line["at"],
        "client_id": content.get("client_id"),
        "way": way_of(line["channel"]) if line["channel"] != CHANNEL else None,
        "image": picture(content),
        "files": [file["name"] for file in content.get("attachments", [])],
        "changes": f"{conversation_id}-{content['changes']}" if content.get("changes") else None,
    }


def _event(name: str, data: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=data, id=data.get("id"))


def _typing(hint: Hint) -> ServerSentEvent:
    return _event("typing", {"who": hint["who"], "name": hint.get("name"), "on": hint["on"]})
