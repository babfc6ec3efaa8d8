"""The list's items: a page of conversations with their last lines, in a handful of queries."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from bot.conversation import Author, Conversation, Message, State
from bot.turn import Kind
from handoff.agents import Agent
from handoff.console.changes import DELETION
from handoff.console.seen import AgentSeen
from handoff.console.views import TAIL
from handoff.people import Profile, profiles
from handoff.ticket import Ticket

MARKS = re.compile(r"[*`#>|]+")  # Markdown that a single line of the list has no use for


@dataclass(frozen=True, slots=True)
class Item:
    """A conversation in the list. `waits_since` is set while the customer waits for us;
    `unread` counts the customer's lines that this agent hasn't seen, up to TAIL; `language` is
    what they write in where the desk doesn't speak it."""

    id: int
    name: str
    state: str
    desk: str
    channel: str
    priority: int
    frustration: float
    owner: str | None
    mine: bool
    last_author: str | None
    last_text: str
    waits_since: datetime | None
    updated_at: datetime
    unread: int
    language: str | None


def items(session: Session, ids: Select[int], agent_id: int, limit: int) -> tuple[list[Item], bool]:
    """The first `limit` conversations of `ids`, in its order, and whether there are more."""
    wanted = list(session.scalars(ids.limit(limit + 1)))
    page = wanted[:limit]
    last = _last_lines(session, page)
    unread = _unread(session, page, agent_id)
    languages = _languages(session, page)
    rows = session.execute(_described(page)).all()
    people = profiles(session, [row.person_id for row in rows])
    known = {
        row.id: _item(
            row,
            people[row.person_id],
            last.get(row.id),
            unread.get(row.id, 0),
            languages.get(row.id),
            agent_id,
        )
        for row in rows
    }
    return [known[one] for one in page if one in known], len(wanted) > limit


def call(person: Profile) -> str:
    """What we call a customer: their name, their address, or a visitor with a short mark."""
    mark = hashlib.sha256(str(person.id).encode()).hexdigest()[:4]
    return person.name or person.email or f"Visitor {mark}"


def _described(page: Sequence[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Conversation.id,
            Conversation.person_id,
            Conversation.state,
            Conversation.desk,
            Conversation.channel,
            Conversation.priority,
            Conversation.frustration,
            Conversation.owner_id,
            Conversation.queued_at,
            Conversation.updated_at,
            Agent.name.label("owner"),
        )
        .outerjoin(Agent, Agent.id == Conversation.owner_id)
        .where(Conversation.id.in_(page))
    )


def _last_lines(session: Session, page: Sequence[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    """The last thing said to or by each customer, among the conversation's last lines."""
    line = aliased(Message)
    newest = (
        select(line.conversation_id, func.max(line.seq).label("seq"))
        .join(Conversation, Conversation.id == line.conversation_id)
        .where(
            line.conversation_id.in_(page),
            line.seq > Conversation.last_seq - TAIL,
            line.private.is_(False),
            line.author != Author.SYSTEM,
            func.coalesce(line.kind, "") != Kind.HANDOFF,  # says nothing that the state does not
        )
        .group_by(line.conversation_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Message.conversation_id,
            Message.author,
            Message.kind,
            func.substr(Message.text, 1, 160).label("text"),
            Message.created_at,
        ).join(
            newest,
            (Message.conversation_id == newest.c.conversation_id) & (Message.seq == newest.c.seq),
        )
    )
    return {row.conversation_id: row for row in rows}


def _unread(session: Session, page: Sequence[int], agent_id: int) -> dict[int, int]:
    rows = session.execute(
        select(Message.conversation_id, func.count())
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(
            AgentSeen,
            (AgentSeen.conversation_id == Message.conversation_id)
            & (AgentSeen.agent_id == agent_id),
        )
        .where(
            Message.conversation_id.in_(page),
            Message.author == Author.CUSTOMER,
            Message.seq > Conversation.last_seq - TAIL,
            Message.seq > func.coalesce(AgentSeen.seq, 0),
        )
        .group_by(Message.conversation_id)
    )
    return {row[0]: row[1] for row in rows}


def _languages(session: Session, page: Sequence[int]) -> dict[int, str]:
    """What the customers with an open ticket write in where the desk doesn't speak it."""
    name = Ticket.evidence["language"]["name"].as_string()
    rows = session.execute(
        select(Ticket.conversation_id, name).where(
            Ticket.conversation_id.in_(page), Ticket.closed_at.is_(None), name.is_not(None)
        )
    )
    return {row[0]: row[1] for row in rows}


def _item(
    row: Row[*tuple[Any, ...]],
    person: Profile,
    last: Row[*tuple[Any, ...]] | None,
    unread: int,
    language: str | None,
    agent_id: int,
) -> Item:
    return Item(
        id=row.id,
        name=call(person),
        state=row.state,
        desk=row.desk,
        channel=row.channel,
        priority=row.priority,
        frustration=row.frustration,
        owner=row.owner,
        mine=row.owner_id == agent_id,
        last_author=last.author if last else None,
        last_text=_on_one_line(last) if last else "",
        waits_since=_waits_since(row, last),
        updated_at=row.updated_at,
        unread=unread,
        language=language,
    )


def _on_one_line(last: Row[*tuple[Any, ...]]) -> str:
    if not last.text:
        if last.author != Author.CUSTOMER:
            return "No words"
        return "Deleted a message" if last.kind == DELETION else "A file"
    text = MARKS.sub("", last.text) if last.author == Author.BOT else last.text
    return " ".join(text.split())


def _waits_since(row: Row[*tuple[Any, ...]], last: Row[*tuple[Any, ...]] | None) -> datetime | None:
    if row.state == State.QUEUED:
        return row.queued_at  # type: ignore[no-any-return]
    if row.state == State.OPEN and last and last.author == Author.CUSTOMER:
        return last.created_at  # type: ignore[no-any-return]
    return None
