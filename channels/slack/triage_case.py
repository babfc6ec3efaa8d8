"""What a card tells: an escalation as it stands at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Message, State, Status
from bot.settings import Settings
from bot.turn import Kind
from handoff.agents import Agent
from handoff.channel_names import title_of
from handoff.console.items import call
from handoff.console.words import reason_in_words
from handoff.people import profiles
from handoff.ticket import Ticket

LAST_LINES = 2  # of the customer's
ENDINGS = ("resolve", "handback", "erased")  # kinds of the desk's notes


@dataclass(frozen=True, slots=True)
class Case:
    """An escalation. `language` is what the customer writes in where the desk doesn't speak it;
    `waits_since` is set while they wait for somebody to claim. `ending` is how it ended, once it
    has. `doubtful` counts the agents' lines that may have arrived twice or not at all."""

    ticket_id: int
    conversation_id: int
    ticket: str
    customer: str
    channel: str
    desk: str
    why: str
    language: str | None
    frustration: float
    owner: str | None
    waits_since: datetime | None
    ending: str | None
    asked: Sequence[str]
    answered: str | None
    doubtful: int
    last_seq: int

    @property
    def has_ended(self) -> bool:
        return self.ending is not None


def read_case(session: Session, ticket_id: int, settings: Settings) -> Case:
    ticket, conversation, owner = session.execute(
        select(Ticket, Conversation, Agent)
        .join(Conversation, Conversation.id == Ticket.conversation_id)
        .outerjoin(Agent, Agent.id == Conversation.owner_id)
        .where(Ticket.id == ticket_id)
    ).one()
    person = profiles(session, [conversation.person_id])[conversation.person_id]
    desk = settings.desks.get(conversation.desk)
    waits = conversation.state == State.QUEUED and ticket.closed_at is None
    return Case(
        ticket_id=ticket.id,
        conversation_id=conversation.id,
        ticket=ticket.number,
        customer=call(person),
        channel=title_of(conversation.channel),
        desk=desk.name if desk else conversation.desk,
        why=reason_in_words(ticket.reason),
        language=ticket.language.get("name"),
        frustration=conversation.frustration,
        owner=owner.name if owner else None,
        waits_since=conversation.queued_at if waits else None,
        ending=_ending(session, conversation.id, ticket.closed_at),
        asked=_last_words(session, conversation.id, Author.CUSTOMER, LAST_LINES),
        answered=next(iter(_last_words(session, conversation.id, Author.BOT, 1)), None),
        doubtful=_doubtful(session, conversation.id),
        last_seq=conversation.last_seq,
    )


def _ending(session: Session, conversation_id: int, closed_at: datetime | None) -> str | None:
    """What the desk noted when the ticket was closed, such as "Maya resolved the conversation"."""
    if closed_at is None:
        return None
    noted = session.scalar(
        select(Message.text)
        .where(
            Message.conversation_id == conversation_id,
            Message.author == Author.SYSTEM,
            Message.kind.in_(ENDINGS),
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )
    return noted or "The ticket is closed"


def _last_words(session: Session, conversation_id: int, author: Author, most: int) -> list[str]:
    """The last lines with words of their own, in order."""
    found = session.scalars(
        select(Message.text)
        .where(
            Message.conversation_id == conversation_id,
            Message.author == author,
            Message.text != "",
            func.coalesce(Message.kind, "") != Kind.HANDOFF,  # says nothing that the card does not
        )
        .order_by(Message.seq.desc())
        .limit(most)
    ).all()
    return list(found)[::-1]


def _doubtful(session: Session, conversation_id: int) -> int:
    query = select(func.count()).where(
        Message.conversation_id == conversation_id,
        Message.author == Author.AGENT,
        Message.status.in_((Status.FAILED, Status.UNCERTAIN)),
    )
    return session.scalar(query) or 0
