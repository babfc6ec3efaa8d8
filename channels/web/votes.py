"""Whether a help page helped, as its readers say."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.db import Base, Database, now


class ArticleVote(Base):
    """One reader's "was this helpful"."""

    __tablename__ = "article_votes"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(String(200), index=True)
    helpful: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Votes:
    """Keeps the readers' votes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, article_id: str, helpful: bool) -> None:
        with self._database.write() as session:
            session.add(ArticleVote(article_id=article_id, helpful=helpful))
