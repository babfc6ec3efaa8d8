"""Conversations and their lines. The messages table is inbox, transcript and outbox at once."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Table, UniqueConstraint, text
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
    """Inbound lines go received -> handled. Lines that we write go queued -> sending -> sent, or
    failed, or uncertain: sent, but perhaps twice. What a client fetches is sent once stored."""

    RECEIVED = "received"
    HANDLED = "handled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


EXTERNAL = "external"  # the kind of a line by which a system reports an event, which nobody sees
# Channels whose clients fetch what we write; to the others it has to be sent.
FETCHED = frozenset({"web", "rest", "terminal", "rasa"})
# Those whose clients hold a connection: what is written while they are away waits for them.
AWAITED = frozenset({"socketio"})
# Those of clients made for Rasa, which may understand custom payloads; nobody else does.
RASA_CLIENTS = frozenset({"rest", "socketio", "callback"})


class Person(Base):
    """Somebody who writes to us, on whatever channel.

    `joined_to` is the person that this one turned out to be, `split_from` one that it was taken for
    until an admin split them (see handoff.people). `email` is kept only if `email_verified` or to
    write to it.
    """

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320), index=True)
    email_verified: Mapped[bool] = mapped_column(default=False)
    joined_to: Mapped[int | None] = mapped_column(index=True)
    split_from: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Identity(Base):
    """A person's name on a channel, or a place there where they hold a conversation of its own (a
    thread, a group); and the conversation that they are in there.

    `is_place` tells the two apart. `trusted` says that the desk's own articles may be shown to
    them; others get public ones only. `blocked_at` is when the channel said that they don't want
    to hear from us.
    """

    __tablename__ = "identities"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    is_place: Mapped[bool] = mapped_column(default=False)
    trusted: Mapped[bool] = mapped_column(default=False)
    blocked_at: Mapped[datetime | None]


class Conversation(Base):
    """One matter from a customer's first word to its end.

    `channel`, `account` and `address` say where the customer wrote last, which is where replies go;
    `trusted` whether they may be shown the desk's own articles there. `seen_seq` is the last line
    that the web widget has shown them. `memory` is the bot's (slots, form, staged fallback,
    frustration so far). `lease` and `lease_until` say which worker answers right now; a lease that
    ran out is free again.
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
    address: Mapped[str] = mapped_column(String(400), default="")
    trusted: Mapped[bool] = mapped_column(default=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), default=State.BOT)
    owner_id: Mapped[int | None] = mapped_column(index=True)  # an agent; the table is handoff's
    priority: Mapped[int] = mapped_column(default=3)
    frustration: Mapped[float] = mapped_column(default=0.0)
    memory: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    last_seq: Mapped[int] = mapped_column(default=0)
    seen_seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]


class Message(Base):
    """One line: a customer's, the bot's, an agent's, a private note or a note by the system.

    `seq` numbers the lines of a conversation without a gap, as they came. `content` holds what the
    line shows besides its text (buttons, sources, attachments), `evidence` why the bot said it.

    `external_id` is the channel's id of the delivery, which makes it be stored once; `reference`
    the channel's name for the message itself, by which others refer to it; `origin` the channel's
    own order of what it delivers. An edit is a line of its own (`kind` "edit") with the reference
    of what it is a new version of; so is a deletion.

    Of a line on its way out, `address` says where to, `due_at` when to try (again) or, while it is
    sending, when to give the attempt up for lost (it is empty on AWAITED channels, where nothing
    can be tried until the client is there); `doubtful` that an earlier one may have arrived.
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
        Index(
            "ix_messages_outbox",
            "due_at",
            "conversation_id",
            postgresql_where=text("status in ('queued', 'sending')"),
            sqlite_where=text("status in ('queued', 'sending')"),
        ),
        Index("ix_messages_reference", "channel", "account", "reference"),
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
    reference: Mapped[str | None] = mapped_column(String(400))
    origin: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String(400))
    status: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    doubtful: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


# The tables themselves, for the statements of every turn: they cost half of what the mapper's do.
CONVERSATIONS = cast(Table, Conversation.__table__)
MESSAGES = cast(Table, Message.__table__)
