"""People at the same moment, and in any order: nobody is lost, nobody sees a stranger's words."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, Person, State, Status
from bot.db import Database
from channels.inbox import Inbound, accept
from handoff import people
from handoff.transcript import write_line
from tests.fakes.elsewhere import Chat, settle
from tests.fakes.postgres import on_both_databases

CAROL = "carol@example.org"
ACCOUNTS = ("1000", "1000", "2000")  # of three people on one channel


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Iterator[Database]:
    """An empty database, without a server."""
    found = Database(database_url or f"sqlite:///{tmp_path / 'people.db'}")
    found.migrate()
    yield found
    found.close()


def line_of(number: int, run: str = "", email: str | None = None) -> Inbound:
    return Inbound(
        "telegram",
        "customers",
        f"{run} {number}",
        "hello",
        account=ACCOUNTS[number % len(ACCOUNTS)],
        address=f"to {run} {number}",
        email=email,
    )


@on_both_databases
def test_ten_who_bring_the_same_new_address_at_one_moment_are_one(database: Database) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda number: accept(database, line_of(number, email=CAROL)), range(10)))
    with database.read() as session:
        known = session.scalars(select(Person.id)).all()
        assert len(known) == 10
        assert len({people.root_of(session, each) for each in known}) == 1


@on_both_databases
def test_joins_of_all_with_all_at_one_moment_end_in_one_person(database: Database) -> None:
    with database.write() as session:
        everyone = [Person() for _ in range(8)]
        session.add_all(everyone)
        session.flush()
        ids = [person.id for person in everyone]

    def join(pair: tuple[int, int]) -> None:
        with database.write() as session:
            people.join(session, *pair, "of a test")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(join, [(one, other) for one in ids for other in reversed(ids)]))
    with database.read() as session:
        assert people.members_of(session, ids[-1]) == ids


@on_both_databases
def test_of_two_who_write_a_code_at_one_moment_one_is_joined(client: TestClient) -> None:
    carol, bob, eve = (Chat(client, sender) for sender in "789")
    carol.says("/link")
    code = carol.hears()[-1].split()[-1]
    inbox = client.app.state.inbox  # type: ignore[attr-defined]
    for accepted in [inbox.receive(chat.line(f"/link {code}")) for chat in (bob, eve)]:
        settle(client, accepted.conversation_id)
    assert sorted("Done" in chat.hears()[-1] for chat in (bob, eve)) == [False, True]


class World:
    """Three people on one channel: what they and agents do, and what must hold after each step."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._run = secrets.token_hex(4)  # the examples share a database

    def writes(self, number: int) -> None:
        """They are answered at once."""
        accepted = accept(self._database, line_of(number, self._run))
        with self._database.write() as session:
            here = Message.conversation_id == accepted.conversation_id
            session.execute(update(Message).where(here).values(status=Status.HANDLED))
            conversation = session.get_one(Conversation, accepted.conversation_id)
            write_line(session, conversation, Author.BOT, "Good day")

    def is_given(self, number: int, state: State) -> None:
        """An agent has claimed or resolved their conversation."""
        with self._database.write() as session:
            identity = self._identity(session, number)
            if identity and identity.conversation_id:
                session.get_one(Conversation, identity.conversation_id).state = state

    def is_joined(self, number: int, other: int) -> None:
        with self._database.write() as session:
            one, two = self._identity(session, number), self._identity(session, other)
            if one and two:
                people.join(session, one.person_id, two.person_id, "of a test")

    def is_split(self, number: int) -> None:
        with self._database.write() as session:
            identity = self._identity(session, number)
            if identity:
                with suppress(people.NotJoined):
                    people.split(session, identity.person_id, "Dave")

    def check(self) -> None:
        with self._database.read() as session:
            for identity in filter(
                None, (self._identity(session, each) for each in range(len(ACCOUNTS)))
            ):
                if identity.conversation_id is None:
                    continue
                conversation = session.get_one(Conversation, identity.conversation_id)
                family = people.members_of(session, identity.person_id)
                assert conversation.person_id in family, "they see a stranger's conversation"
            for conversation in self._conversations(session):
                theirs = people.identities_of(session, conversation.person_id)
                addresses = {f"to {each.external_id}" for each in theirs}
                assert conversation.address in addresses, "a stranger gets their replies"

    def _conversations(self, session: Session) -> Sequence[Conversation]:
        """All that were ever held: an agent may write into an old one, too."""
        here = Conversation.address.startswith(f"to {self._run} ")
        return session.scalars(select(Conversation).where(here)).all()

    def _identity(self, session: Session, number: int) -> Identity | None:
        line = line_of(number, self._run)
        return session.get(Identity, (line.channel, line.on_account, line.sender))


@on_both_databases
def test_a_split_takes_replies_back_from_who_has_moved_on_already(database: Database) -> None:
    world = World(database)
    steps = (
        partial(world.writes, 1),
        partial(world.writes, 2),
        partial(world.is_given, 2, State.RESOLVED),
        partial(world.is_joined, 2, 1),
        partial(world.writes, 2),  # in what 1 has opened
        partial(world.is_given, 1, State.RESOLVED),
        partial(world.writes, 2),  # in one of their own
        partial(world.is_split, 2),
    )
    for step in steps:
        step()
        world.check()


numbers = st.integers(0, len(ACCOUNTS) - 1)
steps = st.lists(
    st.one_of(
        st.builds(lambda who: lambda world: world.writes(who), numbers),
        st.builds(lambda who: lambda world: world.is_given(who, State.OPEN), numbers),
        st.builds(lambda who: lambda world: world.is_given(who, State.RESOLVED), numbers),
        st.builds(lambda who, other: lambda world: world.is_joined(who, other), numbers, numbers),
        st.builds(lambda who: lambda world: world.is_split(who), numbers),
    ),
    max_size=20,
)


@on_both_databases
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the people are new each time
)
@given(steps=steps)
def test_whatever_happens_nobody_sees_or_gets_what_is_a_strangers(
    database: Database, steps: list[Callable[[World], None]]
) -> None:
    world = World(database)
    for number in range(len(ACCOUNTS)):
        world.writes(number)
    for step in steps:
        step(world)
        world.check()
