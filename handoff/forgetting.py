"""Erasure: what somebody told us goes; that somebody was here stays, as numbers and times."""

from collections.abc import Sequence

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, Person, State, Status
from bot.db import now
from handoff import reminders
from handoff.attachments import Attachment
from handoff.linking import drop_codes
from handoff.people import SIGNED, members_of
from handoff.sharing import tell_agents
from handoff.ticket import NORMAL_PRIORITY, Ticket

# What the system writes for agents and what repeats a customer's words, or an agent's to them.
QUOTING = ("undelivered", "automatic", "unread")
ERASED = "[erased at the customer's request]"
ASK = (
    "This erases your name and addresses and all that was written between us, on every channel "
    "that is linked to this one, and closes what is open. It can't be undone. "
    "Send /forget yes to go on."
)
DONE = "It is erased. If you write again, you are new to me."


def forget(session: Session, conversation: Conversation, message: Message, written: str) -> str:
    """Ask whether the customer is sure; erase when they are."""
    if written.lower() != "yes":
        return ASK
    address = conversation.address
    erase(session, conversation.person_id, "the customer")
    conversation.address = address  # for the one line that tells them
    return DONE


def erase(session: Session, person_id: int, by: str) -> None:
    """Erase everything that the person, and everyone joined to them, has told us on any channel.

    Their conversations end. Tickets stay as numbers with their reasons and times, lines as places
    in the order. `by` is who asked for it, as the agents are told.
    """
    people = members_of(session, person_id)
    conversations = session.scalars(
        select(Conversation)
        .where(Conversation.person_id.in_(people))
        .order_by(Conversation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    _erase_lines(session, [conversation.id for conversation in conversations])
    for conversation in conversations:
        if conversation.state != State.RESOLVED:
            tell_agents(session, conversation, f"Erased, asked for by {by}", "erased")
        _end(conversation)
    _erase_people(session, people)
    session.flush()


def _erase_lines(session: Session, conversations: Sequence[int]) -> None:
    """What the lines say, and the files. What the system wrote for agents says nothing of anyone,
    except in what it quotes."""
    theirs = Message.conversation_id.in_(conversations)
    told = or_(Message.author != Author.SYSTEM, Message.kind.in_(QUOTING))
    lines = update(Message).where(theirs).execution_options(synchronize_session=False)
    session.execute(lines.where(told).values(text=ERASED))
    session.execute(lines.values(content={}, evidence=None, reference=None, address=None))
    for before, after in (
        (Status.RECEIVED, Status.HANDLED),
        (Status.QUEUED, Status.FAILED),
        (Status.SENDING, Status.UNCERTAIN),
    ):
        session.execute(lines.where(Message.status == before).values(status=after, due_at=None))
    reminders.forget(session, conversations)
    session.execute(delete(Attachment).where(Attachment.conversation_id.in_(conversations)))
    tickets = update(Ticket).where(Ticket.conversation_id.in_(conversations))
    session.execute(tickets.values(evidence={}))
    session.execute(tickets.where(Ticket.closed_at.is_(None)).values(closed_at=now()))


def _end(conversation: Conversation) -> None:
    conversation.state = State.RESOLVED
    conversation.owner_id = conversation.queued_at = None
    conversation.priority = NORMAL_PRIORITY
    conversation.memory = {}
    conversation.frustration = 0.0
    conversation.address = ""


def _erase_people(session: Session, people: list[int]) -> None:
    """Who they are. A browser's random token is nobody's name: it stays, to show what is left."""
    nobody = update(Person).where(Person.id.in_(people))
    session.execute(nobody.values(name=None, email=None, email_verified=False))
    token = and_(Identity.channel == "web", ~Identity.external_id.startswith(SIGNED))
    session.execute(delete(Identity).where(Identity.person_id.in_(people), ~token))
    drop_codes(session, people)
