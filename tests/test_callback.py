"""The callback channel: messages are taken at once, and what is said to them is posted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from bot.engine import Engine, Turn
from bot.settings import load_settings
from bot.turn import Kind, Reply
from channels.app import create_app
from handoff.agents import Role
from kb_index.encoder import Encoder
from tests.conftest import agent_headers, lay_out
from tests.fakes.browser import until
from tests.fakes.callback_server import CallbackServer, callback_server
from tests.fakes.people import transcript

WEBHOOK = "/webhooks/callback/webhook"


@pytest.fixture(scope="module")
def site() -> Iterator[CallbackServer]:
    with callback_server() as server:
        yield server


@pytest.fixture(scope="module")
def desk(
    site: CallbackServer,
    prepared: Path,
    encoder: Encoder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TestClient]:
    """A server with the channel, for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch:
        data = lay_out(prepared, encoder, tmp_path_factory.mktemp("callback") / "data", patch)
        patch.setenv("FIRSTLINE_CALLBACK__URL", site.url)
        patch.setenv("FIRSTLINE_CALLBACK__HEADERS", '{"X-Key": "ours"}')
        app = create_app(load_settings(data))
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def alice(desk: TestClient) -> dict[str, str]:
    return agent_headers(desk, "Alice", Role.AGENT)


def say(desk: TestClient, sender: str, message: str, **metadata: str) -> None:
    body = {"sender": sender, "message": message, "metadata": metadata}
    response = desk.post(WEBHOOK, json=body)
    assert (response.status_code, response.text) == (200, "success")


def test_the_answer_is_posted_in_the_shape_of_rasas_clients(
    desk: TestClient, site: CallbackServer
) -> None:
    assert desk.get("/webhooks/callback/").json() == {"status": "ok"}
    say(desk, "Carol", '/answer{"article": "warranty"}')
    until(lambda: bool(site.texts("Carol")))
    (post,) = [each for each in site.posts if each["recipient_id"] == "Carol"]
    assert "Source: " in post["text"]
    assert [button["payload"] for button in post["buttons"]] == ["/helped", "/not_helped"]
    assert post["custom"]["kind"] == "answer"
    assert site.headers[-1]["x-key"] == "ours"


def test_what_a_person_says_arrives_there_too(
    desk: TestClient, site: CallbackServer, alice: dict[str, str]
) -> None:
    say(desk, "Dave", "/talk_to_human")
    until(lambda: bool(site.texts("Dave")))
    number = int(site.posts[-1]["custom"]["conversation_id"])
    url = f"/api/v1/conversations/{number}"
    desk.post(f"{url}/claim", headers=alice)
    desk.post(f"{url}/messages", json={"text": "Hello, this is Alice."}, headers=alice)
    until(lambda: site.texts("Dave")[-1] == "Hello, this is Alice.")
    assert site.posts[-1]["custom"]["kind"] == "agent"
    assert site.posts[-1]["custom"]["agent"] == "Alice"
    until(lambda: transcript(desk, alice, number)[-1]["status"] == "sent")


def test_an_address_that_fails_is_tried_again_and_each_message_arrives_once(
    desk: TestClient, site: CallbackServer, alice: dict[str, str]
) -> None:
    site.answers = [
        Response(status_code=503, headers={"Retry-After": "0"}),
        Response(status_code=500),
    ]
    for _ in range(2):
        say(desk, "Erin", "/greet", message_id="m1")
    until(lambda: bool(site.texts("Erin")))
    say(desk, "Erin", "/thank", message_id="m2")
    until(lambda: len(site.texts("Erin")) == 2)
    number = int(site.posts[-1]["custom"]["conversation_id"])
    until(
        lambda: {line["status"] for line in transcript(desk, alice, number)} == {"handled", "sent"}
    )


def test_what_the_address_refuses_for_good_lands_on_a_human(
    desk: TestClient, site: CallbackServer, alice: dict[str, str]
) -> None:
    site.answers = [Response(status_code=400)]
    say(desk, "Frank", "/greet")

    def queued() -> list[dict[str, Any]]:
        url = "/api/v1/conversations?state=queued"
        found: list[dict[str, Any]] = desk.get(url, headers=alice).json()["conversations"]
        return [each for each in found if each["ticket"]["reason"] == "undelivered"]

    until(lambda: len(queued()) == 1)
    note = transcript(desk, alice, queued()[0]["id"])[-2]
    assert "HTTP 400" in str(transcript(desk, alice, queued()[0]["id"]))
    assert note["private"]


def test_text_picture_and_custom_payload_are_posted_one_by_one_and_never_twice(
    desk: TestClient, site: CallbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = Reply(Kind.FLOW, "Look!", image="https://x.example/a.png", custom={"stars": 5})
    evidence = {"act": "flow", "reason": "a_test", "confidence": 1.0}
    monkeypatch.setattr(Engine, "respond", lambda *_, **__: Turn((reply,), {}, 0.0, evidence))
    site.answers = [Response(), Response(status_code=500)]
    say(desk, "Grace", "/greet")
    until(lambda: len([each for each in site.posts if each["recipient_id"] == "Grace"]) == 3)
    text, custom, picture = (
        {key: value for key, value in each.items() if key not in ("recipient_id", "metadata")}
        for each in site.posts[-3:]
    )
    assert text == {"text": "Look!"}
    assert custom == {"custom": {"stars": 5}}
    assert picture == {"image": "https://x.example/a.png"}
    assert {each["metadata"]["kind"] for each in site.posts[-3:]} == {"flow"}
