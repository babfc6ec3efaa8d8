"""Reminders that a project's actions set: at a time the bot acts as if the customer had meant
something. They are rows, so that a restart keeps them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import JSON, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversation import EXTERNAL, Author, Conversation, Message, State, Status
from bot.db import Base, now
from handoff.transcript import insert_message, next_seq

MOST = 100  # that one look takes
log = structlog.get_logger()


class Reminder(Base):
    """At `due_at` the conversation goes on with `intent` and `entities` (values by name), unless
    the customer writes before, if it only holds `until_message`."""

    __tablename__ = "reminders"

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    intent: Mapped[str] = mapped_column(String(200))
    entities: Mapped[dict[str, Any]] = mapped_column(JSON)
    due_at: Mapped[datetime] = mapped_column(index=True)
    until_message: Mapped[bool]


def note(session: Session, conversation_id: int, events: Iterable[dict[str, Any]]) -> None:
    """Set and cancel reminders as rasa_sdk's events say; one of the same name is replaced."""
    for event in events:
        if event["event"] == "reminder":
            _set(session, conversation_id, event)
        else:
            _cancel(session, conversation_id, event)
        session.flush()  # the next event may be about the same one


def customer_spoke(session: Session, conversation_id: int) -> None:
    """Drop the reminders that were for a customer who says nothing."""
    theirs = delete(Reminder).where(Reminder.conversation_id == conversation_id)
    session.execute(theirs.where(Reminder.until_message))


def forget(session: Session, conversations: Iterable[int]) -> None:
    """Drop all reminders of the conversations."""
    session.execute(delete(Reminder).where(Reminder.conversation_id.in_(conversations)))


def is_any_due(session: Session) -> bool:
    """Whether there is a reminder whose time it is."""
    due = select(Reminder.name).where(Reminder.due_at <= now()).limit(1)
    return session.scalar(due) is not None


def fall_due(session: Session) -> list[int]:
    """Let the reminders come whose time it is; returns the conversations that have a line to
    answer. Where a person has the conversation, nothing comes of it."""
    due = session.execute(
        select(Reminder, Conversation)
        .join(Conversation, Conversation.id == Reminder.conversation_id)
        .where(Reminder.due_at <= now())
        .order_by(Reminder.due_at)
        .limit(MOST)
        .with_for_update(of=Reminder, skip_locked=True)
    ).all()
    for reminder, conversation in due:
        if conversation.state == State.BOT:
            _write(session, conversation, reminder)
        session.delete(reminder)
    return [conversation.id for _, conversation in due if conversation.state == State.BOT]


def _set(session: Session, conversation_id: int, event: dict[str, Any]) -> None:
    due_at = _moment(event.get("date_time"))
    intent = str(event.get("intent") or "")[:200]
    if due_at is None or not intent:
        log.error("reminder without a time or an intent", conversation=conversation_id)
        return
    session.merge(
        Reminder(
            conversation_id=conversation_id,
            name=str(event.get("name") or intent)[:200],
            intent=intent,
            entities=_values(event.get("entities")),
            due_at=due_at,
            until_message=event.get("kill_on_user_msg") is not False,
        )
    )


def _cancel(session: Session, conversation_id: int, event: dict[str, Any]) -> None:
    """All of them, or those with the name, the intent and the entities that the event gives."""
    wanted = {key: event[key] for key in ("name", "intent") if event.get(key)}
    entities = _values(event.get("entities"))
    found = session.scalars(select(Reminder).where(Reminder.conversation_id == conversation_id))
    for reminder in found:
        same = all(getattr(reminder, key) == value for key, value in wanted.items())
        if same and entities in ({}, reminder.entities):
            session.delete(reminder)


def _values(entities: object) -> dict[str, Any]:
    """rasa_sdk takes a mapping, or a list of entities."""
    if isinstance(entities, dict):
        return entities
    listed = entities if isinstance(entities, list) else []
    return {each["entity"]: each.get("value") for each in listed if "entity" in each}


def _moment(written: object) -> datetime | None:
    """The time in UTC; one without a zone is this machine's."""
    try:
        return datetime.fromisoformat(str(written)).astimezone(UTC)
    except ValueError:
        return None


def _write(session: Session, conversation: Conversation, reminder: Reminder) -> None:
    values = json.dumps(reminder.entities) if reminder.entities else ""
    insert_message(
        session,
        Message(
            conversation_id=conversation.id,
            seq=next_seq(session, conversation.id),
            author=Author.SYSTEM,
            private=True,
            kind=EXTERNAL,
            text=f"EXTERNAL: {reminder.intent}",
            content={"payload": f"/{reminder.intent}{values}"},
            channel=conversation.channel,
            account=conversation.account,
            status=Status.RECEIVED,
            attempts=0,
            doubtful=False,
            created_at=now(),
        ),
    )
