"""Customer and agent side by side: two Chromiums on a real `firstline serve`."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, StorageState, expect

from tests.conftest import PREPARED
from tests.fakes.browser import AtDesk, Customer, Server, Visit, start_chromium
from tests.fakes.postgres import Cluster

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
ALWAYS = ", ".join(
    f'{day} = "00:00-24:00"' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
SETTINGS = f"""company = "Larkhome"
demo = true
[desks.customers]
name = "Larkhome"
suggestions = ["Where is my order?"]
hours = {{ {ALWAYS} }}
"""
QUESTION = "How long does a refund take?"
ANGRY = "This is RIDICULOUS. I am furious: a useless bot, and NOBODY helps me!!"
MARKUP = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    '"><svg onload=alert(3)><iframe src=javascript:alert(4)>',
)
CUT_OFF = "net::ERR_|Failed to fetch|network error"  # what browsers say of a server that is down
REFUSED = "status of 409"
MISSING = "status of 404"


@dataclass
class Firstline:
    """A server, its agents, and whoever comes to it in a test."""

    server: Server
    browser: Browser
    sessions: dict[str, StorageState] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    expected: str = "^$"  # complaints of the pages that a test brings about itself

    def employs(self, name: str) -> None:
        """Makes the account as an operator does, and signs in with the password it prints."""
        email = f"{name.split()[0].lower()}@larkhome.example"
        password = self.server.command("agent", "add", name, email)
        agent = AtDesk.begin(self.browser, self.server.url)
        self.sessions[name] = agent.signs_in(email, password)
        assert agent.leave() == []

    def customer(self, **options: Any) -> Customer:
        customer = Customer.begin(self.browser, self.server.url, **(PHONE | options))
        self.visits.append(customer)
        return customer

    def agent(self, name: str, **options: Any) -> AtDesk:
        session = {"storage_state": self.sessions[name]}
        agent = AtDesk.begin(self.browser, self.server.url, **(DESKTOP | session | options))
        self.visits.append(agent)
        return agent

    def close(self) -> None:
        """All go home; no page may have complained of anything unexpected."""
        said = [text for visit in self.visits for text in visit.leave()]
        unexpected = [text for text in said if not re.search(self.expected, text)]
        self.visits, self.expected = [], "^$"
        self.server.start()  # a failed test may have left it killed
        assert unexpected == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)  # two cores, shared by two browsers and two servers
    yield from start_chromium()
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def installation(
    request: pytest.FixtureRequest,
    prepared: Path,
    chromium: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Firstline]:
    """A server on an empty database with the agents Alice and Bob, for all tests on it."""
    data = tmp_path_factory.mktemp("browser") / "data"
    data.mkdir()
    for name in PREPARED:
        copy = shutil.copytree if (prepared / name).is_dir() else shutil.copy
        copy(prepared / name, data / name)
    (data / "encoder").symlink_to(prepared / "encoder")
    (data / "firstline.toml").write_text(SETTINGS, encoding="utf-8")
    if request.param == "sqlite":
        yield from _run(Server(data), chromium)
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as url:
            yield from _run(Server(data, {"FIRSTLINE_DATABASE_URL": url}), chromium)


def _run(server: Server, browser: Browser) -> Iterator[Firstline]:
    server.start()
    try:
        firstline = Firstline(server, browser)
        firstline.employs("Alice Adams")
        firstline.employs("Bob Brown")
        yield firstline
    finally:
        server.kill()


@pytest.fixture
def firstline(installation: Firstline) -> Iterator[Firstline]:
    yield installation
    installation.close()


on_both = pytest.mark.parametrize("installation", ["sqlite", "postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


@on_both
def test_a_question_becomes_a_conversation_with_a_person_and_is_resolved(
    firstline: Firstline,
) -> None:
    carol, alice = firstline.customer(), firstline.agent("Alice Adams")
    alice.looks_at_queue()
    carol.opens_chat()

    asks_and_is_answered(carol)
    ticket = loses_patience_and_gets_one_notice(carol)
    hears_no_more_from_the_bot(carol, alice)
    sees_why_and_claims(alice, carol, ticket)
    talk_both_ways(carol, alice)
    the_bot_is_back(carol, alice)

    second = carol.is_handed_over()
    assert second != ticket
    alice.claims()
    alice.page.keyboard.press("e")
    expect(alice.page.locator(".head-state")).to_contain_text("Resolved")
    expect(carol.strip).to_contain_text("Conversation closed")
    expect(carol.page.get_by_text("This conversation is closed.")).to_be_visible()

    the_transcript_is_complete(alice, [ticket, second])
    expect(carol.page.get_by_text("private: serial number")).to_have_count(0)


def asks_and_is_answered(carol: Customer) -> None:
    carol.says(QUESTION)
    expect(carol.bubbles("5 working days", of="bot")).to_be_visible()
    source = carol.page.locator("firstline-chat .sources a").first
    expect(source).to_have_attribute("href", f"{carol.url}/help/refund-times")
    expect(carol.page.get_by_role("button", name="It helped")).to_be_visible()
    expect(carol.page.get_by_role("button", name="It didn't")).to_be_visible()


def loses_patience_and_gets_one_notice(carol: Customer) -> str:
    carol.says(ANGRY)
    expect(carol.strip).to_contain_text(re.compile(r"place \d+ · FL-\d{6}"))
    ticket = carol.ticket()
    expect(carol.notices).to_have_count(1)
    expect(carol.notices).to_contain_text(ticket)
    expect(carol.notices).to_contain_text(re.compile(r"number \d+ in the\s+queue"))
    return ticket


def hears_no_more_from_the_bot(carol: Customer, alice: AtDesk) -> None:
    shown = carol.bubbles(of="bot").count()
    for text in (QUESTION, "hello?? is anybody there"):
        carol.says(text)
    alice.opens_with_keys("hello?? is anybody there")
    alice.waits_until_all_is_handled()
    assert len(alice.words("bot")) == shown - 1  # the greeting is the widget's own
    expect(carol.bubbles(of="bot")).to_have_count(shown)


def sees_why_and_claims(alice: AtDesk, carol: Customer, ticket: str) -> None:
    details = alice.page.get_by_label("About this conversation")
    expect(details).to_contain_text("The customer is losing patience")
    expect(details).to_contain_text(re.compile("Because of: .*useless"))
    expect(details).to_contain_text(ticket)
    details.get_by_text("Why did the bot hand over?").click()
    expect(details.get_by_text("Articles found").first).to_be_visible()
    alice.page.locator("#scroller").focus()
    alice.claims()
    expect(carol.presence).to_have_text("Alice Adams is here")


def talk_both_ways(carol: Customer, alice: AtDesk) -> None:
    alice.writes("Hello, ")
    expect(carol.typing).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.replies("I am looking into it.")
    expect(carol.bubbles("Hello, I am looking into it.", of="agent")).to_be_visible()
    expect(carol.typing).to_be_hidden()
    carol.page.get_by_label("Your message").press_sequentially("Thank")
    expect(alice.page.locator("#typing")).to_contain_text("is typing")
    carol.page.get_by_label("Your message").press_sequentially(" you, Alice\n")
    expect(alice.lines("Thank you, Alice")).to_be_visible()
    expect(alice.page.locator("#typing")).to_be_hidden()
    alice.notes("private: serial number unreadable")
    alice.replies("It is done.")
    expect(carol.bubbles("It is done.", of="agent")).to_be_visible()
    expect(carol.page.get_by_text("private: serial number")).to_have_count(0)


def the_bot_is_back(carol: Customer, alice: AtDesk) -> None:
    answers = carol.bubbles("5 working days", of="bot")
    expect(answers).to_have_count(1)
    alice.page.keyboard.press("b")
    expect(carol.page.get_by_role("button", name="Talk to a person")).to_be_visible()
    carol.says(QUESTION)
    expect(answers).to_have_count(2)


def the_transcript_is_complete(alice: AtDesk, tickets: list[str]) -> None:
    """Every line in order, in each of the three exports."""
    story = [QUESTION, "5 working days", ANGRY, tickets[0], QUESTION, "hello??"]
    story += ["Hello, I am", "Thank you", "private: serial", "It is done.", QUESTION]
    story += ["5 working days", "Talk to a person", tickets[1], "conversation is closed"]
    messages = json.loads(alice.transcript("json"))["messages"]
    assert [line["seq"] for line in messages] == list(range(1, len(messages) + 1))
    assert all(line["evidence"]["reason"] for line in messages if line["author"] == "bot")
    for told in ("\n".join(line["text"] for line in messages), alice.transcript("text")):
        assert_in_order(told, story)
    alice.page.goto(alice.transcript_url("html"))
    assert_in_order(alice.page.inner_text("body"), story)


def assert_in_order(told: str, story: list[str]) -> None:
    place = 0
    for words in story:
        place = told.find(words, place) + len(words)
        assert place >= len(words), f"{words!r} is missing or out of order in:\n{told}"


@on_both
def test_of_two_agents_who_claim_one_wins_and_the_other_sees_who(firstline: Firstline) -> None:
    dave = firstline.customer()
    dave.opens_chat()
    dave.says("Which of you two is it?")
    ticket = dave.is_handed_over()
    alice, bob = firstline.agent("Alice Adams"), firstline.agent("Bob Brown")
    for agent in (alice, bob):
        agent.looks_at_queue()
        agent.finds(ticket)
    firstline.expected = REFUSED
    news: list[Route] = []
    bob.page.route("**/context", lambda route: news.append(route))  # the race: he hears too late
    alice.claims()
    bob.page.keyboard.press("c")
    expect(bob.page.locator(".toast")).to_contain_text("Alice Adams has this conversation")
    for route in news:
        route.continue_()
    bob.page.unroute("**/context")
    expect(bob.page.locator(".head-state")).to_contain_text("Alice Adams")
    expect(dave.presence).to_have_text("Alice Adams is here")


@on_both
def test_a_reload_and_a_killed_server_lose_and_double_nothing(firstline: Firstline) -> None:
    erin, alice = firstline.customer(), firstline.agent("Alice Adams")
    erin.opens_chat()
    erin.says("one before all")
    ticket = erin.is_handed_over()
    alice.looks_at_queue()
    alice.finds(ticket)
    alice.claims()
    alice.writes("A draft that I ")
    erin.page.reload()
    alice.page.reload()
    expect(erin.bubbles("one before all")).to_have_count(1)
    expect(alice.page.locator("#words")).to_have_value("A draft that I ")

    firstline.expected = CUT_OFF
    firstline.server.kill()
    erin.says("two while it is down")
    erin.says("three while it is down")
    expect(erin.page.get_by_text("can’t be reached")).to_be_visible()
    expect(alice.page.locator("#connection")).to_be_visible()
    firstline.server.start()
    for text in ("two while it is down", "three while it is down"):
        expect(alice.lines(text)).to_have_count(1)
    expect(alice.page.locator("#connection")).to_be_hidden()
    expect(alice.page.locator("#words")).to_have_value("A draft that I ")
    alice.writes("have kept")
    alice.page.keyboard.press("Control+Enter")
    expect(erin.bubbles("A draft that I have kept", of="agent")).to_have_count(1)
    assert erin.words() == alice.words("customer")
    assert erin.words()[-2:] == ["two while it is down", "three while it is down"]


@on_sqlite
def test_lines_written_offline_are_sent_later_and_once(firstline: Firstline) -> None:
    frank = firstline.customer()
    frank.opens_chat()
    ticket = frank.is_handed_over()
    firstline.expected = CUT_OFF
    frank.context.set_offline(True)
    frank.says("first from the tunnel")
    frank.says("second from the tunnel")
    expect(frank.page.get_by_text("You’re offline")).to_be_visible()
    expect(frank.page.get_by_text("Not sent yet.")).not_to_have_count(0)
    frank.context.set_offline(False)
    expect(frank.page.get_by_text("You’re offline")).to_be_hidden()
    expect(frank.page.get_by_text("Not sent yet.")).to_have_count(0)
    expect(frank.bubbles("from the tunnel", of="customer")).to_have_count(2)
    alice = firstline.agent("Alice Adams")
    alice.looks_at_queue()
    alice.finds(ticket)
    assert alice.words("customer") == frank.words()


@on_sqlite
def test_markup_is_text_to_the_customer_and_to_the_agent(firstline: Firstline) -> None:
    mallory, alice = firstline.customer(), firstline.agent("Alice Adams")
    mallory.opens_chat()
    ticket = mallory.is_handed_over()
    alice.looks_at_queue()
    alice.finds(ticket)
    for text in MARKUP:
        mallory.says(text)
        expect(mallory.bubbles(text, of="customer")).to_be_visible()
        expect(alice.lines(text)).to_be_visible()
    alice.claims()
    alice.replies(MARKUP[0])
    expect(mallory.bubbles(MARKUP[0], of="agent")).to_be_visible()
    for page in (mallory.page, alice.page):
        assert page.locator("img[src=x], iframe, svg[onload]").count() == 0


@on_sqlite
def test_the_keyboard_alone_is_enough_for_a_customer(firstline: Firstline) -> None:
    page = firstline.customer(**DESKTOP).page
    page.goto(firstline.server.url)
    launcher = page.get_by_role("button", name="Open chat")
    launcher.wait_for()
    for _ in range(100):
        page.keyboard.press("Tab")
        if launcher.evaluate("(node) => node.getRootNode().activeElement === node"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="It helped")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Your message")).to_be_hidden()
    expect(launcher).to_be_focused()


@on_sqlite
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_that_axe_knows(firstline: Firstline, scheme: str) -> None:
    still = {"color_scheme": scheme, "reduced_motion": "reduce"}  # half-faded text has no contrast
    grace = firstline.customer(**still)
    grace.opens_chat()
    grace.says(QUESTION)
    expect(grace.page.get_by_role("button", name="It helped")).to_be_visible()
    assert barriers(grace.page) == []
    ticket = grace.is_handed_over()
    assert barriers(grace.page) == []

    grace.page.keyboard.press("Escape")
    firstline.expected = MISSING
    for path in ("/help", "/help/search?q=refund", "/help/hub-offline", "/help/no-such-page"):
        grace.page.goto(firstline.server.url + path)
        assert barriers(grace.page) == [], path

    alice = firstline.agent("Alice Adams", **still)
    alice.looks_at_queue()
    assert barriers(alice.page) == []
    alice.finds(ticket)
    alice.claims()
    alice.notes("seen")
    alice.page.locator(".why-line summary").first.click()
    assert barriers(alice.page) == []
    alice.page.goto(alice.transcript_url("html"))
    assert barriers(alice.page) == []


@on_sqlite
def test_pages_fit_the_smallest_phone_and_the_console_never_scrolls(firstline: Firstline) -> None:
    small = {"viewport": {"width": 320, "height": 640}}  # also a desktop at 400%: WCAG's reflow
    heidi, alice = firstline.customer(**small), firstline.agent("Alice Adams", **small)
    heidi.opens_chat()
    assert fits(heidi.page)
    heidi.says(QUESTION)
    ticket = heidi.is_handed_over()
    heidi.page.keyboard.press("Escape")
    for path in ("/", "/help", "/help/search?q=refund", "/help/hub-offline"):
        heidi.page.goto(firstline.server.url + path)
        assert fits(heidi.page), path
    alice.looks_at_queue()
    assert fits(alice.page, in_height_too=True)
    alice.finds(ticket)
    assert fits(alice.page, in_height_too=True)


def fits(page: Page, in_height_too: bool = False) -> bool:
    size: dict[str, int] = page.evaluate(
        "({ width: document.documentElement.scrollWidth - innerWidth,"
        " height: document.documentElement.scrollHeight - innerHeight })"
    )
    return size["width"] <= 0 and (size["height"] <= 0 or not in_height_too)


def barriers(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
