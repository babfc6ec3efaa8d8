"""The inbox: stores what a channel received, exactly once, before anyone says so."""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, Person, State, Status
from bot.db import Database, now
from handoff.lease import take_lease
from handoff.transcript import insert_message, next_seq, printable

LONGEST = 4000
STORABLE = r"^[^\x00]*$"  # a pattern for names and ids: PostgreSQL can't store NUL


SENDER = (
    Identity.channel == bindparam("on"),
    Identity.account == bindparam("at"),
    Identity.external_id == bindparam("who"),
)
PRESENT = (
    select(Identity.person_id, Conversation.id, Conversation.state)
    .join(Conversation, Conversation.id == Identity.conversation_id)
    .where(*SENDER)
    .with_for_update(of=Conversation)
)
MOVE_ON = (
    update(Identity)
    .where(*SENDER)
    .values(conversation_id=bindparam("to"))
    .execution_options(synchronize_session=False)
)


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
    """Where a message was stored. `new` is False when it had been stored before; `lease` is the
    right to answer it, if it was asked for and free."""

    conversation_id: int
    seq: int
    new: bool
    lease: str | None = None


def id_of_sender(sender: str, message_id: str) -> str:
    """A sender's own id of a message as one that no other sender's can be equal to."""
    return hashlib.sha256(json.dumps([sender, message_id]).encode()).hexdigest()


def accept(database: Database, inbound: Inbound, *, to_answer: bool = False) -> Accepted:
    """Store the message and commit; a repeated `external_id` is answered with what it was.

    A caller that is `to_answer` it at once takes the lease in the same transaction.
    Raises Unacceptable for an empty or an oversized message, which isn't stored.
    """
    text = clean(inbound.text)
    for _ in range(3):
        try:
            with database.write() as session:
                return _store(session, inbound, text, to_answer)
        except IntegrityError:  # the same message, or the same person's first, a moment ago
            with database.read() as session:
                known = _known(session, inbound)
            if known:
                return known
    raise RuntimeError("the message collided three times with another writer")


def clean(text: str) -> str:
    """The text as it can be stored and shown; raises Unacceptable."""
    text = printable(text).strip()
    if not text:
        raise Unacceptable("The message is empty. Write something first.")
    if len(text) > LONGEST:
        raise Unacceptable(
            f"The message is too long: {len(text):,} characters, at most {LONGEST:,}. "
            "Shorten it or send it in parts.",
            413,
        )
    return text


def _store(session: Session, inbound: Inbound, text: str, to_answer: bool) -> Accepted:
    known = _known(session, inbound) if inbound.external_id else None
    if known:
        return known
    conversation_id = _conversation(session, inbound)
    seq = next_seq(session, conversation_id)
    message = Message(
        conversation_id=conversation_id,
        seq=seq,
        author=Author.CUSTOMER,
        private=False,
        text=text,
        content=inbound.content,
        channel=inbound.channel,
        account=inbound.desk,
        external_id=inbound.external_id,
        status=Status.RECEIVED,
        created_at=now(),
    )
    insert_message(session, message)
    lease = take_lease(session, conversation_id) if to_answer else None
    return Accepted(conversation_id, seq, True, lease)


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
    """The sender's present conversation; a new one for a stranger or after a resolved one.

    It is locked, so that nobody resolves it before the message is in.
    """
    sender = {"on": inbound.channel, "at": inbound.desk, "who": inbound.sender}
    known = session.execute(PRESENT, sender).first()
    if known and known.state != State.RESOLVED:
        return int(known.id)
    if known:
        conversation_id = _open(session, inbound, known.person_id)
        session.execute(MOVE_ON, sender | {"to": conversation_id})
        return conversation_id
    person = Person(name=inbound.name)
    session.add(person)
    session.flush()
    conversation_id = _open(session, inbound, person.id)
    session.add(
        Identity(
            channel=inbound.channel,
            account=inbound.desk,
            external_id=inbound.sender,
            person_id=person.id,
            conversation_id=conversation_id,
        )
    )
    session.flush()
    return conversation_id


def _open(session: Session, inbound: Inbound, person_id: int) -> int:
    conversation = Conversation(
        desk=inbound.desk, channel=inbound.channel, account=inbound.desk, person_id=person_id
    )
    session.add(conversation)
    session.flush()
    return conversation.id
