"""Makes the pictures in docs/images anew, from a throw-away demo that is being served:

    firstline init --demo --data /tmp/demo && firstline serve --data /tmp/demo
    firstline eval report --data /tmp/demo --out docs/report.html
    python docs/screenshots.py http://127.0.0.1:8000 /tmp/demo/demo-sign-in.txt

It writes conversations into the demo. Within the desk's hours the pictures say so, too.
"""

import secrets
import sys
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu"]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
TALK_TO_A_PERSON = "Can I talk to a person, please?"
WAITING = {
    "Priya Nair": ["Do you deliver to Norway?", TALK_TO_A_PERSON],
    "Tom Okafor": ["There is smoke coming out of my Lark Plug"],
    "Ewa Kowalska": ["I was charged twice for LH-204518", TALK_TO_A_PERSON],
    "Hamid Rahimi": ["My doorbell rings in the middle of the night, this is driving me mad!!"],
    "Lucía Fernández": ["Which bulb fits a GU10 spot?", "thanks! " + TALK_TO_A_PERSON],
    "Ben Marsh": ["the lock wont open", "no, that is useless. I am locked out and furious!!"],
    "Anna Schmidt": ["Can I change my delivery address?", TALK_TO_A_PERSON],
}


def main(url: str, sign_in: Path) -> None:
    IMAGES.mkdir(exist_ok=True)
    email, password = sign_in.read_text(encoding="utf-8").split()
    for name, lines in WAITING.items():
        queue_up(url, name, lines)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        help_centre(browser, url)
        widget(browser, url)
        console(browser, url, email, password)
        report(browser)
        browser.close()


def queue_up(url: str, name: str, lines: list[str]) -> None:
    sender = secrets.token_hex(8)
    for line in lines:
        said = {"sender": sender, "message": line, "metadata": {"name": name}}
        httpx.post(f"{url}/webhooks/rest/webhook", json=said).raise_for_status()


def help_centre(browser: Browser, url: str) -> None:
    page = browser.new_page(**DESKTOP)
    page.goto(f"{url}/help")
    shoot(page, "help")


def widget(browser: Browser, url: str) -> None:
    page = browser.new_page(**PHONE)
    page.goto(url)
    page.get_by_role("button", name="Open chat").click()
    say(page, "my hub is offline and the ring is red")
    page.get_by_role("button", name="It helped").wait_for()
    shoot(page, "widget")
    page.get_by_role("button", name="It didn't").click()
    page.locator("firstline-chat .line.bot").nth(2).wait_for()  # after the greeting, the answer
    say(page, "I have done that THREE TIMES. This is ridiculous, your bot is useless!")
    page.get_by_text("Waiting for a person").wait_for()
    shoot(page, "widget-handoff")


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")
    page.locator("firstline-chat .customer", has_text=text).wait_for()


def console(browser: Browser, url: str, email: str, password: str) -> None:
    page = browser.new_page(**DESKTOP)
    page.goto(f"{url}/console")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#items [data-open]", has_text="THREE TIMES").first.click()
    page.get_by_role("button", name="Claim").first.click()
    page.locator(".head-state", has_text="Yours").wait_for()
    page.get_by_label("Reply to").fill("Hello, this is Maya. I can see what you have tried, so ")
    page.locator("#context").get_by_text("Why did the bot hand over?").click()
    page.locator(".toast").wait_for(state="hidden")
    shoot(page, "console")
    page.emulate_media(color_scheme="dark")
    shoot(page, "console-dark")


def report(browser: Browser) -> None:
    page = browser.new_page(**DESKTOP)
    page.goto((Path(__file__).parent / "report.html").as_uri())
    page.set_viewport_size({"width": 1280, "height": 1240})
    shoot(page, "report")
    page.emulate_media(color_scheme="dark")
    page.locator("#frustration").scroll_into_view_if_needed()
    page.locator("#frustration").screenshot(path=IMAGES / "report-frustration.png")


def shoot(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
