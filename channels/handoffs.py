"""Another assistant hands a conversation to our people: a Rasa that runs `action_hand_over`."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Message, State, Status
from bot.db import Database, now
from bot.hints import Hints
from channels.inbox import STORABLE, Inbound, conversation_of
from channels.rest import check_desk
from handoff.auth import SignedIn, same_origin
from handoff.metrics import HANDOFFS
from handoff.queue import escalate
from handoff.ticket import Reason, current_ticket
from handoff.transcript import insert_message, next_seq, printable, write_line

router = APIRouter(prefix="/api/v1", dependencies=[Depends(same_origin)])

CHANNEL = "rasa"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SKEW = timedelta(days=1)  # by which the assistant's clock may be ahead


def _plausible(at: datetime) -> datetime:
    """The time in UTC, which it is taken to be if it doesn't say."""
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not EARLIEST <= at <= now() + SKEW:
        raise ValueError("the time is before the year 2000 or in the future")
    return at.astimezone(UTC)


At = Annotated[datetime, AfterValidator(_plausible)]
Name = Annotated[str, Field(max_length=200, pattern=STORABLE)]


class Pressable(BaseModel):
    """A button that the assistant showed."""

    title: Name
    payload: str = Field(max_length=1000)


class Said(BaseModel):
    """A line of the other assistant's conversation; `at` is ISO 8601, or seconds since 1970."""

    author: Literal[Author.CUSTOMER, Author.BOT]
    text: str = Field(min_length=1, max_length=4000)
    at: At
    buttons: list[Pressable] = Field(default=[], max_length=20)


class Meant(BaseModel):
    """What the assistant took the customer's last line for."""

    name: Name
    confidence: float = Field(ge=0, le=1)


class Handoff(BaseModel):
    """A conversation for a person.

    Each wish for one has a `key`, and repeated it opens no second ticket. A line with the same
    author, time and text is stored once.
    """

    sender: str = Field(min_length=1, max_length=200, pattern=STORABLE)
    key: str | None = Field(default=None, max_length=100)
    name: Name | None = None
    reason: Reason = Reason.ASKED_FOR_PERSON
    desk: str = "customers"
    lines: list[Said] = Field(default=[], max_length=500)
    slots: dict[Name, Annotated[str, Field(max_length=500)]] = Field(default={}, max_length=50)
    intent: Meant | None = None

    def id_of(self, *parts: Any) -> str:
        """An id of something in this sender's conversation, the same whenever it comes again."""
        return hashlib.sha256(json.dumps([self.sender, *parts]).encode()).hexdigest()

    def evidence(self) -> dict[str, Any]:
        """Why a person is needed, as agents see it."""
        intent = {"intent": self.intent.model_dump()} if self.intent else {}
        slots = {name: printable(value) for name, value in self.slots.items()}
        return {"act": "hand_over", "assistant": "Rasa", **intent, "slots": slots}


class Taken(BaseModel):
    """The ticket, and the conversation that it is for."""

    ticket: str
    conversation_id: int


@router.post("/handoffs", status_code=201)
def hand_over(request: Request, handoff: Handoff, agent: SignedIn) -> Taken:
    """Open a ticket for a conversation that another assistant had, with all that was said there."""
    check_desk(request, handoff.desk)
    hints: Hints = request.app.state.hints
    taken = take_over(request.app.state.database, handoff)
    hints.changed(taken.conversation_id)
    return taken


def take_over(database: Database, handoff: Handoff) -> Taken:
    """Store what is new of the conversation, and put it into the queue unless it is there."""
    for _ in range(3):
        try:
            with database.write() as session:
                return _take_over(session, handoff)
        except IntegrityError:  # the same sender's first, a moment ago
            continue
    raise RuntimeError("the handoff collided three times with another")


def _take_over(session: Session, handoff: Handoff) -> Taken:
    key = handoff.id_of("handoff", handoff.key) if handoff.key else None
    known = _asked_before(session, handoff, key) if key else None
    conversation = session.get_one(
        Conversation, known or _conversation(session, handoff), with_for_update=True
    )
    _store_lines(session, conversation, handoff)
    if not known:
        _note(session, conversation, handoff, key)
    ticket = current_ticket(session, conversation.id)
    assert ticket is not None
    return Taken(ticket=ticket.number, conversation_id=conversation.id)


def _asked_before(session: Session, handoff: Handoff, key: str) -> int | None:
    return session.scalar(
        select(Message.conversation_id).where(
            Message.channel == CHANNEL, Message.account == handoff.desk, Message.external_id == key
        )
    )


def _conversation(session: Session, handoff: Handoff) -> int:
    name = handoff.name and printable(handoff.name)
    return conversation_of(session, Inbound(CHANNEL, handoff.desk, handoff.sender, "", name=name))


def _note(session: Session, conversation: Conversation, handoff: Handoff, key: str | None) -> None:
    """Ask for a person, under a line that keeps the key."""
    if conversation.state == State.BOT:
        escalate(session, conversation, handoff.reason, handoff.evidence(), external_id=key)
        HANDOFFS.labels(handoff.reason).inc()
        session.flush()
    elif key:
        write_line(
            session,
            conversation,
            Author.SYSTEM,
            "The assistant asked for a person again",
            private=True,
            kind="escalated",
            evidence=handoff.evidence(),
            external_id=key,
        )


def _store_lines(session: Session, conversation: Conversation, handoff: Handoff) -> None:
    """The lines that weren't stored before, in their order, at the end."""
    ids = _ids(handoff)
    stored = set(
        session.scalars(
            select(Message.external_id).where(
                Message.channel == CHANNEL,
                Message.account == handoff.desk,
                Message.external_id.in_(ids),
            )
        )
    )
    for line, id in zip(handoff.lines, ids, strict=True):
        if id not in stored and printable(line.text).strip():
            _store(session, conversation, handoff.desk, line, id)


def _ids(handoff: Handoff) -> Sequence[str]:
    """An id for each line; two that are the same in everything are told apart by their order."""
    seen: Counter[tuple[str, str, str]] = Counter()
    ids = []
    for line in handoff.lines:
        same = (line.author, line.at.isoformat(), line.text)
        ids.append(handoff.id_of("line", *same, seen[same]))
        seen[same] += 1
    return ids


def _store(session: Session, conversation: Conversation, desk: str, line: Said, id: str) -> None:
    by_customer = line.author == Author.CUSTOMER
    buttons = [button.model_dump() for button in line.buttons]
    insert_message(
        session,
        Message(
            conversation_id=conversation.id,
            seq=next_seq(session, conversation.id),
            author=line.author,
            private=False,
            text=printable(line.text),
            content={"buttons": buttons} if buttons else {},
            channel=CHANNEL,
            account=desk,
            external_id=id,
            origin=round(line.at.timestamp() * 1_000_000),
            status=Status.HANDLED if by_customer else Status.SENT,
            attempts=0,
            doubtful=False,
            created_at=min(line.at, now()),
        ),
    )
