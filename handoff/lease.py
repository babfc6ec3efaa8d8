"""One worker at a time answers a conversation; a crashed one's lease runs out by itself."""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session

from bot.conversation import CONVERSATIONS, MESSAGES, Conversation, Message, Status
from bot.db import now

LEASE = timedelta(seconds=30)
SETTLING = timedelta(seconds=3)  # in which a channel may find out who wrote a line, before it wakes


TAKE = (
    CONVERSATIONS.update()
    .where(
        CONVERSATIONS.c.id == bindparam("conversation_id"),
        or_(CONVERSATIONS.c.lease.is_(None), CONVERSATIONS.c.lease_until < bindparam("moment")),
    )
    .values(lease=bindparam("token"), lease_until=bindparam("until"))
    .returning(CONVERSATIONS.c.id)
)
HELD = (
    select(Conversation)
    .where(
        Conversation.id == bindparam("conversation_id"), Conversation.lease == bindparam("token")
    )
    .with_for_update()
)
OLDEST_WAITING = (
    select(Conversation, Message)
    .join(Message, Message.conversation_id == Conversation.id)
    .where(Conversation.id == bindparam("conversation_id"), Message.status == Status.RECEIVED.value)
    .order_by(Message.origin, Message.seq)  # in the channel's own order, where it has one
    .limit(1)
)
WAITING_SEQ = (
    select(MESSAGES.c.seq)
    .where(
        MESSAGES.c.conversation_id == bindparam("conversation_id"),
        MESSAGES.c.status == Status.RECEIVED.value,
    )
    .limit(1)
)


def take_lease(session: Session, conversation_id: int) -> str | None:
    """The right to answer the conversation for LEASE; None while somebody else has it."""
    token, moment = secrets.token_hex(8), now()
    values: dict[str, Any] = {"conversation_id": conversation_id, "moment": moment}
    values |= {"token": token, "until": moment + LEASE}
    return token if session.execute(TAKE, values).first() else None


def still_holds(session: Session, conversation_id: int, token: str) -> Conversation | None:
    """The conversation, locked, if the lease is still this one; None if it was lost."""
    return session.scalar(HELD, {"conversation_id": conversation_id, "token": token})


def oldest_waiting(session: Session, conversation_id: int) -> tuple[Conversation, Message] | None:
    """The conversation and its oldest line that nobody has handled."""
    row = session.execute(OLDEST_WAITING, {"conversation_id": conversation_id}).first()
    return (row[0], row[1]) if row else None


def has_waiting(session: Session, conversation_id: int) -> bool:
    """Whether the conversation has a line that nobody has handled."""
    values = {"conversation_id": conversation_id}
    return session.execute(WAITING_SEQ, values).first() is not None


def waiting(session: Session, limit: int) -> list[int]:
    """Conversations with a line that nobody has handled for SETTLING, and no worker on it."""
    unhandled = exists().where(
        Message.conversation_id == Conversation.id,
        Message.status == Status.RECEIVED,
        Message.created_at < now() - SETTLING,
    )
    return list(
        session.scalars(
            select(Conversation.id)
            .where(unhandled, or_(Conversation.lease.is_(None), Conversation.lease_until < now()))
            .order_by(Conversation.id)
            .limit(limit)
        )
    )
