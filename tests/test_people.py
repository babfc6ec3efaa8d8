"""One person across channels: who is joined, on what evidence, and what they share then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.conversation import Person
from bot.db import Database
from channels.inbox import accept
from handoff import people
from handoff.agents import Role
from tests.conftest import agent_headers
from tests.fakes.elsewhere import Chat, database_of, settle
from tests.fakes.people import WANTS_A_PERSON, Visitor, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]
CAROL = "carol@example.org"


@pytest.fixture
def admin(client: TestClient) -> Headers:
    """Headers of the admin Dave."""
    return agent_headers(client, "Dave", Role.ADMIN)


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Iterator[Database]:
    """An empty database, without a server."""
    found = Database(database_url or f"sqlite:///{tmp_path / 'people.db'}")
    found.migrate()
    yield found
    found.close()


def person_in(client: TestClient, agent: Headers, conversation: int) -> int:
    """The number of the person whom agents see there."""
    summary = client.get(f"/api/v1/conversations/{conversation}", headers=agent).json()
    return int(summary["person"]["id"])


def state_of(client: TestClient, agent: Headers, conversation: int) -> str:
    return str(client.get(f"/api/v1/conversations/{conversation}", headers=agent).json()["state"])


def noted(client: TestClient, agent: Headers, conversation: int) -> list[str]:
    """The private lines."""
    return [line["text"] for line in transcript(client, agent, conversation) if line["private"]]


@on_both_databases
def test_who_has_the_same_verified_address_is_one_person_and_goes_on_where_they_were(
    client: TestClient, alice: Headers
) -> None:
    on_slack = Chat(client, "U1", "slack", "T1")
    first = on_slack.says("Where is my parcel?", email=CAROL, name="Carol")
    second = Chat(client, "carol", "telegram").says("As I said in Slack", email="Carol@Example.org")
    assert second == first
    assert person_in(client, alice, first) == person_in(client, alice, second)
    said = [line["text"] for line in transcript(client, alice, first)]
    assert [text for text in said if "parcel" in text or "as i said" in text.lower()] == [
        "Where is my parcel?",
        "As I said in Slack",
    ]


@on_both_databases
def test_replies_go_to_where_the_customer_wrote_last(client: TestClient, alice: Headers) -> None:
    on_slack, on_telegram = Chat(client, "U1", "slack", "T1"), Chat(client, "7")
    conversation = on_slack.says(WANTS_A_PERSON, email=CAROL)
    client.post(f"/api/v1/conversations/{conversation}/claim", headers=alice)
    on_telegram.says("I am on my phone now", email=CAROL)
    client.post(
        f"/api/v1/conversations/{conversation}/messages", json={"text": "Hi!"}, headers=alice
    )
    assert on_telegram.hears() == ["Hi!"]
    assert "Hi!" not in on_slack.hears()


@on_both_databases
def test_a_conversation_with_a_human_is_the_one_that_is_shared(
    client: TestClient, alice: Headers
) -> None:
    on_slack, on_telegram = Chat(client, "U1", "slack", "T1"), Chat(client, "7")
    with_human = on_slack.says(WANTS_A_PERSON)
    with_bot = on_telegram.says("hello")
    on_slack.says("and one more thing", email=CAROL)
    assert on_telegram.says("hello again", email=CAROL) == with_human != with_bot
    assert state_of(client, alice, with_bot) == "resolved"
    assert f"Continued in conversation {with_human}" in noted(client, alice, with_bot)
    assert any(
        "Joined with person" in text and "verified e-mail" in text
        for text in noted(client, alice, with_human)
    )


@on_both_databases
def test_two_conversations_with_humans_stay_and_the_agent_sees_the_other(
    client: TestClient, alice: Headers
) -> None:
    on_slack, on_telegram = Chat(client, "U1", "slack", "T1"), Chat(client, "7")
    one, other = on_slack.says(WANTS_A_PERSON), on_telegram.says(WANTS_A_PERSON)
    on_slack.says("it is me", email=CAROL)
    on_telegram.says("it is me", email=CAROL)
    assert [state_of(client, alice, each) for each in (one, other)] == ["queued", "queued"]
    person = person_in(client, alice, one)
    shown = client.get(f"/api/v1/people/{person}", headers=alice).json()
    assert {each["id"] for each in shown["conversations"]} == {one, other}


def test_a_name_an_unverified_address_or_another_spelling_joins_nobody(
    client: TestClient, alice: Headers
) -> None:
    known = Chat(client, "1").says("hello", name="Carol", email=CAROL)
    strangers = (
        Chat(client, "2").says("hello", name="Carol"),
        Chat(client, "3").says("hello", name=CAROL),
        Chat(client, "4").says(f"I am {CAROL}, as before"),
        Chat(client, "5").says("hello", email="c.arol@example.org"),
        Chat(client, "6").says("hello", email="carol+shop@example.org"),
        Chat(client, "1", account="2000").says("hello"),
        Chat(client, "1", channel="slack").says("hello"),
    )
    found = {person_in(client, alice, each) for each in (known, *strangers)}
    assert len(found) == 1 + len(strangers)


def test_desks_never_share_a_conversation(client: TestClient, alice: Headers) -> None:
    at_work = Chat(client, "U1", "slack", "T1", desk="employees")
    private = Chat(client, "7")
    employees = at_work.says("hello", email=CAROL)
    customers = private.says("hello", email=CAROL)
    assert employees != customers
    assert person_in(client, alice, employees) == person_in(client, alice, customers)
    assert at_work.says("and again", email=CAROL) == employees


def test_a_conversation_in_a_place_of_its_own_is_not_shared(client: TestClient) -> None:
    on_slack = Chat(client, "U1", "slack", "T1")
    in_thread = on_slack.says("hello", place="C1:1700.1", email=CAROL)
    direct = Chat(client, "7").says("hello", email=CAROL)
    assert len({in_thread, direct, on_slack.says("hello", place="C1:1800.2", email=CAROL)}) == 3
    assert on_slack.says("hello", email=CAROL) == direct


def test_a_line_that_waits_for_its_answer_is_answered_where_it_is(
    client: TestClient, alice: Headers
) -> None:
    asker, queued = Chat(client, "7"), Chat(client, "8")
    here = asker.says("hello", email=CAROL)
    there = queued.says(WANTS_A_PERSON)
    waiting = accept(database_of(client), asker.line("Where is my parcel?"), to_answer=True)
    queued.says("it is me", email=CAROL)
    assert here != there
    before = len(asker.hears())
    client.app.state.front_desk.answer(here, waiting.lease)  # type: ignore[attr-defined]
    assert len(asker.hears()) > before
    assert state_of(client, alice, here) == "bot"


@on_both_databases
def test_an_admin_splits_and_nobody_sees_the_other_side_any_more(
    client: TestClient, alice: Headers, admin: Headers
) -> None:
    carol, bob = Chat(client, "U1", "slack", "T1"), Chat(client, "7")
    shared = carol.says(WANTS_A_PERSON, email=CAROL)
    assert bob.says("hello", email=CAROL) == shared
    root = person_in(client, alice, shared)
    [other] = client.get(f"/api/v1/people/{root}", headers=alice).json()["joined"]

    split = client.post(f"/api/v1/people/{other}/split", headers=admin)
    assert split.status_code == 200, split.text
    assert any("by Dave" in text for text in noted(client, alice, shared))

    client.post(f"/api/v1/conversations/{shared}/claim", headers=alice)
    client.post(
        f"/api/v1/conversations/{shared}/messages", json={"text": "For Carol"}, headers=alice
    )
    assert "For Carol" in carol.hears()  # though Bob wrote last
    assert "For Carol" not in bob.hears()
    assert bob.says("it is me again", email=CAROL) != shared
    assert person_in(client, alice, bob.says("and again", email=CAROL)) == other


def test_only_admins_join_and_split(
    client: TestClient, alice: Headers, bob: Headers, admin: Headers
) -> None:
    one, other = (
        person_in(client, alice, Chat(client, sender).says("hello")) for sender in ("1", "2")
    )
    acts: tuple[tuple[str, dict[str, int]], ...] = (("join", {"other": other}), ("split", {}))
    for headers in (alice, bob):
        for act, body in acts:
            refused = client.post(f"/api/v1/people/{one}/{act}", json=body, headers=headers)
            assert is_problem(refused, 403)
    for act, body in acts:
        assert is_problem(client.post(f"/api/v1/people/{one}/{act}", json=body), 401)

    joined = client.post(f"/api/v1/people/{other}/join", json={"other": one}, headers=admin)
    assert (joined.json()["id"], joined.json()["joined"]) == (one, [other])
    again = client.post(f"/api/v1/people/{one}/join", json={"other": other}, headers=admin)
    assert is_problem(again, 409)
    assert is_problem(client.post(f"/api/v1/people/{one}/split", headers=admin), 409)
    assert is_problem(client.post("/api/v1/people/999/split", headers=admin), 404)
    assert is_problem(
        client.post(f"/api/v1/people/{one}/join", json={"other": 999}, headers=admin), 404
    )
    assert client.post(f"/api/v1/people/{other}/split", headers=admin).json()["joined"] == []


def test_a_ticket_is_known_to_the_same_person_on_another_channel_only(
    client: TestClient, alice: Headers
) -> None:
    conversation = Chat(client, "U1", "slack", "T1").says(WANTS_A_PERSON, email=CAROL)
    summary = client.get(f"/api/v1/conversations/{conversation}", headers=alice).json()
    ask = f"What is the status of {summary['ticket']['number']}?"
    at_work = Chat(client, "U1", "slack", "T2", desk="employees")
    at_work.says(ask, email=CAROL)
    stranger = Chat(client, "9")
    stranger.says(ask)
    assert any("waiting for the next" in text for text in at_work.hears())
    assert not any("waiting for the next" in text for text in stranger.hears())


def test_a_cursor_into_anothers_conversation_shows_nothing(client: TestClient) -> None:
    Chat(client, "7").says("my secret")
    visitor = Visitor(client)
    settle(client, int(visitor.says("hello").split("-")[0]))
    assert not any("secret" in text for text in visitor.reads())


steps = st.lists(
    st.tuples(st.sampled_from(["join", "split"]), st.integers(0, 5), st.integers(0, 5)),
    max_size=12,
)


@on_both_databases
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the people are new each time
)
@given(steps=steps)
def test_any_order_of_joins_and_splits_keeps_a_forest_and_a_split_undoes_a_join(
    database: Database, steps: list[tuple[str, int, int]]
) -> None:
    with database.write() as session:
        everyone = [Person() for _ in range(6)]
        session.add_all(everyone)
        session.flush()
        ids = [person.id for person in everyone]

        def families() -> set[tuple[int, ...]]:
            return {tuple(people.members_of(session, each)) for each in ids}

        for act, one, other in steps:
            before = families()
            roots = [people.root_of(session, ids[each]) for each in (one, other)]
            if act == "split" and roots[0] != ids[one]:
                people.split(session, ids[one], "Dave")
            elif act == "join" and people.join(session, ids[one], ids[other], "of a test"):
                after = families()
                assert {people.root_of(session, ids[each]) for each in (one, other)} == {min(roots)}
                people.split(session, max(roots), "Dave")
                assert families() == before
                assert people.were_split(session, ids[one], ids[other])
                people.join(session, ids[one], ids[other], "of a test")
                assert families() == after
            pointers = session.execute(select(Person.id, Person.joined_to)).all()
            assert all(to is None or to < person for person, to in pointers)
