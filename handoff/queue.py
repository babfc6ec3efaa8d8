"""The queue: who waits for a person, in which order, and who takes them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, State
from bot.db import now
from handoff.agents import Agent
from handoff.ticket import NORMAL_PRIORITY, PRIORITY, Reason, Ticket, close_ticket, open_ticket
from handoff.transcript import write_line


class Refused(Exception):
    """What was asked can't be done in the conversation's present state; the message says why."""


class Taken(Refused):
    """Somebody else has the conversation; `owner` says who."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner} has this conversation")
        self.owner = owner


def escalate(
    session: Session,
    conversation: Conversation,
    reason: Reason,
    evidence: dict[str, Any],
    external_id: str | None = None,
) -> Ticket:
    """Put the conversation into the queue under a new ticket. It must be the bot's.

    `external_id` is of whoever asked for it, and asks for nothing more when it comes again.
    """
    conversation.state = State.QUEUED
    conversation.priority = PRIORITY.get(reason, NORMAL_PRIORITY)
    conversation.queued_at = now()
    ticket = open_ticket(session, conversation, reason, evidence)
    write_line(
        session,
        conversation,
        Author.SYSTEM,
        f"{ticket.number} opened: {reason.replace('_', ' ')}",
        private=True,
        kind="escalated",
        evidence={"reason": reason, **evidence},
        external_id=external_id,
    )
    return ticket


def position(session: Session, conversation: Conversation) -> int:
    """The conversation's place in its desk's queue, from 1."""
    ahead = or_(
        Conversation.priority < conversation.priority,
        and_(
            Conversation.priority == conversation.priority,
            Conversation.queued_at < conversation.queued_at,
        ),
    )
    return 1 + (
        session.scalar(
            select(func.count()).where(
                Conversation.state == State.QUEUED, Conversation.desk == conversation.desk, ahead
            )
        )
        or 0
    )


def queued(session: Session, limit: int = 100) -> Sequence[Conversation]:
    """Those who wait: by priority, then the oldest first."""
    return session.scalars(
        select(Conversation)
        .where(Conversation.state == State.QUEUED)
        .order_by(Conversation.priority, Conversation.queued_at, Conversation.id)
        .limit(limit)
    ).all()


def claim(session: Session, conversation: Conversation, agent: Agent) -> None:
    """Give the conversation to the agent. One wins; the other gets Taken.

    One that the bot still has may be claimed too: then a ticket is opened and the customer is
    told. Claiming again what one has already changes nothing.
    """
    won = session.execute(
        update(Conversation)
        .where(
            Conversation.id == conversation.id,
            Conversation.owner_id.is_(None),
            Conversation.state.in_((State.QUEUED, State.BOT)),
        )
        .values(owner_id=agent.id)
    )
    session.refresh(conversation)
    if won.rowcount == 0:  # type: ignore[attr-defined]
        return _explain_lost_claim(session, conversation, agent)
    if conversation.state == State.BOT:
        open_ticket(session, conversation, Reason.TAKEN_OVER, {"agent": agent.name})
        conversation.queued_at = now()
        write_line(session, conversation, Author.SYSTEM, f"{agent.name} joined", kind="handoff")
    conversation.state = State.OPEN
    _note(session, conversation, agent, "claim", f"{agent.name} claimed the conversation")


def _explain_lost_claim(session: Session, conversation: Conversation, agent: Agent) -> None:
    if conversation.owner_id is not None and conversation.owner_id != agent.id:
        raise Taken(_name(session, conversation.owner_id))
    if conversation.state == State.RESOLVED:
        raise Refused("this conversation is resolved; the customer's next message opens a new one")


def release(session: Session, conversation: Conversation, agent: Agent) -> None:
    """Put the agent's conversation back into the queue, at its old place."""
    must_own(session, conversation, agent)
    conversation.state = State.QUEUED
    conversation.owner_id = None
    _note(session, conversation, agent, "release", f"{agent.name} put it back into the queue")


def reassign(session: Session, conversation: Conversation, agent: Agent, to: Agent) -> None:
    """Give an open conversation to a colleague. Its owner may do so, and supervisors."""
    session.refresh(conversation, with_for_update=True)
    if conversation.owner_id != agent.id and agent.role == "agent":
        must_own(session, conversation, agent)
    if conversation.state not in (State.OPEN, State.QUEUED):
        raise Refused("only a conversation that waits or is open can be reassigned")
    conversation.state = State.OPEN
    conversation.owner_id = to.id
    _note(session, conversation, agent, "reassign", f"{agent.name} gave it to {to.name}")


def resolve(session: Session, conversation: Conversation, agent: Agent) -> None:
    """End the conversation: its ticket is closed and the customer is told."""
    must_own(session, conversation, agent)
    _leave(session, conversation, State.RESOLVED)
    _note(session, conversation, agent, "resolve", f"{agent.name} resolved the conversation")
    write_line(
        session,
        conversation,
        Author.SYSTEM,
        "This conversation is closed. Write again whenever you need us.",
        kind="closed",
    )


def hand_back(session: Session, conversation: Conversation, agent: Agent) -> None:
    """Let the bot answer again; it begins with a clear memory of what annoyed the customer."""
    must_own(session, conversation, agent)
    _leave(session, conversation, State.BOT)
    conversation.memory = {}
    conversation.frustration = 0.0
    _note(session, conversation, agent, "handback", f"{agent.name} handed it back to the bot")


def _leave(session: Session, conversation: Conversation, state: State) -> None:
    close_ticket(session, conversation.id)
    conversation.state = state
    conversation.owner_id = None
    conversation.queued_at = None
    conversation.priority = NORMAL_PRIORITY


def must_own(session: Session, conversation: Conversation, agent: Agent) -> None:
    """Lock the conversation and raise Taken or Refused unless the agent has it."""
    session.refresh(conversation, with_for_update=True)
    if conversation.owner_id == agent.id:
        return
    if conversation.owner_id is None:
        raise Refused("claim the conversation first")
    raise Taken(_name(session, conversation.owner_id))


def _name(session: Session, agent_id: int) -> str:
    agent = session.get(Agent, agent_id)
    return agent.name if agent else "somebody"


def _note(session: Session, conversation: Conversation, agent: Agent, kind: str, text: str) -> None:
    write_line(session, conversation, Author.SYSTEM, text, agent=agent, private=True, kind=kind)
