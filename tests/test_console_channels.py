"""What agents see of the channels: files, edits, deliveries, who writes from where, and exports."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser, LexborNode
from sqlalchemy import select

from bot.conversation import MESSAGES, Author, Conversation, Message
from bot.db import Database, open_database
from channels.inbox import File, Inbound, accept
from handoff import delivery, people
from handoff.agents import Agent
from handoff.attachments import Attachment
from handoff.transcript import write_line
from tests.fakes.console import console_app, sign_in
from tests.fakes.postgres import on_both_databases

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
EVIL = "<img src=x onerror=alert(1)>"


@dataclass
class Writer:
    """A customer on a channel; `seq` is the number of the last line."""

    database: Database
    sender: str = "700100"
    name: str = "Carol"
    channel: str = "telegram"
    desk: str = "customers"
    conversation: int = 0
    seq: int = 0
    deliveries: int = 0

    def writes(self, text: str, **more: Any) -> int:
        self.deliveries += 1
        accepted = accept(
            self.database,
            Inbound(
                self.channel,
                self.desk,
                self.sender,
                text,
                f"{self.sender}-{self.deliveries}",
                name=self.name,
                account="555",
                address=self.sender,
                **more,
            ),
        )
        self.conversation, self.seq = accepted.conversation_id, accepted.seq
        return accepted.seq


@dataclass
class Page:
    """A part of the console, as an agent's browser gets it."""

    client: TestClient
    address: str

    def find(self, selector: str) -> list[LexborNode]:
        response = self.client.get(self.address)
        assert response.status_code == 200, response.text
        return LexborHTMLParser(response.text).css(selector)

    def text(self, selector: str) -> str:
        """What everything that fits the selector says, spaces made one."""
        return " ".join(" ".join(found.text().split()) for found in self.find(selector))

    def line(self, seq: int) -> str:
        return self.text(f"#line-{seq}")

    def seqs(self) -> list[int]:
        return [int(line.attributes["data-seq"] or 0) for line in self.find("[data-seq]")]


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url or f"sqlite:///{tmp_path / 'console.db'}")
    yield database
    database.close()


@pytest.fixture
def app(database: Database) -> FastAPI:
    return console_app(database)


@pytest.fixture
def alice(app: FastAPI) -> TestClient:
    return sign_in(app, "alice@firm.example")


@pytest.fixture
def carol(database: Database) -> Writer:
    return Writer(database)


def thread(agent: TestClient, customer: Writer, query: str = "") -> Page:
    return Page(agent, f"/console/conversations/{customer.conversation}/thread{query}")


def context(agent: TestClient, customer: Writer) -> Page:
    return Page(agent, f"/console/conversations/{customer.conversation}/context")


def say(database: Database, customer: Writer, text: str, author: Author = Author.AGENT) -> int:
    """A line to the customer by Alice or the bot, which waits to be sent; its number."""
    with database.write() as session:
        conversation = session.get_one(Conversation, customer.conversation)
        agent = session.get(Agent, 1) if author == Author.AGENT else None
        return write_line(session, conversation, author, text, agent=agent)["seq"]


@on_both_databases
def test_an_edited_line_reads_as_it_does_now_with_its_earlier_versions(
    alice: TestClient, carol: Writer
) -> None:
    first = carol.writes("My order is LH-1", reference="m1")
    carol.writes("My order is LH-2", reference="m1", change="edit")
    last = carol.writes("My order is LH-3", reference="m1", change="edit")
    page = thread(alice, carol)
    assert page.line(first).startswith("C Carol now My order is LH-3 Edited")
    assert page.text("#line-1 .versions li") == "now My order is LH-1 now My order is LH-2"
    assert "edited a message" in page.line(last)
    assert "LH-3" not in page.line(last)
    assert page.text(f"#line-{last} .bubble") == ""


def test_what_was_deleted_stays_readable_to_agents(alice: TestClient, carol: Writer) -> None:
    first = carol.writes("Card 4111 1111", reference="m1")
    last = carol.writes("", reference="m1", change="deletion")
    page = thread(alice, carol)
    assert "Card 4111 1111 Deleted by the customer" in page.line(first)
    assert "deleted a message" in page.line(last)
    assert "Deleted a message" in Page(alice, "/console/list?view=bot").text(".item-last")


def test_a_new_version_of_what_is_not_here_stands_for_itself(
    alice: TestClient, carol: Writer
) -> None:
    carol.writes("Hello")
    seq = carol.writes("Goodbye", reference="gone", change="edit")
    assert "New version of a message that is not here Goodbye" in thread(alice, carol).line(seq)


@on_both_databases
def test_news_include_the_far_line_that_they_change(alice: TestClient, carol: Writer) -> None:
    first = carol.writes("My order is LH-1", reference="m1")
    for number in range(100):
        carol.writes(f"line {number}")
    assert thread(alice, carol, "?since=90").seqs()[0] == 90
    edit = carol.writes("My order is LH-2", reference="m1", change="edit")
    page = thread(alice, carol, f"?since={edit}")
    assert page.seqs() == list(range(first, edit + 1))
    assert "LH-2" in page.line(first)


@on_both_databases
def test_a_line_that_came_late_stands_where_it_was_written(
    alice: TestClient, carol: Writer
) -> None:
    carol.writes("first", origin=1)
    carol.writes("third", origin=3)
    carol.writes("second", origin=2)
    assert thread(alice, carol).seqs() == [1, 3, 2]
    assert thread(alice, carol, "?since=2").seqs() == [3, 2]


def test_no_line_is_lost_where_a_late_one_stands_at_the_edge_of_a_page(
    alice: TestClient, carol: Writer
) -> None:
    for number in range(101):
        carol.writes(f"line {number}", origin=number + 10)
    late = carol.writes("late", origin=1)
    shown = thread(alice, carol).seqs()
    assert shown[0] == late
    assert sorted(thread(alice, carol, f"?before={min(shown)}").seqs() + shown) == list(
        range(1, late + 1)
    )


@on_both_databases
def test_files_are_shown_by_what_they_are_and_what_became_of_them(
    alice: TestClient, carol: Writer, database: Database
) -> None:
    files = (
        File("parcel.png", "image/png", PNG),
        File("bill.pdf", "application/pdf", b"%PDF-1.4 x"),
        File("film.mp4", "video/mp4", source="a", size=30_000_000),
        File("voice.ogg", "audio/ogg", source="b"),
    )
    seq = carol.writes("", files=files)
    page = thread(alice, carol)
    picture = page.find(".picture img")[0]
    assert (picture.attributes["alt"], picture.attributes["src"]) == (
        "parcel.png",
        "/api/v1/attachments/1",
    )
    assert alice.get("/api/v1/attachments/1").content == PNG
    link = page.find("a.file")[0]
    assert (link.attributes["download"], link.attributes["href"]) == (
        "bill.pdf",
        "/api/v1/attachments/2",
    )
    assert "film.mp4 too large: 28.6 MB" in page.line(seq)
    assert "voice.ogg being fetched…" in page.line(seq)
    assert page.find("[data-unsettled]")
    with database.write() as session:
        session.get_one(Attachment, 4).keep(b"OggS")
    assert not page.find("[data-unsettled]")
    assert "voice.ogg" in page.text("a.file")
    assert "A file" in Page(alice, "/console/list?view=bot").text(".item-last")


def test_an_edit_shows_the_file_that_it_brings(alice: TestClient, carol: Writer) -> None:
    carol.writes("", reference="m1", files=(File("blurred.png", "image/png", PNG),))
    sharp = (File("sharp.png", "image/png", PNG),)
    seq = carol.writes("", reference="m1", change="edit", files=sharp)
    assert len(thread(alice, carol).find(f"#line-{seq} .picture img")) == 1


@on_both_databases
def test_each_line_to_a_channel_says_how_far_it_has_come(
    alice: TestClient, carol: Writer, database: Database
) -> None:
    carol.writes("Hello")
    sent, failed, doubtful, waiting = (say(database, carol, text) for text in "abcd")
    with database.write() as session:
        lines = {line.seq: line for line in session.scalars(select(Message))}
        delivery.delivered(session, lines[sent], "r1")
        delivery.failed(session, lines[failed], "the message is too long")
        lines[doubtful].doubtful = True
        delivery.delivered(session, lines[doubtful], None)
    page = thread(alice, carol)
    assert "Sent on Telegram" in page.line(sent)
    assert "Not delivered: the message is too long Write it again" in page.line(failed)
    assert "May have arrived twice" in page.line(doubtful)
    assert "Waiting to be sent on Telegram" in page.line(waiting)
    unsettled = page.find("[data-unsettled]")
    assert [line.attributes["data-seq"] for line in unsettled] == [str(waiting)]


def test_what_clients_fetch_has_no_delivery_to_speak_of(
    alice: TestClient, database: Database
) -> None:
    dora = Writer(database, channel="web")
    dora.writes("Hello")
    say(database, dora, "Hello Dora")
    assert not thread(alice, dora).find(".delivery, .undelivered, [data-unsettled]")


@on_both_databases
def test_a_block_is_announced_where_one_writes_until_they_are_back(
    alice: TestClient, carol: Writer, database: Database
) -> None:
    carol.writes("Hello")
    assert context(alice, carol).text(".blocked") == ""
    say(database, carol, "Hello Carol")
    with database.write() as session:
        line = session.scalars(select(Message).where(Message.text == "Hello Carol")).one()
        delivery.failed(session, line, "Carol blocked the bot", blocked=True)
    assert "Carol blocked us on Telegram" in context(alice, carol).text(".blocked")
    assert "blocked us" in context(alice, carol).text(".names")
    carol.writes("Hello again")
    assert context(alice, carol).text(".blocked") == ""


def test_where_the_customer_writes_is_said_everywhere(alice: TestClient, carol: Writer) -> None:
    carol.writes("Hello")
    assert "on Telegram" in Page(alice, "/console/list?view=bot").text(".item .channel")
    page = Page(alice, f"/console/conversations/{carol.conversation}")
    assert "Telegram" in page.text(".head-state")
    assert page.find(".head")[0].attributes["data-way"] == "on Telegram"


@on_both_databases
def test_going_on_elsewhere_is_marked_once_and_the_head_follows(
    alice: TestClient, carol: Writer, database: Database
) -> None:
    at_home = Writer(database, "b" * 32, channel="web")
    at_home.writes("My hub is offline")
    carol.writes("Hello")
    with database.write() as session:
        session.execute(MESSAGES.update().values(status="handled"))
        people.join(session, 1, 2, "a one-time code")
    carol.writes("On my way now")
    at_home.writes("Back at the desk")
    at_home.writes("Still offline")
    page = thread(alice, at_home)
    assert page.text("[data-key^=way]") == "continued on the web"
    assert "Web" in context(alice, at_home).text(".head-state")


def test_a_mail_shows_its_subject_and_the_rest_on_request(
    alice: TestClient, database: Database
) -> None:
    hamid = Writer(database, "hamid@firm.example", "Hamid", "email")
    whole = f"It rings at night.\n\n-- \nHamid\n{EVIL}"
    seq = hamid.writes("It rings at night.", details={"subject": f"Bell {EVIL}", "full": whole})
    page = thread(alice, hamid)
    assert f"Subject: Bell {EVIL} It rings at night. Show the whole mail" in page.line(seq)
    assert "-- Hamid" in page.text("details .mail")
    assert not page.find("img")


def test_a_reply_to_a_line_quotes_it_and_leads_there(alice: TestClient, carol: Writer) -> None:
    carol.writes("The red one", reference="m1")
    seq = carol.writes("I mean this", replies_to="m1", quote=EVIL)
    page = thread(alice, carol)
    assert f"In reply to {EVIL} I mean this" in page.line(seq)
    assert page.find(".quote a")[0].attributes["href"] == "#line-1"


def test_in_a_thread_everybody_is_named(alice: TestClient, database: Database) -> None:
    ben = Writer(database, "U1", "Ben", "slack", "employees")
    ben.writes("The VPN is down", place="C1:1", details={"name": "Ben"})
    dora = Writer(database, "U2", "Dora", "slack", "employees")
    seq = dora.writes("For me, too", place="C1:1", details={"name": "Dora"})
    page = thread(alice, ben)
    assert page.text(".speaker .name") == "Ben Dora"
    assert "For me, too" in page.line(seq)
    url = f"/api/v1/conversations/{ben.conversation}/transcript"
    assert "customer Dora: For me, too" in alice.get(url).text


@on_both_databases
def test_an_email_about_unread_replies_is_no_change_of_channel(
    alice: TestClient, database: Database
) -> None:
    dora = Writer(database, "d" * 32, channel="web")
    dora.writes("Hello")
    with database.write() as session:
        conversation = session.get_one(Conversation, dora.conversation)
        told = write_line(
            session, conversation, Author.SYSTEM, "Alice:\nHi", private=True, kind="unread"
        )
        session.execute(MESSAGES.update().where(MESSAGES.c.seq == 2).values(channel="email"))
    dora.writes("I am back")
    page = thread(alice, dora)
    assert page.find("[data-key^=way]") == []
    assert page.line(told["seq"]).startswith("Agents only: What was not seen on the web went out")
    assert page.text(".line.system .mail") == "Alice: Hi"


def test_a_strangers_file_name_is_text(alice: TestClient, carol: Writer) -> None:
    seq = carol.writes("", files=(File(f'"{EVIL}', "text/plain", b"x"),))
    page = thread(alice, carol)
    assert EVIL in page.line(seq)
    assert not page.find("img")


@on_both_databases
def test_who_the_customer_is_elsewhere_stands_beside_and_admins_can_split(
    app: FastAPI, alice: TestClient, carol: Writer, database: Database
) -> None:
    carol.writes("Hello")
    other = Writer(database, "U1", "Carol Chen", "slack")
    other.writes("Hi")
    with database.write() as session:
        people.join(session, 1, 2, "a one-time code")
    beside = context(alice, carol)
    assert "700100 at 555" in beside.text(".names")
    assert "Joined with Carol Chen" in beside.text(".joined")
    assert not beside.find("[data-post]")
    ada = sign_in(app, "ada@firm.example")
    address = context(ada, carol).find("[data-post]")[0].attributes["data-post"] or ""
    assert alice.post(address).status_code == 403
    assert ada.post(address).status_code == 200
    assert context(ada, carol).text(".joined") == ""


@on_both_databases
def test_search_finds_people_by_what_channels_call_them(
    alice: TestClient, carol: Writer, database: Database
) -> None:
    carol.writes("Hello")
    hamid = Writer(database, "hamid@firm.example", "Hamid", "email")
    hamid.writes("Good evening")

    def found(words: str) -> list[str]:
        items = Page(alice, f"/console/list?q={words}").find(".item-name")
        return [item.text() for item in items]

    assert found("700100") == ["Carol"]
    assert found("hamid@") == ["Hamid"]
    assert found("7001") == []


def test_exports_name_files_changes_and_channels(
    alice: TestClient, carol: Writer, database: Database
) -> None:
    carol.writes(
        "My order is LH-1", reference="m1", files=(File("bill.pdf", "application/pdf", b"%PDF-"),)
    )
    carol.writes("My order is LH-2", reference="m1", change="edit")
    carol.writes("", reference="m1", change="deletion")
    failed = say(database, carol, "Hello")
    with database.write() as session:
        session.execute(MESSAGES.update().where(MESSAGES.c.seq == 2).values(channel="email"))
        line = session.scalars(select(Message).where(Message.seq == failed)).one()
        delivery.failed(session, line, "no")
    url = f"/api/v1/conversations/{carol.conversation}/transcript?format="
    text = alice.get(url + "text").text
    page = Page(alice, url + "html").text("main")
    lines = json.loads(alice.get(url + "json").text)["messages"]
    assert lines[0]["content"]["attachments"][0]["url"] == "/api/v1/attachments/1"
    assert "file: bill.pdf (application/pdf), /api/v1/attachments/1" in text
    for told in (text, page):
        assert "continued by e-mail" in told
        assert f"edits the line of {lines[0]['at']}" in told
        assert f"deletes the line of {lines[0]['at']}" in told
        assert "not delivered" in told
