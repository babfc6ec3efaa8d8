"""The fake Bot API server brings updates as the official client expects them."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import telegram
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram.error import Conflict, Forbidden
from telegram.ext import Application, ContextTypes, MessageHandler

from tests.fakes.loopback import Loopback
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram.client import KEYBOARD, bot_of, refused, until
from tests.fakes.telegram.phone import Phone
from tests.fakes.telegram.world import Json

pytestmark = pytest.mark.anyio

PAYLOADS = sorted((Path(__file__).parent / "payloads" / "telegram").glob("*.json"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


class Hook:
    """Somebody's webhook, which answers with the statuses it is given, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[int] = []
        self.secrets: set[str | None] = set()
        self.at_once = self.most_at_once = 0
        self._statuses = list(statuses)
        self.server = Loopback(Starlette(routes=[Route("/", self._take, methods=["POST"])]))
        self.url = f"{self.server.origin}/"

    async def _take(self, request: Request) -> Response:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.got.append((await request.json())["update_id"])
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        await asyncio.sleep(0.02)
        self.at_once -= 1
        return Response(status_code=self._statuses.pop(0) if self._statuses else 200)


async def test_updates_wait_until_an_offset_confirms_them(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    for text in ("one", "two", "three"):
        alice.says(text)
    async with bot_of(fake) as bot:
        first = await bot.get_updates(limit=2)
        assert [update.message.text for update in first if update.message] == ["one", "two"]
        assert await bot.get_updates(limit=2) == first, "nothing is confirmed yet"
        (third,) = await bot.get_updates(offset=first[-1].update_id + 1)
        assert third.message
        assert third.message.text == "three"
        assert await bot.get_updates(offset=third.update_id + 1) == ()
        for text in ("four", "five", "six"):
            alice.says(text)
        (newest,) = await bot.get_updates(offset=-1)
        assert newest.message
        assert newest.message.text == "six"


async def test_a_poll_waits_for_what_comes(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    async with bot_of(fake) as bot:
        assert await bot.get_updates(timeout=0) == ()
        poll = asyncio.create_task(bot.get_updates(timeout=5))
        await until(lambda: len(fake.calls("getUpdates")) == 2)
        alice.says("hello")
        assert len(await poll) == 1


async def test_only_the_kinds_that_are_wanted_come(fake: FakeTelegram) -> None:
    reaction = json.loads((PAYLOADS[0].parent / "message_reaction.json").read_text())
    alice = fake.user("Alice")
    async with bot_of(fake) as bot:
        assert fake.sends(reaction) is None, "not unless asked for by name"
        await bot.get_updates(allowed_updates=["callback_query", "message_reaction"])
        alice.says("hello")
        fake.sends(reaction)
        (update,) = await bot.get_updates()
        assert update.message_reaction
        await bot.get_updates(offset=update.update_id + 1, allowed_updates=[])
        alice.says("hello")
        assert len(await bot.get_updates()) == 1


async def test_whoever_polls_last_gets_the_updates(fake: FakeTelegram) -> None:
    async with bot_of(fake) as bot, bot_of(fake) as other:
        first = asyncio.create_task(other.get_updates(timeout=5))
        await until(lambda: fake.calls("getUpdates"))
        assert await bot.get_updates(timeout=0) == ()
        with pytest.raises(Conflict, match="terminated by other getUpdates"):
            await first
        await bot.set_webhook("https://support.example/hook")
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates()


async def test_a_webhook_gets_each_update_until_it_takes_it(fake: FakeTelegram) -> None:
    alice, bob = fake.user("Alice"), fake.user("Bob")
    alice.says("before there was a webhook")
    hook = Hook(503, 500)
    fake.webhook.pause = 0.01
    with hook.server:
        async with bot_of(fake) as bot:
            await bot.set_webhook(hook.url, secret_token="Sesame-1", max_connections=2)
            alice.says("and after")
            for text in ("a", "b", "c"):
                bob.says(text)
            await until(lambda: not fake.world.updates.waiting)
            info = await bot.get_webhook_info()
        assert sorted(set(hook.got)) == [1, 2, 3, 4, 5]
        assert len(hook.got) == 7, "two of them twice"
        of_bob = [each for each in dict.fromkeys(hook.got) if each > 2]
        assert of_bob == sorted(of_bob), "in order, though some came twice"
        assert hook.secrets == {"Sesame-1"}
        assert hook.most_at_once == 2
        assert (info.url, info.pending_update_count, info.max_connections) == (hook.url, 0, 2)
        assert info.last_error_message in {
            "Wrong response from the webhook: 503 Service Unavailable",
            "Wrong response from the webhook: 500 Internal Server Error",
        }


async def test_a_webhook_can_be_given_everything_doubled_and_shuffled(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")
    hook = Hook()
    fake.webhook.copies, fake.webhook.shuffled = 3, True
    with hook.server:
        fake.webhook.set(hook.url)
        for number in range(20):
            alice.says(str(number))
        await until(lambda: not fake.world.updates.waiting)
    assert len(hook.got) == 60
    assert hook.got != sorted(hook.got)


async def test_what_may_be_a_webhook(fake: FakeTelegram) -> None:
    async with bot_of(fake) as bot:
        with refused("HTTPS URL must be provided"):
            await bot.set_webhook("http://support.example/hook")
        with refused("unallowed characters"):
            await bot.set_webhook("https://support.example/hook", secret_token="ü")
        fake.user("Alice").says("hello")
        await bot.set_webhook("https://support.example/hook", certificate=b"-----BEGIN")
        await bot.delete_webhook(drop_pending_updates=True)
        assert (await bot.get_webhook_info()).url == ""
        assert await bot.get_updates() == ()


async def test_everything_that_people_do_is_an_update_the_client_reads(fake: FakeTelegram) -> None:
    alice, group = fake.user("Alice"), fake.group("Owners")
    said = alice.says("/human hello @firstline_bot", group)
    alice.replies(said["message_id"], "well?", group)
    alice.edits(said, "never mind")
    alice.sends_voice(b"OggS")
    alice.sends_location(51.5, -0.1)
    alice.sends_contact("Dave", "+442079460123")
    alice.sends_sticker("😡")
    alice.blocks()
    async with bot_of(fake) as bot:
        with pytest.raises(Forbidden, match="blocked by the user"):
            await bot.send_message(alice.id, "hello?")
        alice.unblocks()
        updates = await bot.get_updates()
    first, reply, edit, voice, place, contact, sticker, gone, back = updates
    assert first.message
    assert [entity.type for entity in first.message.entities] == ["bot_command", "mention"]
    assert first.message.parse_entities(["mention"]).popitem()[1] == "@firstline_bot"
    assert reply.message
    assert reply.message.reply_to_message == first.message
    assert edit.edited_message
    assert edit.edited_message.text == "never mind"
    for update, kind in ((voice, "voice"), (place, "location"), (contact, "contact")):
        assert update.message
        assert getattr(update.message, kind)
    assert sticker.message
    assert sticker.message.sticker
    assert [
        update.my_chat_member.new_chat_member.status
        for update in (gone, back)
        if update.my_chat_member
    ] == ["kicked", "member"]


async def test_the_clients_own_loop_runs_on_it(fake: FakeTelegram) -> None:
    alice = fake.user("Alice")

    async def echo(update: telegram.Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        await update.message.reply_text(f"You said {update.message.text}")

    application = Application.builder().token(fake.token).base_url(fake.url).build()
    application.add_handler(MessageHandler(None, echo))
    async with application:
        assert application.updater
        await application.updater.start_polling(timeout=1)
        await application.start()
        alice.says("hello")
        await until(lambda: alice.chat.texts == ["You said hello"])
        await application.updater.stop()
        await application.stop()


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: path.stem)
async def test_the_recorded_payloads_are_updates_the_client_knows(payload: Path) -> None:
    recorded = payload.read_text(encoding="utf-8")
    update = telegram.Update.de_json(json.loads(recorded), None)
    assert _fields(update.to_json()) == _fields(recorded)


def _fields(text: str) -> Json:
    """All but empty lists and falsehoods, which are as good as left out."""
    fields: Json = json.loads(text, object_hook=_that_say_something)
    return fields


def _that_say_something(fields: Json) -> Json:
    return {key: value for key, value in fields.items() if value not in ([], False)}


async def test_the_demos_page_is_a_phone_to_write_from(fake: FakeTelegram) -> None:
    fake.app.router.routes += Phone(fake).routes
    async with httpx.AsyncClient(base_url=fake.origin) as page, bot_of(fake) as bot:
        assert "phone.js" in (await page.get("/")).text
        await page.post("/phone/Alice/says", json={"text": "hello"})
        (update,) = await bot.get_updates()
        assert update.message
        await update.message.reply_text("Hello, Alice", reply_markup=KEYBOARD)
        press = asyncio.create_task(
            page.post("/phone/Alice/presses", json={"message_id": 2, "data": "1:2:0"})
        )
        (update,) = await bot.get_updates(offset=update.update_id + 1, timeout=5)
        assert update.callback_query
        await update.callback_query.answer("One moment")
        assert (await press).json() == {"told": "One moment"}
        await page.post("/phone/Alice/edits", json={"message_id": 1, "text": "good morning"})
        files = {"file": ("plug.png", b"PNG", "image/png")}
        await page.post("/phone/Alice/sends", files=files)
        shown = (await page.get("/phone/Alice/chat")).json()["messages"]
        assert [message.get("text") for message in shown] == ["good morning", "Hello, Alice", None]
        photo = shown[-1]["photo"][-1]["file_id"]
        assert (await page.get(f"/phone/files/{photo}")).content == b"PNG"
        assert (await page.get("/phone/Bob/chat")).json()["messages"] == []
