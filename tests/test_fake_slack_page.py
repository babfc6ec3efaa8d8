"""The page of `make demo-slack`, as somebody uses it. The app is a few lines of Bolt here."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from slack_bolt import Ack, App, BoltRequest, Respond, Say
from slack_sdk import WebClient

from tests.fakes.browser import Visit, start_chromium
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HOSTILE = "<img src=x onerror=alert(1)> & *bold* `code` https://a.example/?b=1&c=2"
ANSWER: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Try *this* <https://a.example|page>"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "solved",
                "text": {"type": "plain_text", "text": "Solved"},
            }
        ],
    },
]


class EchoApp:
    """Answers with Block Kit; in a channel, in the thread and to the asker alone."""

    def __init__(self, slack: FakeSlack) -> None:
        web = WebClient(slack.bot_token, base_url=slack.api_url)
        self._app = App(
            client=web, signing_secret=slack.signing_secret, process_before_response=True
        )
        self._app.event("message")(self._answer)
        self._app.event("app_mention")(self._answer_mention)
        self._app.action("solved")(self._thank)
        self._app.command("/ask")(lambda ack: ack("Nobody knows"))

    def post(self, url: str, *, content: bytes, headers: dict[str, str]) -> Any:
        request = BoltRequest(body=content.decode(), headers=dict(headers))
        response = self._app.dispatch(request)
        return Answered(response.status, response.body.encode())

    def _answer(self, event: dict[str, Any], say: Say) -> None:
        if event["channel_type"] == "im" and not event.get("subtype"):
            say("An answer", blocks=ANSWER)

    def _answer_mention(self, event: dict[str, Any], client: WebClient) -> None:
        client.chat_postEphemeral(
            channel=event["channel"], user=event["user"], text="Psst", thread_ts=event["ts"]
        )

    def _thank(self, ack: Ack, respond: Respond) -> None:
        ack()
        respond("Thank you", replace_original=True)


class Answered:
    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from start_chromium()


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        slack.deliver_to(EchoApp(slack))
        alice, maya = slack.person("Alice"), slack.person("Maya")
        slack.channel("help", alice, maya)
        page = Workspace(slack, [alice, maya], {"Ask Firstline": "ask"})
        slack.app.router.routes += page.routes
        yield slack


@pytest.fixture
def page(browser: Browser, slack: FakeSlack) -> Iterator[Page]:
    visit = Visit.begin(browser, slack.url)
    visit.page.goto(f"{slack.url}/?as=alice")
    go(visit.page, "Firstline")
    yield visit.page
    assert visit.leave() == []


def go(page: Page, place: str) -> None:
    page.get_by_role("navigation").get_by_role("button", name=place, exact=True).click()
    expect(page.get_by_role("heading", level=2, name=place)).to_be_visible()


def write(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_label("Message", exact=True).press("Enter")


def test_a_question_is_answered_and_the_button_works(page: Page) -> None:
    write(page, "How?")
    answer = page.get_by_role("listitem").filter(has_text="Try this")
    expect(answer.locator("b", has_text="this")).to_be_visible()
    expect(answer.get_by_role("link", name="page")).to_have_attribute("href", "https://a.example")
    answer.get_by_role("button", name="Solved").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    expect(page.get_by_role("button", name="Solved")).to_have_count(0)


def test_what_people_write_is_shown_as_text(page: Page) -> None:
    write(page, HOSTILE)
    said = page.get_by_role("listitem").filter(has_text="onerror")
    expect(said).to_contain_text(
        "<img src=x onerror=alert(1)> & bold code https://a.example/?b=1&c=2"
    )
    expect(said.locator("b")).to_have_text(["Alice", "bold"])
    expect(said.locator("code")).to_have_text("code")
    expect(said.locator("img")).to_have_count(0)


def test_an_answer_in_a_channel_is_seen_by_the_asker_alone(page: Page, slack: FakeSlack) -> None:
    go(page, "# help")
    write(page, "@Firstline how?")
    expect(page.locator("mark", has_text="@Firstline")).to_be_visible()
    expect(page.locator(".private", has_text="only visible to you")).to_contain_text("Psst")
    page.get_by_label("You are").select_option("maya")
    go(page, "# help")
    expect(page.get_by_text("how?")).to_be_visible()
    expect(page.get_by_text("Psst")).to_have_count(0)


def test_own_messages_are_edited_deleted_and_answered_in_threads(page: Page) -> None:
    go(page, "# help")
    write(page, "VPM")
    said = page.locator("#posts > li").first
    said.hover()
    said.get_by_role("button", name="Edit").click()
    write(page, "VPN")
    expect(said).to_contain_text("edited")
    said.hover()
    said.get_by_role("button", name="Reply in thread").click()
    write(page, "Anybody?")
    expect(page.locator(".reply")).to_contain_text("Anybody?")
    page.locator(".reply").hover()
    page.locator(".reply").get_by_role("button", name="Delete").click()
    expect(page.locator(".reply")).to_have_count(0)


def test_commands_and_files(page: Page) -> None:
    write(page, "/ask who knows?")
    expect(page.locator(".private")).to_contain_text("Nobody knows")
    page.locator("input[type=file]").set_input_files(
        {"name": "bill.txt", "mimeType": "text/plain", "buffer": b"12"}
    )
    expect(page.get_by_role("link", name="bill.txt")).to_be_visible()
