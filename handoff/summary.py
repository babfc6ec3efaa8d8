"""A conversation in short, as the API gives it: who, where, in which state, under what ticket."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from bot.conversation import Conversation, State
from handoff.agents import Agent
from handoff.people import Profile, profiles
from handoff.ticket import Ticket
from handoff.transcript import iso


def summarise(session: Session, query: Select[Conversation]) -> list[dict[str, Any]]:
    """The conversations that the query selects, in its order, in two round trips."""
    newest = select(func.max(Ticket.id).label("id")).group_by(Ticket.conversation_id).subquery()
    rows = session.execute(
        query.add_columns(Agent, Ticket)
        .outerjoin(Agent, Agent.id == Conversation.owner_id)
        .outerjoin(
            Ticket,
            (Ticket.conversation_id == Conversation.id) & Ticket.id.in_(select(newest.c.id)),
        )
    ).all()
    people = profiles(session, {conversation.person_id for conversation, *_ in rows})
    return [_summary(row[0], people[row[0].person_id], *row[1:]) for row in rows]


def in_state(state: State | None, limit: int, offset: int) -> Select[Conversation]:
    """Conversations in a state, or in any: the queue in its order, others newest first."""
    query = select(Conversation).limit(limit).offset(offset)
    if state is not None:
        query = query.where(Conversation.state == state)
    if state == State.QUEUED:
        return query.order_by(Conversation.priority, Conversation.queued_at, Conversation.id)
    return query.order_by(Conversation.updated_at.desc(), Conversation.id.desc())


def _summary(
    conversation: Conversation, person: Profile, owner: Agent | None, ticket: Ticket | None
) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "desk": conversation.desk,
        "channel": conversation.channel,
        "account": conversation.account,
        "state": conversation.state,
        "priority": conversation.priority,
        "frustration": round(conversation.frustration, 3),
        "person": {"id": person.id, "name": person.name, "email": person.email},
        "owner": {"id": owner.id, "name": owner.name, "email": owner.email} if owner else None,
        "ticket": _ticket(ticket) if ticket else None,
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
        "queued_at": _iso(conversation.queued_at),
    }


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "reason": ticket.reason,
        "language": ticket.language or None,
        "opened_at": iso(ticket.opened_at),
        "closed_at": _iso(ticket.closed_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
