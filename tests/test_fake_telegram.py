"""The fake Bot API server takes the official client's calls as Telegram does."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram.client import KEYBOARD, bot_of, refused, until
from tests.fakes.telegram.markup import parse_html, utf16_length
from tests.fakes.telegram.refusal import Refusal
from tests.fakes.telegram.world import Json

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


async def test_it_knows_its_bot_and_its_methods(fake: FakeTelegram) -> None:
    async with bot_of(fake) as bot:
        assert (await bot.get_me()).username == "firstline_bot"
        await bot.set_my_commands([("help", "What I can do")])
        assert [command.command for command in await bot.get_my_commands()] == ["help"]
        with refused("BOT_COMMAND_INVALID"):
            await bot.set_my_commands([("Hé!", "no")])
    with pytest.raises(InvalidToken):
        async with bot_of(fake, "110201543:wrong"):
            pass
    unknown = httpx.get(f"{fake.url}{fake.token}/makeCoffee")
    assert unknown.status_code == 404
    assert unknown.json()["error_code"] == 404
    assert httpx.get(f"{fake.url}{fake.token}/GETME").json()["ok"], "as the Bot API: in any case"


@pytest.mark.parametrize("how", ["json", "data", "params"])
async def test_parameters_come_in_any_way(fake: FakeTelegram, how: str) -> None:
    alice = fake.user("Alice")
    parameters = {"chat_id": str(alice.id), "text": "hi", "reply_markup": KEYBOARD.to_json()}
    as_objects = {"chat_id": alice.id, "reply_markup": KEYBOARD.to_dict()}
    body: Json = {how: parameters | (as_objects if how == "json" else {})}
    async with httpx.AsyncClient() as client:
        sent = await client.post(f"{fake.url}{fake.token}/sendMessage", **body)
    assert sent.json()["result"]["text"] == "hi"
    assert fake.chat(alice).sent[0].buttons == (("Talk to a person",),)


async def test_a_chat_shows_what_people_see(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    said = alice.says("hi")
    html = (
        '<b>Three</b> years &amp; <a href="https://larkhome.example/w">more</a> 🔌 <code>x</code>'
    )
    async with bot_of(fake) as bot:
        await bot.send_message(
            alice.id, html, "HTML", reply_markup=KEYBOARD, reply_to_message_id=said["message_id"]
        )
        await bot.send_chat_action(alice.id, "typing")
    (answer,) = fake.chat(alice).sent
    assert answer.text == "Three years & more 🔌 x"
    assert answer.reply_to == said["message_id"]
    assert [(each["type"], each["offset"], each["length"]) for each in answer.entities] == [
        ("bold", 0, 5),
        ("text_link", 14, 4),
        ("code", 22, 1),
    ]
    assert [message.text for message in alice.sees] == ["hi", answer.text]
    assert alice.chat.actions == ["typing"]


@pytest.mark.parametrize(
    ("html", "refusal"),
    [
        ("<h1>Hi</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("é <b>Hi", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é</b>", "Unexpected end tag at byte offset 2"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("1 <b", "Unclosed start tag at byte offset 2"),
        ("1 < 2 > 1", 'Unsupported start tag "" at byte offset 2'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
        ("<b> </b>", "message text is empty"),
        ("x" * 4097, "message is too long"),
        ("🔌" * 2049, "message is too long"),
    ],
)
async def test_texts_are_refused_as_telegram_does(
    fake: FakeTelegram, html: str, refusal: str
) -> None:
    alice = fake.user("Alice")
    async with bot_of(fake) as bot:
        with refused(refusal):
            await bot.send_message(alice.id, html, "HTML")
    assert alice.chat.texts == []


async def test_only_what_is_seen_counts_for_the_length(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    async with bot_of(fake) as bot:
        await bot.send_message(alice.id, "<b>" + "&lt;" * 4096 + "</b>", "HTML")
        await bot.send_message(alice.id, "<no markup>")
        dead = '<a href="/help">help</a> <a href="mailto:a@b.example">a@b.example</a>'
        await bot.send_message(alice.id, dead, "HTML")
    first, second, third = alice.chat.sent
    assert first.text == "<" * 4096
    assert second.text == "<no markup>"
    assert (third.text, third.entities) == ("help a@b.example", ()), (
        "no links that Telegram has not"
    )


@given(st.text("<>/=\"'& abu;", max_size=60))
def test_no_text_breaks_the_parser(html: str) -> None:
    try:
        text, entities = parse_html(html)
    except Refusal:
        return
    assert "<" not in html or len(text) < len(html)
    assert all(each["offset"] + each["length"] <= utf16_length(text) for each in entities)


async def test_keyboards_and_presses(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    async with bot_of(fake) as bot:
        long = telegram.InlineKeyboardButton("x", callback_data="é" * 33)
        with refused("BUTTON_DATA_INVALID"):
            await bot.send_message(
                alice.id, "?", reply_markup=telegram.InlineKeyboardMarkup([[long]])
            )
        await bot.send_message(alice.id, "Did that help?", reply_markup=KEYBOARD)
        press = alice.presses("Talk to a person")
        (update,) = await bot.get_updates()
        query = update.callback_query
        assert query
        assert (query.data, query.from_user.id) == ("1:2:0", alice.id)
        await query.answer("One moment")
        assert alice.was_told(press) == "One moment"
        with refused("query is too old"):
            await query.answer()
        await query.edit_message_reply_markup(None)
        with refused("message is not modified"):
            await query.edit_message_reply_markup(None)
    assert alice.chat.sent[0].buttons == ()
    with pytest.raises(AssertionError, match="no button says"):
        alice.presses("Talk to a person")


async def test_files_are_fetched_up_to_20_mb(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    alice.sends_photo(b"JPEG" * 400, "my plug")
    alice.sends_document("film.mkv", b"x", size=21 * 1024 * 1024)
    async with bot_of(fake) as bot:
        photo, document = [update.message for update in await bot.get_updates()]
        assert photo
        assert document
        assert document.document
        file = await photo.photo[-1].get_file()
        assert bytes(await file.download_as_bytearray()) == b"JPEG" * 400
        with refused("file is too big"):
            await document.document.get_file()
        with refused("wrong file_id"):
            await bot.get_file("AgACmadeup")


async def test_who_is_told_to_wait_and_does_not_is_found_out(fake: FakeTelegram) -> None:
    alice, bob = fake.user("Alice"), fake.user("Bob")
    fake.refuses("sendMessage", 429, "Too Many Requests: retry after 1", at=alice, retry_after=1)
    async with bot_of(fake) as bot:
        with pytest.raises(RetryAfter):
            await bot.send_message(alice.id, "one")
        await bot.send_message(bob.id, "not shut")
        with pytest.raises(RetryAfter):
            await bot.send_message(alice.id, "too early")
        assert [call.chat_id for call in fake.faults.too_early] == [alice.id]
        await asyncio.sleep(1.05)
        await bot.send_message(alice.id, "in time")
    assert alice.chat.texts == ["in time"]


@pytest.mark.parametrize(
    ("status", "description", "more", "error"),
    [
        (403, "Forbidden: user is deactivated", {}, Forbidden),
        (400, "Bad Request: chat not found", {}, BadRequest),
        (400, "Bad Request: group upgraded", {"migrate_to_chat_id": -100123}, ChatMigrated),
        (502, "Bad Gateway", {}, NetworkError),
    ],
)
async def test_other_refusals(
    fake: FakeTelegram, status: int, description: str, more: Json, error: type[Exception]
) -> None:
    alice = fake.user("Alice")
    fake.refuses("sendMessage", status, description, **more)
    async with bot_of(fake) as bot:
        with pytest.raises(error):
            await bot.send_message(alice.id, "one")
        await bot.send_message(alice.id, "two")
        with refused("chat not found"):
            await bot.send_message(4, "nobody")
    assert alice.chat.texts == ["two"]


async def test_an_outcome_may_stay_unknown(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    fake.drops("sendMessage")
    fake.hangs("sendMessage", 1)
    async with bot_of(fake) as bot:
        with pytest.raises(NetworkError):
            await bot.send_message(alice.id, "delivered all the same")
        with pytest.raises(TimedOut):
            await bot.send_message(alice.id, "this too", read_timeout=0.1)
        assert alice.chat.texts == ["delivered all the same"]
        await until(lambda: alice.chat.texts == ["delivered all the same", "this too"])
