"""E-mail end to end: a mailbox on a real IMAP server, an SMTP server, and the desk in between."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from imapclient import SEEN
from sqlalchemy import func, select

from bot.conversation import Identity, Message, Person
from bot.db import open_database
from bot.settings import load_settings
from channels.app import create_app
from channels.inbox import Accepted, Inbound, Inbox
from handoff.agents import Role
from handoff.attachments import Attachment
from tests.conftest import agent_headers
from tests.fakes.browser import until
from tests.fakes.mail import PASSWORD, USER, Dovecot, Postbox, dovecot
from tests.fakes.mail_desk import (
    ALICE,
    MailDesk,
    answering,
    body,
    desk,
    imap,
    imap_server,
    mail_servers,
    url_of,
    written,
)
from tests.fakes.postgres import on_both_databases

__all__ = ["desk", "imap", "imap_server", "mail_servers"]  # fixtures

PAYLOADS = Path(__file__).parent / "payloads" / "email"
MANY = 60
READER = """
import asyncio, sys
from pathlib import Path
from bot.db import open_database
from bot.hints import Hints
from bot.settings import load_settings
from channels.inbox import Inbox
from channels.turnstile import Turnstile
from channels.mail.channel import EmailChannel

async def read():
    settings = load_settings(Path(sys.argv[1]))
    database = open_database(settings.database)
    hints = Hints(database)
    channel = EmailChannel(settings, database, Inbox(database, hints, Turnstile(), print), hints)
    await channel.start()
    await asyncio.sleep(60)

asyncio.run(read())
"""
QUESTION = "How long does standard delivery take?"


@on_both_databases
def test_a_question_is_answered_in_its_thread_and_then_seen(desk: MailDesk) -> None:
    question = written(QUESTION)
    desk.receives(question)
    answer = desk.sends()
    assert desk.postbox.logins == [(USER, PASSWORD)]
    assert answer["To"] == ALICE
    assert answer["Subject"] == "Re: A question"
    assert answer["In-Reply-To"] == question["Message-ID"]
    assert question["Message-ID"] in answer["References"]
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "3" in body(answer)
    assert "https://help.lark.example/help/" in body(answer, "html")
    assert 'href="/' not in body(answer, "html")
    until(lambda: desk.imap.unseen() == 0, 10)
    [line] = desk.has(1, "customer")
    assert line.text == f"A question\n\n{QUESTION}"
    assert (line.channel, line.account) == ("email", USER)
    sent = desk.has(1, "bot")[0]
    until(lambda: desk.has(1, "bot")[0].status == "sent", 10)
    assert desk.has(1, "bot")[0].reference == answer["Message-ID"], sent.status


@on_both_databases
def test_a_thread_is_one_conversation_with_bot_and_person(desk: MailDesk) -> None:
    agent = agent_headers(desk.client, "Carol", Role.AGENT)
    desk.receives(written(QUESTION))
    answer = desk.sends()
    assert "Reply with “It helped” or “It didn't”." in body(answer)
    quoted = "".join(f"> {line}\n" for line in body(answer).splitlines())
    desk.receives(answering(answer, f"It didn't!\n\nOn Monday, Lark wrote:\n{quoted}"))
    choices = desk.sends(2)
    assert "Reply with “person” to reach a person." in body(choices)
    desk.receives(answering(choices, "Person."))
    notice = desk.sends(3)
    [ticket] = re.findall(r"FL-\d{6}", body(notice))
    assert notice["Subject"] == f"Re: A question [{ticket}]"

    said = desk.has(3, "customer")
    conversation = said[0].conversation_id
    assert {line.conversation_id for line in desk.lines()} == {conversation}
    assert [line.text for line in said[1:]] == ["It didn't!", "Person."]
    assert "On Monday, Lark wrote" in said[1].content["full"]

    desk.acts(agent, conversation, "claim")
    desk.acts(agent, conversation, "messages", text="Hello <Alice>")
    reply = desk.sends(4)
    assert "Carol" in reply["From"]
    assert "Auto-Submitted" not in reply
    assert "Hello &lt;Alice&gt;" in body(reply, "html")
    assert reply["Subject"] == notice["Subject"]
    desk.receives(answering(reply, "Thanks\n\n-- \nAlice"))
    assert desk.has(4, "customer")[-1].text == "Thanks"
    assert len(desk.postbox.taken) == 4  # a person has it: the bot is silent

    desk.acts(agent, conversation, "resolve")
    assert "closed" in body(desk.sends(5))
    desk.receives(answering(reply, QUESTION))
    again = desk.has(5, "customer")[-1]
    assert again.conversation_id != conversation
    assert again.content["thread"] == said[0].content["thread"]
    assert desk.sends(6)["Subject"] == "Re: A question"


def test_what_was_stored_and_not_marked_as_seen_is_stored_once(desk: MailDesk) -> None:
    question = written(QUESTION)
    desk.receives(question)
    desk.sends()
    until(lambda: desk.imap.unseen() == 0, 10)
    with desk.imap.client() as client:  # as after a crash between the commit and the mark
        client.remove_flags(client.search("ALL"), [SEEN])
    desk.receives(written("/status", "Something else"))
    desk.has(2, "customer")
    until(lambda: desk.imap.unseen() == 0, 10)
    assert len(desk.has(2, "customer")) == 2


def test_what_cannot_be_stored_now_stays_unseen_and_comes_later(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, failures = Inbox.receive, [1, 1]

    def away(inbox: Inbox, inbound: Inbound) -> Accepted:
        if failures:
            failures.pop()
            raise ConnectionError("the database is away")
        return receive(inbox, inbound)

    monkeypatch.setattr(Inbox, "receive", away)
    desk.receives(written(QUESTION))
    desk.sends()
    assert failures == []


def test_whoever_else_writes_in_a_thread_has_a_conversation_of_their_own(desk: MailDesk) -> None:
    desk.receives(written(QUESTION))
    answer = desk.sends()
    desk.receives(answering(answer, QUESTION, From="mallory@elsewhere.example"))
    other = desk.sends(2)
    assert other["To"] == "mallory@elsewhere.example"
    alice, mallory = desk.has(2, "customer")
    assert alice.conversation_id != mallory.conversation_id


def test_a_tickets_number_in_the_subject_finds_the_ticket_of_its_own_person(desk: MailDesk) -> None:
    desk.receives(written("I want to talk to a person"))
    notice = desk.sends()
    subject = str(notice["Subject"])
    desk.receives(written("Here is my order number: LH-1001", f"About {subject}"))
    first, second = desk.has(2, "customer")
    assert second.conversation_id == first.conversation_id
    desk.receives(written("Tell me all", subject, From="mallory@elsewhere.example"))
    third = desk.has(3, "customer")[-1]
    assert third.conversation_id != first.conversation_id


def test_files_come_along(desk: MailDesk) -> None:
    desk.receives((PAYLOADS / "apple_inline_image.eml").read_bytes())
    [line] = desk.has(1, "customer")
    [kettle] = line.content["attachments"]
    assert (kettle["name"], kettle["type"]) == ("kettle.png", "image/png")


def test_what_nobody_can_read_reaches_a_person_as_a_file(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(raw: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr("channels.mail.reading._read", broken)
    desk.receives(written(QUESTION))
    [line] = desk.has(1, "customer")
    assert line.content["attachments"][0]["name"] == "message.eml"
    assert desk.sends()["To"] == ALICE
    assert "FL-" in body(desk.sends())


def test_an_e_mail_that_is_too_large_is_named_and_not_fetched(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.mail.mailbox.LARGEST", 10_000)
    monkeypatch.setattr("handoff.attachments.LARGEST", 10_000)
    desk.receives(written("words " * 5_000, "My photographs"))
    [line] = desk.has(1, "customer")
    assert line.text == "My photographs"
    with desk.database.read() as session:
        [file] = session.scalars(select(Attachment)).all()
        assert file.data is None
        assert "too large" in (file.refusal or "")


def test_machines_are_never_answered(desk: MailDesk) -> None:
    desk.receives(written(QUESTION))
    answer = desk.sends()
    desk.receives(answering(answer, "I am away until Monday.", Auto_Submitted="auto-replied"))
    desk.says("I am away until Monday.")
    desk.receives((PAYLOADS / "newsletter.eml").read_bytes())
    desk.receives(answering(answer, "This is me", X_Firstline=USER))
    until(lambda: desk.imap.unseen() == 0, 10)
    assert len(desk.postbox.taken) == 1
    assert len(desk.has(1, "customer")) == 1
    counted = desk.client.get("/metrics").text
    assert 'firstline_emails_ignored_total{because="bulk"} 1.0' in counted
    assert 'firstline_emails_ignored_total{because="our own"} 1.0' in counted


def test_somebody_who_writes_all_the_time_gets_a_person(
    desk: MailDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.mail.intake.MOST_ANSWERS", 2)
    for number in (1, 2):
        desk.receives(written(QUESTION))
        desk.sends(number)
    desk.receives(written(QUESTION))
    assert "FL-" in body(desk.sends(3))


@on_both_databases
def test_a_bounce_marks_the_line_and_tells_the_agent(desk: MailDesk) -> None:
    desk.receives(written(QUESTION))
    answer = desk.sends()
    until(lambda: desk.has(1, "bot")[0].status == "sent", 10)
    bounce = (PAYLOADS / "bounce_postfix.eml").read_bytes()
    ours = str(answer["Message-ID"]).encode()
    desk.receives(bounce.replace(b"<ours@lark.example>", ours))
    desk.says("User unknown")
    assert desk.has(1, "bot")[0].status == "failed"
    with desk.database.read() as session:
        place = session.scalars(select(Identity).where(Identity.is_place)).one()
    assert place.blocked_at


def test_what_the_mail_server_puts_off_is_tried_again(desk: MailDesk) -> None:
    desk.postbox.answers[ALICE] = ["450 4.2.1 later"]
    desk.receives(written(QUESTION))
    desk.sends()
    assert desk.has(1, "bot")[0].attempts == 2


@pytest.mark.parametrize(
    ("answer", "is_blocked"), [("550 5.1.1 unknown user", True), ("554 5.7.1 spam", False)]
)
def test_what_the_mail_server_refuses_fails(desk: MailDesk, answer: str, is_blocked: bool) -> None:
    desk.postbox.answers[ALICE] = [answer]
    desk.receives(written(QUESTION))
    desk.says(answer)
    assert desk.has(1, "bot")[0].status == "failed"
    with desk.database.read() as session:
        place = session.scalars(select(Identity).where(Identity.is_place)).one()
    assert bool(place.blocked_at) == is_blocked


def test_an_e_mail_in_doubt_is_sent_once_more_under_the_same_id(
    desk: MailDesk,
) -> None:
    desk.postbox.data_answers = ["lost"]
    desk.receives(written(QUESTION))
    second = desk.sends(2)
    assert second["Message-ID"] == desk.postbox.taken[0]["Message-ID"]
    until(lambda: desk.has(1, "bot")[0].status == "uncertain", 10)


@pytest.mark.parametrize("result", ["pass", "fail"])
def test_a_person_is_known_by_an_address_that_our_server_verified(
    desk: MailDesk, result: str
) -> None:
    found = f"mx.lark.example; dmarc={result} header.from=home.example"
    desk.receives(written(QUESTION, Authentication_Results=found))
    desk.has(1, "customer")
    with desk.database.read() as session:
        person = session.scalars(select(Person)).one()
    assert (person.email, person.email_verified) == (
        (ALICE, True) if result == "pass" else (None, False)
    )


def test_nobody_can_have_data_erased_by_e_mail(desk: MailDesk) -> None:
    desk.receives(written("/forget yes"))
    assert "can't be sure who is writing" in body(desk.sends())


def test_a_server_that_went_away_is_found_again(desk: MailDesk) -> None:
    desk.imap.stop()
    desk.imap.start()
    desk.receives(written(QUESTION))
    desk.sends()


def test_a_server_that_cannot_tell_is_asked(
    mail_servers: Postbox, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.mail.mailbox.POLL", 0.2)
    with dovecot(idle=False) as imap:
        monkeypatch.setenv("FIRSTLINE_IMAP_URL", url_of("imap", imap.port))
        with TestClient(create_app(load_settings(data))) as client:
            desk = MailDesk(client, imap, mail_servers)
            until(lambda: desk.imap.unseen() == 0, 5)
            desk.receives(written(QUESTION))
            desk.sends()


def test_a_killed_reader_loses_no_e_mail_and_stores_none_twice(
    mail_servers: Postbox, imap: Dovecot, data: Path
) -> None:
    for number in range(MANY):
        imap.receive(bytes(written(QUESTION, From=f"customer{number}@home.example")))
    database = open_database(load_settings(data).database)

    def stored() -> int:
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(Message)) or 0

    def read_until(condition: Callable[[], bool]) -> None:
        reader = subprocess.Popen([sys.executable, "-c", READER, data])
        try:
            until(condition, 30)
        finally:
            reader.kill()
            reader.wait()

    for some in (MANY // 5, MANY // 2):
        read_until(lambda some=some: stored() >= some)  # type: ignore[misc]
    assert stored() < MANY
    read_until(lambda: imap.unseen() == 0)
    assert stored() == MANY
    database.close()
