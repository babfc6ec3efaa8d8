"""People across channels: who turned out to be whom, and by what evidence.

A person is joined to an older one and keeps all that is theirs, so that a split has only to take
the pointer away. It always points to a lower number: no order of joins can close a circle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, func, select
from sqlalchemy.orm import Session

from bot.conversation import Identity, Person
from handoff import sharing

SIGNED = "sub:"  # before the name by which a site's signed token calls its visitor

PEOPLE = cast(Table, Person.__table__)

_up = (
    select(PEOPLE.c.id.label("start"), PEOPLE.c.id, PEOPLE.c.joined_to)
    .where(PEOPLE.c.id.in_(bindparam("people", expanding=True)))
    .cte("up", recursive=True)
)
_up = _up.union_all(
    select(_up.c.start, PEOPLE.c.id, PEOPLE.c.joined_to).where(PEOPLE.c.id == _up.c.joined_to)
)
_family = (
    select(_up.c.start, _up.c.id).where(_up.c.joined_to.is_(None)).cte("family", recursive=True)
)
_family = _family.union_all(
    select(_family.c.start, PEOPLE.c.id).where(PEOPLE.c.joined_to == _family.c.id)
)
# Everyone who is the same as one of `people` (`start`); the root, whose number is lowest, first.
FAMILY = (
    select(_family.c.start, *PEOPLE.c)
    .join(PEOPLE, PEOPLE.c.id == _family.c.id)
    .order_by(_family.c.start, PEOPLE.c.id)
)
JOIN = (
    PEOPLE.update()
    .where(PEOPLE.c.id == bindparam("younger"), PEOPLE.c.joined_to.is_(None))
    .values(joined_to=bindparam("older"))
)
SPLIT = (
    PEOPLE.update()
    .where(PEOPLE.c.id == bindparam("person"))
    .values(joined_to=None, split_from=bindparam("root"))
)


class NotJoined(Exception):
    """The person can't be split off; the message says why."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person, whichever of those who were joined it was learnt from.

    `id` is the root's. An `email` that isn't verified is only an address to write to.
    """

    id: int
    name: str | None
    email: str | None
    email_verified: bool


def root_of(session: Session, person_id: int) -> int:
    """The person whom that one turned out to be; the same number if nobody."""
    return members_of(session, person_id)[0]


def members_of(session: Session, person_id: int) -> list[int]:
    """The numbers of everyone who is that person, the root first."""
    return [row.id for row in _families(session, [person_id])]


def profiles(session: Session, person_ids: Iterable[int]) -> dict[int, Profile]:
    """What is known of each of the people, in one round trip."""
    families: dict[int, list[Row[Any]]] = {}
    for row in _families(session, set(person_ids)):
        families.setdefault(row.start, []).append(row)
    return {start: _profile(family) for start, family in families.items()}


def identities_of(session: Session, person_id: int) -> Sequence[Identity]:
    """The names that the person has on channels, those of the joined people included."""
    return sharing.own_identities(session, members_of(session, person_id))


def living_conversation(session: Session, person_id: int, desk: str) -> int | None:
    """The conversation that the person has at the desk, on whatever channel; None if all are
    resolved. Those held in a place of their own (a thread, a group) aren't shared."""
    living = sharing.living(session, members_of(session, person_id), desk)
    return living[0].id if living else None


def record_profile(
    session: Session,
    identity: Identity,
    *,
    name: str | None = None,
    email: str | None = None,
    trusted: bool | None = None,
) -> None:
    """Keep what a channel says of somebody: the name if none is known, the `email`, which it must
    have verified, and the trust. Who has the verified address of somebody known is that person."""
    person = session.get_one(Person, identity.person_id)
    person.name = person.name or (name and name[:200])
    if trusted is not None:
        identity.trusted = trusted
    # An address that was seen before joins nobody again: an admin's split stays.
    is_new = email is not None and (email.lower(), True) != (person.email, person.email_verified)
    if email and is_new:
        person.email, person.email_verified = email.lower(), True
    session.flush()
    if email and is_new:
        _join_namesake(session, person.id, email.lower())


def join(session: Session, one: int, other: int, because: str) -> bool:
    """Make the two people one; False if they are already. Agents are told in a private line, and
    from now on the two share their living conversation at each desk."""
    families = members_of(session, one), members_of(session, other)
    older, younger = sorted(families)
    if older[0] == younger[0]:  # the rest may differ: somebody may join them between the two looks
        return False
    joined = session.execute(JOIN, {"younger": younger[0], "older": older[0]})
    if joined.rowcount == 0:  # type: ignore[attr-defined]
        return join(session, one, other, because)  # somebody joined it elsewhere meanwhile
    sharing.share(session, older, younger, because)
    return True


def were_split(session: Session, one: int, other: int) -> bool:
    """Whether an admin has split the two people: then only they themselves can join them again."""
    families = (_families(session, [each]) for each in (one, other))
    (one_id, one_from), (other_id, other_from) = (
        ({row.id for row in family}, {row.split_from for row in family}) for family in families
    )
    return bool(one_from & other_id or other_from & one_id)


def split(session: Session, person_id: int, by: str) -> None:
    """Undo the join that made the person, with those joined to them before, part of another.

    `by` is the admin's name, which agents are told. Raises NotJoined.
    """
    family = members_of(session, person_id)
    if family[0] == person_id:
        others = ", ".join(str(member) for member in family[1:])
        hint = f"others were joined to it: split {others}" if others else "nobody was joined to it"
        raise NotJoined(f"person {person_id} isn't joined to anyone; {hint}")
    session.execute(SPLIT, {"person": person_id, "root": family[0]})
    apart = members_of(session, person_id)
    left = [member for member in family if member not in apart]
    sharing.part(session, left, apart, by)


def _families(session: Session, person_ids: Iterable[int]) -> Sequence[Row[Any]]:
    return session.execute(FAMILY, {"people": list(person_ids)}).all()


def _profile(family: Sequence[Row[Any]]) -> Profile:
    named = next((row.name for row in family if row.name), None)
    known = sorted((row for row in family if row.email), key=lambda row: not row.email_verified)
    email, verified = (known[0].email, known[0].email_verified) if known else (None, False)
    return Profile(family[0].id, named, email, verified)


def _join_namesake(session: Session, person_id: int, email: str) -> None:
    """Join the person to the one with the same verified address."""
    _take_turns(session, email)
    same = session.scalars(
        select(Person.id)
        .where(Person.email == email, Person.email_verified, Person.id != person_id)
        .order_by(Person.id)
    )
    for other in same:
        if not were_split(session, person_id, other):
            join(session, other, person_id, "both have the same verified e-mail address")
            return


def _take_turns(session: Session, email: str) -> None:
    """Two who bring the same new address at one moment must see each other; SQLite's writers do."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(email))))
