"""The stored lines of a session: those that its clients have not got, and what became of them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import case, or_, select, update
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, Status
from bot.db import Database
from channels.rasa.entries import Said
from handoff.agents import Agent

CHANNEL = "socketio"
ON_THEIR_WAY = (Status.QUEUED, Status.SENDING)


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has read: a conversation, and the number of a line in it."""

    conversation_id: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line for a session; `is_missed` says that nobody is known to have got it."""

    id: int
    place: Place
    said: Said
    is_missed: bool
    was_sent: bool


class Waiting:
    """The lines of the sessions at a desk. Blocks: not for the event loop."""

    def __init__(self, database: Database, desk: str) -> None:
        self._database = database
        self._desk = desk

    def places(self, sessions: Collection[str]) -> dict[str, Place]:
        """Where each of the sessions is now; those that nobody has written in have no place."""
        with self._database.read() as session:
            rows = session.execute(
                select(Identity.external_id, Conversation.id, Conversation.last_seq)
                .join(Conversation, Conversation.id == Identity.conversation_id)
                .where(
                    Identity.channel == CHANNEL,
                    Identity.account == self._desk,
                    Identity.external_id.in_(sessions),
                )
            )
            return {row.external_id: Place(row.id, row.last_seq) for row in rows}

    def lines(self, name: str, now: Place, read: Collection[Place]) -> list[Line]:
        """What is for the session: after any of the places read, and what was missed."""
        after = [
            (Message.conversation_id == place.conversation_id) & (Message.seq > place.seq)
            for place in read
        ]
        missed = (Message.conversation_id == now.conversation_id) & Message.status.in_(ON_THEIR_WAY)
        with self._database.read() as session:
            rows = session.execute(
                select(Message, Agent.name)
                .outerjoin(Agent, Agent.id == Message.agent_id)
                .where(
                    Message.channel == CHANNEL,
                    Message.address == name,
                    Message.private.is_(False),
                    Message.author != Author.CUSTOMER,
                    or_(missed, *after),
                )
                .order_by(Message.id)
            )
            return [_line(message, agent) for message, agent in rows]

    def sending(self, lines: Collection[Line], again: Collection[Line]) -> None:
        """The lines are about to be sent; those `again` may arrive a second time."""
        with self._database.write() as session:
            fresh = {line.id for line in lines if not line.was_sent}
            _note(session, fresh, (Status.QUEUED,), status=Status.SENDING)
            _note(session, {line.id for line in again}, (Status.SENDING,), doubtful=True)

    def arrived(self, ids: Collection[int]) -> set[int]:
        """The lines have arrived; returns the conversations that this has changed."""
        outcome = case((Message.doubtful, Status.UNCERTAIN), else_=Status.SENT)
        with self._database.write() as session:
            changed = session.scalars(
                update(Message)
                .where(Message.id.in_(ids), Message.status.in_(ON_THEIR_WAY))
                .values(status=outcome)
                .returning(Message.conversation_id)
                .execution_options(synchronize_session=False)
            )
            return set(changed)


def _line(message: Message, agent: str | None) -> Line:
    return Line(
        message.id,
        Place(message.conversation_id, message.seq),
        Said(message.conversation_id, message.text, message.content, message.kind, agent),
        message.status in ON_THEIR_WAY,
        message.status != Status.QUEUED,
    )


def _note(
    session: Session, ids: Collection[int], present: Collection[Status], **values: object
) -> None:
    if ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(ids), Message.status.in_(present))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
