"""The inbox: stores what a channel received, exactly once, before anyone says so."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, Person, State, Status
from bot.db import Database
from handoff.transcript import next_seq

LONGEST = 4000
# NUL can't be stored by PostgreSQL; the other control characters mean nothing in a message.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Unacceptable(Exception):
    """The message can't be taken; the text says why and `status` is the HTTP status for it."""

    def __init__(self, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as a channel delivers it. `external_id` is the channel's own id for it."""

    channel: str
    desk: str
    sender: str
    text: str
    external_id: str | None = None
    payload: str | None = None
    client_id: str | None = None
    name: str | None = None

    @property
    def content(self) -> dict[str, str]:
        """What is kept with the line besides its text."""
        kept = {"payload": self.payload, "client_id": self.client_id}
        return {key: value for key, value in kept.items() if value}


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where a message was stored. `new` is False when it had been stored before."""

    conversation_id: int
    seq: int
    new: bool


def accept(database: Database, inbound: Inbound) -> Accepted:
    """Store the message and commit; a repeated `external_id` is answered with what it was.

    Raises Unacceptable for an empty or an oversized message, which isn't stored.
    """
    text = clean(inbound.text)
    for _ in range(3):
        try:
            with database.write() as session:
                return _store(session, inbound, text)
        except IntegrityError:  # the same message, or the same person's first, a moment ago
            with database.read() as session:
                known = _known(session, inbound)
            if known:
                return known
    raise RuntimeError("the message collided three times with another writer")


def clean(text: str) -> str:
    """The text as it can be stored and shown; raises Unacceptable."""
    text = UNPRINTABLE.sub("", text.encode("utf-8", "replace").decode()).strip()
    if not text:
        raise Unacceptable("The message is empty. Write something first.")
    if len(text) > LONGEST:
        raise Unacceptable(
            f"The message is too long: {len(text):,} characters, at most {LONGEST:,}. "
            "Shorten it or send it in parts.",
            413,
        )
    return text


def _store(session: Session, inbound: Inbound, text: str) -> Accepted:
    known = _known(session, inbound) if inbound.external_id else None
    if known:
        return known
    conversation_id = _conversation(session, inbound)
    seq = next_seq(session, conversation_id)
    session.add(
        Message(
            conversation_id=conversation_id,
            seq=seq,
            author=Author.CUSTOMER,
            text=text,
            content=inbound.content,
            channel=inbound.channel,
            account=inbound.desk,
            external_id=inbound.external_id,
            status=Status.RECEIVED,
        )
    )
    return Accepted(conversation_id, seq, True)


def _known(session: Session, inbound: Inbound) -> Accepted | None:
    if not inbound.external_id:
        return None
    row = session.execute(
        select(Message.conversation_id, Message.seq).where(
            Message.channel == inbound.channel,
            Message.account == inbound.desk,
            Message.external_id == inbound.external_id,
        )
    ).first()
    return Accepted(row.conversation_id, row.seq, False) if row else None


def _conversation(session: Session, inbound: Inbound) -> int:
    """The sender's present conversation; a new one for a stranger or after a resolved one."""
    row = session.execute(
        select(Identity, Conversation.state)
        .join(Conversation, Conversation.id == Identity.conversation_id)
        .where(
            Identity.channel == inbound.channel,
            Identity.account == inbound.desk,
            Identity.external_id == inbound.sender,
        )
    ).first()
    if row and row.state != State.RESOLVED:
        return int(row.Identity.conversation_id)
    if row:
        conversation = _open(session, inbound, row.Identity.person_id)
        row.Identity.conversation_id = conversation.id
        return conversation.id
    person = Person(name=inbound.name)
    session.add(person)
    session.flush()
    conversation = _open(session, inbound, person.id)
    session.add(
        Identity(
            channel=inbound.channel,
            account=inbound.desk,
            external_id=inbound.sender,
            person_id=person.id,
            conversation_id=conversation.id,
        )
    )
    session.flush()
    return conversation.id


def _open(session: Session, inbound: Inbound, person_id: int) -> Conversation:
    conversation = Conversation(
        desk=inbound.desk, channel=inbound.channel, account=inbound.desk, person_id=person_id
    )
    session.add(conversation)
    session.flush()
    return conversation
