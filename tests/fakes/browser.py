"""Real people before a real server: a customer and agents, each with their own Chromium."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Locator,
    Page,
    StorageState,
    expect,
    sync_playwright,
)

from tests.fakes.postgres import give_up

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FIRSTLINE = Path(sys.executable).with_name("firstline")
TICKET = re.compile(r"FL-\d{6}")
START_SECONDS = 60.0


def start_chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips (fails with FIRSTLINE_REQUIRE_ALL) without it."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        except Error:
            give_up("Chromium isn't installed (apt-get install chromium): no browser tests")
        yield browser
        browser.close()


@dataclass
class Server:
    """`firstline serve` on a data directory, always on the same port."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=lambda: _free_port())
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it answers; does nothing while it runs."""
        if self._process:
            return
        command = [*map(str, (FIRSTLINE, "serve", "--data", self.data, "--port", self.port))]
        with (self.data / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | self.environment, stdout=log, stderr=log
            )
        until(self._is_ready, START_SECONDS)

    def kill(self) -> None:
        """As a crash or a power cut does; harmless when it is down already."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def command(self, *arguments: str) -> str:
        """What a `firstline` command on the same data prints."""
        done = subprocess.run(
            [FIRSTLINE, *arguments, "--data", self.data],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def _is_ready(self) -> bool:
        assert self._process
        log = (self.data / "serve.log").read_text(encoding="utf-8")
        assert self._process.poll() is None, f"the server has stopped: {log}"
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz").is_success
        return False


@dataclass
class Visit:
    """A browser of somebody's own, and everything that its pages complained about."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, browser: Browser, url: str, **options: Any) -> Self:
        context = browser.new_context(**options)
        return cls(context, context.new_page(), url)

    def __post_init__(self) -> None:
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("dialog", self._hear_dialog)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(f"{said.text} ({said.location.get('url')})")

    def _hear_dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def leave(self) -> list[str]:
        """Closes the browser; returns what its pages complained about."""
        self.context.close()
        return self.complaints


class Customer(Visit):
    """Somebody in front of the shop's chat."""

    def opens_chat(self) -> None:
        self.page.goto(self.url)
        self.page.get_by_role("button", name=re.compile("Open chat")).click()
        self.page.get_by_role("button", name="Where is my order?").wait_for()

    def says(self, text: str) -> None:
        self.page.get_by_label("Your message").fill(text)
        self.page.get_by_label("Your message").press("Enter")

    def is_handed_over(self) -> str:
        """Asks for a person; returns the ticket that the notice names."""
        self.page.get_by_role("button", name="Talk to a person").first.click()
        expect(self.strip).to_contain_text(TICKET)
        expect(self.notices.last).to_be_visible()
        return self.ticket()

    def ticket(self) -> str:
        found = TICKET.search(self.strip.inner_text())
        assert found
        return found.group()

    def words(self) -> list[str]:
        """What they have said, as they see it."""
        return [text.strip() for text in self.bubbles(of="customer").all_inner_texts()]

    def bubbles(self, text: str | re.Pattern[str] = "", of: str = "line") -> Locator:
        return self.page.locator(f"firstline-chat .{of} .bubble").filter(has_text=text)

    @property
    def notices(self) -> Locator:
        return self.bubbles(TICKET, of="bot")

    @property
    def strip(self) -> Locator:
        return self.page.locator("firstline-chat .strip")

    @property
    def presence(self) -> Locator:
        return self.page.locator("firstline-chat .presence")

    @property
    def typing(self) -> Locator:
        return self.page.locator("firstline-chat .typing")


class AtDesk(Visit):
    """An agent in front of the console."""

    def signs_in(self, email: str, password: str) -> StorageState:
        self.page.goto(f"{self.url}/console")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.locator(".views").wait_for()
        return self.context.storage_state()

    def looks_at_queue(self) -> None:
        self.page.goto(f"{self.url}/console")
        self.page.locator(".views").wait_for()

    def opens_with_keys(self, text: str) -> None:
        """Walks down the queue to the conversation whose last line is `text`."""
        self.page.locator("#items [data-open]").filter(has_text=text).wait_for()
        for _ in range(50):
            self.page.keyboard.press("j")
            if text in self.page.locator(":focus").inner_text():
                break
        self.page.keyboard.press("Enter")
        self.lines(text).wait_for()

    def finds(self, ticket: str) -> None:
        """Searches for the ticket and opens its conversation."""
        self.page.keyboard.press("/")
        self.page.keyboard.type(ticket)
        self.page.get_by_text(f"1 found for “{ticket}”").wait_for()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Enter")
        self.page.locator(".head-state").filter(has_text=ticket).wait_for()

    def claims(self) -> None:
        self.page.keyboard.press("c")
        expect(self.page.locator(".head-state")).to_contain_text("Yours")

    def writes(self, text: str) -> None:
        self.page.keyboard.press("r")
        self.page.keyboard.type(text)

    def replies(self, text: str) -> None:
        self.writes(text)
        self.page.keyboard.press("Control+Enter")
        self.lines(text).wait_for()
        self.page.keyboard.press("Escape")

    def notes(self, text: str) -> None:
        self.page.keyboard.press("n")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Control+Enter")
        self.page.locator("#lines .private").filter(has_text=text).wait_for()
        self.page.keyboard.press("Escape")

    def lines(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.locator("#lines .line").filter(has_text=text)

    def words(self, author: str) -> list[str]:
        """What somebody has said in the open conversation, as it is stored."""
        return [line["text"] for line in self.record() if line["author"] == author]

    def waits_until_all_is_handled(self) -> None:
        """Until nothing that the customer said is left for the bot to think about."""
        until(lambda: all(line["status"] != "received" for line in self.record()))

    def record(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = json.loads(self.transcript("json"))["messages"]
        return lines

    def transcript_url(self, format: str) -> str:
        name = "Text" if format == "text" else format.upper()
        link = self.page.get_by_role("link", name=name, exact=True)
        return self.url + str(link.get_attribute("href"))

    def transcript(self, format: str) -> str:
        """As the agent downloads it from the side of the open conversation."""
        response = self.context.request.get(self.transcript_url(format))
        assert response.ok, response.text()
        return response.text()


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait for what can't be seen in a page."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {seconds:.0f} s"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
