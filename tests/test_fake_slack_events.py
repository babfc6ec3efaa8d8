"""The Slack server of the tests: what it sends, as Bolt takes it."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_bolt import Ack, App, BoltRequest, Respond
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore

from tests.fakes.browser import until
from tests.fakes.slack import Channel, FakeSlack, Person
from tests.fakes.slack.world import Json

PAYLOADS = Path(__file__).parent / "payloads" / "slack"
Body = dict[str, Any]


@dataclass
class Page:
    status_code: int
    text: str
    headers: dict[str, str]

    @property
    def content(self) -> bytes:
        return self.text.encode()


@dataclass
class BoltApp:
    """Bolt, and what its listeners heard; a listener that is `deaf` raises instead."""

    app: App
    heard: list[Body] = field(default_factory=list)
    deaf: int = 0

    def post(self, url: str, *, content: bytes, headers: dict[str, Any]) -> Page:
        return self._page(self.app.dispatch(BoltRequest(body=content.decode(), headers=headers)))

    def get(self, url: str, *, headers: dict[str, Any] | None = None, **more: Any) -> Page:
        assert self.app.oauth_flow
        request = BoltRequest(body="", query=urlsplit(url).query, headers=headers or {})
        flow = self.app.oauth_flow
        begins = url.startswith("/slack/install")
        answer = flow.handle_installation(request) if begins else flow.handle_callback(request)
        return self._page(answer)

    def hear(self, body: Body, ack: Ack) -> None:
        if self.deaf:
            self.deaf -= 1
            raise RuntimeError("deaf")
        self.heard.append(body)
        ack()

    def events(self) -> list[Body]:
        return [body["event"] for body in self.heard]

    def texts(self) -> list[str]:
        return [event["text"] for event in self.events()]

    @staticmethod
    def _page(answer: Any) -> Page:
        headers = {name: values[0] for name, values in answer.headers.items()}
        return Page(answer.status, answer.body, headers)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        slack.sender.minute = 0.01
        yield slack


@pytest.fixture
def bolt(slack: FakeSlack) -> BoltApp:
    web = WebClient(slack.bot_token, base_url=slack.api_url)
    bolt = BoltApp(
        App(
            client=web,
            signing_secret=slack.signing_secret,
            process_before_response=True,
            ignoring_self_events_enabled=False,
            logger=logging.getLogger("quiet"),
        )
    )
    for event in ("message", "app_mention", "app_home_opened", "member_joined_channel"):
        bolt.app.event(event)(bolt.hear)
    slack.deliver_to(bolt)
    return bolt


def test_the_url_is_verified(slack: FakeSlack, bolt: BoltApp) -> None:
    assert slack.events.verify_url()


def test_a_direct_message(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    post = alice.says(alice.dm, "Is <VPN> down? See https://status.example/x")
    assert slack.sender.deliveries[-1].is_taken
    event = bolt.events()[0]
    assert event["channel_type"] == "im"
    assert event["channel"] == alice.dm.id
    assert event["user"] == alice.id
    assert event["ts"] == post.ts
    assert event["text"] == "Is &lt;VPN&gt; down? See <https://status.example/x>"
    assert bolt.heard[0]["authorizations"][0]["team_id"] == slack.team.id
    assert not bolt.heard[0]["is_ext_shared_channel"]


def test_a_mention_comes_twice_and_a_thread_follows(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    help = slack.channel("help", alice)
    root = alice.mentions(help, "VPN?")
    alice.says(help, "Anybody?", thread=root)
    first, second, reply = bolt.events()
    assert (first["type"], second["type"]) == ("message", "app_mention")
    assert first["ts"] == second["ts"]
    assert first["text"] == f"<@{slack.team.bot.id}> VPN?"
    assert bolt.heard[0]["event_id"] != bolt.heard[1]["event_id"]
    assert reply["thread_ts"] == root.ts
    assert reply["parent_user_id"] == alice.id


def test_edits_deletions_and_tombstones(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    help = slack.channel("help", alice)
    root = alice.says(help, "VPM")
    alice.edits(root, "VPN")
    reply = alice.says(help, "?", thread=root)
    alice.deletes(reply)
    alice.says(help, "!", thread=root)
    alice.deletes(root)
    changes = [event for event in bolt.events() if "subtype" in event]
    edited, deleted, buried = changes
    assert edited["message"]["text"] == "VPN"
    assert edited["previous_message"]["text"] == "VPM"
    assert edited["message"]["edited"]
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", reply.ts)
    assert buried["subtype"] == "message_changed"
    assert buried["message"]["subtype"] == "tombstone"


def test_what_the_bot_posts_comes_back_as_its_own(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    bolt.app.client.chat_postMessage(channel=alice.dm.id, text="Hello")
    until(lambda: bool(bolt.heard))
    assert bolt.events()[0]["bot_id"] == slack.team.bot_id


def test_a_preview_is_told_as_a_change(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    slack.events.previewed(alice.says(alice.dm, "https://a.example"))
    change = bolt.events()[-1]
    assert change["message"]["text"] == change["previous_message"]["text"]
    assert change["message"]["attachments"]


def test_files_and_people_who_join(slack: FakeSlack, bolt: BoltApp) -> None:
    alice, bob = slack.person("Alice"), slack.person("Bob")
    alice.uploads(alice.dm, "screen.png", b"png", text="Look")
    shared = bolt.events()[0]
    assert shared["subtype"] == "file_share"
    assert shared["files"][0]["url_private_download"].startswith(slack.url)
    bob.joins(slack.channel("help"))
    assert bolt.events()[-1]["type"] == "member_joined_channel"


def test_an_event_without_its_scope_is_not_sent(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    help, away = slack.channel("help", alice), slack.channel("away", alice, with_bot=False)
    slack.team.scopes -= {"channels:history"}
    alice.mentions(help, "VPN?")
    alice.mentions(away, "VPN?")
    assert [event["type"] for event in bolt.events()] == ["app_mention"]


def test_direct_messages_of_several_people(slack: FakeSlack, bolt: BoltApp) -> None:
    alice, bob = slack.person("Alice"), slack.person("Bob")
    alice.mentions(slack.group(alice, bob), "@Bob can't log in")
    said, mention = bolt.events()
    assert said["channel_type"] == "mpim"
    assert mention["text"] == f"{slack.team.bot.mention} {bob.mention} can't log in"


def test_an_app_that_is_removed_is_told(slack: FakeSlack, bolt: BoltApp) -> None:
    bolt.app.event("tokens_revoked")(bolt.hear)
    bolt.app.event("app_uninstalled")(bolt.hear)
    slack.uninstalls(slack.team)
    assert [event["type"] for event in bolt.events()] == ["tokens_revoked", "app_uninstalled"]
    alice = slack.person("Alice")
    alice.says(alice.dm, "Anybody there?")
    assert len(bolt.heard) == 2


def test_somebody_from_another_company(slack: FakeSlack, bolt: BoltApp) -> None:
    partner = slack.workspace("Partner", is_installed=False)
    pam = slack.person("Pam", team=partner)
    pam.mentions(slack.channel("joint", pam, shared_with=partner), "Hello")
    assert bolt.heard[0]["is_ext_shared_channel"]
    assert bolt.heard[0]["team_id"] == slack.team.id
    assert bolt.events()[0]["user_team"] == partner.id


def test_what_was_not_taken_comes_again(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    bolt.deaf = 2
    alice.says(alice.dm, "hello")
    delivery = slack.sender.deliveries[-1]
    assert delivery.answer.trouble == "http_error"
    until(lambda: len(delivery.answers) == 3)
    assert delivery.is_taken
    assert bolt.texts() == ["hello"]


def test_after_three_retries_slack_gives_up(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    bolt.deaf = 9
    alice.says(alice.dm, "hello")
    until(lambda: bolt.deaf == 5)
    alice.says(alice.dm, "hello?")
    until(lambda: bolt.deaf == 1)
    assert bolt.heard == []


def test_events_out_of_order_and_twice(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    with slack.sender.held() as held:
        alice.says(alice.dm, "one")
        alice.says(alice.dm, "two")
    for delivery in (held[1], held[0], held[1]):
        slack.sender.attempt(delivery, 1, "http_timeout")
    assert bolt.texts() == ["two", "one", "two"]
    assert bolt.heard[0]["event_id"] == bolt.heard[2]["event_id"]


def test_a_forged_request_is_refused(slack: FakeSlack, bolt: BoltApp) -> None:
    body = b'{"type": "url_verification", "challenge": "x"}'
    headers = {"content-type": "application/json"}
    post = bolt.post
    good = post("/slack/events", content=body, headers=headers | slack.sender.signed(body))
    stale = post("/slack/events", content=body, headers=headers | slack.sender.signed(body, 1))
    forged = post("/slack/events", content=body + b" ", headers=headers | slack.sender.signed(body))
    assert (good.status_code, stale.status_code, forged.status_code) == (200, 401, 401)


def test_a_button_is_pressed_and_goes_away(slack: FakeSlack, bolt: BoltApp) -> None:
    alice, bob = slack.person("Alice"), slack.person("Bob")
    help = slack.channel("help", alice, bob)
    pressed: list[Body] = []

    def solved(body: Body, ack: Ack, respond: Respond) -> None:
        ack()
        pressed.append(body)
        respond("Solved ✓", replace_original=True)

    bolt.app.action("solved")(solved)
    web = bolt.app.client
    web.chat_postMessage(channel=help.id, text="Try this", blocks=with_button("42"))
    alice.presses("Solved", help)
    assert pressed[0]["actions"][0]["value"] == "42"
    assert pressed[0]["message"]["text"] == "Try this"
    assert bob.sees(help) == ["Firstline: Solved ✓ (edited)"]
    web.chat_postEphemeral(channel=help.id, user=bob.id, text="And this", blocks=with_button("43"))
    bob.presses("Solved", help)
    assert pressed[1]["container"]["is_ephemeral"]
    assert "message" not in pressed[1]
    assert bob.sees(help)[1] == "(only visible to you) Firstline: Solved ✓"
    with pytest.raises(AssertionError, match="sees no button"):
        bob.presses("Solved", help)


def test_a_command_is_answered_at_once_and_later(slack: FakeSlack, bolt: BoltApp) -> None:
    alice, bob = slack.person("Alice"), slack.person("Bob")
    help = slack.channel("help", alice, bob)

    def ask(body: Body, ack: Ack, respond: Respond) -> None:
        ack(f"You asked: {body['text']}")
        respond("And the answer is 42")

    bolt.app.command("/ask")(ask)
    assert alice.asks("/ask", "6 x 7 & so on", help) == "You asked: 6 x 7 & so on"
    assert sorted(alice.sees(help)) == [
        "(only visible to you) Firstline: And the answer is 42",
        "(only visible to you) Firstline: You asked: 6 x 7 & so on",
    ]
    assert bob.sees(help) == []
    assert "did not respond" in alice.asks("/sing")


def test_a_response_url_is_good_five_times(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    statuses: list[int] = []

    def ask(ack: Ack, respond: Respond) -> None:
        ack()
        statuses.extend(respond(str(number)).status_code for number in range(6))

    bolt.app.command("/ask")(ask)
    alice.asks("/ask")
    assert statuses == [200] * 5 + [404]


def test_shortcuts_and_modals(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    submitted: list[Body] = []

    def open_modal(body: Body, ack: Ack, client: WebClient) -> None:
        ack()
        message = body.get("message", {}).get("text", "")
        client.views_open(trigger_id=body["trigger_id"], view=modal(message))

    def submit(body: Body, ack: Ack) -> None:
        submitted.append(body)
        ack()

    bolt.app.shortcut("ask")(open_modal)
    bolt.app.message_shortcut("ask_about")(open_modal)
    bolt.app.view("question")(submit)
    alice.shortcut("ask")
    alice.enters("text", "How?")
    alice.submits()
    assert submitted[0]["view"]["state"]["values"]["q"]["text"]["value"] == "How?"
    assert alice.sees_modal() == ""
    alice.shortcut("ask_about", on=alice.says(alice.dm, "It broke"))
    assert alice.sees_modal() == "Question: [It broke]"


def test_the_home_tab_is_searched(slack: FakeSlack, bolt: BoltApp) -> None:
    alice = slack.person("Alice")
    searched: list[str] = []

    def show(body: Body, ack: Ack, client: WebClient) -> None:
        ack()
        client.views_publish(user_id=body["event"]["user"], view=home())

    def search(body: Body, ack: Ack) -> None:
        ack()
        searched.append(body["actions"][0]["value"])

    bolt.app.event("app_home_opened")(show)
    bolt.app.action("text")(search)
    bolt.app._listeners.reverse()  # the one that was added last is the one to hear it
    assert alice.opens_home() == "Question: [plain_text_input]"
    alice.enters("text", "VPN")
    assert searched == ["VPN"]


def test_the_app_is_installed_by_oauth(slack: FakeSlack, tmp_path: Path) -> None:
    other = slack.workspace("Elsewhere", is_installed=False)
    olga = slack.person("Olga", team=other)
    store = FileInstallationStore(base_dir=str(tmp_path / "i"), client_id=slack.client_id)
    settings = OAuthSettings(
        client_id=slack.client_id,
        client_secret=slack.client_secret,
        scopes=["chat:write", "users:read"],
        installation_store=store,
        state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=str(tmp_path / "s")),
        redirect_uri="https://desk.example/slack/oauth_redirect",
        authorization_url=f"{slack.url}/oauth/v2/authorize",
    )
    web = WebClient(base_url=slack.api_url)
    bolt = BoltApp(App(client=web, signing_secret=slack.signing_secret, oauth_settings=settings))
    assert olga.installs(bolt).status_code == 200
    bot = store.find_bot(enterprise_id=None, team_id=other.id)
    assert bot
    assert bot.bot_token == other.token
    assert WebClient(bot.bot_token, base_url=slack.api_url).auth_test()["team"] == "Elsewhere"
    assert other.scopes == {"chat:write", "users:read"}


@contextmanager
def connected(slack: FakeSlack, deaf: int = 0) -> Iterator[tuple[BoltApp, SocketModeHandler]]:
    """Bolt in Socket Mode."""
    web = WebClient(slack.bot_token, base_url=slack.api_url)
    bolt = BoltApp(App(client=web, process_before_response=True), deaf=deaf)
    bolt.app.event("message")(bolt.hear)
    handler = SocketModeHandler(bolt.app, slack.app_token)
    handler.connect()  # type: ignore[no-untyped-call]
    until(lambda: len(slack.sockets) == 1)
    yield bolt, handler
    handler.close()  # type: ignore[no-untyped-call]


def test_socket_mode(slack: FakeSlack) -> None:
    alice = slack.person("Alice")
    with connected(slack) as (bolt, _):
        bolt.app.command("/ask")(lambda ack: ack("Ask away"))
        alice.says(alice.dm, "hello")
        assert bolt.texts() == ["hello"]
        assert slack.sender.deliveries[-1].is_taken
        assert alice.asks("/ask") == "Ask away"


def test_a_connection_is_told_to_go_and_comes_back(slack: FakeSlack) -> None:
    alice = slack.person("Alice")
    with connected(slack) as (bolt, handler):
        first = handler.client.session_id()
        slack.sockets.disconnects()
        until(lambda: handler.client.session_id() != first and len(slack.sockets) == 1)
        alice.says(alice.dm, "still there?")
        until(lambda: "still there?" in bolt.texts())


def test_an_envelope_without_acknowledgement_comes_again(slack: FakeSlack) -> None:
    alice = slack.person("Alice")
    slack.sender.patience = 0.3
    with connected(slack, deaf=1) as (bolt, _):
        alice.says(alice.dm, "hello")
        until(lambda: bolt.texts() == ["hello"])
        assert slack.sender.deliveries[-1].answers[0].trouble == "timeout"


def test_what_is_said_while_nobody_is_connected_comes_again(slack: FakeSlack) -> None:
    alice = slack.person("Alice")
    slack.sender.minute = 1.0
    alice.says(alice.dm, "hello")
    with connected(slack) as (bolt, _):
        until(lambda: bolt.texts() == ["hello"])


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("message_im", lambda alice, help: alice.says(alice.dm, "x")),
        ("app_mention", lambda alice, help: alice.mentions(help, "x")),
        ("file_share", lambda alice, help: alice.uploads(alice.dm, "x.png", b"x")),
        ("message_changed", lambda alice, help: alice.edits(alice.says(alice.dm, "x"), "y")),
        ("message_deleted", lambda alice, help: alice.deletes(alice.says(alice.dm, "x"))),
        ("app_home_opened_first", lambda alice, help: alice.opens_home()),
        ("assistant_thread_started", lambda alice, help: alice.opens_assistant(help)),
        ("member_joined_channel", lambda alice, help: alice.joins(help)),
        ("shortcut", lambda alice, help: alice.shortcut("x")),
        ("message_action", lambda alice, help: alice.shortcut("x", alice.says(help, "x"))),
        ("command", lambda alice, help: alice.asks("/x", "y", help)),
    ],
)
def test_nothing_is_sent_that_slack_does_not_document(
    slack: FakeSlack, name: str, act: Callable[[Person, Channel], object]
) -> None:
    alice = slack.person("Alice")
    with slack.sender.held() as held:
        act(alice, slack.channel("help", alice))
    documented = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    assert names(held[-1].payload) - names(documented) <= {".api_app_id"}


def names(part: object, above: str = "") -> set[str]:
    """The names of all fields, with those that they are in."""
    if isinstance(part, list):
        return set().union(*(names(each, above) for each in part))
    if not isinstance(part, dict):
        return set()
    inner = (names(value, f"{above}.{name}") for name, value in part.items())
    return {f"{above}.{name}" for name in part}.union(*inner)


def with_button(value: str) -> list[Json]:
    button = {"type": "button", "action_id": "solved", "value": value, "text": plain("Solved")}
    return [{"type": "actions", "elements": [button]}]


def question(initial: str = "") -> Json:
    field = {"type": "plain_text_input", "action_id": "text"}
    element = field | ({"initial_value": initial} if initial else {})
    return {"type": "input", "block_id": "q", "label": plain("Question"), "element": element}


def modal(initial: str) -> Json:
    return {
        "type": "modal",
        "callback_id": "question",
        "title": plain("Ask"),
        "submit": plain("Ask"),
        "blocks": [question(initial)],
    }


def home() -> Json:
    return {"type": "home", "blocks": [question() | {"dispatch_action": True}]}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
