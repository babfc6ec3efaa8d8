"""Agents: the people who answer, their accounts and their tokens."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.db import Base, now


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class AgentError(Exception):
    """An account can't be made or found; the message names it and the mend."""


class Agent(Base):
    """Somebody who answers customers."""

    __tablename__ = "agents"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    password: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)


class AgentToken(Base):
    """A secret that stands for an agent: an API token or a signed-in browser. Kept as a hash."""

    __tablename__ = "agent_tokens"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), index=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=now)


TOKEN_LIFE = timedelta(days=90)
SESSION_LIFE = timedelta(hours=14)


def add_agent(session: Session, name: str, email: str, role: Role, password: str) -> Agent:
    """A new account; AgentError for a weak password or an address that is wrong or taken."""
    name, email = name.strip(), _normalise(email)
    if not name:
        raise AgentError("the agent needs a name")
    if email.count("@") != 1 or email.startswith("@") or email.endswith("@") or " " in email:
        raise AgentError(f'"{email}" is not an e-mail address')
    if len(password) < 10:
        raise AgentError("the password is too short: use at least 10 characters")
    if find_agent(session, email):
        raise AgentError(f"an agent with the address {email} exists already")
    agent = Agent(name=name, email=email, role=role, password=_hasher().hash(password))
    session.add(agent)
    session.flush()
    return agent


def find_agent(session: Session, email: str) -> Agent | None:
    return session.scalar(select(Agent).where(Agent.email == _normalise(email)))


def check_password(session: Session, email: str, password: str) -> Agent | None:
    """The agent with that address and password. Takes as long for an unknown address."""
    agent = find_agent(session, email)
    known = _hasher().verify(password, agent.password if agent else _decoy())
    return agent if known else None


def issue_token(session: Session, agent: Agent, life: timedelta = TOKEN_LIFE) -> str:
    """A new secret for the agent, valid for `life`; only its hash is stored."""
    token = secrets.token_urlsafe(32)
    session.add(AgentToken(hash=_hash(token), agent_id=agent.id, expires_at=now() + life))
    return token


def agent_of(session: Session, token: str) -> Agent | None:
    """Whose token this is; None when unknown or expired."""
    return session.scalar(
        select(Agent)
        .join(AgentToken, AgentToken.agent_id == Agent.id)
        .where(AgentToken.hash == _hash(token), AgentToken.expires_at > now())
    )


def revoke_token(session: Session, token: str) -> None:
    session.execute(delete(AgentToken).where(AgentToken.hash == _hash(token)))


def _normalise(email: str) -> str:
    return email.replace("\x00", "").strip().lower()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _decoy() -> str:
    return _hasher().hash(secrets.token_urlsafe())
