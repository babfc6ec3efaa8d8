"""The transcript: every line in order with the bot's reasons, exported whole or read in pages."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.conversation import Author, Conversation
from bot.db import Database
from handoff.transcript import write_line
from tests.fakes.people import Customer, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]
MARKUP = '<script>alert("x")</script> & <b>bold</b> <img src=x onerror=alert(1)>'


@pytest.fixture
def told(client: TestClient, alice: Headers, bob: Headers) -> int:
    """A conversation from a customer's first word to its end; its number."""
    carol = Customer(client, "Carol")
    carol.says("hello")
    carol.says("How long is the warranty on a Lark Plug?")
    number = carol.is_handed_over()
    url = f"/api/v1/conversations/{number}"
    client.post(f"{url}/messages", headers=bob, json={"text": "A regular", "private": True})
    client.post(f"{url}/claim", headers=alice)
    client.post(f"{url}/messages", headers=alice, json={"text": "Two years, Carol."})
    carol.says(MARKUP)
    client.post(f"{url}/resolve", headers=alice)
    return number


@on_both_databases
def test_every_line_is_there_in_order_with_its_author_and_time(
    client: TestClient, alice: Headers, told: int
) -> None:
    lines = transcript(client, alice, told)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    times = [line["at"] for line in lines]
    assert times == sorted(times)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", time) for time in times)
    said = [(line["author"], line["name"]) for line in lines]
    assert said[0] == ("customer", None)
    assert ("agent", "Bob") in said
    assert ("agent", "Alice") in said
    assert [line["kind"] for line in lines if line["private"]] == [
        "escalated",
        None,
        "claim",
        "resolve",
    ]
    assert lines[-1]["kind"] == "closed"
    assert MARKUP in [line["text"] for line in lines]


def test_each_line_of_the_bot_carries_its_reason_confidence_hits_and_frustration(
    client: TestClient, alice: Headers, told: int
) -> None:
    spoken = [line for line in transcript(client, alice, told) if line["author"] == "bot"]
    assert spoken
    for line in spoken:
        evidence = line["evidence"]
        assert evidence["reason"]
        assert 0 <= evidence["confidence"] <= 1
        assert evidence["intent"]["name"]
        assert {"turn", "conversation", "evidence"} <= evidence["frustration"].keys()
    about_warranty = spoken[1]["evidence"]["hits"]
    assert {"article_id", "title", "heading", "score"} <= about_warranty[0].keys()
    assert "warranty" in [hit["article_id"] for hit in about_warranty]


def test_the_text_export_has_every_line_and_the_reasons(
    client: TestClient, alice: Headers, told: int
) -> None:
    response = client.get(f"/api/v1/conversations/{told}/transcript", headers=alice)
    assert response.headers["content-type"].startswith("text/plain")
    position = -1
    for line in transcript(client, alice, told):
        found = response.text.find(line["text"].splitlines()[0], position + 1)
        assert found > position
        position = found
        if line["author"] == "bot":
            assert line["evidence"]["reason"] in response.text
    assert "Bob (private): A regular" in response.text


def test_the_html_export_shows_markup_as_text(
    client: TestClient, alice: Headers, told: int
) -> None:
    url = f"/api/v1/conversations/{told}/transcript?format=html"
    response = client.get(url, headers=alice)
    assert response.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in response.text
    assert "<img src=x" not in response.text
    assert "&lt;script&gt;" in response.text
    assert "Two years, Carol." in response.text
    assert "confidence" in response.text
    assert response.text.count("<li ") == len(transcript(client, alice, told))


def test_the_json_export_names_person_ticket_and_state(
    client: TestClient, alice: Headers, told: int
) -> None:
    url = f"/api/v1/conversations/{told}/transcript?format=json"
    exported = json.loads(client.get(url, headers=alice).text)
    assert exported["state"] == "resolved"
    assert exported["ticket"]["number"].startswith("FL-")
    assert exported["ticket"]["closed_at"]


def test_transcripts_are_for_agents_only(client: TestClient, told: int) -> None:
    visitor = {"Authorization": f"Bearer {'f' * 32}"}
    for format in ("text", "json", "html"):
        url = f"/api/v1/conversations/{told}/transcript?format={format}"
        assert is_problem(client.get(url), 401)
        assert is_problem(client.get(url, headers=visitor), 401)


def test_an_unknown_format_is_refused(client: TestClient, alice: Headers, told: int) -> None:
    url = f"/api/v1/conversations/{told}/transcript?format=docx"
    assert is_problem(client.get(url, headers=alice), 422)


@pytest.fixture
def long(client: TestClient, alice: Headers) -> int:
    """A conversation of 1,050 lines; its number."""
    Customer(client, "Carol").is_handed_over()
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.write() as session:
        conversation = session.get_one(Conversation, 1)
        last = conversation.last_seq
        for number in range(last + 1, 1051):
            write_line(session, conversation, Author.CUSTOMER, f"line {number}")
    return 1


@on_both_databases
def test_pages_in_both_directions_hold_every_line_once(
    client: TestClient, alice: Headers, long: int
) -> None:
    everything = [line["seq"] for line in transcript(client, alice, long)]
    assert everything == list(range(1, 1051))

    def page(query: str) -> list[int]:
        url = f"/api/v1/conversations/{long}?{query}"
        messages: list[dict[str, Any]] = client.get(url, headers=alice).json()["messages"]
        return [line["seq"] for line in messages]

    for limit in (99, 350, 500):
        forward = page(f"limit={limit}&after=0")
        while found := page(f"limit={limit}&after={forward[-1]}"):
            forward += found
        assert forward == everything
        backward = page(f"limit={limit}")
        while found := page(f"limit={limit}&before={backward[0]}"):
            backward = found + backward
        assert backward == everything


def test_a_page_between_two_lines_holds_what_is_between(
    client: TestClient, alice: Headers, long: int
) -> None:
    url = f"/api/v1/conversations/{long}?after=500&before=504"
    messages = client.get(url, headers=alice).json()["messages"]
    assert [line["seq"] for line in messages] == [501, 502, 503]


def test_a_conversation_opens_with_its_newest_lines(
    client: TestClient, alice: Headers, long: int
) -> None:
    messages = client.get(f"/api/v1/conversations/{long}", headers=alice).json()["messages"]
    assert [line["seq"] for line in messages] == list(range(951, 1051))
