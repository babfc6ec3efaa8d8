"""The cards in the triage channels: which escalation is shown where, and how far.

Slack has no idempotency key. A card's row is there before the card is posted, and each step is
noted once Slack has taken it: a crash in between repeats that one step and nothing else.
"""

import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversation import Conversation, State
from bot.db import Base, Database, now
from handoff.ticket import Ticket

LEASE = timedelta(minutes=1)  # longer than one call to Slack may take


class SlackCard(Base):
    """One escalation's card: a message in a triage channel, and the thread below it.

    `ts` is Slack's name of the message; None until it is posted. `shown` is the digest of what it
    shows, `seen_seq` the conversation's last line when that was looked at. `thread_seq` is the last
    line that the thread holds; None until somebody claims. A `closed` card never changes again.
    `lease` is held by the process that brings the card up to date.
    """

    __tablename__ = "slack_cards"
    __table_args__ = (Index("ix_slack_cards_ts", "account", "channel", "ts"),)

    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True
    )
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    account: Mapped[str] = mapped_column(String(100))
    channel: Mapped[str] = mapped_column(String(100))
    ts: Mapped[str | None] = mapped_column(String(40))
    shown: Mapped[str | None] = mapped_column(String(64))
    seen_seq: Mapped[int] = mapped_column(default=0)
    thread_seq: Mapped[int | None]
    closed: Mapped[bool] = mapped_column(default=False, index=True)
    lease: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Uncarded:
    """An escalation that waits and has no card yet."""

    ticket_id: int
    conversation_id: int
    desk: str


def uncarded(session: Session, desks: Collection[str]) -> list[Uncarded]:
    """Those of the desks, the most urgent first."""
    rows = session.execute(
        select(Ticket.id, Conversation.id, Conversation.desk)
        .join(Conversation, Conversation.id == Ticket.conversation_id)
        .outerjoin(SlackCard, SlackCard.ticket_id == Ticket.id)
        .where(
            Conversation.state == State.QUEUED,
            Conversation.desk.in_(desks),
            Ticket.closed_at.is_(None),
            SlackCard.ticket_id.is_(None),
        )
        .order_by(Conversation.priority, Conversation.queued_at)
    )
    return [Uncarded(*row) for row in rows]


def unposted(session: Session) -> list[tuple[str, str]]:
    """The workspace and channel of each card that has a row and isn't there yet."""
    rows = session.execute(
        select(SlackCard.account, SlackCard.channel).where(
            SlackCard.ts.is_(None), SlackCard.closed.is_(False)
        )
    )
    return [(row.account, row.channel) for row in rows]


def unfinished(session: Session, *, behind_only: bool) -> Sequence[int]:
    """The tickets of cards that may still change; or those whose conversation has gone on since."""
    query = select(SlackCard.ticket_id).where(SlackCard.closed.is_(False))
    if behind_only:
        query = query.join(Conversation, Conversation.id == SlackCard.conversation_id).where(
            or_(SlackCard.ts.is_(None), Conversation.last_seq > SlackCard.seen_seq)
        )
    return session.scalars(query.order_by(SlackCard.ticket_id)).all()


def card_at(session: Session, account: str, channel: str, ts: str) -> SlackCard | None:
    """The card that a message in Slack is, by its workspace, channel and timestamp."""
    return session.scalar(
        select(SlackCard).where(
            SlackCard.account == account, SlackCard.channel == channel, SlackCard.ts == ts
        )
    )


def reserve(database: Database, waiting: Uncarded, account: str, channel: str) -> None:
    """Make the row of a card that is to be posted, unless another process has."""
    card = SlackCard(
        ticket_id=waiting.ticket_id,
        conversation_id=waiting.conversation_id,
        account=account,
        channel=channel,
    )
    with suppress(IntegrityError), database.write() as session:
        session.add(card)


def take(database: Database, ticket_id: int) -> str | None:
    """The right to take a step with the card, for LEASE; None while somebody else has it."""
    token = secrets.token_hex(8)
    free = or_(SlackCard.lease.is_(None), SlackCard.lease_until < now())
    values = {"lease": token, "lease_until": now() + LEASE}
    return token if _change(database, ticket_id, free, values) else None


def give_back(database: Database, ticket_id: int, token: str, done: dict[str, Any]) -> None:
    """Note what was `done`, by column, and let the next one take a step."""
    values = {**done, "lease": None, "lease_until": None}
    _change(database, ticket_id, SlackCard.lease == token, values)


def _change(
    database: Database, ticket_id: int, condition: ColumnElement[bool], values: dict[str, Any]
) -> bool:
    with database.write() as session:
        changed = session.execute(
            update(SlackCard)
            .where(SlackCard.ticket_id == ticket_id, condition)
            .values(values)
            .returning(SlackCard.ticket_id)
        )
        return changed.first() is not None
