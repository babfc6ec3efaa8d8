"""Conversations and their lines. The messages table is inbox, transcript and outbox at once."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import JSON, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.db import Base, now


class State(StrEnum):
    """Who a conversation waits for: the bot, the queue, its agent, or nobody any more."""

    BOT = "bot"
    QUEUED = "queued"
    OPEN = "open"
    RESOLVED = "resolved"


class Author(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Status(StrEnum):
    """Inbound lines go received -> handled; lines that we write are sent once they are stored
    for the channels that fetch (web, REST)."""

    RECEIVED = "received"
    HANDLED = "handled"
    SENT = "sent"


class Person(Base):
    """Somebody who writes to us, on whatever channel."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Identity(Base):
    """A person's name on a channel, and the conversation that they are in there."""

    __tablename__ = "identities"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))


class Conversation(Base):
    """One matter from a customer's first word to its end.

    `memory` is the bot's (slots, form, staged fallback, frustration so far). `lease` and
    `lease_until` say which worker answers right now; a lease that ran out is free again.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_queue", "state", "priority", "queued_at"),
        Index("ix_conversations_recent", "updated_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    desk: Mapped[str] = mapped_column(String(100))
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default=State.BOT)
    owner_id: Mapped[int | None] = mapped_column(index=True)  # an agent; the table is handoff's
    priority: Mapped[int] = mapped_column(default=3)
    frustration: Mapped[float] = mapped_column(default=0.0)
    memory: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    last_seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]


class Message(Base):
    """One line: a customer's, the bot's, an agent's, a private note or a note by the system.

    `seq` numbers the lines of a conversation without a gap. `content` holds what the line shows
    besides its text (buttons, sources), `evidence` why the bot said it.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("channel", "account", "external_id"),
        Index(
            "ix_messages_waiting",
            "conversation_id",
            postgresql_where=text("status = 'received'"),
            sqlite_where=text("status = 'received'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    author: Mapped[str] = mapped_column(String(10))
    agent_id: Mapped[int | None]
    answers: Mapped[int | None]  # the seq of the customer's line that this one answers
    private: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str | None] = mapped_column(String(20))
    text: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    external_id: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(default=now)


# The tables themselves, for the statements of every turn: they cost half of what the mapper's do.
CONVERSATIONS = cast(Table, Conversation.__table__)
MESSAGES = cast(Table, Message.__table__)
