"""The record of what went live in the knowledge base: who, when, why, and what was known of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.db import Base, now


class KnowledgeChange(Base):
    """One import. `reason` is why it was published although the check refused it.

    `figures` are those of the check, empty where there were no past questions; `added`,
    `changed` and `removed` count articles.
    """

    __tablename__ = "knowledge_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    who: Mapped[str] = mapped_column(String(320))
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason: Mapped[str | None] = mapped_column(Text)


def newest_changes(session: Session, limit: int) -> list[KnowledgeChange]:
    query = select(KnowledgeChange).order_by(KnowledgeChange.id.desc()).limit(limit)
    return list(session.scalars(query))
