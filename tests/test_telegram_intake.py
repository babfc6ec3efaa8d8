"""Nothing is acknowledged before it is stored: by webhook, by polling, and across a crash."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from channels.inbox import Accepted, Inbound, Inbox
from tests.fakes.browser import until
from tests.fakes.command import Firstline, fails
from tests.fakes.postgres import on_both_databases
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_desk import PATH, TelegramDesk, answered, telegram_desk

WANTED = ["message", "edited_message", "callback_query", "my_chat_member"]


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
def polling(
    data: Path, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TelegramDesk]:
    with telegram_desk(data, telegram, monkeypatch, telegram_mode="poll") as desk:
        yield desk


def breaks(desk: TelegramDesk, patch: pytest.MonkeyPatch, times: int) -> list[str]:
    """The database is away for the next messages; the list grows with each that is refused."""
    inbox: Inbox = desk.app.state.inbox
    store = inbox.receive
    refused: list[str] = []

    def receive(inbound: Inbound) -> Accepted:
        if len(refused) < times:
            refused.append(inbound.text)
            raise OperationalError("select 1", {}, Exception("it is away"))
        return store(inbound)

    patch.setattr(inbox, "receive", receive)
    return refused


def said(desk: TelegramDesk, agent: str = "Dora") -> list[str]:
    """What the only customer has written, in order."""
    dora = desk.agent(agent)
    (conversation,) = dora.conversations()
    lines = dora.transcript(conversation["id"])
    return [line["text"] for line in lines if line["author"] == "customer"]


@on_both_databases
def test_polling_takes_what_waits_and_registers_the_commands(
    polling: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("hello")
    assert len(answered(alice)) == 1
    until(lambda: not telegram.world.updates.waiting)
    commands = [each["command"] for each in telegram.world.commands]
    assert commands == ["start", "help", "human", "status", "link", "forget"]
    assert polling.posts({"update_id": 1}).status_code == 404


def test_an_update_waits_at_telegram_while_the_database_is_away(
    polling: TelegramDesk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = telegram.user("Alice")
    refused = breaks(polling, monkeypatch, times=2)
    alice.says("first")
    until(lambda: len(refused) == 1)
    alice.says("second")
    assert len(telegram.world.updates.waiting) == 2
    answered(alice, 2)
    assert refused == ["first", "first"]
    assert said(polling) == ["first", "second"]
    until(lambda: not telegram.world.updates.waiting)


def test_what_can_never_be_stored_holds_up_nothing(
    polling: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("before")
    telegram.sends({"message": {"chat": alice.chat.raw, "text": ["no", "message"]}})
    telegram.sends({"message": {"chat": alice.chat.raw, "date": 10**40}})
    alice.says("\x00")
    alice.says("after")
    answered(alice, 2)
    assert said(polling) == ["before", "after"]


def test_polling_goes_on_once_telegram_answers_again(
    polling: TelegramDesk, telegram: FakeTelegram
) -> None:
    telegram.refuses("getUpdates", 502, "Bad Gateway", times=2)
    telegram.refuses("getUpdates", 429, "Too Many Requests", retry_after=1)
    telegram.drops("getUpdates")
    alice = telegram.user("Alice")
    alice.says("hello")
    answered(alice)
    assert said(polling) == ["hello"]


def test_somebody_else_gets_the_updates(
    polling: TelegramDesk, telegram: FakeTelegram, capfd: pytest.CaptureFixture[str]
) -> None:
    telegram.webhook.set("http://127.0.0.1:9/elsewhere")
    alice = telegram.user("Alice")
    until(lambda: len(telegram.calls("getUpdates")) >= 2, 40)
    telegram.webhook.set("")
    alice.says("hello")
    answered(alice)
    assert "can't use getUpdates method while webhook is active" in "".join(capfd.readouterr())


def test_telegram_repeats_what_the_webhook_could_not_store(
    data: Path, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    with telegram_desk(data, telegram, monkeypatch) as desk:
        refused = breaks(desk, monkeypatch, times=2)
        alice = telegram.user("Alice")
        alice.says("hello")
        answered(alice)
        assert refused == ["hello", "hello"]
        assert telegram.webhook.answers == [503, 503, 200]
        assert said(desk) == ["hello"]


@contextmanager
def bot_process(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`firstline telegram poll` in a process of its own."""
    firstline = Path(sys.executable).with_name("firstline")
    process = subprocess.Popen([firstline, "telegram", "poll", "--data", data])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_killed_bot_loses_nothing_and_repeats_nothing(
    data: Path, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_TELEGRAM_TOKEN", telegram.token)
    monkeypatch.setenv("FIRSTLINE_TELEGRAM_API_URL", telegram.url)
    telegram.webhook.set("https://old.example/")  # the command removes it
    people = [telegram.user(f"Person {number}") for number in range(120)]
    for person in people:
        person.says("hello")
    with bot_process(data):
        until(lambda: any(person.chat.texts for person in people), 60)
    assert telegram.world.updates.waiting  # it was killed in the middle
    with telegram_desk(data, telegram, monkeypatch, telegram_mode="poll") as desk:
        until(lambda: not telegram.world.updates.waiting, 60)
        dora = desk.agent("Dora")
        found = dora.get("/api/v1/conversations?limit=200")["conversations"]
        lines = [line for each in found for line in dora.transcript(each["id"])]
        until(lambda: sum(len(person.chat.texts) for person in people) > 50, 60)
    assert [line["author"] for line in lines].count("customer") == 120
    assert all(len(person.chat.texts) <= 1 for person in people)


def test_the_commands_need_a_token(firstline: Firstline, data: Path) -> None:
    for command in ("set-webhook", "poll", "status"):
        fails(firstline("telegram", command, "--data", data), 2, "FIRSTLINE_TELEGRAM_TOKEN")


def test_telegram_is_not_asked_to_call_http(
    firstline: Firstline, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_TELEGRAM_TOKEN", "1:abc")
    outcome = firstline("telegram", "set-webhook", "--data", data)
    fails(outcome, 2, "https://", "http://127.0.0.1:8000", "firstline telegram poll")


@pytest.mark.parametrize("api", ["http://127.0.0.1:9/bot", None])
def test_a_failed_command_keeps_the_token_to_itself(
    firstline: Firstline,
    data: Path,
    telegram: FakeTelegram,
    monkeypatch: pytest.MonkeyPatch,
    api: str | None,
) -> None:
    monkeypatch.setenv("FIRSTLINE_TELEGRAM_TOKEN", "110201543:of-another-bot")
    monkeypatch.setenv("FIRSTLINE_TELEGRAM_API_URL", api or telegram.url)
    for command in ("set-webhook", "poll", "status"):
        outcome = firstline("telegram", command, "--data", data)
        assert outcome.code == 1
        assert "of-another-bot" not in outcome.out + outcome.err
        assert "Telegram" in outcome.err or "API" in outcome.out


def test_set_webhook_makes_a_bot_that_works(
    firstline: Firstline, data: Path, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    with telegram_desk(data, telegram, monkeypatch, derived_secret=True) as desk:
        address = str(desk.http.base_url).rstrip("/")
        monkeypatch.setenv("FIRSTLINE_PUBLIC_URL", address)  # the fake may call http:// here
        before = firstline("telegram", "status", "--data", data)
        assert (before.code, "set-webhook" in before.out) == (1, True)
        done = firstline("telegram", "set-webhook", "--data", data)
        assert (done.code, f"{address}{PATH}" in done.err) == (0, True)
        alice = telegram.user("Alice")
        alice.says("hello")
        answered(alice)
        after = firstline("telegram", "status", "--data", data)
        assert (after.code, "@firstline_bot" in after.out) == (0, True)
    assert telegram.world.updates.allowed == WANTED
