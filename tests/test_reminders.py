"""Reminders of a project's actions: kept, replaced, cancelled, and come when it is time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rasa_sdk.events import ReminderCancelled, ReminderScheduled
from sqlalchemy import select

from bot.db import Database
from handoff import reminders
from handoff.reminders import Reminder
from tests.fakes.people import Customer

SOON = timedelta(hours=1)


def database(client: TestClient) -> Database:
    app: Any = client.app
    found: Database = app.state.database
    return found


def remind(client: TestClient, conversation: int, *events: dict[str, Any]) -> None:
    """As an action does that returns these events."""
    with database(client).write() as session:
        reminders.note(session, conversation, events)


def kept(client: TestClient) -> list[str]:
    with database(client).read() as session:
        return list(session.scalars(select(Reminder.name).order_by(Reminder.name)))


def in_an_hour(name: str, intent: str = "greet", **more: Any) -> dict[str, Any]:
    event: dict[str, Any] = ReminderScheduled(intent, datetime.now(UTC) + SOON, name=name, **more)
    return event


@pytest.fixture
def bob(client: TestClient) -> Customer:
    return Customer(client, "Bob")


@pytest.fixture
def number(bob: Customer) -> int:
    """Bob's conversation."""
    (greeting,) = bob.says("hello")
    return int(greeting["custom"]["conversation_id"])


def lines_of(client: TestClient, number: int, alice: dict[str, str]) -> list[dict[str, Any]]:
    found = client.get(f"/api/v1/conversations/{number}", headers=alice).json()
    lines: list[dict[str, Any]] = found["messages"]
    return lines


def test_when_it_is_time_the_bot_speaks_by_itself(
    client: TestClient, number: int, alice: dict[str, str]
) -> None:
    before = len(lines_of(client, number, alice))
    remind(client, number, ReminderScheduled("goodbye", datetime.now(), name="bye"))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and len(lines_of(client, number, alice)) < before + 2:
        time.sleep(0.05)
    due, said = lines_of(client, number, alice)[before:]
    assert (due["author"], due["private"], due["kind"]) == ("system", True, "external")
    assert (said["author"], said["private"]) == ("bot", False)
    assert kept(client) == []


def test_a_reminder_is_for_a_customer_who_says_nothing(
    client: TestClient, bob: Customer, number: int
) -> None:
    remind(
        client,
        number,
        in_an_hour("silence"),
        in_an_hour("anyway", kill_on_user_message=False),
    )
    bob.says("thanks")
    assert kept(client) == ["anyway"]


def test_reminders_are_replaced_and_cancelled_by_what_they_are(
    client: TestClient, number: int
) -> None:
    remind(client, number, *map(in_an_hour, "abc"), in_an_hour("a", "thank"))
    assert kept(client) == ["a", "b", "c"]
    remind(client, number, ReminderCancelled(name="b"))
    assert kept(client) == ["a", "c"]
    remind(client, number, ReminderCancelled(intent_name="thank"))
    assert kept(client) == ["c"]
    remind(client, number, ReminderCancelled(entities={"order_number": "LH-204518"}))
    assert kept(client) == ["c"]
    remind(client, number, ReminderCancelled())
    assert kept(client) == []


def test_a_person_is_not_interrupted(
    client: TestClient, bob: Customer, number: int, alice: dict[str, str]
) -> None:
    bob.says("I want to talk to a person")
    before = len(lines_of(client, number, alice))
    with database(client).write() as session:
        reminders.note(session, number, [in_an_hour("late")])
        session.flush()
        session.get_one(Reminder, (number, "late")).due_at = datetime.now(UTC)
        session.flush()
        assert reminders.fall_due(session) == []
    assert len(lines_of(client, number, alice)) == before
    assert kept(client) == []


def test_one_without_a_time_is_left_out(client: TestClient, number: int) -> None:
    remind(client, number, {"event": "reminder", "intent": "greet"})
    assert kept(client) == []
