"""The inbox: stores what a channel received, exactly once, before anyone says so."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation import (
    CONVERSATIONS,
    EXTERNAL,
    FETCHED,
    RASA_CLIENTS,
    Author,
    Conversation,
    Identity,
    Message,
    Person,
    State,
    Status,
)
from bot.db import Database, now
from bot.hints import Hints
from channels.turnstile import Turnstile
from handoff.attachments import attach
from handoff.lease import take_lease
from handoff.people import living_conversation, record_profile
from handoff.transcript import insert_message, next_seq, printable, referred

LONGEST = 4000  # characters of a line from a client that can be told to shorten it
KEPT = 100_000  # characters of a line that was sent already, such as an e-mail
STORABLE = r"^[^\x00]*$"  # a pattern for names and ids: PostgreSQL can't store NUL


IDENTITY = (
    Identity.channel == bindparam("on"),
    Identity.account == bindparam("at"),
    Identity.external_id == bindparam("who"),
)
HELD = (
    Conversation.id,
    Conversation.state,
    Conversation.channel,
    Conversation.account,
    Conversation.address,
    Conversation.trusted,
)
PRESENT = (
    select(*HELD, Identity.blocked_at)
    .join(Identity, Conversation.id == Identity.conversation_id)
    .where(*IDENTITY)
    .with_for_update(of=Conversation)
)
ALIVE = (
    select(*HELD)
    .where(Conversation.id == bindparam("in"), Conversation.state != State.RESOLVED.value)
    .with_for_update()
)
LAST_WORDS = select(func.max(Message.seq)).where(
    Message.conversation_id == bindparam("in"),
    Message.author == Author.CUSTOMER.value,
    Message.kind.is_(None),
)
UNBLOCK = (
    update(Identity)
    .where(*IDENTITY)
    .values(blocked_at=None)
    .execution_options(synchronize_session=False)
)
MOVE_ON = (
    update(Identity)
    .where(*IDENTITY)
    .values(conversation_id=bindparam("to"))
    .execution_options(synchronize_session=False)
)


class Unacceptable(Exception):
    """The message can't be taken; the text says why and `status` is the HTTP status for it."""

    def __init__(self, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message: its `data`, or what the channel calls it (`source`), to be
    fetched. `size` in bytes is what the channel says."""

    name: str
    media_type: str
    data: bytes | None = None
    source: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as a channel delivers it.

    `external_id` is the channel's own id of the delivery: a repeated one is stored once. `account`
    is ours on that channel (a bot, a workspace, a mailbox; the desk where there is none). `sender`
    is the person's id there. `place` is where a conversation of its own is held (a thread, a
    group), if not simply with the sender. `address` is where replies go, in the channel's words.

    `reference` is the channel's name for the message, and `change` says that this is a new version
    ("edit") or the "deletion" of the message with that reference. `replies_to` is the reference of
    the message that this one replies to, `quote` its beginning; `origin` the channel's own order.

    `external`: another system reports an event, which no customer sees; the bot may act on its
    `payload`. `answered`: nobody is to answer the message any more.

    `trusted`: the desk's own articles may be shown to the sender there. `email` is their address,
    as verified by the channel; one that anybody may write there is no such thing. `details` may say
    that a place is `direct`: nobody else reads along.
    """

    channel: str
    desk: str
    sender: str
    text: str
    external_id: str | None = None
    payload: str | None = None
    client_id: str | None = None
    name: str | None = None
    account: str | None = None
    place: str | None = None
    address: str = ""
    reference: str | None = None
    change: Literal["edit", "deletion"] | None = None
    replies_to: str | None = None
    quote: str | None = None
    origin: int | None = None
    files: tuple[File, ...] = ()
    trusted: bool = False
    email: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    external: bool = False
    answered: bool = False

    @property
    def on_account(self) -> str:
        return self.account or self.desk

    @property
    def content(self) -> dict[str, Any]:
        """What is kept with the line besides its text; `details` are the channel's own."""
        kept = {
            "payload": self.payload,
            "client_id": self.client_id,
            "quote": self.quote,
            "place": self.place,
        }
        return {key: value for key, value in kept.items() if value} | self.details


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


class Inbox:
    """Where adapters put what they received. Thread-safe.

    `wake` tells the worker which conversation has something to answer.
    """

    def __init__(
        self,
        database: Database,
        hints: Hints,
        turnstile: Turnstile,
        wake: Callable[[int], None],
    ) -> None:
        self._database = database
        self._turnstile = turnstile
        self._hints = hints
        self._wake = wake

    def receive(self, inbound: Inbound, *, wake: bool = True) -> Accepted:
        """Store the message and commit, then let it be answered; see `accept`.

        Who has to find something out first says `wake=False`, and `wake` afterwards.
        """
        with self._turnstile.storing():
            accepted = accept(self._database, inbound)
        self._hints.changed(accepted.conversation_id)
        if wake:
            self.wake(accepted)
        return accepted

    def wake(self, accepted: Accepted) -> None:
        """Answer what was accepted."""
        self._wake(accepted.conversation_id)


def accept(database: Database, inbound: Inbound, *, to_answer: bool = False) -> Accepted:
    """Store the message and commit; a repeated `external_id` is answered with what it was.

    A caller that is `to_answer` it at once takes the lease in the same transaction.
    Raises Unacceptable for an empty message, or one that is too long and came from a client
    that can be told so; it isn't stored.
    """
    text = _text(inbound)
    for _ in range(3):
        try:
            with database.write(urgent=True) as session:
                return _store(session, inbound, text, to_answer)
        except IntegrityError:  # the same message, or the same person's first, a moment ago
            with database.read() as session:
                known = _known(session, inbound)
            if known:
                return known
    raise RuntimeError("the message collided three times with another writer")


def conversation_for(database: Database, inbound: Inbound) -> int:
    """The conversation that such a message would go to, begun if there is none; nothing is said
    in it."""
    for _ in range(3):
        try:
            with database.write(urgent=True) as session:
                return conversation_of(session, inbound)
        except IntegrityError:  # another writer began it a moment ago
            continue
    raise RuntimeError("the conversation collided three times with another writer")


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


def _text(inbound: Inbound) -> str:
    if inbound.channel in FETCHED | RASA_CLIENTS:
        return clean(inbound.text)
    text = printable(inbound.text).strip()
    if not (text or inbound.files or inbound.change == "deletion"):
        raise Unacceptable("The message is empty.")
    return text[:KEPT]


def _store(session: Session, inbound: Inbound, text: str, to_answer: bool) -> Accepted:
    known = _known(session, inbound)
    if known:
        return known
    conversation_id = conversation_of(session, inbound)
    message = _message(session, inbound, conversation_id, text)
    insert_message(session, message)
    lease = take_lease(session, conversation_id) if to_answer else None
    return Accepted(conversation_id, message.seq, True, lease)


def _known(session: Session, inbound: Inbound) -> Accepted | None:
    if not inbound.external_id:
        return None
    row = session.execute(
        select(Message.conversation_id, Message.seq).where(
            Message.channel == inbound.channel,
            Message.account == inbound.on_account,
            Message.external_id == inbound.external_id,
        )
    ).first()
    return Accepted(row.conversation_id, row.seq, False) if row else None


def _message(session: Session, inbound: Inbound, conversation_id: int, text: str) -> Message:
    seq = next_seq(session, conversation_id)
    content = inbound.content
    if inbound.files:
        content["attachments"] = [
            _attach(session, inbound, conversation_id, file) for file in inbound.files
        ]
    if inbound.replies_to:
        content["replies_to"] = referred(session, conversation_id, inbound.replies_to)
    if inbound.change:
        content["changes"] = referred(session, conversation_id, inbound.reference)
        past = _is_past(session, conversation_id, content["changes"])
        is_handled = past or inbound.change == "deletion"
    else:
        is_handled = inbound.answered or _was_changed(session, inbound, seq)
    return Message(
        conversation_id=conversation_id,
        seq=seq,
        author=Author.SYSTEM if inbound.external else Author.CUSTOMER,
        private=inbound.external,
        kind=EXTERNAL if inbound.external else inbound.change,
        text=text,
        content=content,
        channel=inbound.channel,
        account=inbound.on_account,
        external_id=inbound.external_id,
        reference=inbound.reference,
        origin=inbound.origin,
        status=Status.HANDLED if is_handled else Status.RECEIVED,
        attempts=0,
        doubtful=False,
        created_at=now(),
    )


def _attach(session: Session, inbound: Inbound, conversation_id: int, file: File) -> dict[str, Any]:
    attachment = attach(
        session,
        conversation_id,
        inbound.channel,
        inbound.on_account,
        name=file.name,
        media_type=file.media_type,
        data=file.data,
        source=file.source,
        size=file.size,
    )
    return {
        "id": attachment.id,
        "name": attachment.name,
        "type": attachment.media_type,
        "size": attachment.size,
    }


def _is_past(session: Session, conversation_id: int, changed: int | None) -> bool:
    """Whether the customer has written since the line that they change now."""
    return changed is not None and session.scalar(LAST_WORDS, {"in": conversation_id}) != changed


def _was_changed(session: Session, inbound: Inbound, seq: int) -> bool:
    """Whether an edit of the message came before the message; from now on it says of which."""
    if inbound.reference is None:
        return False
    changes = session.scalars(
        select(Message).where(
            Message.channel == inbound.channel,
            Message.account == inbound.on_account,
            Message.reference == inbound.reference,
            Message.kind.is_not(None),
        )
    ).all()
    for change in changes:
        change.content = change.content | {"changes": seq}
    return bool(changes)


def conversation_of(session: Session, inbound: Inbound) -> int:
    """The conversation that the sender is in at that place; a new one after a resolved one.

    It is locked, so that nobody resolves it before the message is in, and from now on it is held
    where the customer has just written.
    """
    if inbound.email:
        _meet(session, inbound)
    place = _key(inbound, inbound.place or inbound.sender)
    present = session.execute(PRESENT, place).first()
    if present and present.blocked_at:  # who writes wants to hear from us
        session.execute(UNBLOCK, place)
    if present and present.state != State.RESOLVED:
        _follow(session, inbound, present)
        return int(present.id)
    person_id = _person(session, inbound)
    alive = None if inbound.place else _continued(session, inbound, person_id)
    conversation_id = alive or _open(session, inbound, person_id)
    if inbound.place and not present:
        session.add(_identity(inbound, inbound.place, person_id, conversation_id))
        session.flush()
    else:
        session.execute(MOVE_ON, place | {"to": conversation_id})
    return conversation_id


def _meet(session: Session, inbound: Inbound) -> None:
    """Know the sender by their verified address, and so as whom they are on other channels."""
    _person(session, inbound)
    identity = session.get_one(Identity, (inbound.channel, inbound.on_account, inbound.sender))
    record_profile(
        session, identity, name=inbound.name, email=inbound.email, trusted=inbound.trusted
    )


def _continued(session: Session, inbound: Inbound, person_id: int) -> int | None:
    """The conversation that the person has on another channel."""
    found = living_conversation(session, person_id, inbound.desk)
    alive = found and session.execute(ALIVE, {"in": found}).first()
    if not alive:
        return None
    _follow(session, inbound, alive)
    return int(alive.id)


def _follow(session: Session, inbound: Inbound, present: Row[*tuple[Any, ...]]) -> None:
    """Replies go to where the customer wrote last, and show only what may be shown there."""
    here = (inbound.channel, inbound.on_account, inbound.address, inbound.trusted)
    if (present.channel, present.account, present.address, present.trusted) != here:
        names = ("channel", "account", "address", "trusted")
        session.execute(
            update(CONVERSATIONS)
            .where(CONVERSATIONS.c.id == present.id)
            .values(dict(zip(names, here, strict=True)))
        )


def _person(session: Session, inbound: Inbound) -> int:
    """Who writes: the person with that identity, or a new one."""
    known = session.get(Identity, (inbound.channel, inbound.on_account, inbound.sender))
    if known:
        return known.person_id
    person = Person(name=inbound.name)
    session.add(person)
    session.flush()
    session.add(_identity(inbound, inbound.sender, person.id, None))
    session.flush()
    return person.id


def _identity(
    inbound: Inbound, external_id: str, person_id: int, conversation_id: int | None
) -> Identity:
    return Identity(
        channel=inbound.channel,
        account=inbound.on_account,
        external_id=external_id,
        person_id=person_id,
        conversation_id=conversation_id,
        is_place=external_id == inbound.place,
        trusted=inbound.trusted,
    )


def _open(session: Session, inbound: Inbound, person_id: int) -> int:
    conversation = Conversation(
        desk=inbound.desk,
        channel=inbound.channel,
        account=inbound.on_account,
        address=inbound.address,
        trusted=inbound.trusted,
        person_id=person_id,
    )
    session.add(conversation)
    session.flush()
    return conversation.id


def _key(inbound: Inbound, external_id: str) -> dict[str, str]:
    return {"on": inbound.channel, "at": inbound.on_account, "who": external_id}
