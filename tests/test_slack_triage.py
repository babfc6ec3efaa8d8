"""Agents in Slack: the triage channel is the same queue as the console."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bot.conversation import Conversation
from bot.hints import Hints
from bot.settings import SettingsError, load_settings
from channels.app import create_app
from tests.fakes.browser import until
from tests.fakes.people import Customer, Visitor
from tests.fakes.postgres import on_both_databases
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.world import buttons
from tests.fakes.triage import Floor, triage_floor


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def floor(slack: FakeSlack, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Floor]:
    with triage_floor(slack, data, monkeypatch) as floor:
        yield floor


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is tried again at once."""
    monkeypatch.setattr("channels.slack.triage_board.SWEEP", 0.1)
    monkeypatch.setattr("channels.slack.triage_slack.PAUSE", 0.1)
    monkeypatch.setattr("channels.slack.triage_slack.LONG_PAUSE", 0.1)


@on_both_databases
def test_an_escalation_is_a_card_that_says_why_who_and_how_long(floor: Floor) -> None:
    carol = Customer(floor.client, "Carol")
    carol.says("How do I return a lamp?")
    conversation = carol.is_handed_over()
    until(lambda: bool(floor.cards()))
    card = floor.card()
    assert "The customer asked for a person" in card
    assert "How do I return a lamp?" in card
    assert "Bot: " in card
    assert "· Larkhome · frustration" in card
    assert "waiting for under 2 minutes" in card
    assert "[Claim] [Open in console]" in card
    _, link = (button for _, button in buttons(floor.cards()[0].blocks))
    assert link["url"].endswith(f"/console/conversations/{conversation}")
    assert floor.thread() == []


@on_both_databases
def test_the_thread_of_a_claimed_card_is_the_conversation(floor: Floor) -> None:
    carol = Visitor(floor.client)
    carol.says("How do I return a lamp?")
    carol.says("/talk_to_human")
    until(lambda: bool(floor.cards()))
    card = floor.claims(floor.maya)
    until(lambda: "Maya has it" in floor.card())
    assert "[Resolve] [Hand back to the bot] [Release] [Open in console]" in floor.card()
    (opening,) = floor.thread()
    assert "How do I return a lamp?" in opening
    floor.maya.says(card.channel, "Hello, with *which* order? See https://larkhome.example", card)
    until(lambda: carol.reads()[-1] == "Hello, with which order? See https://larkhome.example")
    carol.says("With the last one")
    until(lambda: "With the last one" in floor.newest())
    carol.says("<!channel> *bold* & so on")
    until(lambda: "<!channel> *bold* & so on" in floor.newest())
    assert len(floor.thread()) == 4  # the opening, Maya's own line, Carol's two


@on_both_databases
def test_a_note_never_reaches_the_customer(floor: Floor) -> None:
    carol = Visitor(floor.client)
    conversation = int(carol.says("/talk_to_human").split("-")[0])
    until(lambda: bool(floor.cards()))
    card = floor.claims(floor.maya)
    floor.maya.says(card.channel, "// she is on the phone, too", card)
    floor.bob.says(card.channel, "//I know her case", card)  # any agent may leave one
    floor.acts("Bob", conversation, "messages", text="from the console", private=True)
    until(lambda: "from the console" in floor.newest())
    assert "Bob · private note" in floor.newest()
    notes = [line for line in floor.lines(conversation) if line["private"]]
    assert [(line["name"], line["text"]) for line in notes] == [
        ("Maya", "she is on the phone, too"),
        ("Bob", "I know her case"),
        ("Bob", "from the console"),
    ]
    assert not {line["text"] for line in notes} & set(carol.reads())


@on_both_databases
def test_a_line_that_slack_delivers_again_is_stored_once(floor: Floor) -> None:
    conversation = floor.escalates()
    card = floor.claims(floor.maya)
    sender = floor.slack.sender
    with sender.held() as held:
        floor.maya.mentions(card.channel, "Hello", card)  # both a message and a mention
    events = [each for each in held if each.payload["event"].get("user") == floor.maya.id]
    assert len(events) == 2
    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(lambda event: sender.attempt(event, 1), events * 3))
    assert [line["text"] for line in floor.lines(conversation)] == ["Hello"]


def test_a_line_is_stored_once_though_the_customer_has_moved_to_another_channel(
    floor: Floor,
) -> None:
    conversation = floor.escalates()
    card = floor.claims(floor.maya)
    floor.maya.says(card.channel, "Hello", card)
    with floor.app.state.database.write() as session:
        session.get_one(Conversation, conversation).channel = "web"
    event = next(
        each
        for each in reversed(floor.slack.sender.deliveries)
        if each.kind == "events_api" and each.payload["event"].get("user") == floor.maya.id
    )
    assert floor.slack.sender.attempt(event, 2)
    assert [line["text"] for line in floor.lines(conversation)] == ["Hello"]


@on_both_databases
@pytest.mark.parametrize("number", range(3))
def test_of_a_claim_in_slack_and_one_in_the_console_one_wins(floor: Floor, number: int) -> None:
    conversation = floor.escalates()
    together = threading.Barrier(2)

    def in_slack() -> None:
        together.wait()
        floor.maya.presses("Claim", floor.channel)

    def in_console() -> int:
        together.wait()
        url = f"/api/v1/conversations/{conversation}/claim"
        return int(floor.client.post(url, headers=floor.console["Bob"]).status_code)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(in_slack)
        claimed = threads.submit(in_console).result()
    owner = "Bob" if claimed == 200 else "Maya"
    assert floor.state(conversation) == ("open", owner)
    if owner == "Bob":
        until(lambda: floor.told(floor.maya) == ["Bob has this conversation"])
    until(lambda: f"{owner} has it" in floor.card())


@on_both_databases
def test_the_card_follows_what_is_done_in_the_console(floor: Floor) -> None:
    conversation = floor.escalates()
    floor.acts("Bob", conversation, "claim")
    until(lambda: "Bob has it" in floor.card())
    floor.acts("Bob", conversation, "messages", text="I'll look")
    until(lambda: "I'll look" in floor.newest())
    assert "Bob · to the customer" in floor.newest()
    floor.acts("Bob", conversation, "resolve")
    until(lambda: "Bob resolved the conversation" in floor.card())
    assert "\n" not in floor.card()
    assert not list(buttons(floor.cards()[-1].blocks))
    until(lambda: "This conversation is closed" in floor.newest())


def test_release_hand_back_and_resolve_are_buttons(floor: Floor) -> None:
    conversation = floor.escalates()
    card = floor.claims(floor.maya)
    floor.maya.presses("Release", card.channel, card)
    assert floor.state(conversation) == ("queued", None)
    until(lambda: "waiting for" in floor.card())
    floor.bob.presses("Claim", card.channel, card)
    until(lambda: "Bob has it" in floor.card())
    floor.bob.presses("Hand back to the bot", card.channel, card)
    assert floor.state(conversation) == ("bot", None)
    until(lambda: "Bob handed it back to the bot" in floor.card())
    floor.bob.says(card.channel, "One more thing", card)
    until(lambda: any("This ticket is closed" in text for text in floor.told(floor.bob)))
    floor.escalates()  # of the same customer: a card of its own
    assert len(floor.cards()) == 2
    again = floor.claims(floor.bob)
    floor.bob.presses("Resolve", again.channel, again)
    assert floor.state(conversation) == ("resolved", None)
    until(lambda: "Bob resolved the conversation" in floor.card())
    assert floor.lines(conversation) == []


def test_whoever_is_no_agent_is_told_so(floor: Floor) -> None:
    conversation = floor.escalates()
    card = floor.cards()[-1]
    guest = floor.slack.person("Mallory", "bob@larkhome.example", guest="multi-channel")
    stranger = floor.slack.person(
        "Oscar", "bob@larkhome.example", team=floor.slack.workspace("Elsewhere")
    )
    for nobody in (floor.noah, guest, stranger):
        floor.channel.members.append(nobody)
        nobody.presses("Claim", floor.channel, card)
        until(lambda nobody=nobody: len(floor.told(nobody)) == 1)  # type: ignore[misc]
        nobody.says(floor.channel, "Hello from nobody", card)
        until(lambda nobody=nobody: len(floor.told(nobody)) == 2)  # type: ignore[misc]
        assert all("You aren't an agent here" in text for text in floor.told(nobody))
    assert floor.state(conversation) == ("queued", None)
    assert floor.lines(conversation) == []


def test_only_the_owners_words_go_out(floor: Floor) -> None:
    conversation = floor.escalates()
    card = floor.cards()[-1]
    floor.bob.says(card.channel, "Nobody has it yet", card)
    until(lambda: any("claim the conversation first" in text for text in floor.told(floor.bob)))
    floor.claims(floor.maya)
    floor.bob.says(card.channel, "Shall I?", card)
    until(lambda: any("Maya has this conversation" in text for text in floor.told(floor.bob)))
    floor.bob.presses("Resolve", card.channel, card)
    until(lambda: len(floor.told(floor.bob)) == 3)
    assert floor.lines(conversation) == []
    assert floor.state(conversation) == ("open", "Maya")


def test_what_was_sent_stays_when_it_is_edited_or_deleted_in_slack(floor: Floor) -> None:
    conversation = floor.escalates()
    card = floor.claims(floor.maya)
    said = floor.maya.says(card.channel, "Hello Carl", card)
    floor.maya.edits(said, "Hello Carol")
    until(lambda: len(floor.told(floor.maya)) == 1)
    floor.maya.deletes(said)
    until(lambda: len(floor.told(floor.maya)) == 2)
    assert all("The customer has this line as it was" in text for text in floor.told(floor.maya))
    note = floor.maya.says(card.channel, "// odd", card)
    floor.maya.edits(note, "very odd")
    until(lambda: "Your note stays as it was" in floor.told(floor.maya)[-1])
    assert [line["text"] for line in floor.lines(conversation)] == ["Hello Carl", "odd"]


def test_an_agents_file_does_not_go_out_and_they_are_told(floor: Floor) -> None:
    conversation = floor.escalates()
    card = floor.claims(floor.maya)
    floor.maya.uploads(card.channel, "manual.png", b"\x89PNG", text="See page 3", thread=card)
    until(lambda: any("Files can't be sent" in text for text in floor.told(floor.maya)))
    assert [line["text"] for line in floor.lines(conversation)] == ["See page 3"]


def test_what_is_said_beside_the_threads_is_none_of_our_business(floor: Floor) -> None:
    conversation = floor.escalates()
    talk = floor.maya.says(floor.channel, "Good morning")
    floor.bob.says(floor.channel, "Good morning, Maya", talk)
    floor.claims(floor.maya)
    assert floor.lines(conversation) == []
    assert floor.told(floor.maya) == floor.told(floor.bob) == []


def test_an_employee_who_asks_in_slack_is_answered_from_the_triage_channel(floor: Floor) -> None:
    alice = floor.slack.person("Alice")
    alice.says(alice.dm, "I want to talk to a person")
    until(lambda: bool(floor.cards()))
    assert "Alice · Slack" in floor.card()
    card = floor.claims(floor.maya)
    floor.maya.says(card.channel, "Hello Alice", card)
    until(lambda: "Hello Alice" in alice.sees()[-1])
    said = alice.says(alice.dm, "My laptop is gone")
    until(lambda: "My laptop is gone" in floor.newest())
    alice.edits(said, "My laptop is lost")
    until(lambda: "an earlier message now says\nMy laptop is lost" in floor.newest())
    alice.uploads(alice.dm, "bag.png", b"\x89PNG\r\n\x1a\n")
    until(lambda: "bag.png" in floor.newest())
    floor.slack.faults.refuses("chat.postMessage", "user_not_found", channel=alice.dm.id)
    floor.maya.says(card.channel, "Where did you see it last?", card)
    until(lambda: "Not delivered: " in floor.newest())
    until(lambda: "1 line not surely delivered" in floor.card())


def test_each_desk_may_have_a_channel_of_its_own(
    slack: FakeSlack, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = slack.channel("it-triage")
    monkeypatch.setenv("FIRSTLINE_DESKS__EMPLOYEES__TRIAGE_CHANNEL", it.id)
    with triage_floor(slack, data, monkeypatch) as floor:
        Customer(floor.client, "Dave", desk="employees").is_handed_over()
        until(lambda: bool(it.posts))
        floor.escalates()
        assert (len(it.posts), len(floor.cards())) == (1, 1)


def test_slacks_limits_are_kept_and_hold_up_no_other_channel(
    slack: FakeSlack, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = slack.channel("it-triage")
    monkeypatch.setenv("FIRSTLINE_DESKS__EMPLOYEES__TRIAGE_CHANNEL", it.id)
    with triage_floor(slack, data, monkeypatch) as floor:
        slack.faults.limits("chat.postMessage", 2, channel=floor.channel.id)
        waiting = [Customer(floor.client, name).is_handed_over() for name in ("Carol", "Erin")]
        until(lambda: bool(slack.calls("chat.postMessage")))
        Customer(floor.client, "Dave", desk="employees").is_handed_over()
        until(lambda: bool(it.posts), 1.5)
        assert not floor.cards()
        until(lambda: len(floor.cards()) == len(waiting))
        assert not any(call.early for call in slack.calls("chat.postMessage"))


def test_a_channel_without_the_app_gets_its_cards_once_it_is_invited(
    impatient: None, floor: Floor
) -> None:
    floor.slack.faults.refuses("chat.postMessage", "not_in_channel", times=2)
    floor.slack.faults.fails("chat.postMessage", 503)
    floor.escalates()
    assert len(floor.cards()) == 1


@on_both_databases
def test_without_hints_and_with_a_broken_connection_nothing_is_missing(
    impatient: None, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hints, "publish", lambda self, hint: None)
    carol = Customer(floor.client, "Carol")
    floor.escalates("Carol")
    floor.claims(floor.maya)
    floor.slack.faults.drops("chat.postMessage")
    for number in range(4):
        carol.says(f"line {number}")
    until(lambda: "line 3" in floor.newest())
    shown = [int(post[-1]) for post in floor.thread()[1:]]
    assert shown == [0, 0, 1, 2, 3]  # the one in flight twice, and in order


@on_both_databases
def test_two_servers_show_each_line_once(floor: Floor, data: Path) -> None:
    with TestClient(create_app(load_settings(data))):
        for name in ("Carol", "Dave"):
            floor.escalates(name)
            floor.claims(floor.maya)
            for number in range(3):
                Customer(floor.client, name).says(f"line {number}")
            until(lambda: "line 2" in floor.newest())
            assert [post[-1] for post in floor.thread()[1:]] == ["0", "1", "2"]
    assert len(floor.cards()) == 2


def test_a_card_that_somebody_deleted_is_given_up(floor: Floor) -> None:
    conversation = floor.escalates()
    floor.cards()[0].is_deleted = True
    floor.acts("Maya", conversation, "claim")
    until(lambda: bool(floor.slack.calls("chat.update")))
    floor.acts("Maya", conversation, "messages", text="Hello")
    floor.escalates("Dave")
    assert floor.state(conversation) == ("open", "Maya")
    assert len(floor.slack.calls("chat.update")) == 1


def test_profiles_that_slack_does_not_give_let_nobody_in(floor: Floor) -> None:
    conversation = floor.escalates()
    floor.slack.faults.fails("users.info", 503)
    floor.maya.presses("Claim", floor.channel)
    until(lambda: any("Slack didn't say who you are" in text for text in floor.told(floor.maya)))
    assert floor.state(conversation) == ("queued", None)
    floor.claims(floor.maya)
    assert floor.state(conversation) == ("open", "Maya")


def test_an_agent_by_another_address_is_none(floor: Floor) -> None:
    floor.employs("Zoe")
    floor.escalates()
    other = floor.slack.person("Zoe", "zoe@elsewhere.example")
    floor.channel.members.append(other)
    other.presses("Claim", floor.channel)
    until(lambda: any("You aren't an agent here" in text for text in floor.told(other)))


def test_the_settings_say_which_workspace_the_channel_is_in(
    slack: FakeSlack, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with triage_floor(slack, data, monkeypatch) as floor:
        name = floor.channel.id
    monkeypatch.setenv("FIRSTLINE_SLACK_TRIAGE_CHANNEL", "#triage")
    with pytest.raises(SettingsError, match="give its id"):
        create_app(load_settings(data))
    monkeypatch.setenv("FIRSTLINE_SLACK_CLIENT_ID", slack.client_id)
    monkeypatch.setenv("FIRSTLINE_SLACK_CLIENT_SECRET", slack.client_secret)
    monkeypatch.setenv("FIRSTLINE_SLACK_TRIAGE_CHANNEL", name)
    with pytest.raises(SettingsError, match=f"T0123ABCDEF/{name}"):
        create_app(load_settings(data))
    monkeypatch.setenv("FIRSTLINE_SLACK_TRIAGE_CHANNEL", f"{slack.team.id}/{name}")
    create_app(load_settings(data))
