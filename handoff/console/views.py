"""The views of the list: which conversations each holds, in which order, and how many."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.conversation import Author, Conversation, Identity, Message, Person, State
from bot.db import now
from handoff.console.seen import AgentSeen
from handoff.ticket import Ticket

SEARCHED_LINES = 200_000  # a search looks through the newest lines only, so that it stays quick
TAIL = 50  # lines of a conversation among which its newest are looked for
RUNNING = timedelta(hours=24)  # a conversation that the bot has is "running" for this long


class View(StrEnum):
    QUEUE = "queue"
    MINE = "mine"
    OPEN = "open"
    BOT = "bot"
    FRUSTRATED = "frustrated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Scope:
    """Who looks (`agent_id`), at which desk (all of them without one), and from which score
    a conversation counts as frustrated."""

    agent_id: int
    frustrated: float
    desk: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many conversations each view holds (resolved ones aren't counted); `unread` of mine
    have lines I haven't seen. `queued_last` is the moment of the newest queue entry, `heard_last`
    the id of the newest line that a customer of mine wrote: they grow when there is news."""

    views: dict[View, int]
    unread: int
    queued_last: str
    heard_last: int


ORDERS: dict[View, tuple[ColumnElement[Any], ...]] = {
    View.QUEUE: (
        Conversation.priority.asc(),
        Conversation.queued_at.asc(),
        Conversation.id.asc(),
    ),
    View.FRUSTRATED: (Conversation.frustration.desc(), Conversation.id.desc()),
}
NEWEST = (Conversation.updated_at.desc(), Conversation.id.desc())


def ids_in(view: View, scope: Scope) -> Select[int]:
    """The view's conversations in its order."""
    return (
        select(Conversation.id)
        .where(_holds(view, scope), _at_desk(scope))
        .order_by(*ORDERS.get(view, NEWEST))
    )


def ids_found(query: str, scope: Scope) -> Select[int]:
    """Conversations, newest first, whose customer, ticket or text contains `query`, or whose
    customer is called so on a channel."""
    pattern = f"%{_escape(query)}%"

    def like(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        return column.ilike(pattern, escape="\\")

    newest = select(func.max(Message.id)).scalar_subquery()
    said = select(Message.conversation_id).where(
        Message.id > newest - SEARCHED_LINES, like(Message.text)
    )
    called = select(Identity.person_id).where(
        or_(
            Identity.external_id == query,
            like(Identity.external_id) & (Identity.channel == "email"),
        )
    )
    known = select(Person.id).where(
        or_(like(Person.name), like(Person.email), Person.id.in_(called))
    )
    shared = select(Identity.conversation_id).where(Identity.person_id.in_(known))
    numbered = select(Ticket.conversation_id).where(like(Ticket.number))
    return (
        select(Conversation.id)
        .where(
            or_(
                Conversation.id.in_(said),
                Conversation.person_id.in_(known),
                Conversation.id.in_(shared),
                Conversation.id.in_(numbered),
            ),
            _at_desk(scope),
        )
        .order_by(*NEWEST)
    )


def count(session: Session, scope: Scope) -> Counts:
    """The size of each view that is counted, in a query each for conversations and lines."""
    counted = [view for view in View if view is not View.RESOLVED]
    *sizes, unread, queued_last = session.execute(
        select(
            *(func.count().filter(_holds(view, scope)) for view in counted),
            func.count().filter(_holds(View.MINE, scope), _unread(scope)),
            func.max(Conversation.queued_at).filter(Conversation.state == State.QUEUED),
        )
        .select_from(Conversation)
        .where(Conversation.state.in_((State.BOT, State.QUEUED, State.OPEN)), _at_desk(scope))
    ).one()
    last = queued_last.isoformat() if queued_last else ""
    heard = session.scalar(_heard_last(scope)) or 0
    return Counts(dict(zip(counted, sizes, strict=True)), unread, last, heard)


def _heard_last(scope: Scope) -> Select[int | None]:
    return (
        select(func.max(Message.id))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            _holds(View.MINE, scope),
            Message.author == Author.CUSTOMER,
            Message.seq > Conversation.last_seq - TAIL,
        )
    )


def _holds(view: View, scope: Scope) -> ColumnElement[bool]:
    state = Conversation.state
    match view:
        case View.QUEUE:
            return state == State.QUEUED
        case View.MINE:
            return and_(state == State.OPEN, Conversation.owner_id == scope.agent_id)
        case View.OPEN:
            return state.in_((State.QUEUED, State.OPEN))
        case View.BOT:
            return and_(state == State.BOT, Conversation.updated_at > now() - RUNNING)
        case View.FRUSTRATED:
            return and_(
                state.in_((State.BOT, State.QUEUED, State.OPEN)),
                Conversation.frustration >= scope.frustrated,
            )
        case View.RESOLVED:
            return state == State.RESOLVED


def _at_desk(scope: Scope) -> ColumnElement[bool]:
    return and_(True, *([Conversation.desk == scope.desk] if scope.desk else []))


def _unread(scope: Scope) -> ColumnElement[bool]:
    seen = (
        select(AgentSeen.seq)
        .where(
            AgentSeen.agent_id == scope.agent_id,
            AgentSeen.conversation_id == Message.conversation_id,
        )
        .scalar_subquery()
    )
    return (
        select(Message.id)
        .where(
            Message.conversation_id == Conversation.id,
            Message.author == Author.CUSTOMER,
            Message.seq > func.coalesce(seen, 0),
        )
        .exists()
    )


def _escape(query: str) -> str:
    return query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
