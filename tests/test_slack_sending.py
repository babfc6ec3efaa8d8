"""What Slack does to what we send, and what becomes of it."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.browser import until
from tests.fakes.postgres import on_both_databases
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_desk import VPN, VPN_ANSWER, SlackDesk, sees, slack_desk


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def desk(data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    with slack_desk(data, slack, monkeypatch) as desk:
        yield desk


@on_both_databases
def test_slack_is_waited_for_as_long_as_it_says_and_nobody_else_waits(desk: SlackDesk) -> None:
    alice, bob = desk.slack.person("Alice"), desk.slack.person("Bob")
    desk.slack.faults.limits("chat.postMessage", 3, channel=alice.dm.id)
    began = time.monotonic()
    alice.says(alice.dm, VPN)
    until(lambda: bool(desk.slack.calls("chat.postMessage")))
    bob.says(bob.dm, VPN)
    sees(bob, VPN_ANSWER)
    assert time.monotonic() - began < 2.5
    sees(alice, VPN_ANSWER)
    assert not any(call.early for call in desk.slack.calls("chat.postMessage"))


def test_a_channel_gets_a_message_a_second(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    alice.says(alice.dm, "I want to talk to a person")
    sees(alice, "Ticket FL-")
    (conversation,) = desk.conversations()
    desk.acts(conversation["id"], "claim")
    for number in range(3):
        desk.acts(conversation["id"], "messages", text=f"Line {number}")
    sees(alice, "Line 2")
    times = [call.at for call in desk.slack.calls("chat.postMessage")]
    assert all(later - earlier > 0.9 for earlier, later in pairwise(times))
    assert [text[-6:] for text in alice.sees()[-3:]] == ["Line 0", "Line 1", "Line 2"]


@on_both_databases
def test_what_can_not_be_delivered_is_told_to_the_agent_with_the_mend(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    desk.slack.faults.refuses("chat.postMessage", "not_in_channel")
    alice.says(alice.dm, VPN)
    until(lambda: bool(desk.conversations()) and desk.conversations()[0]["state"] == "queued")
    (conversation,) = desk.conversations()
    notes = [line["text"] for line in desk.transcript(conversation["id"]) if line["private"]]
    assert any("invite the app there with /invite" in note for note in notes)


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_slacks_is_tried_again(desk: SlackDesk, status: int) -> None:
    alice = desk.slack.person("Alice")
    desk.slack.faults.fails("chat.postMessage", status)
    alice.says(alice.dm, VPN)
    sees(alice, VPN_ANSWER)


def test_a_line_whose_arrival_is_unknown_is_sent_once_more_and_marked(desk: SlackDesk) -> None:
    alice = desk.slack.person("Alice")
    desk.slack.faults.drops("chat.postMessage")
    alice.says(alice.dm, VPN)
    until(lambda: len([text for text in alice.sees() if VPN_ANSWER in text]) == 2)
    (conversation,) = desk.conversations()

    def status() -> str:
        return str(desk.transcript(conversation["id"])[1]["status"])

    until(lambda: status() == "uncertain")


def test_no_secret_is_logged_or_shown(desk: SlackDesk, capfd: pytest.CaptureFixture[str]) -> None:
    alice = desk.slack.person("Alice")
    for error in ("invalid_auth", "ratelimited"):
        desk.slack.faults.refuses("users.info", error)
        desk.slack.faults.refuses("chat.postMessage", error)
        alice.says(alice.dm, VPN)
        until(lambda: len(desk.conversations()) > 0)
    time.sleep(1)
    shown = "".join(capfd.readouterr())
    (conversation,) = desk.conversations()
    shown += str(desk.transcript(conversation["id"]))
    for secret in (desk.slack.bot_token, desk.slack.signing_secret, "xoxb-"):
        assert secret not in shown
