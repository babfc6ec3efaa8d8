"""Who the customer is on all channels, and which people turned out to be them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import FETCHED, Identity, Person
from handoff.people import identities_of, members_of

SIGNED = "sub:"  # before the name by which a site's signed token calls its visitor


@dataclass(frozen=True, slots=True)
class Name:
    """What the customer is called on a channel; empty where a random token is all they have.
    `account` is ours there, if there is one."""

    channel: str
    account: str | None
    text: str
    is_trusted: bool
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One of the people who are the customer, with the names that are theirs. All but the first
    were joined to it, and can be split off."""

    person: Person
    names: list[Name]
    is_joined: bool


def members(session: Session, person_id: int) -> list[Member]:
    """Everyone who is that person, the first one known first."""
    ids = members_of(session, person_id)
    people = session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.id))
    identities = identities_of(session, person_id)
    return [Member(one, _names(one, identities), one.id != ids[0]) for one in people]


def _names(person: Person, identities: Sequence[Identity]) -> list[Name]:
    return [
        Name(
            channel=one.channel,
            account=None if one.channel in FETCHED else one.account,
            text=_called(one),
            is_trusted=one.trusted and one.channel == "slack",
            is_blocked=one.blocked_at is not None,
        )
        for one in identities
        if one.person_id == person.id
    ]


def _called(identity: Identity) -> str:
    """The web's other names are hashes of tokens, which tell nobody anything."""
    if identity.channel != "web":
        return identity.external_id
    is_signed = identity.external_id.startswith(SIGNED)
    return identity.external_id.removeprefix(SIGNED) if is_signed else ""
