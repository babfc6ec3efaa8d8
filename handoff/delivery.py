"""The outbox's record: which line goes out next, and what became of it.

A line goes queued -> sending -> sent | failed | uncertain. The lines of a conversation go out one
after another; the row lock on the conversation keeps two processes from sending at once.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, State, Status
from bot.db import now
from handoff import queue
from handoff.ticket import Reason
from handoff.transcript import write_line

SENDING = timedelta(seconds=90)  # longer than any attempt takes: one that old is given up for lost
ON_THEIR_WAY = (Status.QUEUED, Status.SENDING)


def due(
    session: Session, channels: Collection[str], moment: datetime, limit: int = 500
) -> list[int]:
    """The conversations that have a line due by the moment, the longest due first."""
    query = (
        select(Message.conversation_id, func.min(Message.due_at))
        .where(_waiting(channels), Message.due_at <= moment)
        .group_by(Message.conversation_id)
        .order_by(func.min(Message.due_at))
        .limit(limit)
    )
    return [row.conversation_id for row in session.execute(query)]


def next_due(session: Session, channels: Collection[str], moment: datetime) -> datetime | None:
    """When the next line that isn't due at the moment will be; None when there is none."""
    later = (_waiting(channels), Message.due_at > moment)
    found: datetime | None = session.scalar(select(func.min(Message.due_at)).where(*later))
    return found


def next_line(session: Session, conversation_id: int) -> Message | None:
    """The conversation's next line if it may go out now: it is due, and no other is on its way."""
    line = session.scalar(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.status.in_(ON_THEIR_WAY),
            Message.due_at.is_not(None),
        )
        .order_by(Message.seq)
        .limit(1)
    )
    return line if line and line.due_at and line.due_at <= now() else None


def claim(session: Session, conversation_id: int) -> Message | None:
    """The conversation's next line, now `sending`; None when there is none, or another process is
    at it. One that a crash left in mid-send is doubtful, and is sent no more than once again."""
    held = select(Conversation.id).where(Conversation.id == conversation_id)
    if session.scalar(held.with_for_update(skip_locked=True)) is None:
        return None
    line = next_line(session, conversation_id)
    while line and line.status == Status.SENDING and line.doubtful:
        delivered(session, line, None)
        session.flush()
        line = next_line(session, conversation_id)
    if line:
        line.doubtful = line.doubtful or line.status == Status.SENDING
        line.status, line.attempts = Status.SENDING, line.attempts + 1
        line.due_at = now() + SENDING
    return line


def delivered(session: Session, line: Message, reference: str | None) -> None:
    """The channel has taken the line, and calls it so."""
    line.status = Status.UNCERTAIN if line.doubtful else Status.SENT
    line.reference = reference or line.reference
    line.due_at = None


def postponed(session: Session, line: Message, delay: timedelta, *, doubtful: bool = False) -> None:
    """The line will be tried again after `delay`; `doubtful` if it may have arrived."""
    line.status = Status.QUEUED
    line.doubtful = line.doubtful or doubtful
    line.due_at = now() + delay


def failed(session: Session, line: Message, reason: str, *, blocked: bool = False) -> None:
    """The line can't be delivered: the agent is told, and a person takes over from the bot.

    Somebody who has blocked us is left alone: nothing else that waits is sent either.
    """
    line.status, line.due_at = Status.FAILED, None
    conversation = session.get_one(Conversation, line.conversation_id, with_for_update=True)
    if blocked:
        _mark_blocked(session, line)
        _fail_the_rest(session, line)
    write_line(
        session,
        conversation,
        Author.SYSTEM,
        f"Not delivered: {reason}",
        private=True,
        kind="undelivered",
        content={"of": line.seq},
    )
    if conversation.state == State.BOT and not blocked:
        queue.escalate(session, conversation, Reason.UNDELIVERED, {"reason": reason})


def _mark_blocked(session: Session, line: Message) -> None:
    """From now on, and until they write again, the customer wants no more from us there."""
    session.execute(
        update(Identity)
        .where(
            Identity.conversation_id == line.conversation_id,
            Identity.channel == line.channel,
            Identity.account == line.account,
        )
        .values(blocked_at=now())
        .execution_options(synchronize_session=False)
    )


def _fail_the_rest(session: Session, line: Message) -> None:
    session.execute(
        update(Message)
        .where(
            Message.conversation_id == line.conversation_id,
            Message.channel == line.channel,
            Message.status == Status.QUEUED,
        )
        .values(status=Status.FAILED, due_at=None)
        .execution_options(synchronize_session=False)
    )


def _waiting(channels: Collection[str]) -> ColumnElement[bool]:
    return and_(Message.status.in_(ON_THEIR_WAY), Message.channel.in_(channels))
