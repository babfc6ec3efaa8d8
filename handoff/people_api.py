"""The API of people: who they are on which channels, and what admins may do about it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import Conversation, Identity, Person
from bot.db import Database
from bot.hints import Hints
from handoff import people
from handoff.agents import Agent, Role
from handoff.api import BIGGEST, Db, Number
from handoff.auth import SignedIn, same_origin
from handoff.desk import NotFound
from handoff.forgetting import erase
from handoff.queue import Refused
from handoff.sharing import changed
from handoff.summary import summarise
from handoff.transcript import iso

log = structlog.get_logger()

router = APIRouter(prefix="/api/v1/people", dependencies=[Depends(same_origin)])


class Other(BaseModel):
    """Who is the same person."""

    other: int = Field(ge=0, le=BIGGEST)


def admin(agent: SignedIn) -> Agent:
    """The admin who asks; 403 for anybody else."""
    if agent.role != Role.ADMIN:
        raise HTTPException(403, "Only an admin may do this.")
    return agent


class Acts:
    """What admins do to a person: logged, and told to whoever is looking."""

    def __init__(self, request: Request) -> None:
        self._database: Database = request.app.state.database
        self._hints: Hints = request.app.state.hints

    def on(
        self, person_id: int, agent: Agent, what: str, act: Callable[[Session], None]
    ) -> dict[str, Any]:
        """The person as they are afterwards."""
        with self._database.write() as session:
            _must_exist(session, person_id)
            act(session)
            shown = _shown(session, person_id)
        log.info("person changed", what=what, person=person_id, agent=agent.id)
        for conversation_id in changed(session):
            self._hints.changed(conversation_id)
        return shown


Admin = Annotated[Agent, Depends(admin)]
Acting = Annotated[Acts, Depends()]


@router.get("/{person_id}")
def show(person_id: Number, agent: SignedIn, database: Db) -> dict[str, Any]:
    """A person: their names on channels, who turned out to be them, and their conversations."""
    with database.read() as session:
        return _shown(session, person_id)


@router.post("/{person_id}/join")
def join(person_id: Number, body: Other, agent: Admin, acts: Acting) -> dict[str, Any]:
    """Say that two people are one; 409 if they are already."""

    def act(session: Session) -> None:
        _must_exist(session, body.other)
        if not people.join(session, person_id, body.other, f"{agent.name} says so"):
            raise Refused("these two are one person already")

    return acts.on(person_id, agent, "joined", act)


@router.post("/{person_id}/split")
def split(person_id: Number, agent: Admin, acts: Acting) -> dict[str, Any]:
    """Undo the join that made this person part of another; 409 if there was none."""

    def act(session: Session) -> None:
        try:
            people.split(session, person_id, agent.name)
        except people.NotJoined as error:
            raise Refused(str(error)) from error

    return acts.on(person_id, agent, "split", act)


@router.delete("/{person_id}")
def forget(person_id: Number, agent: Admin, acts: Acting) -> dict[str, Any]:
    """Erase what the person and everyone joined to them have told us, for good."""
    return acts.on(
        person_id, agent, "erased", lambda session: erase(session, person_id, agent.name)
    )


def _must_exist(session: Session, person_id: int) -> None:
    if session.get(Person, person_id) is None:
        raise NotFound(f"there is no person {person_id}")


def _shown(session: Session, person_id: int) -> dict[str, Any]:
    _must_exist(session, person_id)
    members = people.members_of(session, person_id)
    theirs = select(Conversation).where(Conversation.person_id.in_(members))
    return {
        **asdict(people.profiles(session, [person_id])[person_id]),
        "joined": members[1:],
        "identities": [_identity(each) for each in people.identities_of(session, person_id)],
        "conversations": summarise(session, theirs.order_by(Conversation.updated_at.desc())),
    }


def _identity(identity: Identity) -> dict[str, Any]:
    """`person` is the one to split off, should the identity not be theirs."""
    return {
        "channel": identity.channel,
        "account": identity.account,
        "external_id": identity.external_id,
        "person": identity.person_id,
        "trusted": identity.trusted,
        "blocked_at": iso(identity.blocked_at) if identity.blocked_at else None,
    }
