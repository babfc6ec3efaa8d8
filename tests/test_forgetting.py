"""Erasure: nothing that somebody told us is left anywhere; what stays are numbers and times."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from bot.conversation import State
from channels.inbox import File
from handoff.agents import Role
from handoff.forgetting import ASK, DONE, ERASED
from tests.conftest import agent_headers, run_firstline
from tests.fakes.elsewhere import Chat, database_of, settle
from tests.fakes.people import WANTS_A_PERSON, Visitor, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]
CAROL = "carol@example.org"
SECRETS = ("Carol", CAROL, "LH-204518", "Elm Street", "blue gate", "letter.txt")


@pytest.fixture
def admin(client: TestClient) -> Headers:
    """Headers of the admin Dave."""
    return agent_headers(client, "Dave", Role.ADMIN)


def told_much(client: TestClient, agent: Headers) -> tuple[Chat, Chat, int]:
    """Carol on two channels, with a ticket, a file, and an agent who has answered by name."""
    on_telegram, on_slack = Chat(client, "700100"), Chat(client, "U700100", "slack", "T1")
    on_telegram.says("Where is LH-204518? I live in Elm Street", name="Carol", email=CAROL)
    letter = File("letter.txt", "text/plain", b"Behind the blue gate")
    on_telegram.says("Here is the letter", files=(letter,))
    conversation = on_slack.says(WANTS_A_PERSON, name="Carol", email=CAROL)
    url = f"/api/v1/conversations/{conversation}"
    client.post(f"{url}/claim", headers=agent)
    for private in (False, True):
        line = {"text": "Carol, Elm Street", "private": private}
        assert client.post(f"{url}/messages", json=line, headers=agent).status_code == 201
    return on_telegram, on_slack, conversation


def everything(client: TestClient) -> str:
    """All rows of all tables about customers, as text."""
    tables = ("people", "identities", "conversations", "messages", "tickets", "attachments")
    with database_of(client).read() as session:
        return "\n".join(
            str(tuple(bytes(value) if isinstance(value, memoryview) else value for value in row))
            for table in tables
            for row in session.execute(text(f"select * from {table}"))
        )


def person_in(client: TestClient, agent: Headers, conversation: int) -> int:
    summary = client.get(f"/api/v1/conversations/{conversation}", headers=agent).json()
    return int(summary["person"]["id"])


@on_both_databases
def test_the_customer_is_asked_once_and_then_nothing_is_left(
    client: TestClient, alice: Headers
) -> None:
    on_telegram, on_slack, conversation = told_much(client, alice)
    assert all(secret in everything(client) for secret in SECRETS)
    ticket = client.get(f"/api/v1/conversations/{conversation}", headers=alice).json()["ticket"]

    on_telegram.says("/forget")
    assert on_telegram.hears()[-1] == ASK
    assert "Elm Street" in everything(client)
    on_telegram.says("/Forget  YES")
    assert on_telegram.hears()[-1] == DONE

    left = everything(client)
    assert [secret for secret in SECRETS if secret in left] == []
    assert "U700100" not in left
    lines = transcript(client, alice, conversation)
    assert {line["text"] for line in lines if line["author"] in ("customer", "agent", "bot")} == {
        ERASED
    }
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert any(line["private"] and line["kind"] == "erased" for line in lines)
    summary = client.get(f"/api/v1/conversations/{conversation}", headers=alice).json()
    assert (summary["state"], summary["owner"]) == (State.RESOLVED, None)
    assert summary["ticket"]["number"] == ticket["number"]
    assert summary["ticket"]["closed_at"]
    assert person_in(client, alice, on_slack.says("hello")) != summary["person"]["id"]


def test_a_visitor_of_the_web_sees_that_it_is_done(client: TestClient) -> None:
    carol = Visitor(client)
    settle(client, int(carol.says("I live in Elm Street").split("-")[0]))
    conversation = int(carol.says("/forget yes").split("-")[0])
    settle(client, conversation)
    assert carol.reads()[-1] == DONE
    assert set(carol.reads()[:-1]) == {ERASED}
    again = int(carol.says("hello").split("-")[0])
    assert again != conversation


def test_what_waited_to_be_sent_is_not_sent_and_what_waited_for_an_answer_gets_none(
    client: TestClient, alice: Headers
) -> None:
    on_telegram, *_ = told_much(client, alice)
    before = on_telegram.hears()
    on_telegram.says("/forget yes")
    assert before
    assert on_telegram.hears() == [DONE]
    with database_of(client).read() as session:
        waiting = session.execute(
            text("select text, status from messages where status in ('queued', 'received')")
        ).all()
    assert [row.text for row in waiting] == [DONE]


def test_others_are_left_alone(client: TestClient, alice: Headers) -> None:
    carol, bob = Chat(client, "7"), Chat(client, "8")
    bobs = bob.says("My parcel is late", name="Bob", email="bob@example.org")
    carol.says("hello")
    carol.says("/forget yes")
    assert "My parcel is late" in [line["text"] for line in transcript(client, alice, bobs)]
    assert "bob@example.org" in everything(client)


@on_both_databases
def test_an_admin_erases_over_the_api_and_nobody_else(
    client: TestClient, alice: Headers, bob: Headers, admin: Headers
) -> None:
    *_, conversation = told_much(client, alice)
    person = person_in(client, alice, conversation)
    for headers in (alice, bob):
        assert is_problem(client.delete(f"/api/v1/people/{person}", headers=headers), 403)
    gone = client.delete(f"/api/v1/people/{person}", headers=admin)
    assert gone.status_code == 200, gone.text
    assert (gone.json()["name"], gone.json()["email"], gone.json()["identities"]) == (
        None,
        None,
        [],
    )
    assert [secret for secret in SECRETS if secret in everything(client)] == []
    said = [line["text"] for line in transcript(client, alice, conversation) if line["private"]]
    assert "Erased, asked for by Dave" in said
    assert is_problem(client.delete("/api/v1/people/999", headers=admin), 404)


def test_an_operator_erases_by_the_command(client: TestClient, alice: Headers, data: Path) -> None:
    *_, conversation = told_much(client, alice)
    person = str(person_in(client, alice, conversation))
    unknown = run_firstline("person", "forget", "999", "--yes", "--data", str(data))
    assert (unknown.returncode, "no person 999" in unknown.stderr) == (2, True)
    unsure = run_firstline("person", "forget", person, "--data", str(data))
    assert unsure.returncode == 1
    assert "Elm Street" in everything(client)
    done = run_firstline("person", "forget", person, "--yes", "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert [secret for secret in SECRETS if secret in everything(client)] == []
