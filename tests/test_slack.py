"""Slack, driven from the side of people who ask there."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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

IT_DID_NOT = "It didn't"
OPEN_ANSWERS = "FIRSTLINE_DESKS__EMPLOYEES__PRIVATE_ANSWERS"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def desk(data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    with slack_desk(data, slack, monkeypatch) as desk:
        yield desk


@pytest.fixture
def open_desk(data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    """A desk that answers in channels so that everybody sees it."""
    monkeypatch.setenv(OPEN_ANSWERS, "false")
    with slack_desk(data, slack, monkeypatch) as desk:
        yield desk


@on_both_databases
def test_a_member_is_answered_in_direct_messages_with_source_and_buttons(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice", "alice@larkhome.example")
    alice.says(alice.dm, VPN)
    answer = sees(alice, VPN_ANSWER)
    assert "Source: How do I set up the LarkGate VPN?" in answer
    assert answer.endswith("[Solved] [It didn't] [Talk to a person]")
    (conversation,) = desk.conversations()
    assert (conversation["channel"], conversation["account"]) == ("slack", desk.slack.team.id)
    person = desk.person(conversation["id"])
    assert (person["name"], person["email"]) == ("Alice", "alice@larkhome.example")


@on_both_databases
def test_guests_and_strangers_get_public_articles_only(desk: SlackDesk) -> None:
    other = desk.slack.workspace("Acme", is_installed=False)
    guest = desk.slack.person("Guy", guest="multi-channel")
    partner = desk.slack.person("Pat", team=other)
    desk.slack.channel("shared", guest, partner, shared_with=other)
    for outsider in (guest, partner):
        dm = desk.slack.world.dm(outsider, desk.slack.team)
        outsider.says(dm, GIFT)
        sees(outsider, GIFT_ANSWER, dm)
        outsider.says(dm, VPN)
        until(lambda who=outsider, where=dm: len(who.sees(where)) >= 4)  # type: ignore[misc]
        assert not any(VPN_ANSWER in text for text in outsider.sees(dm))


def test_a_member_gets_public_articles_only_where_other_companies_listen(
    open_desk: SlackDesk,
) -> None:
    slack = open_desk.slack
    other = slack.workspace("Acme", is_installed=False)
    alice, pat = slack.person("Alice"), slack.person("Pat", team=other)
    shared = slack.channel("shared", alice, pat, shared_with=other)
    question = alice.mentions(shared, VPN)
    until(lambda: len(alice.sees(shared, question)) >= 2)
    assert not any(VPN_ANSWER in text for text in alice.sees(shared, question))


def test_a_press_shows_outsiders_no_more_than_a_question_does(open_desk: SlackDesk) -> None:
    slack = open_desk.slack
    alice = slack.person("Alice")
    pat = slack.person("Pat", team=slack.workspace("Acme", is_installed=False))
    shared = slack.channel("shared", alice, pat, shared_with=pat.team)
    question = alice.mentions(shared, "Can you help me?")
    until(lambda: len(alice.sees(shared, question)) >= 2)
    alice.mentions(shared, GIFT, question)
    sees(alice, GIFT_ANSWER, shared, question)
    alice.presses(IT_DID_NOT, shared)
    until(lambda: len(alice.sees(shared, question)) >= 5)
    assert not any("LarkID" in text for text in pat.sees(shared, question))


def test_whoever_slack_does_not_describe_in_time_is_answered_as_a_stranger(
    desk: SlackDesk,
) -> None:
    alice = desk.slack.person("Alice")
    desk.slack.faults.hangs("users.info", 4)
    alice.says(alice.dm, VPN)
    until(lambda: len(alice.sees()) >= 2)
    assert VPN_ANSWER not in alice.sees()[1]


@on_both_databases
def test_a_mention_begins_a_thread_in_which_more_is_understood_without_one(
    open_desk: SlackDesk,
) -> None:
    alice, bob = open_desk.slack.person("Alice"), open_desk.slack.person("Bob")
    help_channel = open_desk.slack.channel("help", alice, bob)
    alice.says(help_channel, VPN)  # to nobody in particular
    question = alice.mentions(help_channel, VPN)
    assert sees(alice, VPN_ANSWER, help_channel, question).startswith("↳ Firstline")
    alice.says(help_channel, GIFT, question)
    sees(bob, GIFT_ANSWER, help_channel, question)
    bob.says(help_channel, "Thanks, that helps me too", question)
    (conversation,) = open_desk.conversations()
    until(lambda: len(open_desk.said(conversation["id"])) == 3)
    lines = open_desk.transcript(conversation["id"])
    assert lines[0]["text"] == VPN

    def bobs() -> dict[str, Any]:
        lines = open_desk.transcript(conversation["id"])
        return next(line["content"] for line in lines if "helps me" in line["text"])

    until(lambda: bobs().get("name") == "Bob")  # who is looked up once the line is stored


@on_both_databases
def test_a_private_desk_answers_in_the_channel_so_that_only_the_asker_sees_it(
    desk: SlackDesk,
) -> None:
    alice, bob = desk.slack.person("Alice"), desk.slack.person("Bob")
    help_channel = desk.slack.channel("help", alice, bob)
    question = alice.mentions(help_channel, VPN)
    assert "(only visible to you)" in sees(alice, VPN_ANSWER, help_channel, question)
    assert not any(VPN_ANSWER in text for text in bob.sees(help_channel))
    alice.presses("Solved", help_channel)
    sees(alice, "✓ Solved", help_channel, question)


@on_both_databases
def test_a_private_thread_is_its_askers_alone(desk: SlackDesk) -> None:
    alice, bob = desk.slack.person("Alice"), desk.slack.person("Bob")
    help_channel = desk.slack.channel("help", alice, bob)
    question = alice.mentions(help_channel, VPN)
    sees(alice, VPN_ANSWER, help_channel, question)
    bob.says(help_channel, "I wonder, too", question)  # to Alice: it is nothing to us
    alice.says(help_channel, GIFT, question)
    sees(alice, GIFT_ANSWER, help_channel, question)
    bob.mentions(help_channel, VPN, question)
    sees(bob, VPN_ANSWER, help_channel, question)
    said = [desk.said(each["id"]) for each in desk.conversations()]
    assert said == [[VPN, GIFT], [VPN]]


@on_both_databases
def test_an_agents_private_answer_comes_as_a_direct_message_and_goes_on_there(
    desk: SlackDesk,
) -> None:
    alice = desk.slack.person("Alice")
    help_channel = desk.slack.channel("help", alice)
    alice.mentions(help_channel, VPN)
    sees(alice, VPN_ANSWER, help_channel)
    alice.presses("Talk to a person", help_channel)
    sees(alice, "Ticket FL-", help_channel)
    (conversation,) = desk.conversations()
    desk.acts(conversation["id"], "claim")
    desk.acts(conversation["id"], "messages", text="Have you tried LarkGate 5?")
    answer = sees(alice, "Have you tried LarkGate 5?")
    assert "Maya" in answer
    assert "About what you asked in #help" in answer
    (post,) = alice.posts()
    until(lambda: desk.transcript(conversation["id"])[-1]["status"] == "sent")
    alice.says(alice.dm, "Yes, twice", post)
    until(lambda: desk.said(conversation["id"])[-1] == "Yes, twice")
    desk.acts(conversation["id"], "messages", text="Then a third time")
    assert sees(alice, "Then a third time", thread=post).startswith("↳")


@on_both_databases
def test_solved_and_a_person_and_no_more_from_the_bot(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    alice.says(alice.dm, VPN)
    sees(alice, VPN_ANSWER)
    alice.presses("Solved")
    sees(alice, "✓ Solved")
    alice.says(alice.dm, "How do I book a holiday?")
    until(lambda: "Talk to a person" in alice.sees()[-1])
    alice.presses("Talk to a person")
    notice = sees(alice, "Ticket FL-")
    (conversation,) = desk.conversations()
    assert conversation["state"] == "queued"
    alice.says(alice.dm, VPN)
    until(lambda: desk.said(conversation["id"])[-1] == VPN)
    desk.acts(conversation["id"], "claim")
    desk.acts(conversation["id"], "messages", text="Use *LarkGate*, see <https://x.example>")
    assert sees(alice, "see <").startswith("Firstline: *Maya*\nUse *LarkGate*, see <https")
    assert alice.sees().index(notice) == len(alice.sees()) - 3


def test_a_press_that_means_nothing_any_more_is_answered_and_stored_nowhere(
    desk: SlackDesk,
) -> None:
    alice = desk.slack.person("Alice")
    alice.says(alice.dm, VPN)
    sees(alice, VPN_ANSWER)
    first = alice.posts()[-1]
    alice.says(alice.dm, GIFT)
    sees(alice, GIFT_ANSWER)
    alice.presses(IT_DID_NOT, on=first)
    assert "(only visible to you)" in sees(alice, "about an earlier question")
    (conversation,) = desk.conversations()
    assert desk.said(conversation["id"]) == [VPN, GIFT]
    alice.presses("Talk to a person", on=first)  # this always counts
    sees(alice, "Ticket FL-")


@on_both_databases
def test_edits_and_deletions_are_lines_of_their_own(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    alice.says(alice.dm, "I want to talk to a person")
    sees(alice, "Ticket FL-")
    question = alice.says(alice.dm, "My hub is broken")
    alice.edits(question, "My router is broken")
    alice.deletes(question)
    (conversation,) = desk.conversations()
    until(lambda: len(desk.said(conversation["id"])) == 4)
    first, *_, said, edited, deleted = (
        line for line in desk.transcript(conversation["id"]) if line["author"] == "customer"
    )
    assert (first["kind"], edited["kind"], deleted["kind"]) == (None, "edit", "deletion")
    assert edited["text"] == "My router is broken"
    assert edited["content"]["changes"] == deleted["content"]["changes"] == said["seq"]


def test_files_are_kept_and_go_to_a_person(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
    alice.uploads(alice.dm, "screen.png", picture)
    sees(alice, "Ticket FL-")
    (conversation,) = desk.conversations()
    (attached,) = desk.transcript(conversation["id"])[0]["content"]["attachments"]
    assert attached["name"] == "screen.png"
    url = f"/api/v1/attachments/{attached['id']}"
    until(lambda: desk.client.get(url, headers=desk.maya).status_code == 200)
    assert desk.client.get(url, headers=desk.maya).content == picture


def test_a_file_that_slack_hides_is_asked_for_and_one_kept_elsewhere_is_not(
    desk: SlackDesk,
) -> None:
    alice = desk.slack.person("Alice")
    with desk.slack.sender.held() as held:
        for name in ("hidden.txt", "elsewhere.txt"):
            alice.uploads(alice.dm, name, b"words", "text/plain")
    hidden, elsewhere = (delivery.payload["event"]["files"][0] for delivery in held)
    del hidden["url_private_download"]
    elsewhere["url_private_download"] = "http://elsewhere.example/secret"
    for delivery in held:
        assert desk.slack.sender.attempt(delivery)
    (conversation,) = desk.conversations()

    def file(line: int) -> tuple[int, str]:
        (attached,) = desk.transcript(conversation["id"])[line]["content"]["attachments"]
        url = f"/api/v1/attachments/{attached['id']}"
        response = desk.client.get(url, headers=desk.maya)
        return response.status_code, response.text

    until(lambda: file(0) == (200, "words"))
    customers = [
        number
        for number, line in enumerate(desk.transcript(conversation["id"]))
        if line["author"] == "customer"
    ]
    until(lambda: "Slack doesn't keep the file itself" in file(customers[1])[1])


@on_both_databases
def test_every_event_is_stored_once_however_often_and_by_whatever_name_it_comes(
    open_desk: SlackDesk,
) -> None:
    slack = open_desk.slack
    alice = slack.person("Alice")
    help_channel = slack.channel("help", alice)
    question = alice.mentions(help_channel, VPN)
    sees(alice, VPN_ANSWER, help_channel, question)
    with slack.sender.held() as held:
        alice.mentions(help_channel, "And on the train?", question)  # a message and a mention
        alice.says(alice.dm, GIFT)
    for number in range(3):
        for delivery in reversed(held):
            assert slack.sender.attempt(delivery, number, "http_timeout")
    sees(alice, GIFT_ANSWER)
    thread, direct = open_desk.conversations()
    assert open_desk.said(thread["id"]) == [VPN, "And on the train?"]
    assert open_desk.said(direct["id"]) == [GIFT]
    assert len([text for text in alice.sees() if GIFT_ANSWER in text]) == 1


def test_the_bot_does_not_hear_itself(open_desk: SlackDesk) -> None:
    alice = open_desk.slack.person("Alice")
    alice.says(alice.dm, VPN)
    sees(alice, VPN_ANSWER)
    time.sleep(0.2)  # Slack tells the app of its own message, too
    assert open_desk.said(open_desk.conversations()[0]["id"]) == [VPN]


def test_whoever_only_calls_the_bot_is_greeted(open_desk: SlackDesk) -> None:
    alice = open_desk.slack.person("Alice")
    help_channel = open_desk.slack.channel("help", alice)
    call = alice.mentions(help_channel, "")
    until(lambda: len(alice.sees(help_channel, call)) == 2)
    (conversation,) = open_desk.conversations()
    assert open_desk.said(conversation["id"]) == ["@Firstline"]
    assert conversation["state"] == "bot"
