"""Rasa's HTTP API: what a back end that was written for Rasa asks, and who may ask it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey

from bot.settings import load_settings
from channels.app import create_app
from handoff.agents import Role
from kb_index.encoder import Encoder
from tests.conftest import agent_headers, lay_out
from tests.fakes.elsewhere import Chat
from tests.fakes.people import Customer, transcript
from tests.fakes.postgres import on_both_databases

Json = dict[str, Any]
TOKEN, SECRET = "the token of --auth-token", "the secret of --jwt-secret, long enough"


class Backend:
    """A program that uses the API with an agent's token."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.headers = agent_headers(client, "Alice", Role.AGENT)

    def tracker(self, name: str, query: str = "") -> Json:
        return self._told(
            self.client.get(f"/conversations/{name}/tracker{query}", headers=self.headers)
        )

    def posts(self, path: str, body: object) -> Json:
        return self._told(
            self.client.post(f"/conversations/{path}", json=body, headers=self.headers)
        )

    def is_refused(self, path: str, body: object, status: int) -> Json:
        response = self.client.post(f"/conversations/{path}", json=body, headers=self.headers)
        return refusal(response, status)

    def lines(self, conversation: int) -> list[Json]:
        return transcript(self.client, self.headers, conversation)

    @staticmethod
    def _told(response: Any) -> Json:
        assert response.status_code == 200, response.text
        told: Json = response.json()
        return told


def refusal(response: Any, status: int) -> Json:
    """An error in Rasa's shape."""
    error: Json = response.json()
    assert response.status_code == error["code"] == status
    assert error["status"] == "failure"
    assert {"version", "message", "reason", "details", "help"} <= error.keys()
    return error


@pytest.fixture(scope="module")
def shared_client(
    prepared: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """One server for the tests of this file that need nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        data = lay_out(prepared, encoder, tmp_path_factory.mktemp("rasa_api") / "data", patch)
        app = create_app(load_settings(data))
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def backend(shared_client: TestClient) -> Backend:
    return Backend(shared_client)


def names(tracker: Json) -> list[str]:
    return [event["event"] for event in tracker["events"]]


def test_a_tracker_has_slots_form_and_events_of_whoever_is_called_so(backend: Backend) -> None:
    Customer(backend.client, "Carol").says("where is my order LH-204518?")
    tracker = backend.tracker("Carol")
    assert tracker["sender_id"] == "Carol"
    assert tracker["slots"]["order_number"] == "LH-204518"
    assert tracker["active_loop"]["name"] == "order_status_form"
    assert tracker["latest_message"]["intent"]["name"] == "order_status"
    assert tracker["latest_input_channel"] == "rest"
    assert {"user", "bot", "slot", "action"} <= set(names(tracker))
    assert backend.tracker("rest:Carol")["slots"] == tracker["slots"]


def test_a_tracker_shows_as_many_events_as_are_asked_for(backend: Backend) -> None:
    Customer(backend.client, "Dave").says("/greet")
    backend.posts("Dave/tracker/events", [{"event": "restart"}, {"event": "user", "text": "hi"}])
    everything = backend.tracker("Dave", "?include_events=ALL")
    assert names(everything).count("user") == 2
    assert names(backend.tracker("Dave")) == ["user"]
    assert names(backend.tracker("Dave", "?include_events=applied")) == ["user"]
    assert backend.tracker("Dave", "?include_events=NONE")["events"] is None
    moment = time.time()
    backend.posts("Dave/tracker/events", {"event": "slot", "name": "email", "value": "a@b.example"})
    assert backend.tracker("Dave")["slots"]["email"] == "a@b.example"
    assert backend.tracker("Dave", f"?until={moment}")["slots"]["email"] is None
    url = "/conversations/Dave/tracker?include_events=SOME"
    error = refusal(backend.client.get(url, headers=backend.headers), 400)
    assert error["details"] == {"parameter": "include_events", "in": "query"}


def test_nobody_has_an_empty_tracker_and_is_not_stored_for_it(backend: Backend) -> None:
    assert names(backend.tracker("Nobody")) == ["action", "session_started", "action"]
    people = backend.client.get("/api/v1/conversations", headers=backend.headers).json()
    before = len(people["conversations"])
    backend.posts("Somebody/tracker/events", {"event": "slot", "name": "email", "value": "x"})
    people = backend.client.get("/api/v1/conversations", headers=backend.headers).json()
    assert len(people["conversations"]) == before + 1
    assert backend.tracker("Somebody")["slots"]["email"] == "x"


def test_a_slot_that_is_set_counts_in_the_next_turn(backend: Backend) -> None:
    erin = Customer(backend.client, "Erin")
    event = {"event": "slot", "name": "order_number", "value": "LH-204518"}
    assert backend.posts("Erin/tracker/events", event)["slots"]["order_number"] == "LH-204518"
    (asked,) = erin.says("/order_status")
    assert "e-mail" in asked["text"]


def test_a_message_is_noted_and_not_answered(backend: Backend) -> None:
    number = Customer(backend.client, "Frank").says("/greet")[0]["custom"]["conversation_id"]
    tracker = backend.posts("Frank/messages", {"text": "it is about LH-204518", "sender": "user"})
    assert tracker["slots"]["order_number"] == "LH-204518"
    *_, last = backend.lines(int(number))
    assert (last["author"], last["text"]) == ("customer", "it is about LH-204518")
    assert last["status"] == "handled"
    meant = {"intent": {"name": "greet", "confidence": 0.7}, "entities": []}
    body = {"text": "moin", "sender": "user", "parse_data": meant}
    assert backend.posts("Frank/messages", body)["latest_message"]["intent"]["name"] == "greet"


def test_an_intent_is_triggered_without_a_word_of_the_customers(backend: Backend) -> None:
    body = {"name": "order_status", "entities": {"order_number": "LH-204518"}}
    told = backend.posts("Grace/trigger_intent", body)
    assert told["tracker"]["active_loop"]["name"] == "order_status_form"
    (message,) = told["messages"]
    assert "e-mail" in message["text"]
    assert message["recipient_id"] == "Grace"
    lines = backend.lines(int(message["custom"]["conversation_id"]))
    assert [(line["author"], line["private"]) for line in lines] == [
        ("system", True),
        ("bot", False),
    ]
    assert lines[0]["text"] == "EXTERNAL: order_status"


def test_what_is_triggered_goes_to_the_customer_only_on_the_channel_that_is_named(
    backend: Backend,
) -> None:
    heidi = Chat(backend.client, "700100")
    heidi.says("/greet")
    so_far = heidi.hears()
    body = {"name": "greet"}
    told = backend.posts("telegram:700100/trigger_intent", body)
    assert len(told["messages"]) == 1
    assert heidi.hears() == so_far
    told = backend.posts("telegram:700100/trigger_intent?output_channel=latest", body)
    assert "messages" not in told
    assert len(heidi.hears()) == len(so_far) + 1


def test_what_the_bot_is_made_to_say_is_said_unless_a_person_has_the_conversation(
    backend: Backend,
) -> None:
    ivan = Chat(backend.client, "700200")
    ivan.says("/greet")
    number = backend.client.get("/api/v1/conversations", headers=backend.headers).json()[
        "conversations"
    ][0]["id"]
    event = {
        "event": "bot",
        "text": "It has left the warehouse.",
        "data": {"image": "https://x.example/a.png"},
    }
    path = "telegram:700200/tracker/events?execute_side_effects=true"
    backend.posts(path, event)
    backend.posts(path + "&output_channel=socketio", event)
    assert event["text"] not in ivan.hears()
    backend.posts(path + "&output_channel=telegram", event)
    assert ivan.hears()[-1] == event["text"]
    backend.client.post(f"/api/v1/conversations/{number}/claim", headers=backend.headers)
    heard = ivan.hears()
    backend.posts(path + "&output_channel=latest", event)
    assert ivan.hears() == heard


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Judy/tracker/events", [], 400),
        ("Judy/tracker/events", {"event": "unheard_of"}, 400),
        ("Judy/tracker/events", {"event": "slot", "name": "email"}, 400),
        ("Judy/tracker/events", {"event": "slot", "name": 7, "value": 1}, 400),
        ("Judy/tracker/events", {"event": "user", "parse_data": {"entities": ["x"]}}, 400),
        ("Judy/messages", {"text": "hi", "sender": "bot"}, 400),
        ("Judy/messages", {"text": "", "sender": "user"}, 400),
        ("Judy/trigger_intent", {}, 400),
        ("Judy/trigger_intent", {"name": "unheard_of"}, 404),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_stored(
    backend: Backend, path: str, body: object, status: int
) -> None:
    backend.is_refused(path, body, status)
    assert not {"user", "slot"} & set(names(backend.tracker("Judy")))


def test_the_domain_comes_as_json_or_yaml(backend: Backend) -> None:
    def asked(accept: str) -> Any:
        headers = {**backend.headers, "Accept": accept}
        return backend.client.get("/domain", headers=headers)

    as_json = asked("application/json").json()
    assert "order_status" in as_json["intents"]
    assert yaml.safe_load(asked("application/x-yaml").text) == as_json
    assert asked("*/*").json() == as_json
    refusal(asked("text/html"), 406)


def test_the_status_names_the_model_and_an_emulation_is_refused(backend: Backend) -> None:
    status = backend.client.get("/status").json()
    assert status.keys() == {"model_file", "model_id", "num_active_training_jobs"}
    refused = backend.client.post("/model/parse?emulation_mode=LUIS", json={"text": "hello"})
    assert refusal(refused, 400)["details"] == {"parameter": "emulation_mode", "in": "query"}


def test_a_stranger_learns_nothing_of_customers(backend: Backend) -> None:
    for method, path in (
        ("GET", "/conversations/Carol/tracker"),
        ("POST", "/conversations/Carol/tracker/events"),
        ("POST", "/conversations/Carol/messages"),
        ("POST", "/conversations/Carol/trigger_intent"),
        ("GET", "/domain"),
    ):
        for query in ("", "?token=", "?token=none"):
            error = refusal(backend.client.request(method, path + query, json={}), 401)
            assert error["reason"] == "NotAuthenticated"


def bearer(secret: str = SECRET, **claims: object) -> dict[str, str]:
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
    return {"Authorization": f"Bearer {token}"}


@on_both_databases
def test_rasas_token_and_jwt_open_what_they_open_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_RASA_TOKEN", TOKEN)
    monkeypatch.setenv("FIRSTLINE_RASA_JWT_SECRET", SECRET)
    with TestClient(create_app(load_settings(data))) as client:
        Customer(client, "Carol").says("/greet")

        def status(path: str, **more: Any) -> int:
            return int(client.get(path, **more).status_code)

        carols = "/conversations/Carol/tracker"
        assert status(carols, params={"token": TOKEN}) == 200
        assert status(carols, params={"token": TOKEN + "x"}) == 401
        admin = bearer(user={"username": "Zoe", "role": "admin"})
        assert status(carols, headers=admin) == 200
        assert status("/conversations/rest:Carol/tracker", headers=admin) == 200
        carol = bearer(user={"username": "Carol", "role": "user"})
        assert status(carols, headers=carol) == 200
        assert status("/conversations/Dave/tracker", headers=carol) == 403
        assert status("/domain", headers=carol) == 403
        assert (
            status(carols, headers=bearer("another secret, as long", user={"role": "admin"})) == 401
        )
        assert status(carols, headers=bearer(user={"role": "admin"}, exp=1)) == 401
        assert status(carols, headers=bearer()) == 403
        for path in ("/status", "/domain"):
            assert status(path) == 401
            assert status(path, params={"token": TOKEN}) == 200
        assert status("/version") == 200
        parsed = client.post("/model/parse", json={"text": "hello"})
        assert parsed.status_code == 401
        sneaky = bearer(user={"username": "rest:Carol", "role": "user"})
        seen = client.get("/conversations/rest:Carol/tracker", headers=sneaky).json()
        assert "user" not in names(seen)  # no name of Carol's for somebody who isn't her


@on_both_databases
def test_a_change_waits_for_the_turn_that_is_being_taken(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from bot.engine import Engine, Turn

    backend = Backend(client)
    carol = Customer(client, "Carol")
    carol.says("/greet")
    think = Engine.respond
    event = {"event": "slot", "name": "order_number", "value": "LH-204518"}
    with ThreadPoolExecutor(1) as threads:
        changes: list[Any] = []

        def meanwhile(engine: Engine, *case: Any, **more: Any) -> Turn:
            if not changes:
                changes.append(threads.submit(backend.posts, "Carol/tracker/events", event))
                time.sleep(0.1)
            return think(engine, *case, **more)

        monkeypatch.setattr(Engine, "respond", meanwhile)
        carol.says("/thank")
        changes[0].result()
    tracker = backend.tracker("Carol")
    assert tracker["slots"]["order_number"] == "LH-204518"
    assert names(tracker).count("user") == 2
