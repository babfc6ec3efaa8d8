"""A project's action server is called as Rasa calls it, and whatever it does wrong has a name."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.action_runner.action_server import ActionServer
from bot.action_runner.check import check_actions
from bot.action_runner.endpoint import Endpoint
from bot.action_runner.ran import ActionFailedError, UnknownActionError
from bot.action_runner.runner import ActionRunner
from bot.domain import Domain
from bot.turn import JSON
from tests.fakes.action_server import action_server
from tests.fakes.loopback import Loopback
from tests.fakes.rasa_environment import rasas_python

TRACKER: JSON = {
    "sender_id": "alice",
    "slots": {"city": "York"},
    "latest_message": {"text": "Alice's secret", "intent": {"name": "greet"}},
    "events": [{"event": "user", "text": "Alice's secret"}],
    "active_loop": {},
    "latest_action_name": "action_listen",
}
DOMAIN: JSON = {"responses": {"utter_hello": [{"text": "Hello"}]}}
ACTIONS = """
from rasa_sdk import Action
from rasa_sdk.events import SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection


class Greets(Action):
    def name(self):
        return "action_greet"

    def run(self, dispatcher, tracker, domain):
        response = next(iter(domain["responses"]))
        dispatcher.utter_message(response=response, city=tracker.slots["city"])
        return [SlotSet("city", tracker.latest_message["intent"]["name"])]


class Rejects(Greets):
    def name(self):
        return "action_reject"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection("action_reject")


class Fails(Greets):
    def name(self):
        return "action_fail"

    def run(self, dispatcher, tracker, domain):
        raise ValueError(tracker.latest_message["text"])
"""


@pytest.fixture(scope="module", params=["the SDK beside Firstline", "Rasa's own"])
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of `python -m rasa_sdk --actions actions`, of two versions."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "actions.py").write_text(ACTIONS)
    more: dict[str, Any] = {"python": rasas_python()} if request.param == "Rasa's own" else {}
    with action_server(folder, **more) as url:
        yield url


def server(url: str, domain: JSON = DOMAIN, answer: float = 10.0, **config: Any) -> ActionServer:
    return ActionServer(Endpoint.of({"url": url, **config}), domain, answer)


def test_an_action_gets_tracker_and_domain_and_its_events_and_messages_come_back(real: str) -> None:
    ran = server(real).run("action_greet", TRACKER)
    assert [(event["event"], event["name"], event["value"]) for event in ran.events] == [
        ("slot", "city", "greet")
    ]
    assert [(each["response"], each["city"]) for each in ran.messages] == [("utter_hello", "York")]
    assert not ran.rejected


def test_a_rejection_is_one(real: str) -> None:
    assert server(real).run("action_reject", TRACKER).rejected


def test_what_an_action_raises_is_named_without_the_customers_words(real: str) -> None:
    with pytest.raises(ActionFailedError) as failed:
        server(real).run("action_fail", TRACKER)
    said = str(failed.value)
    assert "action_fail failed" in said
    assert real in said
    assert "status 500" in said
    assert "secret" not in said


def test_what_the_server_does_not_have_is_ours_or_nobodys(real: str) -> None:
    runner = ActionRunner(Domain(raw=DOMAIN), None, Endpoint.of({"url": real}))
    assert runner.run("action_hand_over", TRACKER).events[0]["event"] == "pause"
    with pytest.raises(UnknownActionError, match="action_gone is implemented nowhere"):
        runner.run("action_gone", TRACKER)
    with pytest.raises(UnknownActionError, match=f"{real} has no action called action_gone"):
        server(real).run("action_gone", TRACKER)


def test_many_threads_may_call_at_once(real: str) -> None:
    called = server(real)
    with ThreadPoolExecutor(8) as threads:
        ran = list(threads.map(lambda _: called.run("action_greet", TRACKER), range(40)))
    assert all(each == ran[0] for each in ran)


def test_what_a_server_lacks_is_named_before_anybody_needs_it(real: str) -> None:
    names = ("action_greet", "action_gone")
    domain = Domain(actions=names, lines={f"actions/{each}": (Path("d.yml"), 7) for each in names})
    checked = check_actions(domain, None, Endpoint.of({"url": real}))
    assert checked.problem is None
    [warning] = checked.warnings
    assert warning.startswith("d.yml:7: action_gone is implemented nowhere")


Answer = Callable[[Request], Any]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that answers every call like that."""

    async def webhook(request: Request) -> Response:
        response: Response = await answer(request)
        return response

    app = Starlette(routes=[Route("/webhook", webhook, methods=["GET", "POST"])])
    with Loopback(app) as loopback:
        yield f"{loopback.origin}/webhook"


def always(response: Callable[[], Response]) -> Answer:
    async def answer(request: Request) -> Response:
        return response()

    return answer


def test_the_call_has_rasas_shape_and_what_the_endpoint_asks_for() -> None:
    calls: list[Request] = []
    bodies: list[JSON] = []

    async def answer(request: Request) -> Response:
        calls.append(request)
        bodies.append(await request.json())
        return JSONResponse({})

    with answering(answer) as url:
        ran = server(
            url,
            headers={"X-Team": "7"},
            token="t0ken",
            token_name="key",
            params={"a": 1},
            basic_auth={"username": "alice", "password": "pass"},
        ).run("action_greet", TRACKER)
    assert (ran.events, ran.messages, ran.rejected) == ((), (), False)
    [call], [body] = calls, bodies
    assert dict(call.query_params) == {"a": "1", "key": "t0ken"}
    assert call.headers["x-team"] == "7"
    assert call.headers["authorization"] == "Basic YWxpY2U6cGFzcw=="
    assert body == {
        "next_action": "action_greet",
        "sender_id": "alice",
        "tracker": TRACKER,
        "domain": DOMAIN,
        "version": "3.6.21",
    }


@pytest.mark.parametrize(
    ("response", "named"),
    [
        (lambda: Response(b"<html>", 200), "answered with something else than"),
        (lambda: Response(b"", 200), "answered with something else than"),
        (lambda: JSONResponse(None), "answered with something else than"),
        (lambda: JSONResponse([]), "answered with something else than"),
        (lambda: Response(b"[" * 100_000, 200), "answered with something else than"),
        (lambda: JSONResponse({"events": {}}), "must return a list of events"),
        (lambda: JSONResponse({"events": [{"event": "teleport"}]}), 'unknown event "teleport"'),
        (lambda: JSONResponse({"events": [{"event": "export"}]}), 'event "export", which is not'),
        (lambda: JSONResponse({"responses": ["hello"]}), "responses that are no list of messages"),
        (lambda: JSONResponse({"error": "Invalid body request"}, 400), "answered with status 400"),
        (lambda: JSONResponse({}, 404), "has nothing at that path (404)"),
        (lambda: Response("no", 401), "wants other credentials (401)"),
        (lambda: Response("no", 502), "answered with status 502"),
        (lambda: Response(b"", 302, {"Location": "/elsewhere"}), "answered with status 302"),
        (lambda: Response(b"x" * 2_000_000), "answered with more than 1,048,576 bytes"),
        (
            lambda: Response(
                gzip.compress(bytes(20_000_000)), headers={"Content-Encoding": "gzip"}
            ),
            "answered with more than 1,048,576 bytes",
        ),
        (
            lambda: Response(b"no gzip", headers={"Content-Encoding": "gzip"}),
            "broke off (DecodingError)",
        ),
    ],
)
def test_a_wrong_answer_is_named(response: Callable[[], Response], named: str) -> None:
    with answering(always(response)) as url, pytest.raises(ActionFailedError) as failed:
        server(url).run("action_greet", TRACKER)
    said = str(failed.value)
    assert "action_greet" in said
    assert named in said
    assert "secret" not in said


def test_a_server_that_is_not_there_is_named_without_its_secrets() -> None:
    with pytest.raises(ActionFailedError) as failed:
        server("http://alice:pass@127.0.0.1:1/webhook?key=t0ken").run("action_greet", TRACKER)
    assert "action_greet failed: the action server at http://127.0.0.1:1/webhook can't" in str(
        failed.value
    )
    assert "pass" not in str(failed.value)
    assert "t0ken" not in str(failed.value)
    [warning] = check_actions(
        Domain(), None, Endpoint.of({"url": "http://127.0.0.1:1/webhook"})
    ).warnings
    assert "http://127.0.0.1:1/webhook doesn't say what actions it has: start it" in warning


async def _drips() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.02)


async def _silent() -> AsyncIterator[bytes]:
    await asyncio.sleep(1)
    yield b"{}"


@pytest.mark.parametrize("body", [_drips, _silent])
def test_a_slow_answer_is_not_waited_for(body: Callable[[], AsyncIterator[bytes]]) -> None:
    with answering(always(lambda: StreamingResponse(body()))) as url:
        begun = time.monotonic()
        with pytest.raises(ActionFailedError, match=r"took longer than 0\.2 seconds"):
            server(url, answer=0.2).run("action_greet", TRACKER)
        assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (None, "it needs a url"),
        ("http://localhost:5055/webhook", "it needs a url"),
        ({}, "must begin with http:// or https://, not nothing"),
        ({"url": "localhost:5055/webhook"}, "must begin with http:// or https://, not localhost"),
        ({"url": "grpc://localhost:5055"}, "must begin with http:// or https://, not grpc"),
        ({"url": "http://localhost:50555555/webhook"}, "a port that is no number"),
        ({"url": "http://localhost", "headers": ["x"]}, "headers must map"),
        ({"url": "http://localhost", "basic_auth": {"username": "a"}}, "and a password"),
        ({"url": "http://localhost", "basic_auth": {"user": "a", "pass": "b"}}, "and a password"),
    ],
)
def test_a_wrong_endpoint_says_what_to_mend(config: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Endpoint.of(config)
