"""Replies on the web that nobody looked at go out as one e-mail, and its answer goes on there."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from bot.hints import Hints
from channels.mail.unread import UnreadReplies
from handoff.agents import Role
from tests.conftest import agent_headers
from tests.fakes.browser import until
from tests.fakes.mail import USER
from tests.fakes.mail_desk import (
    ALICE,
    MailDesk,
    answering,
    body,
    desk,
    imap,
    imap_server,
    mail_servers,
)
from tests.fakes.people import WANTS_A_PERSON, Visitor
from tests.fakes.postgres import on_both_databases

__all__ = ["desk", "imap", "imap_server", "mail_servers"]  # fixtures

SECRET = "a secret that only the shop and we know"
SWEEP = 0.2


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes pass in half a second."""
    monkeypatch.setattr("channels.mail.unread.SWEEP", SWEEP)
    monkeypatch.setattr("channels.mail.unread.QUIET", timedelta(seconds=0.5))
    monkeypatch.setenv("FIRSTLINE_IDENTITY_SECRET", SECRET)


def visitor(desk: MailDesk, *, verified: bool = True) -> Visitor:
    """Alice, signed in at the shop, in front of its widget."""
    alice = Visitor(desk.client)
    claims = {"sub": "7", "aud": "firstline", "exp": int(time.time()) + 60}
    claims |= {"email": ALICE, "email_verified": verified}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    response = desk.client.post("/web/identify", json={"token": token}, headers=alice.headers)
    assert response.status_code == 204, response.text
    return alice


def sees_all(alice: Visitor) -> None:
    last = alice.sees()["messages"][-1]["id"]
    response = alice.client.post("/web/seen", json={"id": last}, headers=alice.headers)
    assert response.status_code == 204, response.text


def with_a_person(desk: MailDesk, alice: Visitor) -> tuple[int, dict[str, str]]:
    """The conversation, which the agent Carol has, all of it seen so far."""
    agent = agent_headers(desk.client, "Carol", Role.AGENT)
    conversation = int(alice.says("A person, please", payload=WANTS_A_PERSON).split("-")[0])
    until(lambda: len(alice.reads()) > 1, 10)
    sees_all(alice)
    desk.acts(agent, conversation, "claim")
    return conversation, agent


def sweeps_pass(desk: MailDesk) -> None:
    time.sleep(0.5 + 4 * SWEEP)


def test_an_unread_reply_goes_out_once_and_its_answer_comes_back(desk: MailDesk) -> None:
    alice = visitor(desk)
    conversation, agent = with_a_person(desk, alice)
    desk.acts(agent, conversation, "messages", text="Your parcel is in Leeds.")
    desk.acts(agent, conversation, "messages", text="Shall I send another?")
    told = desk.sends()
    assert told["To"] == ALICE
    assert told["Auto-Submitted"] == "auto-generated"
    assert "Carol:\nYour parcel is in Leeds." in body(told)
    assert "Shall I send another?" in body(told)
    assert "A person, please" not in body(told)
    assert not any("Leeds" in text for text in alice.reads()[:-2])
    sweeps_pass(desk)
    assert len(desk.postbox.taken) == 1

    desk.receives(answering(told, "Yes, please."))
    until(lambda: alice.reads()[-1] == "Yes, please.", 10)
    desk.acts(agent, conversation, "messages", text="It is on its way.")
    reply = desk.sends(2)
    assert "It is on its way." in body(reply)
    assert told["Message-ID"] in reply["References"]

    alice.says("Here I am again")
    desk.acts(agent, conversation, "messages", text="Hello again")
    sees_all(alice)
    sweeps_pass(desk)
    assert len(desk.postbox.taken) == 2


def test_what_was_seen_is_not_sent(desk: MailDesk) -> None:
    alice = visitor(desk)
    conversation, agent = with_a_person(desk, alice)
    desk.acts(agent, conversation, "messages", text="Your parcel is in Leeds.")
    sees_all(alice)
    sweeps_pass(desk)
    assert desk.postbox.taken == []


def test_an_address_that_nobody_verified_is_never_written_to(desk: MailDesk) -> None:
    alice = visitor(desk, verified=False)
    conversation, agent = with_a_person(desk, alice)
    desk.acts(agent, conversation, "messages", text="Your parcel is in Leeds.")
    sweeps_pass(desk)
    assert desk.postbox.taken == []


def test_nobody_marks_the_lines_of_others_as_seen(desk: MailDesk) -> None:
    alice = visitor(desk)
    conversation, agent = with_a_person(desk, alice)
    desk.acts(agent, conversation, "messages", text="Your parcel is in Leeds.")
    mallory = Visitor(desk.client)
    for line in (f"{conversation}-99", "nonsense"):
        answer = mallory.client.post("/web/seen", json={"id": line}, headers=mallory.headers)
        assert answer.status_code == 204
    assert "Leeds" in body(desk.sends())


@on_both_databases
def test_two_processes_write_one_e_mail(desk: MailDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = visitor(desk)
    conversation, agent = with_a_person(desk, alice)
    desk.acts(agent, conversation, "messages", text="Your parcel is in Leeds.")
    time.sleep(0.5)
    others = [UnreadReplies("L", USER, desk.database, Hints(desk.database)) for _ in range(4)]
    with ThreadPoolExecutor(4) as processes:
        list(processes.map(UnreadReplies.sweep, others))
    desk.sends()
    sweeps_pass(desk)
    assert len(desk.postbox.taken) == 1
