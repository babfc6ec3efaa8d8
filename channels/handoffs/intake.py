"""Stores what another assistant handed over, and asks for a person."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Message, State, Status
from bot.db import Database, now
from channels.handoffs.body import Handoff, Said
from channels.inbox import Inbound, conversation_of
from handoff.metrics import HANDOFFS
from handoff.queue import escalate
from handoff.ticket import current_ticket
from handoff.transcript import insert_message, next_seq, printable, write_line

CHANNEL = "rasa"


class Taken(NamedTuple):
    """The ticket's number, and the conversation that it is for."""

    ticket: str
    conversation_id: int


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
    return Taken(ticket.number, conversation.id)


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
