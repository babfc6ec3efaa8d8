"""What each agent has read: up to which line of which conversation."""

from datetime import datetime

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.db import Base, Database, now


class AgentSeen(Base):
    """The last line (`seq`) of a conversation that an agent has had before their eyes."""

    __tablename__ = "agent_seen"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)


def mark_seen(database: Database, agent_id: int, conversation_id: int, seq: int) -> None:
    """Remember that the agent has read up to `seq`; never goes backwards."""
    key = (agent_id, conversation_id)
    with database.read() as session:
        seen = session.get(AgentSeen, key)
    if seen and seen.seq >= seq:
        return
    with database.write() as session:
        known = session.execute(
            update(AgentSeen)
            .where(AgentSeen.agent_id == agent_id, AgentSeen.conversation_id == conversation_id)
            .values(seq=seq, at=now())
            .returning(AgentSeen.agent_id)
        ).scalar()
        if known is None:
            _insert(session, AgentSeen(agent_id=agent_id, conversation_id=conversation_id, seq=seq))


def _insert(session: Session, seen: AgentSeen) -> None:
    try:
        with session.begin_nested():
            session.add(seen)
    except IntegrityError:
        return  # the agent's other tab was first; its mark is as good as ours


def last_opened(session: Session, agent_id: int) -> int | None:
    """The conversation that the agent read last."""
    return session.scalar(
        select(AgentSeen.conversation_id)
        .where(AgentSeen.agent_id == agent_id)
        .order_by(AgentSeen.at.desc())
        .limit(1)
    )
