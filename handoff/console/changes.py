"""What became of lines afterwards: edited, deleted, not delivered. Their rows stay as they were."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import Message
from handoff.transcript import Line, in_order

EDIT, DELETION, UNDELIVERED = "edit", "deletion", "undelivered"
Later = dict[int, list[Message]]  # by the number of the line that they are about, in order


@dataclass(frozen=True, slots=True)
class Fate:
    """A line's newest text, those before it with their moments, the oldest first, and since when it
    is deleted; or why it was not delivered."""

    text: str
    earlier: list[tuple[str, datetime]]
    deleted: datetime | None
    undelivered: str | None

    @classmethod
    def of(cls, line: Line, later: Iterable[Message]) -> Self:
        texts = [(line["text"], datetime.fromisoformat(line["at"]))]
        deleted = undelivered = None
        for message in later:
            if message.kind == EDIT:
                texts.append((message.text, message.created_at))
            elif message.kind == DELETION:
                deleted = message.created_at
            else:
                undelivered = message.text
        return cls(texts[-1][0], texts[:-1], deleted, undelivered)


def said_later(session: Session, conversation_id: int) -> Later:
    """All lines of the conversation that are about another line of it."""
    query = (
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.kind.in_((EDIT, DELETION, UNDELIVERED)),
        )
        .order_by(Message.seq)
    )
    found: Later = defaultdict(list)
    for message in in_order(session.scalars(query)):
        about = changed_by(message.kind, message.content) or message.content.get("of")
        if about:
            found[about].append(message)
    return found


def changed_by(kind: str | None, content: dict[str, Any]) -> int | None:
    """The number of the line that an edit or a deletion changes; None for what stands for itself,
    such as the new version of a message that isn't in the conversation."""
    changed = content.get("changes")
    return changed if kind in (EDIT, DELETION) and isinstance(changed, int) else None
