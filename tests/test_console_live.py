"""The open conversation follows what channels bring, and what becomes of replies, as it happens."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from bot.conversation import Conversation, Identity, Message, Person
from channels.inbox import File, Inbound, Inbox
from handoff import delivery, people
from handoff.agents import Agent, Role
from tests.conftest import PASSWORD
from tests.fakes.browser import start_chromium
from tests.fakes.people import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@dataclass
class Desk:
    """A server, what comes in and goes out on Telegram, and an agent's window on it."""

    client: TestClient
    url: str
    page: Page
    updates: int = 0

    def hears(self, text: str, **more: Any) -> int:
        """Carol writes on Telegram; the number of her conversation."""
        self.updates += 1
        inbox: Inbox = self.client.app.state.inbox  # type: ignore[attr-defined]
        accepted = inbox.receive(
            Inbound(
                "telegram",
                "customers",
                "700100",
                text,
                str(self.updates),
                name="Carol",
                account="555",
                address="700100",
                **({"origin": self.updates} | more),
            ),
            wake=False,
        )
        return accepted.conversation_id

    def claims(self, agent: dict[str, str]) -> None:
        self.client.post("/api/v1/conversations/1/claim", headers=agent).raise_for_status()

    def happens(self, act: Callable[[Any, Message], None], text: str) -> None:
        """Something becomes of the line with this text."""
        state = self.client.app.state  # type: ignore[attr-defined]
        with state.database.write() as session:
            line = session.scalars(select(Message).where(Message.text == text)).one()
            act(session, line)
        state.hints.changed(line.conversation_id)

    def opens(self, path: str = "/console/conversations/1") -> None:
        self.page.goto(f"{self.url}{path}")
        self.page.get_by_label("E-mail").fill("alice@larkhome.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.locator("#composer[data-ready]").wait_for()

    def bubbles(self) -> list[str]:
        return [
            text.strip() for text in self.page.locator("#lines .bubble .words").all_inner_texts()
        ]

    def line(self, text: str) -> Locator:
        return self.page.locator("#lines .line").filter(has_text=text)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    yield from start_chromium()
    expect.set_options(timeout=5_000)


@pytest.fixture
def desk(
    client: TestClient, live: httpx.Client, alice: dict[str, str], chromium: Browser
) -> Iterator[Desk]:
    """Alice has Carol's conversation."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    desk = Desk(client, str(live.base_url).rstrip("/"), context.new_page())
    desk.hears("Hello")
    desk.claims(alice)
    yield desk
    context.close()


def test_what_comes_late_or_changes_finds_its_place_while_one_looks(desk: Desk) -> None:
    desk.hears("first", origin=10, reference="m1")
    desk.opens()
    desk.hears("third", origin=30)
    expect(desk.line("third")).to_be_visible()
    desk.hears("second", origin=20)
    expect(desk.line("second")).to_be_visible()
    assert desk.bubbles() == ["Hello", "first", "second", "third"]

    desk.hears("first, put better", origin=40, reference="m1", change="edit")
    expect(desk.line("first, put better")).to_be_visible()
    desk.page.get_by_text("Edited", exact=True).click()
    expect(desk.page.locator(".versions")).to_contain_text("first")
    desk.hears("fourth", origin=50)
    expect(desk.line("fourth")).to_be_visible()
    expect(desk.page.locator(".versions")).to_be_visible()
    desk.hears("", origin=60, reference="m1", change="deletion")
    expect(desk.line("first, put better")).to_contain_text("Deleted by the customer")


def test_nothing_jumps_while_one_reads_above(desk: Desk) -> None:
    for number in range(60):
        desk.hears(f"line {number} of a long story", origin=100 + 2 * number)
    desk.opens()
    read = desk.line("line 30 of")
    read.scroll_into_view_if_needed()
    before = read.bounding_box()
    desk.hears("a late one, above", origin=100 + 2 * 20 + 1)
    expect(desk.page.locator("#pill")).to_have_text("1 new line")
    expect(desk.line("a late one")).to_be_attached()
    after = read.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2


def test_a_quote_leads_to_its_line_even_if_that_has_to_be_fetched(desk: Desk) -> None:
    desk.hears("the very first", origin=10, reference="m1")
    for number in range(120):
        desk.hears(f"line {number} of a long story", origin=100 + number)
    desk.hears("As I said", replies_to="m1", quote="the very first", origin=1000)
    desk.opens()
    expect(desk.page.locator("#line-4")).to_have_count(0)
    desk.page.get_by_role("link", name="the very first").click()
    expect(desk.page.locator("#line-4")).to_be_focused()
    expect(desk.page.locator("#line-4")).to_be_in_viewport()


def test_a_reply_says_how_far_it_has_come_and_can_be_written_again(desk: Desk) -> None:
    desk.opens()
    desk.page.get_by_label("Reply to Carol on Telegram").fill("On its way.")
    desk.page.get_by_role("button", name="Reply on Telegram").click()
    expect(desk.page.locator("#lines .delivery")).to_have_text("Waiting to be sent on Telegram")
    desk.happens(lambda session, line: delivery.delivered(session, line, "r1"), "On its way.")
    expect(desk.page.locator("#lines .delivery")).to_have_text("Sent on Telegram")

    desk.page.get_by_label("Reply to Carol on Telegram").fill("Too much.")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.line("Too much.")).to_contain_text("Waiting")

    def fail(session: Any, line: Message) -> None:
        delivery.failed(session, line, "nothing arrives there", blocked=True)

    desk.happens(fail, "Too much.")
    expect(desk.line("Too much.")).to_contain_text("Not delivered: nothing arrives there")
    expect(desk.page.locator(".blocked")).to_contain_text("Carol blocked us on Telegram")
    desk.page.get_by_role("button", name="Write it again").click()
    expect(desk.page.locator("#words")).to_have_value("Too much.")
    expect(desk.page.locator("#words")).to_be_focused()


def test_an_admin_splits_people_after_a_second_thought(desk: Desk) -> None:
    state = desk.client.app.state  # type: ignore[attr-defined]
    desk.hears("Hi, I am somebody else", place="-100")
    with state.database.write() as session:
        session.scalars(select(Agent).where(Agent.name == "Alice")).one().role = Role.ADMIN
        conversation = session.get_one(Conversation, 1)
        other = Person(name="Carola")
        session.add(other)
        session.flush()
        people.join(session, conversation.person_id, other.id, "a one-time code")
    desk.opens()
    details = desk.page.get_by_label("About this conversation")
    expect(details).to_contain_text("Joined with Carola")
    button = details.get_by_role("button", name="Split off")
    expect(button).to_be_hidden()
    details.get_by_text("Split off…").click()
    button.click()
    expect(desk.page.locator(".toast")).to_have_text("Split off")
    expect(details).not_to_contain_text("Joined with Carola")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_of_every_kind_have_no_barrier_and_fit_a_phone(desk: Desk, scheme: Any) -> None:
    desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.hears("My order is LH-1", reference="m1", files=FILES)
    desk.hears("My order is LH-2", reference="m1", change="edit")
    desk.hears("Forget this", reference="m2", details={"subject": "Help", "full": "Help\n-- \nme"})
    desk.hears("", reference="m2", change="deletion")
    desk.hears("See above", replies_to="m1", quote="My order is LH-1")
    desk.opens()
    for text in ("It is on its way.", "And paid for."):
        desk.page.locator("#words").fill(text)
        desk.page.keyboard.press("Control+Enter")
        expect(desk.line(text)).to_contain_text("Waiting")

    def fail(session: Any, line: Message) -> None:
        delivery.failed(session, line, "nothing arrives there", blocked=True)

    desk.happens(fail, "It is on its way.")
    expect(desk.page.locator(".blocked")).to_be_visible()
    desk.page.locator("#lines details summary").first.click()
    found = Axe().run(desk.page).response["violations"]
    assert [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]] == []
    desk.page.set_viewport_size({"width": 320, "height": 640})
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 320


FILES = (
    File("parcel.png", "image/png", PNG),
    File("a-name-that-is-rather-long-for-a-file-of-no-importance.pdf", "application/pdf", b"%PDF-"),
    File("film.mp4", "video/mp4", source="a", size=30_000_000),
    File("voice.ogg", "audio/ogg", source="b"),
)


def test_the_chat_shows_what_came_by_another_channel_as_ones_own(desk: Desk) -> None:
    visitor = Visitor(desk.client)
    visitor.says("Hello from the shop")
    state = desk.client.app.state  # type: ignore[attr-defined]
    with state.database.write() as session:
        there = session.scalars(select(Identity).where(Identity.channel == "web")).one()
        there.conversation_id = 1  # as after a `/link`
    desk.page.goto(desk.url)
    desk.page.evaluate("token => localStorage.setItem('firstline-visitor', token)", visitor.token)
    desk.page.reload()
    desk.page.get_by_role("button", name="Open chat").click()
    mine = desk.page.locator("firstline-chat .customer")
    expect(mine.filter(has_text="Hello")).to_contain_text("on Telegram")
    desk.hears("My order is LH-1", reference="m1", files=FILES[:1])
    expect(mine.filter(has_text="LH-1")).to_contain_text("File: parcel.png")
    desk.hears("My order is LH-2", reference="m1", change="edit")
    expect(mine.filter(has_text="LH-2")).to_contain_text(re.compile("on Telegram.*edited"))
    expect(mine.filter(has_text="LH-1")).to_have_count(0)
    desk.hears("", reference="m1", change="deletion")
    expect(mine.filter(has_text="Message deleted")).to_have_count(1)
