"""One worker at a time answers a conversation; a crashed one's lease runs out by itself."""

import secrets
from datetime import timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from bot.conversation import Conversation, Message, Status
from bot.db import now
from handoff.transcript import CONVERSATIONS

LEASE = timedelta(seconds=30)


def take_lease(session: Session, conversation_id: int) -> str | None:
    """The right to answer the conversation for LEASE; None while somebody else has it."""
    token = secrets.token_hex(8)
    moment = now()
    table = CONVERSATIONS.c
    taken = session.execute(
        CONVERSATIONS.update()
        .where(table.id == conversation_id, or_(table.lease.is_(None), table.lease_until < moment))
        .values(lease=token, lease_until=moment + LEASE)
        .returning(table.id)
    ).scalar()
    return token if taken else None


def still_holds(session: Session, conversation_id: int, token: str) -> Conversation | None:
    """The conversation, locked, if the lease is still this one; None if it was lost."""
    return session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id, Conversation.lease == token)
        .with_for_update()
    )


def waiting(session: Session, limit: int = 100) -> list[int]:
    """Conversations that have a line nobody has handled and no worker on it."""
    unhandled = exists().where(
        Message.conversation_id == Conversation.id, Message.status == Status.RECEIVED
    )
    return list(
        session.scalars(
            select(Conversation.id)
            .where(unhandled, or_(Conversation.lease.is_(None), Conversation.lease_until < now()))
            .order_by(Conversation.id)
            .limit(limit)
        )
    )
