"""The widget keeps its promises in a real browser, on a page of another origin."""

import time
from collections.abc import Callable, Iterator

import pytest
from fastapi.responses import JSONResponse
from playwright.sync_api import Browser, Page, expect

from tests.fakes.browser import start_chromium
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
def page(chromium: Browser, desk: FakeDesk) -> Iterator[Page]:
    """A page of another origin with the widget on it, as Alice sees it."""
    context = chromium.new_context()
    alice = context.new_page()
    alice.goto(desk.base.replace("127.0.0.1", "localhost") + "/elsewhere")
    alice.get_by_role("button", name="Open chat").wait_for()
    yield alice
    context.close()


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Open chat").click()
    page.get_by_text("Where is my order?").wait_for()


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.02)


def stored_keys(page: Page) -> list[str]:
    keys: list[str] = page.evaluate("Object.keys(localStorage)")
    return keys


def test_nothing_is_stored_before_the_chat_is_opened(page: Page) -> None:
    assert stored_keys(page) == []
    open_chat(page)
    assert "firstline-visitor" in stored_keys(page)


def test_a_line_is_sent_once_and_shown_once(page: Page, desk: FakeDesk) -> None:
    open_chat(page)
    write(page, "Where is LH-204518?")
    until(lambda: desk.said() == ["Where is LH-204518?"])
    desk.put("bot", "On its way.")
    page.get_by_text("On its way.").wait_for()
    assert page.get_by_text("Where is LH-204518?").count() == 1


def test_lines_written_offline_survive_a_reload_and_arrive_in_order(
    page: Page, desk: FakeDesk
) -> None:
    open_chat(page)
    desk.is_up = False
    for text in ("first", "second", "third"):
        write(page, text)
    page.reload()
    expect(page.get_by_text("third")).to_be_visible()
    desk.is_up = True
    until(lambda: desk.said() == ["first", "second", "third"])
    expect(page.get_by_text("Not sent yet.")).to_have_count(0)


def test_a_refused_line_says_why_and_can_be_tried_again(page: Page, desk: FakeDesk) -> None:
    open_chat(page)
    desk.refusal = JSONResponse({"detail": "That is too long."}, 413)
    write(page, "a novel")
    expect(page.get_by_text("Not sent. That is too long.")).to_be_visible()
    desk.refusal = None
    page.get_by_role("button", name="Try again").click()
    until(lambda: desk.said() == ["a novel"])


def test_what_was_said_during_a_break_is_made_up_for(page: Page, desk: FakeDesk) -> None:
    open_chat(page)
    desk.put("bot", "before")
    page.get_by_text("before").wait_for()
    desk.is_up = False
    time.sleep(0.1)
    desk.put("agent", "during", name="Maya")
    desk.state = {"state": "open", "agent": {"name": "Maya"}, "ticket": None, "position": None}
    desk.is_up = True
    page.get_by_text("during").wait_for()
    expect(page.get_by_text("Maya is here")).to_be_visible()
    assert page.get_by_text("before").count() == 1


def test_only_the_last_line_has_buttons_and_one_sends_its_payload(
    page: Page, desk: FakeDesk
) -> None:
    desk.put("bot", "Which?", buttons=[{"title": "This", "payload": "/this"}])
    desk.put("bot", "Or?", buttons=[{"title": "That", "payload": "/that"}])
    page.get_by_role("button", name="Open chat").click()
    page.get_by_role("button", name="That").click()
    until(lambda: desk.said() == ["That"])
    expect(page.get_by_role("button", name="That")).to_have_count(0)
    expect(page.get_by_role("button", name="This")).to_have_count(0)


def test_a_stranger_s_text_is_text_and_only_https_is_a_link(page: Page, desk: FakeDesk) -> None:
    desk.put("agent", "<img src=x onerror=alert(1)> javascript:alert(1) https://a.example/x.")
    desk.put("bot", "see", sources=[{"title": "T", "heading": "", "url": "javascript:alert(1)"}])
    page.on("dialog", lambda dialog: pytest.fail(f"ran {dialog.message}"))
    page.get_by_role("button", name="Open chat").click()
    page.get_by_text("<img src=x").wait_for()
    links = page.locator("firstline-chat a").evaluate_all("all => all.map((a) => a.href)")
    assert "https://a.example/x" in links
    assert not any(link.startswith("javascript") for link in links)


def test_a_picture_is_a_link(page: Page, desk: FakeDesk) -> None:
    open_chat(page)
    desk.put("bot", "Look!", image="https://x.example/a.png")
    link = page.get_by_role("link", name="Picture")
    expect(link).to_have_attribute("href", "https://x.example/a.png")


def test_unread_lines_are_counted_in_every_tab_until_one_reads_them(
    page: Page, desk: FakeDesk
) -> None:
    open_chat(page)
    page.keyboard.press("Escape")
    other = page.context.new_page()
    other.goto(page.url)
    for number in range(120):
        desk.put("agent", f"line {number}", name="Maya")
    for tab in (page, other):
        expect(tab.locator("firstline-chat .badge")).to_have_text("99+")
    page.get_by_role("button", name="Open chat, 120 unread").click()
    expect(other.locator("firstline-chat .badge")).to_be_hidden()


def test_the_desk_is_told_what_was_seen_and_when(page: Page, desk: FakeDesk) -> None:
    open_chat(page)
    first = desk.put("agent", "One moment", name="Maya")
    until(lambda: desk.seen == [first])
    page.keyboard.press("Escape")
    last = desk.put("agent", "Here it is", name="Maya")
    page.get_by_role("button", name="Open chat, 1 unread").click()
    until(lambda: desk.seen == [first, last])


def test_the_keyboard_opens_writes_closes_and_finds_its_way_back(
    page: Page, desk: FakeDesk
) -> None:
    page.get_by_role("button", name="Open chat").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("one\ntwo")
    page.get_by_label("Your message").press("Enter")
    until(lambda: desk.said() == ["one\ntwo"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open chat")).to_be_focused()


def test_the_page_can_open_the_chat_with_a_question(page: Page) -> None:
    page.get_by_role("button", name="Ask us").click()
    expect(page.get_by_label("Your message")).to_have_value("Is it lost?")


def test_on_a_phone_focus_stays_in_the_open_chat(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_chat(page)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") == "firstline-chat"
    expect(page.locator("firstline-chat .launcher")).to_be_hidden()


def test_a_desk_s_pale_accent_is_darkened_until_it_can_be_read(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    open_chat(page)
    launcher = page.locator("firstline-chat .launcher")
    colour: str = launcher.evaluate("(node) => getComputedStyle(node).backgroundColor")
    assert all(int(part) < 140 for part in colour[4:-1].split(","))
