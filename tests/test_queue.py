"""The queue: its order, one winner for each claim, and what agents may do to whose conversation."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversation import Conversation, Message, Person, State
from bot.db import Base, Database, now
from handoff import queue
from handoff.agents import Agent, Role
from handoff.queue import Refused, Taken
from handoff.ticket import Reason, Ticket
from tests.conftest import agent_headers
from tests.fakes.people import Customer, Visitor, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]


@on_both_databases
def test_of_two_agents_who_claim_at_once_one_wins_and_the_other_sees_who(
    client: TestClient, alice: Headers, bob: Headers
) -> None:
    for number in range(4):
        conversation = Customer(client, f"Carol {number}").is_handed_over()
        together = threading.Barrier(2)

        def claim(agent: Headers, url: str, together: threading.Barrier = together) -> Any:
            together.wait()
            return client.post(url, headers=agent)

        url = f"/api/v1/conversations/{conversation}/claim"
        with ThreadPoolExecutor(2) as threads:
            claims = list(threads.map(claim, (alice, bob), (url, url)))
        assert sorted(each.status_code for each in claims) == [200, 409]
        lost = next(each for each in claims if each.status_code == 409)
        won = next(each for each in claims if each.status_code == 200)
        assert is_problem(lost, 409)
        assert lost.json()["owner"] == won.json()["owner"]["name"]


def test_claiming_twice_changes_nothing(client: TestClient, alice: Headers) -> None:
    conversation = Customer(client, "Carol").is_handed_over()
    claim = f"/api/v1/conversations/{conversation}/claim"
    first = client.post(claim, headers=alice)
    lines = transcript(client, alice, conversation)
    assert client.post(claim, headers=alice).json()["owner"] == first.json()["owner"]
    assert transcript(client, alice, conversation) == lines


@on_both_databases
def test_the_queue_is_ordered_by_priority_and_then_by_age(
    client: TestClient, alice: Headers
) -> None:
    calm = [Customer(client, name).is_handed_over() for name in ("Carol", "Dave")]
    danger = Customer(client, "Erin").says("/safety_emergency")[-1]["custom"]["conversation_id"]
    later = Customer(client, "Frank").is_handed_over()
    listed = client.get("/api/v1/conversations?state=queued", headers=alice).json()
    order = [each["id"] for each in listed["conversations"]]
    assert order == [int(danger), *calm, later]


def test_a_released_conversation_waits_at_its_old_place(client: TestClient, alice: Headers) -> None:
    first = Customer(client, "Carol").is_handed_over()
    second = Customer(client, "Dave").is_handed_over()
    claim = f"/api/v1/conversations/{first}/claim"
    client.post(claim, headers=alice)
    released = client.delete(claim, headers=alice).json()
    assert (released["state"], released["owner"]) == ("queued", None)
    listed = client.get("/api/v1/conversations?state=queued", headers=alice).json()
    assert [each["id"] for each in listed["conversations"]] == [first, second]


def test_only_the_owner_may_reply_release_resolve_and_hand_back(
    client: TestClient, alice: Headers
) -> None:
    mallory = agent_headers(client, "Mallory", Role.AGENT)
    conversation = f"/api/v1/conversations/{Customer(client, 'Carol').is_handed_over()}"

    def refusals() -> list[Any]:
        return [
            client.post(f"{conversation}/messages", headers=mallory, json={"text": "Hello"}),
            client.delete(f"{conversation}/claim", headers=mallory),
            client.put(
                f"{conversation}/claim", headers=mallory, json={"email": "alice@larkhome.example"}
            ),
            client.post(f"{conversation}/resolve", headers=mallory),
            client.post(f"{conversation}/handback", headers=mallory),
        ]

    for refused in refusals():
        assert is_problem(refused, 409)
        assert "claim the conversation first" in refused.json()["detail"]
    client.post(f"{conversation}/claim", headers=alice)
    for refused in refusals():
        assert is_problem(refused, 409)
        assert refused.json()["owner"] == "Alice"
    assert client.get(conversation, headers=alice).json()["state"] == "open"


def test_a_supervisor_may_reassign_what_somebody_else_has(
    client: TestClient, alice: Headers, bob: Headers
) -> None:
    conversation = Customer(client, "Carol").is_handed_over()
    claim = f"/api/v1/conversations/{conversation}/claim"
    client.post(claim, headers=alice)
    given = client.put(claim, headers=bob, json={"email": "BOB@larkhome.example"}).json()
    assert given["owner"]["name"] == "Bob"
    assert is_problem(client.put(claim, headers=bob, json={"email": "no@where.example"}), 404)


def test_a_conversation_that_the_bot_has_may_be_claimed_and_the_customer_is_told(
    client: TestClient, alice: Headers
) -> None:
    carol = Visitor(client)
    conversation = carol.says("hello").split("-")[0]
    claimed = client.post(f"/api/v1/conversations/{conversation}/claim", headers=alice).json()
    assert claimed["ticket"]["reason"] == "taken_over"
    seen = carol.sees()
    assert seen["conversation"]["agent"] == {"name": "Alice"}
    assert "Alice joined" in carol.reads()


def test_resolving_closes_the_ticket_and_the_next_message_begins_anew(
    client: TestClient, alice: Headers
) -> None:
    carol = Customer(client, "Carol")
    conversation = carol.is_handed_over()
    url = f"/api/v1/conversations/{conversation}"
    client.post(f"{url}/claim", headers=alice)
    resolved = client.post(f"{url}/resolve", headers=alice).json()
    assert resolved["state"] == "resolved"
    assert resolved["ticket"]["closed_at"]
    for act in ("claim", "resolve", "handback"):
        assert is_problem(client.post(f"{url}/{act}", headers=alice), 409)
    (greeting,) = carol.says("hello")
    assert int(greeting["custom"]["conversation_id"]) != conversation


def test_a_second_escalation_gets_a_ticket_of_its_own(client: TestClient, alice: Headers) -> None:
    carol = Customer(client, "Carol")
    (first,) = carol.says("/talk_to_human")
    url = f"/api/v1/conversations/{first['custom']['conversation_id']}"
    client.post(f"{url}/claim", headers=alice)
    client.post(f"{url}/handback", headers=alice)
    (second,) = carol.says("/talk_to_human")
    assert first["custom"]["conversation_id"] == second["custom"]["conversation_id"]
    assert first["custom"]["ticket"] != second["custom"]["ticket"]


@on_both_databases
def test_a_message_that_comes_while_the_conversation_is_being_resolved_is_not_swallowed(
    client: TestClient, alice: Headers
) -> None:
    """It either reaches the person before, or begins a new conversation."""
    carol = Customer(client, "Carol")
    conversation = carol.is_handed_over()
    client.post(f"/api/v1/conversations/{conversation}/claim", headers=alice)
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with ThreadPoolExecutor(1) as threads:
        with database.write() as session:
            it = session.get_one(Conversation, conversation)
            queue.resolve(session, it, session.get_one(Agent, it.owner_id))
            session.flush()
            greeted = threads.submit(carol.says, "hello")
            threading.Event().wait(0.2)  # the message is on its way before the commit
        (greeting,) = greeted.result()
    assert int(greeting["custom"]["conversation_id"]) != conversation


class Desk(RuleBasedStateMachine):
    """Three agents do anything to five conversations in any order."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as session:
            person = Person(name="Carol")
            session.add(person)
            session.flush()
            rooms = [
                Conversation(
                    desk="customers", channel="rest", account="customers", person_id=person.id
                )
                for _ in range(5)
            ]
            session.add_all(rooms)
            session.flush()
            self.rooms = [room.id for room in rooms]
            self.agents = list(session.scalars(select(Agent).order_by(Agent.id)))
        self.losses: list[tuple[str | None, str]] = []

    def act(self, room: int, does: Any, agent: int, *more: Any) -> None:
        with suppress(Refused), self.database.write() as session:
            it = session.get_one(Conversation, self.rooms[room])
            owner = next((each.name for each in self.agents if each.id == it.owner_id), None)
            try:
                does(session, it, self.agents[agent], *more)
            except Taken as lost:
                self.losses.append((owner, lost.owner))
                raise

    room = st.integers(0, 4)
    agent = st.integers(0, 2)

    @initialize()
    def some_wait(self) -> None:
        self.escalate(0, Reason.LOW_CONFIDENCE)
        self.escalate(1, Reason.ASKED_FOR_PERSON)

    @rule(room=room, reason=st.sampled_from(Reason))
    def escalate(self, room: int, reason: Reason) -> None:
        with self.database.write() as session:
            it = session.get_one(Conversation, self.rooms[room])
            if it.state == State.BOT:
                queue.escalate(session, it, reason, {})

    @rule(room=room, agent=agent)
    def claim(self, room: int, agent: int) -> None:
        self.act(room, queue.claim, agent)

    @rule(room=room, agent=agent)
    def release(self, room: int, agent: int) -> None:
        self.act(room, queue.release, agent)

    @rule(room=room, agent=agent, to=agent)
    def reassign(self, room: int, agent: int, to: int) -> None:
        self.act(room, queue.reassign, agent, self.agents[to])

    @rule(room=room, agent=agent)
    def resolve(self, room: int, agent: int) -> None:
        self.act(room, queue.resolve, agent)

    @rule(room=room, agent=agent)
    def hand_back(self, room: int, agent: int) -> None:
        self.act(room, queue.hand_back, agent)

    @invariant()
    def an_owner_means_open_and_a_person_means_one_open_ticket(self) -> None:
        with self.database.read() as session:
            for room in session.scalars(
                select(Conversation).where(Conversation.id.in_(self.rooms))
            ):
                assert (room.owner_id is not None) == (room.state == State.OPEN)
                with_person = room.state in (State.OPEN, State.QUEUED)
                assert open_tickets(session, room.id) == (1 if with_person else 0)
                assert (room.queued_at is not None) == with_person
                numbers = session.scalars(
                    select(Message.seq).where(Message.conversation_id == room.id)
                ).all()
                assert sorted(numbers) == list(range(1, room.last_seq + 1))

    @invariant()
    def who_loses_is_told_who_has_it(self) -> None:
        assert all(owner == told for owner, told in self.losses)

    @invariant()
    def the_queue_is_in_order_and_places_count_from_one(self) -> None:
        with self.database.read() as session:
            waiting = [each for each in queue.queued(session, 10_000) if each.id in self.rooms]
            assert waiting == sorted(waiting, key=lambda it: (it.priority, it.queued_at, it.id))
            places = [queue.position(session, each) for each in waiting]
            assert places == sorted(places)


def open_tickets(session: Session, conversation: int) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Ticket)
            .where(Ticket.conversation_id == conversation, Ticket.closed_at.is_(None))
        )
        or 0
    )


@pytest.mark.timeout(60)
def test_whatever_agents_do_a_conversation_has_one_owner_one_ticket_and_one_place(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        for name, role in (("Alice", "agent"), ("Bob", "supervisor"), ("Cleo", "agent")):
            session.add(Agent(name=name, email=f"{name}@x.example", role=role, password=""))
    Desk.database = database
    limits = settings(max_examples=12, stateful_step_count=20, deadline=None, database=None)
    run_state_machine_as_test(Desk, settings=limits)
    database.close()


def test_a_wait_does_not_age_a_conversation_past_a_graver_one(
    client: TestClient, alice: Headers
) -> None:
    """Priority comes before age, however old."""
    old = Customer(client, "Carol").is_handed_over()
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.write() as session:
        session.get_one(Conversation, old).queued_at = now() - timedelta(days=30)
    danger = Customer(client, "Dave").says("/safety_emergency")[-1]["custom"]["conversation_id"]
    listed = client.get("/api/v1/conversations?state=queued", headers=alice).json()
    assert [each["id"] for each in listed["conversations"]] == [int(danger), old]
