"""Tickets: one for each escalation, with a number that the customer is told."""

import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversation import Conversation, State
from bot.db import Base, Database, now
from handoff.people import members_of


class Reason(StrEnum):
    """Why a person has to take over."""

    LOW_CONFIDENCE = "low_confidence"
    FRUSTRATION = "frustration"
    ASKED_FOR_PERSON = "asked_for_person"
    LOOP = "loop"
    FLOW_FAILED = "flow_failed"
    FLOW_ASKED = "flow_asked"
    BOT_ERROR = "bot_error"
    SAFETY = "safety"
    LANGUAGE = "language"
    ABUSE = "abuse"
    ATTACHMENT = "attachment"
    UNDELIVERED = "undelivered"
    TAKEN_OVER = "taken_over"


PRIORITY = {Reason.SAFETY: 1, Reason.FRUSTRATION: 2, Reason.ABUSE: 2, Reason.BOT_ERROR: 2}
NORMAL_PRIORITY = 3


class Ticket(Base):
    """One escalation of a conversation; it copies nothing of it."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    reason: Mapped[str] = mapped_column(String(20))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    opened_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]

    @property
    def language(self) -> dict[str, str]:
        """`code` and `name` of the customer's language if the desk doesn't speak it, else empty."""
        language: dict[str, str] = self.evidence.get("language", {})
        return language


def open_ticket(
    session: Session, conversation: Conversation, reason: Reason, evidence: dict[str, Any]
) -> Ticket:
    """A new ticket with a number that tells nothing of how many there are."""
    ticket = Ticket(
        number=_free_number(session),
        conversation_id=conversation.id,
        reason=reason,
        evidence=evidence,
    )
    session.add(ticket)
    session.flush()
    return ticket


def current_ticket(session: Session, conversation_id: int) -> Ticket | None:
    """The conversation's newest ticket, open or closed."""
    return session.scalar(
        select(Ticket)
        .where(Ticket.conversation_id == conversation_id)
        .order_by(Ticket.id.desc())
        .limit(1)
    )


def close_ticket(session: Session, conversation_id: int) -> None:
    ticket = current_ticket(session, conversation_id)
    if ticket and not ticket.closed_at:
        ticket.closed_at = now()


def status_line(session: Session, number: str, person_id: int) -> str | None:
    """What a customer may know of their own ticket; None when it isn't theirs or doesn't exist."""
    row = session.execute(
        select(Ticket, Conversation)
        .join(Conversation, Conversation.id == Ticket.conversation_id)
        .where(Ticket.number == number, Conversation.person_id.in_(members_of(session, person_id)))
    ).first()
    if not row:
        return None
    ticket, conversation = row
    opened = f"{number}, opened on {ticket.opened_at:%d %B %Y},"
    if ticket.closed_at:
        return f"{opened} was closed on {ticket.closed_at:%d %B %Y}."
    if conversation.state == State.OPEN:
        return f"{opened} is with a colleague, who is working on it."
    return f"{opened} is waiting for the next free colleague."


def tickets_of(session: Session, person_id: int, limit: int) -> list[str]:
    """The numbers of a customer's tickets, the newest first."""
    query = (
        select(Ticket.number)
        .join(Conversation, Conversation.id == Ticket.conversation_id)
        .where(Conversation.person_id.in_(members_of(session, person_id)))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def status_of(database: Database) -> Callable[[str, str], str | None]:
    """`status_line` as the bot's actions call it: (number, the person's id as text)."""

    def status(number: str, sender: str) -> str | None:
        with database.read() as session:
            return status_line(session, number, int(sender))

    return status


def _free_number(session: Session) -> str:
    while True:
        number = f"FL-{secrets.randbelow(900_000) + 100_000}"
        if not session.scalar(select(Ticket.id).where(Ticket.number == number)):
            return number
