"""The agents' console, through HTTP: signing in, the views, the thread, and what agents do."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Message, Person, State
from bot.db import Base, Database, now
from bot.hints import Hints
from handoff.console.evidence import explain
from handoff.console.presence import LOOK_LASTS, Presence
from handoff.queue import escalate
from handoff.ticket import Reason
from handoff.transcript import write_line
from tests.fakes.console import PASSWORD, console_app, sign_in


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    database = Database(f"sqlite:///{tmp_path / 'console.db'}")
    Base.metadata.create_all(database.engine)
    yield console_app(database)
    database.close()


@pytest.fixture
def alice(app: FastAPI) -> TestClient:
    return sign_in(app, "alice@firm.example")


@pytest.fixture
def bob(app: FastAPI) -> TestClient:
    return sign_in(app, "bob@firm.example")


def begin(
    session: Session, *words: str, name: str | None = "Carol", desk: str = "customers"
) -> Conversation:
    """A conversation with the bot in which a customer has said `words`."""
    person = Person(name=name)
    session.add(person)
    session.flush()
    conversation = Conversation(desk=desk, channel="web", account="", person_id=person.id)
    session.add(conversation)
    session.flush()
    for text in words:
        write_line(session, conversation, Author.CUSTOMER, text)
    return conversation


def queue_up(
    app: FastAPI,
    *words: str,
    reason: Reason = Reason.LOW_CONFIDENCE,
    minutes: int = 0,
    **about: Any,
) -> int:
    """The id of a conversation that has waited for `minutes`."""
    with app.state.database.write() as session:
        conversation = begin(session, *(words or ("Hello",)), **about)
        escalate(session, conversation, reason, {"reason": "low_confidence_twice"})
        conversation.queued_at = now() - timedelta(minutes=minutes)
        return conversation.id


def ids(html: str) -> list[int]:
    """The conversations of a list, in its order."""
    return [int(part.split('"')[0]) for part in html.split('<li data-key="')[1:]]


def shown(client: TestClient, view: str, **params: Any) -> list[int]:
    return ids(client.get("/console/list", params={"view": view, **params}).text)


def test_a_stranger_is_sent_to_sign_in_and_comes_back(app: FastAPI) -> None:
    client = TestClient(app)
    response = client.get("/console/conversations/7?view=mine", follow_redirects=False)
    assert response.status_code == 303
    form = client.get(response.headers["location"])
    assert 'value="/console/conversations/7?view=mine"' in form.text
    entered = client.post(
        "/console/sign-in",
        data={
            "email": "alice@firm.example",
            "password": PASSWORD,
            "next": "/console/conversations/7?view=mine",
        },
        follow_redirects=False,
    )
    assert entered.headers["location"] == "/console/conversations/7?view=mine"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/console\\@evil.example", "/consoles"]
)
def test_signing_in_never_leads_to_another_site(app: FastAPI, target: str) -> None:
    data = {"email": "alice@firm.example", "password": PASSWORD, "next": target}
    response = TestClient(app).post("/console/sign-in", data=data, follow_redirects=False)
    assert response.headers["location"] == "/console"


def test_five_wrong_passwords_close_the_door_for_a_while(app: FastAPI) -> None:
    client = TestClient(app)
    wrong = {"email": "alice@firm.example", "password": "not this one"}
    for _ in range(5):
        response = client.post("/console/sign-in", data=wrong)
        assert response.status_code == 401
        assert "match" in response.text
    right = {"email": "alice@firm.example", "password": PASSWORD}
    response = client.post("/console/sign-in", data=right)
    assert response.status_code == 429
    assert "Try again in 15 minutes" in response.text


def test_signing_out_ends_the_session(alice: TestClient) -> None:
    kept = dict(alice.cookies)
    alice.post("/console/sign-out")
    alice.cookies.update(kept)
    assert alice.get("/console/list").status_code == 401


def test_the_queue_is_by_priority_then_the_oldest_first(app: FastAPI, alice: TestClient) -> None:
    young = queue_up(app, minutes=1)
    old = queue_up(app, minutes=30)
    angry = queue_up(app, reason=Reason.FRUSTRATION, minutes=2)
    danger = queue_up(app, reason=Reason.SAFETY)
    assert shown(alice, "queue") == [danger, angry, old, young]


def test_each_view_holds_its_conversations(app: FastAPI, alice: TestClient) -> None:
    waiting, mine, done = queue_up(app), queue_up(app), queue_up(app)
    with app.state.database.write() as session:
        running = begin(session, "Where is my parcel?").id
        furious = begin(session, "This is a joke")
        furious.frustration = 0.9
        annoyed = begin(session, "Not again")
        annoyed.frustration = 0.5
        hot = [furious.id, annoyed.id]
    for id in (mine, done):
        alice.post(f"/console/conversations/{id}/claim")
    alice.post(f"/console/conversations/{done}/resolve")
    assert shown(alice, "queue") == [waiting]
    assert shown(alice, "mine") == [mine]
    assert set(shown(alice, "open")) == {waiting, mine}
    assert set(shown(alice, "bot")) == {running, *hot}
    assert shown(alice, "frustrated") == hot
    assert shown(alice, "resolved") == [done]


def test_the_desk_switch_narrows_the_list_and_the_counts(app: FastAPI, alice: TestClient) -> None:
    queue_up(app)
    inside = queue_up(app, desk="employees")
    html = alice.get("/console/list?view=queue&desk=employees").text
    assert ids(html) == [inside]
    assert '<span class="count">1</span>' in html
    assert '<span class="count">2</span>' not in html


def test_search_finds_name_ticket_and_text_in_any_view(app: FastAPI, alice: TestClient) -> None:
    parcel = queue_up(app, "My parcel is 100% gone", name="Dora")
    other = queue_up(app, "Something else", name="Emil")
    with app.state.database.read() as session:
        number = session.get(Message, 2).text.split()[0]
    assert number.startswith("FL-")
    for words in ("dora", "parcel is", "100%", number):
        assert shown(alice, "mine", q=words) == [parcel], words
    assert shown(alice, "mine", q="%") == [parcel]
    assert shown(alice, "queue", q="emil") == [other]
    assert shown(alice, "queue", q="nowhere") == []


def test_a_long_list_comes_in_pages(app: FastAPI, alice: TestClient) -> None:
    for minutes in range(60):
        queue_up(app, minutes=minutes)
    first = alice.get("/console/list?view=queue").text
    assert len(ids(first)) == 50
    assert 'data-limit="100"' in first
    assert len(shown(alice, "queue", limit=100)) == 60


def test_a_list_takes_as_many_queries_for_fifty_as_for_one(
    app: FastAPI, alice: TestClient, count_queries: list[str]
) -> None:
    queue_up(app)
    count_queries.clear()
    alice.get("/console/list?view=queue")
    for_one = len(count_queries)
    for _ in range(40):
        queue_up(app)
    count_queries.clear()
    alice.get("/console/list?view=queue")
    assert len(count_queries) == for_one


@pytest.fixture
def count_queries(app: FastAPI) -> Iterator[list[str]]:
    from sqlalchemy import event

    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(app.state.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(app.state.database.engine, "before_cursor_execute", note)


def test_what_strangers_write_is_text_everywhere(app: FastAPI, alice: TestClient) -> None:
    evil = "<script>alert(1)</script>"
    id = queue_up(app, evil, name="<img src=x onerror=alert(2)>")
    for path in (
        "/console",
        f"/console/conversations/{id}",
        f"/console/conversations/{id}/thread",
        f"/console/conversations/{id}/context",
        f"/console/list?view=queue&q={evil}",
        "/console/palette",
    ):
        html = alice.get(path).text
        assert "<script>alert" not in html, path
        assert "<img src=x" not in html, path
    assert "&lt;script&gt;alert(1)" in alice.get(f"/console/conversations/{id}").text


def test_quoted_articles_are_rendered_and_customers_markdown_is_not(
    app: FastAPI, alice: TestClient
) -> None:
    with app.state.database.write() as session:
        conversation = begin(session, "**bold?**")
        content = {
            "markdown": True,
            "sources": [{"title": "Track", "url": "javascript:alert(1)"}],
            "buttons": [{"title": "That helped", "payload": "/helped"}],
        }
        write_line(session, conversation, Author.BOT, "Do **this**", content=content)
        id = conversation.id
    html = alice.get(f"/console/conversations/{id}/thread").text
    assert "<strong>this</strong>" in html
    assert "**bold?**" in html
    assert "javascript:" not in html
    assert "That helped" in html


def test_the_thread_opens_at_its_end_and_pages_backwards(app: FastAPI, alice: TestClient) -> None:
    with app.state.database.write() as session:
        id = begin(session, *(f"line {number}" for number in range(1, 251))).id
    last = alice.get(f"/console/conversations/{id}/thread").text
    assert seqs(last) == list(range(151, 251))
    assert 'data-earlier="true"' in last
    middle = alice.get(f"/console/conversations/{id}/thread?before=151").text
    assert seqs(middle) == list(range(51, 151))
    first = alice.get(f"/console/conversations/{id}/thread?before=51").text
    assert seqs(first) == list(range(1, 51))
    assert 'data-earlier="false"' in first


def test_news_are_exactly_the_lines_since(app: FastAPI, alice: TestClient) -> None:
    with app.state.database.write() as session:
        id = begin(session, "one", "two", "three").id
    for since in (0, 1, 2, 3, 4):
        html = alice.get(f"/console/conversations/{id}/thread?since={since}").text
        assert seqs(html) == list(range(max(since, 1), 4))
    assert "continues" in alice.get(f"/console/conversations/{id}/thread?since=3").text


def seqs(html: str) -> list[int]:
    return [int(part.split('"')[0]) for part in html.split('data-seq="')[1:]]


def test_one_agent_wins_the_claim(app: FastAPI, alice: TestClient, bob: TestClient) -> None:
    id = queue_up(app)
    assert alice.post(f"/console/conversations/{id}/claim").status_code == 200
    lost = bob.post(f"/console/conversations/{id}/claim")
    assert lost.status_code == 409
    assert lost.json()["owner"] == "Alice Adams"
    assert "Alice Adams has this conversation" in lost.json()["detail"]


def test_only_the_owner_replies_and_a_repeat_is_stored_once(
    app: FastAPI, alice: TestClient, bob: TestClient
) -> None:
    id = queue_up(app)
    reply = {"text": "I am on it", "key": "k1"}
    early = alice.post(f"/console/conversations/{id}/reply", json=reply)
    assert early.status_code == 409
    assert "claim the conversation first" in early.json()["detail"]
    alice.post(f"/console/conversations/{id}/claim")
    assert bob.post(f"/console/conversations/{id}/reply", json=reply).status_code == 409
    for _ in range(2):
        assert alice.post(f"/console/conversations/{id}/reply", json=reply).status_code == 200
    assert alice.get(f"/console/conversations/{id}/thread").text.count("I am on it") == 1


def test_a_note_stays_among_agents(app: FastAPI, alice: TestClient, bob: TestClient) -> None:
    id = queue_up(app, "Help")
    note = {"text": "Called them twice", "key": "k1"}
    assert bob.post(f"/console/conversations/{id}/note", json=note).status_code == 200
    with app.state.database.read() as session:
        line = session.query(Message).filter_by(text="Called them twice").one()
        assert line.private
        assert session.get(Conversation, id).state == State.QUEUED
    html = alice.get(f"/console/conversations/{id}/thread").text
    assert "Private note" in html
    assert "Called them twice" not in alice.get("/console/list?view=queue").text


def test_a_conversation_goes_through_the_desk(
    app: FastAPI, alice: TestClient, bob: TestClient
) -> None:
    id = queue_up(app)
    act = f"/console/conversations/{id}"
    alice.post(f"{act}/claim")
    assert alice.post(f"{act}/reassign", json={"agent": 2}).status_code == 200
    assert shown(bob, "mine") == [id]
    assert bob.post(f"{act}/release").status_code == 200
    assert shown(alice, "queue") == [id]
    alice.post(f"{act}/claim")
    assert alice.post(f"{act}/handback").status_code == 200
    assert shown(alice, "bot") == [id]
    assert alice.post("/console/conversations/999/claim").status_code == 404
    assert alice.post(f"{act}/explode").status_code == 422


def test_another_site_cannot_act_with_the_agents_cookie(app: FastAPI, alice: TestClient) -> None:
    id = queue_up(app)
    response = alice.post(
        f"/console/conversations/{id}/claim", headers={"Origin": "https://evil.example"}
    )
    assert response.status_code == 403
    assert shown(alice, "queue") == [id]


def test_unread_is_what_came_after_the_last_look(app: FastAPI, alice: TestClient) -> None:
    first, second = queue_up(app, "Hello"), queue_up(app, "Good day")
    for id in (first, second):
        alice.post(f"/console/conversations/{id}/claim")
    assert 'data-unread="2"' in alice.get("/console/list").text
    alice.post(f"/console/conversations/{first}/looking", json={"seen": 3})
    assert 'data-unread="1"' in alice.get("/console/list").text
    with app.state.database.write() as session:
        write_line(session, session.get(Conversation, first), Author.CUSTOMER, "And?")
    assert 'data-unread="2"' in alice.get("/console/list").text
    alice.post(f"/console/conversations/{first}/looking", json={"seen": 5})
    alice.post(f"/console/conversations/{first}/looking", json={"seen": 1})
    assert 'data-unread="1"' in alice.get("/console/list").text


def test_colleagues_who_look_are_named(app: FastAPI, alice: TestClient, bob: TestClient) -> None:
    id = queue_up(app)
    alice.get(f"/console/conversations/{id}/context")
    bob.post(f"/console/conversations/{id}/looking", json={})
    assert "Bob Brown" in alice.get(f"/console/conversations/{id}/context").text
    own = bob.get(f"/console/conversations/{id}/context").text
    assert 'data-looking="[]"' in own


def test_a_look_is_forgotten(app: FastAPI) -> None:
    clock = [0.0]
    hints = Hints(app.state.database)
    presence = Presence(hints, clock=lambda: clock[0])
    hints.publish({"kind": "looking", "conversation": 7, "agent": 2, "name": "Bob Brown"})
    assert presence.others(7, agent_id=1) == ["Bob Brown"]
    assert presence.others(7, agent_id=2) == []
    clock[0] = LOOK_LASTS + 1
    assert presence.others(7, agent_id=1) == []


def test_a_change_reaches_the_stream(app: FastAPI, alice: TestClient) -> None:
    with serving(app) as url, httpx.Client(cookies=dict(alice.cookies), timeout=10) as client:
        assert httpx.get(f"{url}/console/events").status_code == 401
        with client.stream("GET", f"{url}/console/events") as response:
            heard = response.iter_lines()
            assert next(heard) == "retry: 1000"
            app.state.hints.changed(7)
            app.state.hints.publish({"kind": "looking", "conversation": 7, "agent": 1})
            app.state.hints.publish({"kind": "looking", "conversation": 7, "agent": 2})
            events = [next(line for line in heard if line.startswith("data:")) for _ in "12"]
    assert json.loads(events[0].removeprefix("data:")) == {"ids": [7]}
    assert json.loads(events[1].removeprefix("data:"))["agent"] == 2  # not one's own look


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of a server that runs the application."""
    config = uvicorn.Config(
        app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_a_conversation_that_does_not_exist_is_said_so(alice: TestClient) -> None:
    response = alice.get("/console/conversations/999")
    assert response.status_code == 404
    assert "There is no such conversation" in response.text
    assert alice.get("/console/conversations/999/pane").status_code == 404


def test_the_bots_reasons_are_shown_in_words(app: FastAPI, alice: TestClient) -> None:
    evidence = {
        "reason": "confidence_over_threshold",
        "confidence": 0.83,
        "ranking": [{"name": "track_order", "confidence": 0.7}],
        "hits": [{"article_id": "a", "title": "Track <my> order", "heading": "", "score": 0.9}],
        "frustration": {"turn": 0.2, "conversation": 0.4, "evidence": ["repeat", "<useless>"]},
    }
    html = page_of(app, alice, evidence)
    for words in ("Sure enough to answer", "83%", "track_order", "said it again"):
        assert words in html
    assert "Track &lt;my&gt; order" in html
    assert "“&lt;useless&gt;”" in html


def page_of(app: FastAPI, alice: TestClient, evidence: dict[str, Any]) -> str:
    """The page of a conversation in which the bot said something on this evidence."""
    with app.state.database.write() as session:
        conversation = begin(session, "Where is it?")
        write_line(session, conversation, Author.BOT, "Look here", evidence=evidence)
        id = conversation.id
    response = alice.get(f"/console/conversations/{id}")
    assert response.status_code == 200
    return response.text


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        (
            {"answer": 0.77, "answer_by": "risk", "max_wrong_answers": 0.005},
            "77% to answer, so that at most 0.5% of all questions are answered wrongly",
        ),
        ({"answer": 0.6, "answer_by": "setting"}, "60% to answer, because the settings say so"),
        ({"answer": 0.8, "answer_by": "caution"}, "80% to answer, out of caution"),
        ({"answer": 0.77, "choice": 0.25}, "77% to answer; 25% to offer a choice"),
        ({"margin": 0.02}, "0.016 over the second article; 0.020 needed"),
    ],
)
def test_how_sure_the_bot_had_to_be_is_shown_with_where_that_comes_from(
    app: FastAPI, alice: TestClient, thresholds: dict[str, Any], words: str
) -> None:
    evidence = {
        "article": {"confidence": 0.9, "lead": 0.016},
        "hits": [{"title": "Here"}, {"title": "There"}],
        "thresholds": thresholds,
    }
    assert words in page_of(app, alice, evidence)


def test_a_handover_is_explained_once_beside_the_thread(app: FastAPI, alice: TestClient) -> None:
    id = queue_up(app)
    beside = alice.get(f"/console/conversations/{id}").text.split('id="context"')[1]
    assert "Why did the bot hand over?" in beside
    with app.state.database.write() as session:
        conversation = session.get_one(Conversation, id)
        evidence = {"reason": "low_confidence_twice"}
        write_line(session, conversation, Author.BOT, "A person comes", evidence=evidence)
    beside = alice.get(f"/console/conversations/{id}").text.split('id="context"')[1]
    assert "The bot's last turn" not in beside


@pytest.mark.parametrize(
    "evidence",
    [
        {"reason": None, "confidence": "high", "ranking": "none", "hits": [3], "frustration": []},
        {"ranking": {"greet": 0.5}, "intent": "greet", "frustration": 0.3, "article": 1},
        {"hits": [{}, {}], "article": {"confidence": 0.1, "lead": None}, "thresholds": {"flow": 1}},
        {"hits": [{}], "questions": [{}, 2], "else": {"a": [1, {"b": None}]}},
    ],
)
def test_evidence_of_any_shape_is_shown(
    app: FastAPI, alice: TestClient, evidence: dict[str, Any]
) -> None:
    assert explain(evidence)
    assert "Why did it say that?" in page_of(app, alice, evidence)
