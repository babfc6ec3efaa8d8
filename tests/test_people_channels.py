"""One person on the web, Telegram and Slack, driven from their side through the fake servers."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.fakes.browser import until
from tests.fakes.people import WANTS_A_PERSON, Visitor
from tests.fakes.postgres import on_both_databases
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_desk import TelegramAgent, TelegramDesk, answered, telegram_desk

SECRET = "a secret of the site, long enough for HS256"
CAROL = "carol@larkhome.example"


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def desk(
    data: Path, telegram: FakeTelegram, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TelegramDesk]:
    """One desk on all three channels."""
    chosen = {
        "slack_bot_token": slack.bot_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
        "slack_desk": "customers",
        "identity_secret": SECRET,
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"FIRSTLINE_{name.upper()}", value)
    with telegram_desk(data, telegram, monkeypatch) as desk:
        slack.deliver_to(desk.http)
        yield desk


@pytest.fixture
def maya(desk: TelegramDesk) -> TelegramAgent:
    return desk.agent("Maya")


def code_in(texts: list[str]) -> str:
    return str(re.findall(r"/link (\d{6})", texts[-1])[0])


def lines_of(maya: TelegramAgent, conversation: int) -> list[str]:
    """What was said in public, in order."""
    return [line["text"] for line in maya.transcript(conversation) if not line["private"]]


@on_both_databases
def test_continue_on_telegram_what_began_on_the_web(
    desk: TelegramDesk, telegram: FakeTelegram, maya: TelegramAgent
) -> None:
    on_the_web, carol = Visitor(desk.http), telegram.user("Carol")
    conversation = int(on_the_web.says(WANTS_A_PERSON).split("-")[0])
    on_the_web.says("/link")
    until(lambda: any("code is" in text for text in on_the_web.reads()))
    maya.does(conversation, "claim")
    carol.says(f"/start {code_in(on_the_web.reads())}")
    until(lambda: any("Done" in text for text in carol.chat.texts))
    carol.says("As I said in the chat")
    until(lambda: "As I said in the chat" in lines_of(maya, conversation))
    assert any("Done" in text and "Telegram" in text for text in on_the_web.reads())

    maya.does(conversation, "messages", text="I see, Carol.")
    until(lambda: any("I see, Carol." in text for text in carol.chat.texts))
    on_the_web.says("Back at my desk")
    maya.does(conversation, "messages", text="Welcome back.")
    assert on_the_web.reads()[-1] == "Welcome back."
    assert not any("Welcome back." in text for text in carol.chat.texts)


def test_a_slack_member_and_a_signed_visitor_with_the_same_address_are_one(
    desk: TelegramDesk, slack: FakeSlack, maya: TelegramAgent
) -> None:
    in_slack = slack.person("Carol", CAROL)
    in_slack.says(in_slack.dm, "My lamp is broken")
    until(lambda: len(maya.conversations()) == 1)
    claims = {
        "aud": "firstline",
        "sub": "17",
        "exp": int(time.time()) + 600,
        "email": CAROL,
        "email_verified": True,
    }
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    carol, eve = Visitor(desk.http), Visitor(desk.http)
    body = {"token": token}
    assert desk.http.post("/web/identify", json=body, headers=carol.headers).status_code == 204
    assert "My lamp is broken" in carol.reads()
    assert eve.reads() == []


def test_forget_on_telegram_leaves_nothing_for_the_agent_to_read(
    desk: TelegramDesk, telegram: FakeTelegram, maya: TelegramAgent
) -> None:
    carol = telegram.user("Carol")
    carol.says("My address is 5 Elm Street")
    answered(carol)
    [conversation] = maya.conversations()
    carol.says("/forget")
    until(lambda: any("/forget yes" in text for text in carol.chat.texts))
    carol.says("/forget yes")
    until(lambda: any("It is erased" in text for text in carol.chat.texts))
    assert not any("Elm Street" in text for text in lines_of(maya, conversation["id"]))
    assert maya.conversations()[0]["person"]["name"] is None
    carol.says("hello")
    until(lambda: len(maya.conversations()) == 2)


def test_a_code_is_not_given_where_a_group_can_read_it(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    carol = telegram.user("Carol")
    group = telegram.group("Neighbours")
    carol.says("/link@firstline_bot", group)
    until(lambda: any("direct message" in text for text in group.chat.texts))
