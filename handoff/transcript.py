"""The record: writing lines in order, reading them page by page, and exporting them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from typing_extensions import TypedDict  # pydantic asks for it on Python 3.11

from bot.conversation import CONVERSATIONS, MESSAGES, Author, Conversation, Message, Status
from bot.db import now
from handoff.agents import Agent

PAGE = 100
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
    """One line as the API, the export and the console show it."""

    seq: int
    author: str
    name: str | None
    private: bool
    kind: str | None
    text: str
    content: dict[str, Any]
    evidence: dict[str, Any] | None
    status: str
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
) -> Line:
    """Add a line of ours at the end. The conversation's row is locked until the commit."""
    message = Message(
        conversation_id=conversation.id,
        seq=next_seq(session, conversation.id),
        author=author,
        agent_id=agent.id if agent else None,
        answers=answers,
        private=private,
        kind=kind,
        text=printable(text),
        content=content or {},
        evidence=evidence,
        channel=conversation.channel,
        account=conversation.account,
        external_id=external_id,
        status=Status.SENT,
        created_at=now(),
    )
    insert_message(session, message)
    return as_line(message, agent.name if agent else None)


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
    found = [as_line(message, name) for message, name in rows]
    return found[::-1] if newest_first else found


def as_line(message: Message, agent_name: str | None) -> Line:
    return Line(
        seq=message.seq,
        author=message.author,
        name=agent_name,
        private=message.private,
        kind=message.kind,
        text=message.text,
        content=message.content,
        evidence=message.evidence,
        status=message.status,
        at=iso(message.created_at),
    )


def as_text(transcript: Sequence[Line]) -> str:
    """The transcript as plain text, one line a line, with the bot's reasons below its words."""
    return "".join(_text_line(line) for line in transcript)


def _text_line(line: Line) -> str:
    who = line["name"] or line["author"]
    mark = " (private)" if line["private"] else ""
    reason = (line["evidence"] or {}).get("reason")
    because = f"\n    because: {reason}" if reason else ""
    text = "\n    ".join(line["text"].splitlines())  # indented: nobody can write a forged line
    return f"[{line['at']}] {who}{mark}: {text}{because}\n"


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
