"""Where else one asks in Slack: commands, shortcuts, the Home tab, the Assistant's pane."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.browser import until
from tests.fakes.postgres import on_both_databases
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_desk import (
    GIFT,
    GIFT_ANSWER,
    VPN,
    VPN_ANSWER,
    SlackDesk,
    sees,
    slack_desk,
)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def desk(data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    with slack_desk(data, slack, monkeypatch) as desk:
        yield desk


@on_both_databases
def test_a_command_is_answered_where_it_was_given_and_only_its_giver_sees_it(
    desk: SlackDesk,
) -> None:
    alice, bob = desk.slack.person("Alice"), desk.slack.person("Bob")
    random = desk.slack.channel("random", alice, bob)
    assert alice.asks("/ask", VPN, random) == f"You asked: {VPN}"
    assert "(only visible to you)" in sees(alice, VPN_ANSWER, random)
    assert bob.sees(random) == []
    assert "/ask how do I reset my password?" in alice.asks("/ask", "", random)
    alice.presses("Solved", random)
    sees(alice, "✓ Solved", random)
    alice.says(alice.dm, GIFT)  # the same conversation
    sees(alice, GIFT_ANSWER)
    (conversation,) = desk.conversations()
    assert desk.said(conversation["id"]) == [VPN, "It helped", GIFT]


def test_a_command_about_payloads_is_a_question_too(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    assert alice.asks("/ask", "what is a payload") == "You asked: what is a payload"
    until(lambda: len(alice.sees()) >= 2)


def test_where_the_app_is_not_the_answer_comes_as_a_direct_message(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    secret = desk.slack.channel("secret", alice, is_private=True, with_bot=False)
    alice.asks("/ask", VPN, secret)
    assert "About what you asked in #secret" in sees(alice, VPN_ANSWER)


@on_both_databases
def test_a_link_code_can_be_asked_for_and_used_by_command(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    alice.asks("/link", "")
    sees(alice, "/link")
    alice.asks("/link", "000000")
    until(lambda: len(alice.sees()) >= 2)


@on_both_databases
def test_a_colleagues_message_can_be_asked_about(desk: SlackDesk) -> None:
    alice, bob = desk.slack.person("Alice"), desk.slack.person("Bob")
    random = desk.slack.channel("random", alice, bob)
    question = bob.says(random, VPN)
    alice.shortcut("ask_firstline", question)
    sees(alice, VPN_ANSWER, random)
    assert bob.sees(random) == [f"Bob: {VPN}"]
    upload = bob.uploads(random, "screen.png", b"\x89PNG")
    alice.shortcut("ask_firstline", upload)
    sees(alice, "no words in that message", random)


@on_both_databases
def test_a_message_can_be_made_a_ticket(desk: SlackDesk) -> None:
    alice, bob = desk.slack.person("Alice"), desk.slack.person("Bob")
    random = desk.slack.channel("random", alice, bob)
    complaint = bob.says(random, "The printer on floor 2 is on fire again")
    alice.shortcut("make_ticket", complaint)
    sees(alice, "Ticket FL-", random)
    (conversation,) = desk.conversations()
    assert conversation["state"] == "queued"
    (said,) = desk.said(conversation["id"])
    assert said.startswith("The printer on floor 2 is on fire again\n\nhttps://larkhome.slack.com/")
    assert complaint.ts.replace(".", "") in said


@on_both_databases
def test_the_home_tab_has_ones_own_tickets_and_a_search(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    alice.opens_home()
    until(lambda: "None yet." in alice.sees_home())
    alice.says(alice.dm, "I want to talk to a person")
    sees(alice, "Ticket FL-")
    alice.opens_home()
    until(lambda: "is waiting for the next free colleague" in alice.sees_home())
    alice.enters("home_search", "vpn")
    until(lambda: VPN_ANSWER in alice.sees_home())
    alice.enters("home_search", "zzzz qqqq")
    until(lambda: VPN_ANSWER not in alice.sees_home())


def test_a_guest_finds_public_articles_only(desk: SlackDesk) -> None:
    guest = desk.slack.person("Guy", guest="single-channel")
    guest.opens_home()
    until(lambda: "My tickets" in guest.sees_home())
    guest.enters("home_search", "gift return")
    until(lambda: "(https://desk.example/help/return-a-gift)" in guest.sees_home())
    guest.enters("home_search", VPN)
    until(lambda: "return-a-gift" not in guest.sees_home())
    assert VPN_ANSWER not in guest.sees_home()


@on_both_databases
def test_each_thread_of_the_assistants_pane_is_a_conversation_with_a_title(
    desk: SlackDesk,
) -> None:
    alice = desk.slack.person("Alice")
    first = alice.opens_assistant()
    sees(alice, "Hello! Ask me about IT", thread=first)
    until(lambda: bool(alice.dm.prompts.get(first.ts)))
    alice.says(alice.dm, VPN, first)
    sees(alice, VPN_ANSWER, thread=first)
    until(lambda: alice.dm.titles.get(first.ts) == VPN)
    assert not alice.dm.statuses.get(first.ts)  # it was thinking, and has answered
    shown = [call.get("status") for call in desk.slack.calls("assistant.threads.setStatus")]
    assert shown == ["is thinking…"]
    second = alice.opens_assistant()
    alice.says(alice.dm, GIFT, second)
    sees(alice, GIFT_ANSWER, thread=second)
    assert [desk.said(each["id"]) for each in desk.conversations()] == [[VPN], [GIFT]]
