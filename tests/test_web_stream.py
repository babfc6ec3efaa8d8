"""The widget's side of the server: sending, fetching, and following live."""

import time
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from bot.hints import Hints
from channels.web import routes
from tests.fakes.people import Visitor, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]


def told(events: Any, count: int) -> list[dict[str, Any]]:
    """The next `count` lines of a stream."""
    lines: list[dict[str, Any]] = []
    while len(lines) < count:
        name, data = next(events)
        if name == "message":
            lines.append(data)
    return lines


def state_of(events: Any, wanted: str) -> dict[str, Any]:
    """The conversation as the stream shows it once it is in that state. How many lines and states
    come before depends on how fast the bot is."""
    while True:
        name, data = next(events)
        if name == "state" and data["state"] == wanted:
            return dict(data)


def answered(visitor: Visitor, lines: int) -> list[dict[str, Any]]:
    """What the visitor sees once there are that many lines."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        seen: list[dict[str, Any]] = visitor.sees()["messages"]
        if len(seen) >= lines:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"only {len(seen)} of {lines} lines came")


@on_both_databases
def test_a_line_and_its_answer_come_over_the_stream_once_and_in_order(
    live: httpx.Client,
) -> None:
    carol = Visitor(live)
    with carol.follows() as events:
        carol.says("hello", id="my-own-id")
        question, answer = told(events, 2)
        assert (question["author"], question["client_id"]) == ("customer", "my-own-id")
        assert (answer["author"], answer["kind"]) == ("bot", "smalltalk")
        carol.says("/thank")
        assert told(events, 1)[0]["author"] == "customer"
    assert [line["id"].split("-")[1] for line in answered(carol, 4)] == ["1", "2", "3", "4"]


@on_both_databases
def test_after_a_gap_the_stream_replays_from_the_cursor_without_loss_or_doubling(
    live: httpx.Client,
) -> None:
    carol = Visitor(live)
    first = carol.says("hello")
    answered(carol, 2)
    carol.says("/thank")
    everything = answered(carol, 4)
    for seen in range(5):
        cursor = f"{first.split('-')[0]}-{seen}"
        with carol.follows(cursor) as events:
            assert told(events, 4 - seen) == everything[seen:]
            name, state = next(events)
            assert (name, state["state"]) == ("state", "bot")


@on_both_databases
def test_another_visitors_cursor_shows_nothing_of_theirs(
    live: httpx.Client, client: TestClient, alice: Headers
) -> None:
    carol, mallory = Visitor(live), Visitor(live)
    theirs = carol.says("/talk_to_human").split("-")[0]
    answered(carol, 2)
    url = f"/api/v1/conversations/{theirs}"
    client.post(f"{url}/claim", headers=alice)
    with mallory.follows(f"{theirs}-0") as events:
        client.post(f"{url}/messages", headers=alice, json={"text": "Your card is on its way"})
        client.post(f"/console/conversations/{theirs}/typing", headers=alice, json={"on": True})
        own = mallory.says("hello")
        name, first = next(events)
        assert (name, first["id"], first["text"]) == ("message", own, "hello")
    assert mallory.sees()["messages"][0]["text"] == "hello"


def test_a_broken_cursor_means_from_the_beginning(live: httpx.Client) -> None:
    carol = Visitor(live)
    carol.says("hello")
    for cursor in ("", "x", "1-", "-1", "1--1", "²-1", "9" * 40 + "-1", "1-1-1"):
        with carol.follows(cursor) as events:
            assert told(events, 1)[0]["text"] == "hello"


def test_a_conversation_after_a_resolved_one_is_followed_at_once(
    live: httpx.Client, client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "LOOK_AGAIN", 60.0)
    carol = Visitor(live)
    with carol.follows() as events:
        conversation = carol.says("/talk_to_human").split("-")[0]
        told(events, 2)
        for act in ("claim", "resolve"):
            client.post(f"/api/v1/conversations/{conversation}/{act}", headers=alice)
        (closed,) = told(events, 1)
        assert closed["kind"] == "closed"
        began = carol.says("hello again")
        assert began.split("-")[0] != conversation
        assert [line["author"] for line in told(events, 2)] == ["customer", "bot"]


def test_a_lost_hint_costs_a_moment_and_never_a_line(
    live: httpx.Client, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr("bot.hints.Hints.publish", lambda hints, hint: None)
    carol = Visitor(live)
    with carol.follows() as events:
        carol.says("hello")
        assert [line["author"] for line in told(events, 2)] == ["customer", "bot"]


@on_both_databases
def test_the_stream_says_who_is_there_and_never_what_is_private(
    live: httpx.Client, client: TestClient, alice: Headers
) -> None:
    carol = Visitor(live)
    with carol.follows() as events:
        conversation = carol.says("/talk_to_human").split("-")[0]
        queued = state_of(events, "queued")
        assert queued["position"] == 1
        assert queued["ticket"].startswith("FL-")
        url = f"/api/v1/conversations/{conversation}"
        client.post(f"{url}/messages", headers=alice, json={"text": "secret note", "private": True})
        client.post(f"{url}/claim", headers=alice)
        assert state_of(events, "open")["agent"] == {"name": "Alice"}
        client.post(f"{url}/messages", headers=alice, json={"text": "Hello, Alice here"})
        (line,) = told(events, 1)
        assert (line["author"], line["name"]) == ("agent", "Alice")
    shown = str(carol.sees())
    assert "secret note" not in shown
    assert "evidence" not in shown
    assert "secret note" in str(transcript(client, alice, int(conversation)))


def test_typing_signs_pass_both_ways(
    live: httpx.Client, client: TestClient, alice: Headers
) -> None:
    carol = Visitor(live)
    conversation = int(carol.says("/talk_to_human").split("-")[0])
    answered(carol, 2)
    heard: list[dict[str, Any]] = []
    hints: Hints = client.app.state.hints  # type: ignore[attr-defined]
    end = hints.listen(heard.append)
    live.post("/web/typing", json={"desk": "customers", "on": True}, headers=carol.headers)
    end()
    assert heard == [
        {"kind": "typing", "conversation": conversation, "who": "customer", "on": True}
    ]
    with carol.follows(f"{conversation}-99") as events:
        assert next(events)[0] == "state"
        url = f"/console/conversations/{conversation}/typing"
        assert client.post(url, headers=alice, json={"on": True}).status_code == 200
        assert next(events) == ("typing", {"who": "agent", "name": "Alice", "on": True})


@on_both_databases
def test_a_repeated_id_is_stored_once_and_answered_with_the_same_number(
    client: TestClient,
) -> None:
    carol = Visitor(client)
    number = carol.says("/greet", id="client-1")
    assert carol.says("/greet", id="client-1") == number
    assert Visitor(client).says("/greet", id="client-1") != number
    assert [line["author"] for line in answered(carol, 2)] == ["customer", "bot"]


def test_a_visitor_needs_a_token_of_their_own(client: TestClient) -> None:
    body = {"id": "client-1", "text": "hello"}
    basic = {"Authorization": f"Basic {'x' * 40}"}
    for headers in ({}, {"Authorization": "Bearer short"}, basic):
        assert is_problem(client.post("/web/messages", json=body, headers=headers), 401)
        assert is_problem(client.get("/web/messages", headers=headers), 401)
        assert is_problem(client.get("/web/events", headers=headers), 401)
        assert is_problem(client.post("/web/typing", json={}, headers=headers), 401)


@on_both_databases
def test_what_the_widget_must_not_send_is_refused_with_words_to_show(client: TestClient) -> None:
    carol = Visitor(client)
    assert is_problem(carol.writes(""), 422)
    assert is_problem(carol.writes("x" * 4001), 413)
    assert "4,000" in carol.writes("x" * 4001).json()["detail"]
    assert is_problem(carol.writes("hello", id="short"), 422)
    assert is_problem(carol.writes("hello", id="x" * 65), 422)
    assert is_problem(carol.writes("hello", id="nul\x00nulnul"), 422)
    assert is_problem(carol.writes("hello", payload="x" * 1001), 422)
    assert is_problem(carol.writes("hello", desk="sales"), 404)
    assert is_problem(client.get("/web/config?desk=sales"), 404)
    assert is_problem(client.get("/web/messages?limit=0", headers=carol.headers), 422)
    assert carol.sees() == {"conversation": None, "messages": [], "cursor": None}


def test_the_configuration_says_what_the_widget_shows(client: TestClient) -> None:
    config = client.get("/web/config").json()
    assert config["desk"] == "customers"
    assert config["name"] == "Larkhome"
    assert config["hours"] == "Mon-Fri 08:00-20:00, Sat 09:00-17:00"
    assert config["suggestions"]
