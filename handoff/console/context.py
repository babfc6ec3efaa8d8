"""What stands beside the thread: who this is, why it is here, and who else is looking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, State
from handoff.agents import Agent, Role
from handoff.console.evidence import Why, explain
from handoff.console.items import call
from handoff.console.person import Member, members
from handoff.people import Profile, members_of, profiles
from handoff.ticket import Ticket, current_ticket

MOST_OTHERS = 10
LAST_TURNS = 20  # lines of the bot among which its last evidence is looked for


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation as the agent who opened it sees it."""

    conversation: Conversation
    person: Profile
    name: str
    owner: Agent | None
    mine: bool
    may_reassign: bool
    ticket: Ticket | None
    is_blocked: bool

    @property
    def id(self) -> int:
        return self.conversation.id

    @property
    def state(self) -> State:
        return State(self.conversation.state)


@dataclass(frozen=True, slots=True)
class Context:
    """The right pane. `ticket_why` is the ticket's evidence, `bot_why` that of the bot's last turn
    where it is another. `members` are the people who turned out to be the customer."""

    members: list[Member]
    ticket_why: Why | None
    bot_why: Why | None
    others: Sequence[Row[int, str, datetime, str | None]]


def find(session: Session, conversation_id: int, agent: Agent) -> Opened | None:
    """The conversation, or None."""
    row = session.execute(
        select(Conversation, Agent)
        .outerjoin(Agent, Agent.id == Conversation.owner_id)
        .where(Conversation.id == conversation_id)
    ).first()
    if not row:
        return None
    conversation, owner = row
    person = profiles(session, [conversation.person_id])[conversation.person_id]
    mine = conversation.owner_id == agent.id
    return Opened(
        conversation=conversation,
        person=person,
        name=call(person),
        owner=owner,
        mine=mine,
        may_reassign=conversation.state in (State.OPEN, State.QUEUED)
        and (mine or agent.role != Role.AGENT),
        ticket=current_ticket(session, conversation_id),
        is_blocked=_is_blocked(session, conversation),
    )


def context(session: Session, opened: Opened) -> Context:
    """What the right pane shows of the conversation."""
    handed_over = opened.ticket.evidence if opened.ticket else None
    last = _last_evidence(session, opened.id)
    return Context(
        members=members(session, opened.person.id),
        ticket_why=explain(handed_over),
        bot_why=explain(last) if last != handed_over else None,
        others=_others(session, opened),
    )


def colleagues(session: Session) -> Sequence[Row[int, str]]:
    """Everyone whom a conversation can be given to: id and name, by name."""
    return session.execute(select(Agent.id, Agent.name).order_by(Agent.name)).all()


def _is_blocked(session: Session, conversation: Conversation) -> bool:
    """Whether the customer wants no more from us where they wrote last."""
    blocked = select(Identity.external_id).where(
        Identity.conversation_id == conversation.id,
        Identity.channel == conversation.channel,
        Identity.account == conversation.account,
        Identity.blocked_at.is_not(None),
    )
    return session.scalar(blocked.limit(1)) is not None


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
            Conversation.person_id.in_(members_of(session, opened.person.id)),
            Conversation.id != opened.id,
        )
        .order_by(Conversation.updated_at.desc())
        .limit(MOST_OTHERS)
    ).all()
