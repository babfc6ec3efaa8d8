"""A Rasa assistant elsewhere hands a conversation to our people, once however often it asks."""

import asyncio
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor
from selectolax.lexbor import LexborHTMLParser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.actions.hand_over import ActionHandOver
from bot.actions.transcript import handoff_from
from bot.db import Database, open_database
from bot.turn import JSON
from channels.app import LARGEST_BODY
from channels.handoffs import routes
from handoff.agents import Agent, Role, issue_token
from handoff.auth import COOKIE
from tests.fakes.console import empty_console_app
from tests.fakes.loopback import Loopback
from tests.fakes.people import is_problem
from tests.fakes.postgres import on_both_databases

NOON = 1767268800.0  # seconds since 1970
SAID: list[JSON] = [
    {"author": "customer", "text": "Hello", "at": NOON},
    {"author": "bot", "text": "What can I do?", "at": NOON + 1.25, "buttons": []},
    {"author": "customer", "text": "person please", "at": NOON + 2.000001},
]
LATER: JSON = {"author": "customer", "text": "is anybody there?", "at": NOON + 60}


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url or f"sqlite:///{tmp_path / 'console.db'}")
    yield database
    database.close()


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = empty_console_app(database)
    app.include_router(routes.router)
    return app


@pytest.fixture
def token(database: Database) -> str:
    """Of the agent Alice, also for an action server."""
    with database.write() as session:
        agent = Agent(name="Alice", email="alice@firm.example", role=Role.AGENT, password="")
        session.add(agent)
        session.flush()
        return issue_token(session, agent)


@pytest.fixture
def alice(app: FastAPI, token: str) -> TestClient:
    return TestClient(app, cookies={COOKIE: token})


def body(*lines: JSON, key: str = "m3", sender: str = "carol", **more: Any) -> JSON:
    return {"sender": sender, "key": key, "lines": list(lines or SAID), **more}


def hand_over(agent: TestClient, *lines: JSON, **more: Any) -> tuple[str, int]:
    """The ticket and the conversation."""
    response = agent.post("/api/v1/handoffs", json=body(*lines, **more))
    assert response.status_code == 201, response.text
    return response.json()["ticket"], response.json()["conversation_id"]


def conversation(agent: TestClient, number: int) -> JSON:
    found: JSON = agent.get(f"/api/v1/conversations/{number}").json()
    return found


def said(agent: TestClient, number: int) -> list[str]:
    """What customer and bot have said."""
    lines = conversation(agent, number)["messages"]
    return [line["text"] for line in lines if line["author"] in ("customer", "bot")]


@on_both_databases
def test_a_ticket_is_opened_with_all_that_was_said(alice: TestClient) -> None:
    ticket, number = hand_over(
        alice,
        *SAID[:1],
        SAID[1] | {"buttons": [{"title": "Track", "payload": "/track"}]},
        SAID[2],
        name="Carol Clark",
        slots={"city": "York"},
        intent={"name": "ask_person", "confidence": 0.93},
    )
    found = conversation(alice, number)
    assert (found["channel"], found["state"], found["desk"]) == ("rasa", "queued", "customers")
    assert found["person"]["name"] == "Carol Clark"
    assert found["ticket"]["number"] == ticket
    assert found["ticket"]["reason"] == "asked_for_person"
    *lines, opened = found["messages"]
    assert [(line["author"], line["text"], line["at"]) for line in lines] == [
        ("customer", "Hello", "2026-01-01T12:00:00.000Z"),
        ("bot", "What can I do?", "2026-01-01T12:00:01.250Z"),
        ("customer", "person please", "2026-01-01T12:00:02.000Z"),
    ]
    assert lines[1]["content"] == {"buttons": [{"title": "Track", "payload": "/track"}]}
    assert opened["private"]
    assert opened["evidence"]["intent"] == {"name": "ask_person", "confidence": 0.93}
    assert opened["evidence"]["slots"] == {"city": "York"}


@on_both_databases
def test_asked_twice_it_is_one_ticket_and_each_line_is_there_once(alice: TestClient) -> None:
    first = hand_over(alice)
    assert hand_over(alice) == first
    assert hand_over(alice, *SAID, LATER) == first
    assert hand_over(alice, *SAID, LATER, key="m4") == first
    assert said(alice, first[1]) == [*(line["text"] for line in SAID), LATER["text"]]
    assert [each["id"] for each in alice.get("/api/v1/conversations").json()["conversations"]] == [
        first[1]
    ]


@on_both_databases
def test_many_at_once_are_one_ticket(alice: TestClient) -> None:
    with ThreadPoolExecutor(6) as threads:
        keys = ["m3", "m3", "m3", "m4", "m4", "m5"]
        taken = set(threads.map(lambda key: hand_over(alice, key=key), keys))
    assert len(taken) == 1
    assert said(alice, taken.pop()[1]) == [line["text"] for line in SAID]


def test_without_a_key_what_is_new_is_added_while_a_ticket_is_open(alice: TestClient) -> None:
    first = hand_over(alice, key=None)
    assert hand_over(alice, LATER, key=None) == first
    lines = conversation(alice, first[1])["messages"]
    assert [line["text"] for line in lines if line["private"]] == [
        f"{first[0]} opened: asked for person"
    ]
    assert said(alice, first[1])[-1] == LATER["text"]
    alice.post(f"/api/v1/conversations/{first[1]}/claim")
    alice.post(f"/api/v1/conversations/{first[1]}/resolve")
    assert hand_over(alice, LATER, key=None)[0] != first[0]


def test_a_ticket_tells_which_conversation_it_is_for(alice: TestClient) -> None:
    ticket, number = hand_over(alice)
    found = alice.get(f"/api/v1/tickets/{ticket}").json()
    assert (found["id"], found["state"]) == (number, "queued")
    assert is_problem(alice.get("/api/v1/tickets/FL-000000"), 404)
    assert is_problem(alice.get("/api/v1/tickets/17"), 422)
    assert is_problem(TestClient(alice.app).get(f"/api/v1/tickets/{ticket}"), 401)


def test_customers_do_not_mix_whatever_their_keys_and_words(alice: TestClient) -> None:
    carol, dave = hand_over(alice), hand_over(alice, sender="dave")
    assert carol[0] != dave[0]
    assert carol[1] != dave[1]
    assert said(alice, dave[1]) == said(alice, carol[1])


def test_the_same_words_twice_are_two_lines(alice: TestClient) -> None:
    lines = [SAID[0], SAID[0], SAID[0] | {"at": NOON + 5}]
    _, number = hand_over(alice, *lines)
    hand_over(alice, *lines)
    assert said(alice, number) == ["Hello"] * 3


def test_a_line_that_comes_late_is_read_where_it_belongs(alice: TestClient) -> None:
    _, number = hand_over(alice, SAID[0], SAID[2])
    hand_over(alice, *SAID)
    assert said(alice, number) == [line["text"] for line in SAID]


@on_both_databases
def test_after_the_end_another_wish_is_another_ticket_with_what_is_new(alice: TestClient) -> None:
    first, number = hand_over(alice)
    alice.post(f"/api/v1/conversations/{number}/claim")
    alice.post(f"/api/v1/conversations/{number}/resolve")
    assert hand_over(alice) == (first, number)  # a repeat of what was dealt with
    assert conversation(alice, number)["state"] == "resolved"
    second, other = hand_over(alice, *SAID, LATER, key="m4")
    assert second != first
    assert said(alice, other) == [LATER["text"]]
    assert conversation(alice, other)["person"] == conversation(alice, number)["person"]


def test_after_it_was_handed_back_the_conversation_goes_on(alice: TestClient) -> None:
    first, number = hand_over(alice)
    alice.post(f"/api/v1/conversations/{number}/claim")
    alice.post(f"/api/v1/conversations/{number}/handback")
    second, same = hand_over(alice, *SAID, LATER, key="m4")
    assert same == number
    assert second != first
    assert conversation(alice, number)["state"] == "queued"


WRONG: list[tuple[JSON, str]] = [
    ({"sender": ""}, "sender"),
    ({"sender": "x" * 201}, "sender"),
    ({"sender": "a\x00b"}, "sender"),
    ({"key": "x" * 101}, "key"),
    ({"reason": "boredom"}, "reason"),
    ({"name": "a\x00b"}, "name"),
    ({"slots": {"x": 1}}, "slots"),
    ({"slots": {"x": "y" * 501}}, "slots"),
    ({"intent": {"name": "x", "confidence": 2}}, "intent"),
    ({"lines": [{"author": "agent", "text": "x", "at": NOON}]}, "author"),
    ({"lines": [{"author": "bot", "text": "x"}]}, "at"),
    ({"lines": [{"author": "bot", "text": "", "at": NOON}]}, "text"),
    ({"lines": [{"author": "bot", "text": "x" * 4001, "at": NOON}]}, "text"),
    ({"lines": [{"author": "bot", "text": "x", "at": "0001-01-01T00:00:00+14:00"}]}, "at"),
    ({"lines": [{"author": "bot", "text": "x", "at": NOON * 9}]}, "at"),
    ({"lines": SAID * 200}, "lines"),
]


def test_a_wrong_body_is_a_problem_that_names_the_field(alice: TestClient) -> None:
    for wrong, field in WRONG:
        response = alice.post("/api/v1/handoffs", json=body() | wrong)
        assert is_problem(response, 422), wrong
        assert field in response.json()["detail"]
    assert alice.get("/api/v1/conversations").json()["conversations"] == []


def test_it_takes_an_agents_token_and_a_desk_that_exists(app: FastAPI, alice: TestClient) -> None:
    assert is_problem(TestClient(app).post("/api/v1/handoffs", json=body()), 401)
    assert is_problem(alice.post("/api/v1/handoffs", json=body(desk="garden")), 404)
    _, number = hand_over(alice, desk="employees")
    assert conversation(alice, number)["desk"] == "employees"


def test_what_cannot_be_shown_is_left_out(alice: TestClient) -> None:
    _, number = hand_over(alice, SAID[0], SAID[1] | {"text": "\x00 \x01"}, slots={"x": "a\x00b"})
    assert said(alice, number) == ["Hello"]
    *_, opened = conversation(alice, number)["messages"]
    assert opened["evidence"]["slots"] == {"x": "ab"}


def test_agents_see_where_it_comes_from_and_that_replies_have_to_be_fetched(
    alice: TestClient,
) -> None:
    _, number = hand_over(alice, slots={"city": "York"})
    page = LexborHTMLParser(alice.get(f"/console/conversations/{number}").text)
    words = " ".join(page.text().split()) if page.body else ""
    assert "Rasa" in words
    assert "seen there only if the assistant's site fetches it" in words
    assert "city: York" in words
    alice.post(f"/api/v1/conversations/{number}/claim")
    alice.post(f"/api/v1/conversations/{number}/messages", json={"text": "Hello Carol"})
    after = alice.get(f"/api/v1/conversations/{number}?after=4").json()["messages"]
    to_show = [line["text"] for line in after if not line["private"]]
    assert to_show == ["Hello Carol"]


def event(kind: str, text: str | None, at: float, **more: Any) -> JSON:
    return {"event": kind, "text": text, "timestamp": at, **more}


TRACKER: JSON = {
    "sender_id": "carol",
    "slots": {"city": "York", "size": 5, "items": [], "requested_slot": "city", "empty": None},
    "latest_message": {"intent": {"name": "ask_person", "confidence": 0.9}},
    "events": [
        {"event": "action", "name": "action_session_start", "timestamp": NOON},
        event("user", "Hello", NOON + 1, message_id="m1"),
        event("bot", "What can I do?", NOON + 2, data={"buttons": [{"title": "Track"}]}),
        event("bot", None, NOON + 3, data={"image": "https://firm.example/cat.png"}),
        event("user", "EXTERNAL: reminder", NOON + 4, message_id="m2"),
        {"event": "rewind", "timestamp": NOON + 5},
        event("bot", None, NOON + 6, data={"custom": {"map": 1}}),
        event("user", "person \ud83d please", NOON + 7, message_id="m3"),
    ],
}


class Assistant:
    """An assistant that runs the action."""

    def __init__(self, **domain: Any) -> None:
        self._executor = ActionExecutor()
        self._executor.register_action(ActionHandOver)
        self._domain = {"responses": {}, "slots": {}} | domain

    def runs(self, tracker: JSON = TRACKER) -> tuple[list[JSON], list[JSON]]:
        """The messages and events that come back."""
        call = {"next_action": "action_hand_over", "tracker": tracker, "domain": self._domain}
        result = asyncio.run(self._executor.run(call))
        assert result
        return result.responses, result.events


@pytest.fixture
def firstline_url(app: FastAPI, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with Loopback(app) as loopback:
        monkeypatch.setenv("FIRSTLINE_URL", loopback.origin)
        monkeypatch.setenv("FIRSTLINE_TOKEN", token)
        yield loopback.origin


@pytest.mark.usefixtures("firstline_url")
def test_the_action_tells_a_person_everything_and_pauses_the_assistant(alice: TestClient) -> None:
    [message], events = Assistant(slots={"ticket": {"type": "any"}}).runs()
    [found] = alice.get("/api/v1/conversations").json()["conversations"]
    ticket = found["ticket"]["number"]
    assert message["text"] == f"A colleague will take over. Your ticket is {ticket}."
    assert [each["event"] for each in events] == ["slot", "action", "pause"]
    assert events[0]["value"] == ticket
    lines = conversation(alice, found["id"])["messages"]
    assert [line["text"] for line in lines[:-1]] == [
        "Hello",
        "What can I do?",
        "https://firm.example/cat.png",
        '{"map": 1}',
        "person ? please",
    ]
    assert lines[1]["content"]["buttons"] == [{"title": "Track", "payload": "Track"}]
    assert lines[-1]["evidence"]["slots"] == {"city": "York", "size": "5"}


@pytest.mark.usefixtures("firstline_url")
def test_the_assistants_own_words_come_first(alice: TestClient) -> None:
    [message], events = Assistant(responses={"utter_handed_over": [{"text": "x"}]}).runs()
    assert message["response"] == "utter_handed_over"
    assert message["ticket"].startswith("FL-")
    assert [each["event"] for each in events] == ["action", "pause"]


@pytest.mark.usefixtures("firstline_url")
def test_the_action_may_run_again(alice: TestClient) -> None:
    Assistant().runs()
    again = TRACKER | {"events": [*TRACKER["events"], event("user", "hello?", NOON + 9)]}
    Assistant().runs(again)
    [found] = alice.get("/api/v1/conversations").json()["conversations"]
    assert said(alice, found["id"])[-2:] == ["person ? please", "hello?"]


@pytest.mark.usefixtures("firstline_url")
def test_of_a_long_conversation_the_newest_lines_are_told(alice: TestClient) -> None:
    long = [event("user", "ü" * 5000, NOON + each, message_id=str(each)) for each in range(900)]

    told = handoff_from(Tracker.from_dict(TRACKER | {"events": long}))
    assert len(json.dumps(told, ensure_ascii=False).encode()) < LARGEST_BODY
    assert told["lines"][-1]["at"] == NOON + 899
    short = [event("user", str(each), NOON + each, message_id=str(each)) for each in range(900)]
    Assistant().runs(TRACKER | {"events": short})
    [found] = alice.get("/api/v1/conversations").json()["conversations"]
    lines = alice.get(f"/api/v1/conversations/{found['id']}/transcript?format=json").json()
    assert [line["text"] for line in lines["messages"][:400]] == list(map(str, range(500, 900)))


@pytest.mark.parametrize("more", [{"slots": {"desk": "garden"}}, {}])
def test_where_nobody_can_take_over_the_customer_is_told_so_and_may_ask_again(
    firstline_url: str,
    alice: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    more: JSON,
) -> None:
    if not more:
        monkeypatch.setenv("FIRSTLINE_URL", "http://127.0.0.1:1")
    with caplog.at_level(logging.ERROR):
        [message], events = Assistant().runs(TRACKER | more)
    assert message["text"].startswith("I can't reach a colleague right now")
    assert events == []
    assert "action_hand_over could not hand over: Firstline " in caplog.text
    assert "person" not in caplog.text.partition("could not")[2]
    monkeypatch.setenv("FIRSTLINE_URL", firstline_url)
    assert Assistant().runs()[1]
    assert len(alice.get("/api/v1/conversations").json()["conversations"]) == 1


@pytest.mark.usefixtures("firstline_url")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FIRSTLINE_TOKEN", "wrong", "needs an agent's token"),
        ("FIRSTLINE_TOKEN", "", "set FIRSTLINE_URL, and FIRSTLINE_TOKEN"),
        ("FIRSTLINE_URL", "", "set FIRSTLINE_URL, and FIRSTLINE_TOKEN"),
        ("FIRSTLINE_URL", "http://[", "mend FIRSTLINE_URL"),
        ("FIRSTLINE_URL", "localhost", "mend FIRSTLINE_URL"),
    ],
)
def test_what_the_operator_has_to_mend_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(name, value)
    own = Assistant(responses={"utter_hand_over_failed": [{"text": "x"}]})
    [message], events = own.runs()
    assert message["response"] == "utter_hand_over_failed"
    assert events == []
    assert said in caplog.text


def test_a_hiccup_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[JSON] = []

    async def answer(request: Request) -> JSONResponse:
        calls.append(await request.json())
        if len(calls) == 1:
            return JSONResponse({"detail": "busy"}, 503)
        return JSONResponse({"ticket": "FL-1", "conversation_id": 1}, 201)

    with Loopback(Starlette(routes=[Route("/api/v1/handoffs", answer, methods=["POST"])])) as busy:
        monkeypatch.setenv("FIRSTLINE_URL", busy.origin)
        monkeypatch.setenv("FIRSTLINE_TOKEN", "t")
        [message], _ = Assistant().runs()
    assert "FL-1" in message["text"]
    assert calls[0] == calls[1]
