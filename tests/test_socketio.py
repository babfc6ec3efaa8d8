"""The Socket.IO channel: what a widget made for Rasa sends and gets, on both of its transports."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey

from bot.settings import load_settings
from channels.app import create_app
from handoff.agents import Role
from kb_index.encoder import Encoder
from tests.conftest import agent_headers, lay_out
from tests.fakes.browser import until
from tests.fakes.loopback import Loopback
from tests.fakes.people import transcript
from tests.fakes.rasa_widget import Widget, open_widget

Headers = dict[str, str]
WANTS_A_PERSON = "/talk_to_human"


class Desk:
    """A server with the channel, and the agent Alice."""

    def __init__(self, origin: str, app: Any) -> None:
        self.origin = origin
        self.http = httpx.Client(base_url=origin, timeout=30)
        self.alice = agent_headers(TestClient(app), "Alice", Role.AGENT)

    def conversation_of(self, widget: Widget) -> int:
        """The conversation that the widget's session is in."""
        found = self.http.get("/api/v1/conversations", headers=self.alice).json()
        return next(
            int(each["id"])
            for each in found["conversations"]
            if each["person"]["id"] and widget.session in str(self._names(each["person"]["id"]))
        )

    def _names(self, person: int) -> Any:
        return self.http.get(f"/api/v1/people/{person}", headers=self.alice).json()["identities"]

    def does(self, conversation: int, act: str, **body: str) -> None:
        url = f"/api/v1/conversations/{conversation}/{act}"
        self.http.post(url, json=body, headers=self.alice).raise_for_status()

    def takes(self, widget: Widget) -> int:
        """Alice takes over from the bot."""
        widget.says(WANTS_A_PERSON)
        widget.hears("FL-")
        number = self.conversation_of(widget)
        self.does(number, "claim")
        return number

    def statuses(self, conversation: int) -> dict[str, str]:
        lines = transcript(self.http, self.alice, conversation)
        return {line["text"]: line["status"] for line in lines if line["author"] == "agent"}


@pytest.fixture(scope="module")
def desk(
    prepared: Path, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One for all tests of this file: each has a session of its own."""
    with pytest.MonkeyPatch.context() as patch:
        data = lay_out(prepared, encoder, tmp_path_factory.mktemp("socketio") / "data", patch)
        patch.setenv("FIRSTLINE_SOCKETIO", "true")
        app = create_app(load_settings(data))
    with Loopback(app) as server:
        yield Desk(server.origin, app)


@pytest.fixture
def widget(desk: Desk) -> Iterator[Widget]:
    with open_widget(desk.origin) as widget:
        yield widget


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_widget_is_greeted_and_shown_buttons_that_it_can_press(
    desk: Desk, transport: str
) -> None:
    with open_widget(desk.origin, "Carol's tab by " + transport, transport=transport) as carol:
        assert carol.sessions == ["Carol's tab by " + transport]
        carol.says("/greet")
        until(lambda: bool(carol.heard))
        assert carol.heard == [{"text": carol.texts[0]}]
        carol.says('/answer{"article": "warranty"}')
        carol.hears("Source: ")
        until(lambda: bool(carol.heard[-1].get("quick_replies")))
        assert carol.heard[-1]["quick_replies"] == [
            {"content_type": "text", "title": "It helped", "payload": "/helped"},
            {"content_type": "text", "title": "It didn't", "payload": "/not_helped"},
        ]
        assert {tuple(each) for each in carol.heard[1:]} == {("text", "quick_replies")}
        so_far = len(carol.heard)
        carol.says("/helped")
        until(lambda: len(carol.heard) > so_far)


def test_a_widget_that_names_no_session_is_given_one(widget: Widget) -> None:
    assert len(widget.session) == 32


def test_a_person_answers_live_and_the_bot_is_silent(desk: Desk, widget: Widget) -> None:
    number = desk.takes(widget)
    widget.says("How long is the warranty?")
    desk.does(number, "messages", text="Hello, this is Alice.")
    widget.hears("this is Alice")
    assert widget.heard[1:] == [{"text": "Hello, this is Alice."}]
    until(lambda: desk.statuses(number) == {"Hello, this is Alice.": "sent"})


def test_what_a_person_said_while_the_page_was_closed_comes_once_when_it_is_back(
    desk: Desk,
) -> None:
    carol = Widget(desk.origin).opens()
    number = desk.takes(carol)
    desk.does(number, "messages", text="One moment.")
    carol.hears("One moment.")
    carol.closes()
    desk.does(number, "messages", text="Two years.")
    desk.does(number, "messages", text="Anything else?")
    assert desk.statuses(number)["Two years."] == "queued"
    with open_widget(desk.origin, carol.session) as again:
        again.hears("Anything else?")
        assert again.texts == ["Two years.", "Anything else?"]
        until(lambda: set(desk.statuses(number).values()) == {"sent"})
    with open_widget(desk.origin, carol.session) as once_more:
        once_more.says("thanks")
        desk.does(number, "messages", text="You're welcome.")
        once_more.hears("welcome")
        assert once_more.texts == ["You're welcome."]


def test_two_tabs_of_one_session_hear_the_same(desk: Desk, widget: Widget) -> None:
    with open_widget(desk.origin, widget.session) as other:
        widget.says("/greet")
        until(lambda: bool(widget.heard) and widget.heard == other.heard)


def test_a_connection_that_died_unnoticed_has_not_got_what_was_sent_there(desk: Desk) -> None:
    """Its line comes to the page that is opened next, and may have come twice."""
    carol = Widget(desk.origin).opens()
    number = desk.takes(carol)
    carol.client.eio._send_packet = lambda packet: None  # it hears and answers nothing any more
    desk.does(number, "messages", text="Are you there?")
    until(lambda: desk.statuses(number) == {"Are you there?": "sending"})
    with open_widget(desk.origin, carol.session) as again:
        again.hears("Are you there?")
        until(lambda: desk.statuses(number) == {"Are you there?": "uncertain"})
    carol.client.eio.disconnect(abort=True)


def test_a_message_that_cannot_be_taken_is_answered_with_why(widget: Widget) -> None:
    widget.says("x" * 4001)
    assert "4,000" in widget.hears("too long")["text"]
    widget.emits("user_uttered", None)
    widget.emits("user_uttered", {"message": ["no", "text"]})
    widget.hears("none that can be read")
    widget.says("/greet")
    until(lambda: len(widget.heard) == 3)


def test_what_a_widget_repeats_by_its_id_is_stored_once(desk: Desk, widget: Widget) -> None:
    for _ in range(2):
        widget.says("/greet", metadata='{"message_id": "m1", "colour": "blue"}')
    until(lambda: bool(widget.heard))
    lines = transcript(desk.http, desk.alice, desk.conversation_of(widget))
    assert [line["author"] for line in lines] == ["customer", "bot"]
    assert lines[0]["content"]["metadata"]["colour"] == "blue"


def test_the_channel_is_off_unless_it_is_switched_on(client: TestClient) -> None:
    assert client.get("/socket.io/?EIO=4&transport=polling").status_code == 404


def test_a_client_of_an_older_protocol_is_told_so(desk: Desk) -> None:
    refused = desk.http.get("/socket.io/?EIO=3&transport=polling")
    assert refused.status_code == 400
    assert "unsupported version" in refused.text


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_any_process_serves_any_session_and_each_sends_to_its_own_connections(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_SOCKETIO", "true")
    settings = load_settings(data)
    first, second = create_app(settings), create_app(settings)
    with Loopback(first) as one, Loopback(second) as other:
        desk = Desk(other.origin, second)
        carol = Widget(one.origin).opens()
        number = desk.takes(carol)
        with open_widget(other.origin, carol.session) as tab:
            desk.does(number, "messages", text="Hello, this is Alice.")
            carol.hears("this is Alice")
            assert tab.hears("this is Alice") == tab.heard[0]
        carol.closes()
        desk.does(number, "messages", text="Are you there?")
        with open_widget(other.origin, carol.session) as again:
            again.hears("Are you there?")
            assert len(again.heard) == 1
            until(lambda: set(desk.statuses(number).values()) == {"sent"})


def signed(key: str, **claims: object) -> dict[str, str]:
    token = jwt.encode({"alg": "HS256"}, {"user": "Carol", **claims}, OctKey.import_key(key))
    return {"token": token}


def test_events_path_and_key_are_those_of_rasas_credentials(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "a key that is long enough to sign with"
    chosen = {
        "user_message_evt": "user_said",
        "bot_message_evt": "bot_said",
        "socketio_path": "/chat/socket",
        "namespace": "/shop",
        "session_persistence": "false",
        "jwt_key": key,
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"FIRSTLINE_SOCKETIO__{name.upper()}", value)
    with Loopback(create_app(load_settings(data))) as server:
        at = {"socketio_path": "chat/socket", "namespaces": ["/shop"]}
        stranger = Widget(server.origin, "bot_said", "/shop")
        for auth in (None, {"token": "no.token.atall"}, signed(key + "!"), signed(key, exp=1)):
            assert stranger.is_refused(auth=auth, **at)
        carol = Widget(server.origin, "bot_said", "/shop")
        carol.opens("the same", socketio_path="chat/socket", auth=signed(key))
        carol.client.call("user_said", {"message": "/greet"}, namespace="/shop")
        until(lambda: bool(carol.heard))
        carol.closes()
