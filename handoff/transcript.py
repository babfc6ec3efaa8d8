"""The record: writing lines in order, and reading them page by page."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from typing_extensions import TypedDict  # pydantic asks for it on Python 3.11

from bot.conversation import (
    AWAITED,
    CONVERSATIONS,
    FETCHED,
    MESSAGES,
    RASA_CLIENTS,
    Author,
    Conversation,
    Message,
    State,
    Status,
)
from bot.db import now
from bot.speech import PERSON
from bot.turn import Button
from handoff.agents import Agent
from handoff.attachments import url_of
from handoff.pictures import picture

PAGE = 100
BURST = timedelta(minutes=10)  # within which a channel's own order puts lines right that came late
# NUL can't be stored by PostgreSQL; the other control characters mean nothing in a message.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

INSERT = MESSAGES.insert()
COLUMNS = [column.name for column in MESSAGES.columns if column.name != "id"]
NEXT_SEQ = (
    CONVERSATIONS.update()
    .where(CONVERSATIONS.c.id == bindparam("conversation_id"))
    .values(last_seq=CONVERSATIONS.c.last_seq + 1, updated_at=bindparam("moment"))
    .returning(CONVERSATIONS.c.last_seq)
)


class Line(TypedDict):
    """One line as the API, the export and the console show it; files have a `url` for agents."""

    seq: int
    author: str
    name: str | None
    private: bool
    kind: str | None
    text: str
    content: dict[str, Any]
    evidence: dict[str, Any] | None
    status: str
    channel: str
    at: str


def printable(text: str) -> str:
    """The text without what can't be stored or shown."""
    return UNPRINTABLE.sub("", text.encode("utf-8", "replace").decode())


def write_line(
    session: Session,
    conversation: Conversation,
    author: Author,
    text: str,
    *,
    agent: Agent | None = None,
    private: bool = False,
    kind: str | None = None,
    content: dict[str, Any] | None = None,
    evidence: dict[str, Any] | None = None,
    answers: int | None = None,
    external_id: str | None = None,
    fetched: bool = False,
) -> Line:
    """Add a line of ours at the end. The conversation's row is locked until the commit.

    What the customer may read waits to be sent to where they wrote last, unless it is `fetched`.
    """
    content = content or {}
    is_fetched = private or fetched
    is_sent = not is_fetched and _has_to_be_sent(conversation.channel, text, content)
    moment = now()
    message = Message(
        conversation_id=conversation.id,
        seq=next_seq(session, conversation.id),
        author=author,
        agent_id=agent.id if agent else None,
        answers=answers,
        private=private,
        kind=kind,
        text=printable(text),
        content=content,
        evidence=evidence,
        channel=conversation.channel,
        account=conversation.account,
        external_id=external_id,
        address=conversation.address if is_sent else None,
        status=Status.QUEUED if is_sent else Status.SENT,
        due_at=moment if is_sent and conversation.channel not in AWAITED else None,
        attempts=0,
        doubtful=False,
        created_at=moment,
    )
    insert_message(session, message)
    return as_line(message, agent.name if agent else None)


def _has_to_be_sent(channel: str, text: str, content: dict[str, Any]) -> bool:
    if channel in FETCHED:
        return False
    is_for_all = text or content.get("buttons") or picture(content)
    return bool(is_for_all) or channel in RASA_CLIENTS


def insert_message(session: Session, message: Message) -> None:
    """Insert the row without the unit of work, which costs more than the insert itself."""
    session.execute(INSERT, {name: getattr(message, name) for name in COLUMNS})


def next_seq(session: Session, conversation_id: int) -> int:
    """The next line's number. Locks the row, so that lines commit in the order of their numbers."""
    values = {"conversation_id": conversation_id, "moment": now()}
    return int(session.execute(NEXT_SEQ, values).scalar_one())


def lines(
    session: Session,
    conversation_id: int,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int | None = None,
    public_only: bool = False,
) -> list[Line]:
    """The lines in order: the first `limit` after `after`, or the last ones before `before`."""
    query = (
        select(Message, Agent.name)
        .outerjoin(Agent, Agent.id == Message.agent_id)
        .where(Message.conversation_id == conversation_id, Message.seq > (after or 0))
    )
    if before is not None:
        query = query.where(Message.seq < before)
    if public_only:
        query = query.where(Message.private.is_(False))
    newest_first = limit is not None and after is None
    query = query.order_by(Message.seq.desc() if newest_first else Message.seq)
    rows = session.execute(query.limit(limit)).all()
    names = {message.seq: name for message, name in rows}
    ordered = in_order(message for message, _ in (rows[::-1] if newest_first else rows))
    return [as_line(message, names[message.seq]) for message in ordered]


def in_order(messages: Iterable[Message]) -> list[Message]:
    """The lines, given as they came, as they were written: a customer's line that its channel
    delivered late goes before those that it should have come before."""
    ordered: list[Message] = []
    for message in messages:
        place = len(ordered)
        if message.origin is not None:
            for index in range(len(ordered) - 1, -1, -1):
                other = ordered[index]
                if message.created_at - other.created_at > BURST:
                    break
                if other.origin is None or _source(other) != _source(message):
                    continue
                if other.origin <= message.origin:
                    break
                place = index
        ordered.insert(place, message)
    return ordered


def _source(message: Message) -> tuple[str, str]:
    return message.channel, message.account


def referred(session: Session, conversation_id: int, reference: str | None) -> int | None:
    """The number of the line that the channel calls so; None when it isn't in the conversation."""
    return session.scalar(
        select(Message.seq)
        .where(Message.conversation_id == conversation_id, Message.reference == reference)
        .order_by(Message.seq)
        .limit(1)
    )


def pressed(session: Session, conversation_id: int, seq: int, index: int) -> Button | None:
    """The button that was pressed under a line of the bot.

    None when there is none, or when it means nothing any more: the customer has written since, or
    a person has the conversation. Asking for a person always counts.
    """
    row = session.execute(
        select(Message, Conversation.state)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Message.conversation_id == conversation_id,
            Message.seq == seq,
            Message.author == Author.BOT,
        )
    ).first()
    if not row:
        return None
    buttons = row.Message.content.get("buttons", [])
    if not 0 <= index < len(buttons):
        return None
    button = Button(**buttons[index])
    is_stale = row.state != State.BOT or _has_written_since(session, conversation_id, seq)
    return None if is_stale and button != PERSON else button


def _has_written_since(session: Session, conversation_id: int, seq: int) -> bool:
    newer = select(Message.id).where(
        Message.conversation_id == conversation_id,
        Message.seq > seq,
        Message.author == Author.CUSTOMER,
        Message.kind.is_(None),
    )
    return session.scalar(newer.limit(1)) is not None


def as_line(message: Message, agent_name: str | None) -> Line:
    return Line(
        seq=message.seq,
        author=message.author,
        name=agent_name,
        private=message.private,
        kind=message.kind,
        text=message.text,
        content=_with_urls(message.content),
        evidence=message.evidence,
        status=message.status,
        channel=message.channel,
        at=iso(message.created_at),
    )


def _with_urls(content: dict[str, Any]) -> dict[str, Any]:
    if "attachments" not in content:
        return content
    files = [file | {"url": url_of(file["id"])} for file in content["attachments"]]
    return content | {"attachments": files}


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
