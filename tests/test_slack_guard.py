"""What stands in front of Slack's events: only Slack gets through, and nothing gets a 500."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.db import Database
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_desk import SlackDesk, slack_desk

EVENTS = "/slack/events"
FORM = "application/x-www-form-urlencoded"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.sampled_from(
    ["type", "event", "team", "user", "channel", "authorizations", "actions", "view", "message"]
)
TYPES = st.sampled_from(["event_callback", "block_actions", "message_action", "view_submission"])
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "app_mention", "app_home_opened", "tokens_revoked"])},
    optional={
        "channel": JSON,
        "user": JSON,
        "ts": JSON,
        "text": JSON,
        "subtype": st.sampled_from(["message_changed", "message_deleted", "bot_message"]),
        "message": JSON,
        "files": JSON,
    },
)


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def desk(data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    with slack_desk(data, slack, monkeypatch) as desk:
        yield desk


def post(
    desk: SlackDesk, body: bytes, media_type: str = "application/json", **headers: str | bytes
) -> int:
    """The status of a signed request; `headers` may spoil it."""
    signed: dict[str, str | bytes] = {**desk.slack.sender.signed(body), "Content-Type": media_type}
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    response = desk.client.post(EVENTS, content=body, headers=signed | changed)  # type: ignore[arg-type]
    return response.status_code


def test_slack_checks_the_address_when_it_is_set(desk: SlackDesk) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    signed = desk.slack.sender.signed(body) | {"Content-Type": "application/json"}
    response = desk.client.post(EVENTS, content=body, headers=signed)
    assert response.status_code == 200
    assert "3eZbrw1a" in response.text


def test_only_posts_are_taken(desk: SlackDesk) -> None:
    assert desk.client.get(EVENTS).status_code == 405


@pytest.mark.parametrize("stamp", ["", "yesterday", "²", "-5", "1e9", "9" * 30, "1700000000"])
def test_times_that_are_missing_odd_or_stale_are_refused(desk: SlackDesk, stamp: str) -> None:
    body = b'{"type": "url_verification"}'
    odd = stamp.encode("latin-1")
    assert post(desk, body, X_Slack_Request_Timestamp=odd) == 401


def test_a_request_from_the_future_is_refused(desk: SlackDesk) -> None:
    body = b'{"type": "url_verification"}'
    headers = desk.slack.sender.signed(body, int(time.time()) + 400)
    assert post(desk, body, **{k.replace("-", "_"): v for k, v in headers.items()}) == 401


@pytest.mark.parametrize("signature", [b"", b"v0=", b"v0=0000", "v0=é".encode(), b"\xff\xfe"])
def test_wrong_and_odd_signatures_are_refused(desk: SlackDesk, signature: bytes) -> None:
    assert post(desk, b'{"type": "url_verification"}', X_Slack_Signature=signature) == 401


def test_a_signature_is_of_one_body_only(desk: SlackDesk) -> None:
    signed = desk.slack.sender.signed(b'{"type": "url_verification"}')
    headers = {**signed, "Content-Type": "application/json"}
    assert desk.client.post(EVENTS, content=b'{"type": "x"}', headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"{", "application/json"),
        (b"{}", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"type": "event_callback", "event": "odd"}', "application/json"),
        (b'{"type": "event_callback", "authorizations": [1]}', "application/json"),
        (b'{"type": "block_actions", "actions": []}', "application/json"),
        (b'{"type": 5}', "application/json"),
        (b'{"type": "event_callback"}', "text/plain"),
        (b'{"type": "event_callback"}', ""),
        (b"payload=%7B", FORM),
        (b"payload=%FF", FORM),
        (b"payload=[]", FORM),
        (b"text=no+command", FORM),
        (b"&".join(b"a=1" for _ in range(200)), FORM),
    ],
)
def test_bodies_that_slack_does_not_send_are_refused(
    desk: SlackDesk, body: bytes, media_type: str
) -> None:
    assert post(desk, body, media_type) == 400


def test_kinds_that_nobody_wants_are_taken_and_dropped(
    desk: SlackDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"type": "reaction_added", "user": "U1", "item": {"text": "a secret"}}
    body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
    assert post(desk, json.dumps(body).encode()) == 200
    assert post(desk, urlencode({"ssl_check": "1"}).encode(), FORM) == 200
    logged = capsys.readouterr()
    assert "reaction_added" in logged.out + logged.err
    assert "a secret" not in logged.out + logged.err


def test_while_the_database_is_away_slack_is_asked_to_try_again(
    desk: SlackDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = desk.slack.person("Alice")
    database: Database = desk.app.state.database
    with monkeypatch.context() as broken, desk.slack.sender.held() as held:
        alice.says(alice.dm, "hello")
        broken.setattr(type(database), "write", _away)
        assert not desk.slack.sender.attempt(held[0])
    assert held[0].answers[-1].status == 503
    assert desk.slack.sender.attempt(held[0], 1)
    (conversation,) = desk.conversations()
    assert desk.said(conversation["id"]) == ["hello"]


def _away(_: Database, **__: bool) -> None:
    raise ConnectionError("no route to the database")


def test_any_bytes_and_any_shapes_are_answered_without_an_error(desk: SlackDesk) -> None:
    client = TestClient(desk.app, raise_server_exceptions=False)

    def status(body: bytes, media_type: str) -> int:
        headers = desk.slack.sender.signed(body) | {"Content-Type": media_type}
        return client.post(EVENTS, content=body, headers=headers).status_code

    quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

    @quick
    @given(st.binary(max_size=200), st.sampled_from(["application/json", FORM, "text/html"]))
    @example(b"payload=null", FORM)
    def bytes_are_answered(body: bytes, media_type: str) -> None:
        assert status(body, media_type) in (200, 400)

    @quick
    @given(st.dictionaries(PARTS, JSON), TYPES, EVENT)
    @example({"event": None}, "event_callback", {"type": "message"})
    def shapes_are_answered(body: dict[str, object], kind: str, event: dict[str, object]) -> None:
        envelope = {"type": kind, "team_id": "T1", "event_id": "Ev1", "event": event}
        for each in (envelope | body, envelope, envelope | body | {"type": kind}):
            assert status(json.dumps(each).encode(), "application/json") in (200, 400)
        form = urlencode({"payload": json.dumps(envelope | body)}).encode()
        assert status(form, FORM) in (200, 400)

    bytes_are_answered()
    shapes_are_answered()
