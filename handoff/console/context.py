"""What stands beside the thread: who this is, why it is here, and who else is looking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Message, Person, State
from handoff.agents import Agent, Role
from handoff.console.evidence import Why, explain
from handoff.console.items import call
from handoff.ticket import Ticket, current_ticket

MOST_OTHERS = 10
LAST_TURNS = 20  # lines of the bot among which its last evidence is looked for


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation as the agent who opened it sees it."""

    conversation: Conversation
    person: Person
    name: str
    owner: Agent | None
    mine: bool
    may_reassign: bool
    ticket: Ticket | None

    @property
    def id(self) -> int:
        return self.conversation.id

    @property
    def state(self) -> State:
        return State(self.conversation.state)


@dataclass(frozen=True, slots=True)
class Context:
    """The right pane. `ticket_why` is the ticket's evidence, `bot_why` that of the bot's last turn
    where it is another."""

    ticket_why: Why | None
    bot_why: Why | None
    others: Sequence[Row[int, str, datetime, str | None]]


def find(session: Session, conversation_id: int, agent: Agent) -> Opened | None:
    """The conversation, or None."""
    row = session.execute(
        select(Conversation, Person, Agent)
        .join(Person, Person.id == Conversation.person_id)
        .outerjoin(Agent, Agent.id == Conversation.owner_id)
        .where(Conversation.id == conversation_id)
    ).first()
    if not row:
        return None
    conversation, person, owner = row
    mine = conversation.owner_id == agent.id
    return Opened(
        conversation=conversation,
        person=person,
        name=call(person.name, person.email, person.id),
        owner=owner,
        mine=mine,
        may_reassign=conversation.state in (State.OPEN, State.QUEUED)
        and (mine or agent.role != Role.AGENT),
        ticket=current_ticket(session, conversation_id),
    )


def context(session: Session, opened: Opened) -> Context:
    """What the right pane shows of the conversation."""
    handed_over = opened.ticket.evidence if opened.ticket else None
    last = _last_evidence(session, opened.id)
    return Context(
        ticket_why=explain(handed_over),
        bot_why=explain(last) if last != handed_over else None,
        others=_others(session, opened),
    )


def colleagues(session: Session) -> Sequence[Row[int, str]]:
    """Everyone whom a conversation can be given to: id and name, by name."""
    return session.execute(select(Agent.id, Agent.name).order_by(Agent.name)).all()


def _last_evidence(session: Session, conversation_id: int) -> dict[str, object] | None:
    said = session.scalars(
        select(Message.evidence)
        .where(Message.conversation_id == conversation_id, Message.author == Author.BOT)
        .order_by(Message.seq.desc())
        .limit(LAST_TURNS)
    )
    return next((evidence for evidence in said if evidence), None)


def _others(session: Session, opened: Opened) -> Sequence[Row[int, str, datetime, str | None]]:
    number = (
        select(func.max(Ticket.number))
        .where(Ticket.conversation_id == Conversation.id)
        .scalar_subquery()
    )
    return session.execute(
        select(Conversation.id, Conversation.state, Conversation.updated_at, number)
        .where(
            Conversation.person_id == opened.conversation.person_id, Conversation.id != opened.id
        )
        .order_by(Conversation.updated_at.desc())
        .limit(MOST_OTHERS)
    ).all()
