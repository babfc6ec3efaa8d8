"""The widget says first of all whom the site has named, and keeps their chat from the next."""

import base64
import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.fakes.browser import start_chromium, until
from tests.fakes.web_desk import FakeDesk, served

pytestmark = pytest.mark.browser


@pytest.fixture
def desk() -> Iterator[FakeDesk]:
    fake = FakeDesk()
    with served(fake.app) as base:
        fake.base = base
        yield fake
        fake.is_up = False


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from start_chromium()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def token(sub: str) -> str:
    """A token as the widget reads it; its signature is the server's to check."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": sub}).encode()).decode().rstrip("=")
    return f"e30.{claims}.signature"


def load(page: Page, desk: FakeDesk, identity: str | None = None) -> None:
    desk.identity = identity
    page.goto(desk.base.replace("127.0.0.1", "localhost") + "/elsewhere")
    page.locator("button.launcher").wait_for()


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Open chat").click()


def visitor(page: Page) -> str:
    name: str = page.evaluate("localStorage.getItem('firstline-visitor')")
    return f"Bearer {name}"


def test_who_is_signed_in_is_said_before_anything_is_asked(page: Page, desk: FakeDesk) -> None:
    carol = token("carol")
    load(page, desk, carol)
    assert page.evaluate("Object.keys(localStorage)") == []
    open_chat(page)
    until(lambda: len(desk.heard) >= 2)
    assert desk.heard[:2] == [(visitor(page), carol), (visitor(page), "fetched")]


def test_the_next_user_of_the_browser_is_another_visitor(page: Page, desk: FakeDesk) -> None:
    load(page, desk, token("carol"))
    open_chat(page)
    page.get_by_label("Your message").fill("a secret draft")
    until(lambda: "fetched" in [what for _, what in desk.heard])
    carol = visitor(page)
    desk.heard.clear()

    load(page, desk, token("eve"))
    until(lambda: "fetched" in [what for _, what in desk.heard])
    assert visitor(page) != carol
    assert carol not in [who for who, _ in desk.heard]
    open_chat(page)
    assert page.get_by_label("Your message").input_value() == ""


def test_the_same_user_stays_the_same_visitor(page: Page, desk: FakeDesk) -> None:
    load(page, desk, token("carol"))
    open_chat(page)
    until(lambda: page.evaluate("localStorage.getItem('firstline-subject')") == "carol")
    carol = visitor(page)
    for identity in (token("carol"), None):
        load(page, desk, identity)
        assert visitor(page) == carol


def test_a_page_can_say_later_who_is_here_and_that_nobody_is_any_more(
    page: Page, desk: FakeDesk
) -> None:
    load(page, desk)
    open_chat(page)
    until(lambda: "fetched" in [what for _, what in desk.heard])
    nameless = visitor(page)
    page.evaluate(f"Firstline.identify('{token('carol')}')")
    until(lambda: (nameless, token("carol")) in desk.heard)
    until(lambda: page.evaluate("localStorage.getItem('firstline-subject')") == "carol")

    desk.put("bot", "Carol's secret")
    page.get_by_text("Carol's secret").wait_for()
    desk.lines.clear()
    page.evaluate("Firstline.identify(null)")
    until(lambda: visitor(page) != nameless)
    page.get_by_text("Carol's secret").wait_for(state="detached")


def test_a_chat_that_is_somebody_elses_is_left(page: Page, desk: FakeDesk) -> None:
    load(page, desk)
    open_chat(page)
    until(lambda: len(desk.heard) >= 1)
    before = visitor(page)
    desk.taken.add(before)
    page.evaluate(f"Firstline.identify('{token('eve')}')")
    until(lambda: (visitor(page), token("eve")) in desk.heard and visitor(page) != before)
