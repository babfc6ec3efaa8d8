"""Which conversation an e-mail belongs to, and what an e-mail of ours answers.

A thread has the name of its first e-mail. Whoever else writes in it has a conversation of their
own: that they know of the thread doesn't make the first one's words theirs to see.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message
from channels.base import Outgoing
from channels.inbox import id_of_sender
from channels.mail.reading import Mail
from handoff.people import root_of
from handoff.ticket import Ticket, current_ticket

CHANNEL = "email"
_TICKET = re.compile(r"\bFL-\d{6}\b")


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread that is known, and the conversation that the e-mail refers to."""

    name: str
    conversation_id: int


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What an e-mail of ours has above its text. `answers` is the Message-ID of the customer's that
    it replies to, `thread` that of the first one, `ticket` the number of the ticket there is."""

    message_id: str
    subject: str
    answers: str
    thread: str
    ticket: str | None


def place_in(thread: str, sender: str) -> str:
    """The sender's conversation in a thread, as the inbox knows it."""
    return id_of_sender(sender, thread)


def find_thread(session: Session, account: str, mail: Mail) -> Thread | None:
    """The thread of an e-mail that we know among those it answers; else of the ticket it names."""
    known = _referred(session, account, mail.references) or _of_ticket(session, account, mail)
    if known is None:
        return None
    conversation_id, content = known
    name = content.get("thread") or _newest(session, conversation_id).get("thread")
    return Thread(name, conversation_id) if name else None


def find_line(session: Session, account: str, message_id: str) -> Message | None:
    """The line that went out as, or came in as, that e-mail."""
    return session.scalar(
        select(Message)
        .where(
            Message.channel == CHANNEL,
            Message.account == account,
            Message.reference == message_id,
        )
        .limit(1)
    )


def look_up(session: Session, line: Outgoing) -> Letterhead:
    """The letterhead for a line. Its Message-ID is the same whenever it is sent."""
    answered = _newest(session, line.conversation_id, line.reply_to)
    answered = answered or _newest(session, line.conversation_id)
    thread = answered.get("thread", "")
    given = session.scalar(
        select(Message.reference).where(
            Message.conversation_id == line.conversation_id, Message.seq == line.seq
        )
    )
    ticket = current_ticket(session, line.conversation_id)
    return Letterhead(
        message_id=given or _our_message_id(thread, line),
        subject=answered.get("subject", ""),
        answers=answered.get("message_id", ""),
        thread=thread,
        ticket=ticket.number if ticket else None,
    )


def _our_message_id(thread: str, line: Outgoing) -> str:
    """Made of what only the customer knows, so that nobody else can write into their thread."""
    words = f"{thread} {line.conversation_id} {line.seq}"
    domain = line.account.rpartition("@")[2]
    return f"<{hashlib.sha256(words.encode()).hexdigest()[:32]}@{domain}>"


def _referred(
    session: Session, account: str, references: tuple[str, ...]
) -> tuple[int, dict[str, Any]] | None:
    rows = session.execute(
        select(Message.reference, Message.conversation_id, Message.content).where(
            Message.channel == CHANNEL,
            Message.account == account,
            Message.reference.in_(references),
        )
    )
    found = {row.reference: (row.conversation_id, row.content) for row in rows}
    return next((found[each] for each in references if each in found), None)


def _of_ticket(session: Session, account: str, mail: Mail) -> tuple[int, dict[str, Any]] | None:
    number = _TICKET.search(mail.subject)
    sender = session.get(Identity, (CHANNEL, account, mail.sender))
    if not number or not sender:
        return None
    row = session.execute(
        select(Conversation.id, Conversation.person_id)
        .join(Ticket, Ticket.conversation_id == Conversation.id)
        .where(Ticket.number == number[0])
    ).first()
    if not row or root_of(session, row.person_id) != root_of(session, sender.person_id):
        return None
    return row.id, {}


def _newest(
    session: Session, conversation_id: int, message_id: str | None = None
) -> dict[str, Any]:
    """The content of the customer's newest e-mail in the conversation, or of the one named."""
    query = select(Message.content, Message.reference).where(
        Message.conversation_id == conversation_id,
        Message.channel == CHANNEL,
        Message.author == Author.CUSTOMER,
    )
    if message_id:
        query = query.where(Message.reference == message_id)
    row = session.execute(query.order_by(Message.seq.desc()).limit(1)).first()
    return row.content | {"message_id": row.reference} if row else {}
