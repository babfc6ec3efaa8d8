"""Telegram, driven from the customer's side: the fake server's people write and read."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handoff.attachments import LARGEST
from tests.fakes.browser import until
from tests.fakes.postgres import on_both_databases
from tests.fakes.telegram import FakeTelegram, Shown
from tests.fakes.telegram_desk import TelegramDesk, answered, telegram_desk

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
CHIRPS = "smoke detector keeps chirping, battery or fault"


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
def desk(
    data: Path, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TelegramDesk]:
    with telegram_desk(data, telegram, monkeypatch) as desk:
        yield desk


def styled(message: Shown, kind: str) -> list[str]:
    """The stretches of the text with that style."""
    text = message.text.encode("utf-16-le")
    return [
        text[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")
        for each in message.entities
        if each["type"] == kind
    ]


def said(lines: list[dict[str, Any]], author: str = "customer") -> list[str]:
    return [line["text"] for line in lines if line["author"] == author]


@on_both_databases
def test_a_question_is_answered_as_telegram_shows_text_with_the_source_below(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says(CHIRPS)
    answered(alice)
    answer = alice.chat.sent[0]
    assert "A loud continuous alarm is different" in answer.text
    assert any("treat it as fire" in each for each in styled(answer, "bold"))
    links = [each["url"] for each in answer.entities if each["type"] == "text_link"]
    assert links[-1].startswith("https://desk.example/help/smoke-alarm-chirps")
    assert answer.text.endswith("📖 Why does my Lark Smoke alarm chirp or beep?")
    assert answer.buttons == (("It helped", "It didn't"),)
    until(lambda: "typing" in alice.chat.actions)


@on_both_databases
def test_each_update_is_answered_once_however_often_it_is_brought(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    telegram.webhook.copies = 3
    people = [telegram.user(name) for name in ("Alice", "Bob", "Carol")]
    for person in people:
        person.says("hello")
    for person in people:
        answered(person)
    until(lambda: len(telegram.webhook.answers) == 9)
    assert set(telegram.webhook.answers) == {200}
    agent = desk.agent("Dora")
    for conversation in agent.conversations():
        assert said(agent.transcript(conversation["id"])) == ["hello"]
    assert [len(person.chat.texts) for person in people] == [1, 1, 1]


def test_a_person_takes_over_and_the_bot_is_silent(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("/human")
    assert "FL-" in answered(alice)[0]
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    assert (conversation["channel"], conversation["account"]) == ("telegram", "110201543")
    dora.does(conversation["id"], "claim")
    alice.says("are you there?")
    until(lambda: said(dora.transcript(conversation["id"])) == ["/human", "are you there?"])
    dora.does(conversation["id"], "messages", text="I am: 1 < 2 & <b>so on</b>")
    reply = answered(alice, 2)[1]
    assert reply == "Dora\nI am: 1 < 2 & <b>so on</b>"
    assert styled(alice.chat.sent[1], "bold") == ["Dora"]
    assert len(alice.chat.texts) == 2


def test_a_chat_that_hangs_holds_up_nobody_else(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice, bob = telegram.user("Alice"), telegram.user("Bob")
    for method in ("sendMessage", "sendChatAction"):
        telegram.hangs(method, 8, at=alice)
    alice.says("hello")
    until(lambda: bool(telegram.calls("sendMessage")))
    for number in range(3):
        bob.says("hello")
        answered(bob, number + 1)
    assert not alice.chat.texts
    answered(alice)
    assert len(alice.chat.texts) == 1


def test_customers_see_that_an_agent_is_typing(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice = telegram.user("Alice")
    alice.says("/human")
    answered(alice)
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    dora.does(conversation["id"], "claim")
    time.sleep(4.1)  # the bot's own sign counts too
    signs = len(alice.chat.actions)
    hint = {"kind": "typing", "conversation": conversation["id"], "who": "agent", "on": True}
    desk.app.state.hints.publish(hint)
    until(lambda: len(alice.chat.actions) == signs + 1)


def test_a_pressed_button_is_taken_once_and_goes_away(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("/help")
    answered(alice)
    offer = alice.chat.sent[0]
    assert ("Talk to a person",) in offer.buttons
    second = offer.raw["reply_markup"]["inline_keyboard"][1][0]["callback_data"]
    query = alice.presses("Where is my order?")
    assert "order number" in answered(alice, 2)[1]
    until(lambda: telegram.world.queries[query] is not None)
    until(lambda: not alice.chat.sent[0].buttons)
    again = alice.presses_again(offer.raw, second)
    until(lambda: alice.was_told(again) is not None)
    assert "Just write what you need" in str(alice.was_told(again))
    agent = desk.agent("Dora")
    (conversation,) = agent.conversations()
    assert said(agent.transcript(conversation["id"])) == ["/help", "Where is my order?"]


def test_asking_for_a_person_counts_however_old_the_button_is(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("/help")
    answered(alice)
    offer = alice.chat.sent[0]
    alice.says("hello")
    answered(alice, 2)
    *_, last = offer.raw["reply_markup"]["inline_keyboard"]
    alice.presses_again(offer.raw, last[0]["callback_data"])
    assert "FL-" in answered(alice, 3)[2]


@pytest.mark.parametrize("token", ["1:1:0", "1:99:0", "9:9:9", "buy", "", "1:2:3:4"])
def test_a_button_that_is_none_is_answered_and_stored_nowhere(
    desk: TelegramDesk, telegram: FakeTelegram, token: str
) -> None:
    alice, mallory = telegram.user("Alice"), telegram.user("Mallory")
    alice.says("/help")
    answered(alice)
    query = mallory.presses_again(alice.chat.sent[0].raw, token)
    until(lambda: mallory.was_told(query) is not None)
    assert mallory.was_told(query)
    assert len(desk.agent("Dora").conversations()) == 1


def test_nobody_presses_somebody_elses_button(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice, mallory = telegram.user("Alice"), telegram.user("Mallory")
    family = telegram.group("Family")
    alice.says("/help@firstline_bot", at=family)
    answered(family)
    offer = family.chat.sent[0]
    *_, (key,) = offer.raw["reply_markup"]["inline_keyboard"]
    query = mallory.presses_again(offer.raw, key["callback_data"])
    until(lambda: mallory.was_told(query) is not None)
    assert "somebody else" in str(mallory.was_told(query))
    assert family.chat.sent[0].buttons
    assert len(family.chat.texts) == 1


def test_commands(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice = telegram.user("Alice")
    alice.says("/start")
    assert "help" in answered(alice)[0].lower() or "hello" in answered(alice)[0].lower()
    alice.says("/help")
    assert "I can answer questions" in answered(alice, 2)[1]
    alice.says("/human")
    ticket = answered(alice, 3)[2].split("FL-")[1][:6]
    bob = telegram.user("Bob")
    bob.says(f"/status FL-{ticket}")
    assert f"FL-{ticket}" in answered(bob)[0]
    bob.says("/status")
    assert "ticket" in answered(bob, 2)[1].lower()


def test_the_link_to_the_bot_may_carry_a_code(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice = telegram.user("Alice")
    alice.says("/start 483920")
    answered(alice)
    agent = desk.agent("Dora")
    (conversation,) = agent.conversations()
    assert said(agent.transcript(conversation["id"])) == ["/link 483920"]


@on_both_databases
def test_a_photo_is_kept_and_goes_to_a_person(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice = telegram.user("Alice")
    alice.sends_photo(PNG, "it looks like this")
    assert "FL-" in answered(alice)[0]
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    line = dora.transcript(conversation["id"])[0]
    (kept,) = line["content"]["attachments"]
    assert (line["text"], kept["name"]) == ("it looks like this", "photo.jpg")

    def fetched() -> bytes:
        url = f"/api/v1/attachments/{kept['id']}"
        response = desk.http.get(url, headers=dora.headers)
        return response.content if response.status_code == 200 else b""

    until(lambda: fetched() == PNG)


def test_a_file_that_is_larger_than_telegram_says_is_not_taken(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.sends_document("big.bin", bytes(LARGEST + 1), size=100)
    answered(alice)
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    (kept,) = dora.transcript(conversation["id"])[0]["content"]["attachments"]
    url = f"/api/v1/attachments/{kept['id']}"
    until(lambda: "larger" in desk.http.get(url, headers=dora.headers).text)


def test_places_and_contacts_are_files_that_programs_read(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.sends_location(52.37, 4.9)
    answered(alice)
    alice.sends_contact("Bob; the builder", "+44 20 7946 0000")
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    until(lambda: len(said(dora.transcript(conversation["id"]))) == 2)
    place, contact = (
        line for line in dora.transcript(conversation["id"]) if line["author"] == "customer"
    )
    assert place["text"] == "Location: 52.37, 4.9"
    files = [line["content"]["attachments"][0] for line in (place, contact)]
    assert [file["name"] for file in files] == ["location.geojson", "contact.vcf"]
    contents = [
        desk.http.get(f"/api/v1/attachments/{file['id']}", headers=dora.headers) for file in files
    ]
    assert contents[0].json()["geometry"] == {"type": "Point", "coordinates": [4.9, 52.37]}
    assert "FN:Bob\\; the builder\nTEL:+44 20 7946 0000" in contents[1].text


def test_edits_are_new_versions_and_replies_keep_their_reference(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("/human")
    answered(alice)
    written = alice.says("my order is 12345")
    alice.edits(written, "my order is 54321")
    alice.replies(alice.chat.sent[0].id, "thanks for this")
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    until(lambda: len(said(dora.transcript(conversation["id"]))) == 4)
    lines = dora.transcript(conversation["id"])
    _, first, edit, reply = (line for line in lines if line["author"] == "customer")
    assert (edit["kind"], edit["text"]) == ("edit", "my order is 54321")
    assert edit["content"]["changes"] == first["seq"]
    notice = next(line for line in lines if line["author"] == "bot")
    assert reply["content"]["replies_to"] == notice["seq"]
    assert reply["content"]["quote"] == notice["text"][:200]


def test_in_a_group_only_who_speaks_to_the_bot_is_answered(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice, bob = telegram.user("Alice"), telegram.user("Bob")
    family = telegram.group("Family")
    bob.says("shall we ask somebody?", at=family)
    asked = alice.says(f"@Firstline_bot, {CHIRPS}", at=family)
    answered(family)
    bob.says("/help@other_bot", at=family)
    bob.replies(family.chat.sent[0].id, "and what about mine?", at=family)
    until(lambda: len({message.reply_to for message in family.chat.sent}) == 2)
    assert family.chat.sent[0].reply_to == asked["message_id"]
    dora = desk.agent("Dora")
    texts = [said(dora.transcript(each["id"])) for each in dora.conversations()]
    assert sorted(texts) == [["and what about mine?"], [CHIRPS]]


def test_a_topic_is_answered_in_the_topic(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice = telegram.user("Alice")
    forum = telegram.group("Forum")
    begun = {"message_id": 77, "date": 1, "chat": forum.chat.raw, "from": alice.raw}
    topic = {"name": "Help", "icon_color": 1}
    alice.says(
        "/help@firstline_bot",
        at=forum,
        message_thread_id=77,
        is_topic_message=True,
        reply_to_message=begun | {"forum_topic_created": topic},
    )
    answered(forum)
    assert forum.chat.sent[0].raw["message_thread_id"] == 77


def test_who_blocks_the_bot_is_left_alone_until_they_come_back(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("/human")
    answered(alice)
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    dora.does(conversation["id"], "claim")
    alice.blocks()

    def notes() -> list[str]:
        return said(dora.transcript(conversation["id"]), "system")

    until(lambda: any("has blocked the bot" in note for note in notes()))
    dora.does(conversation["id"], "messages", text="Are you there?")
    until(lambda: any("Not delivered: Telegram says" in note for note in notes()))
    assert len(alice.chat.texts) == 1
    alice.unblocks()
    until(lambda: any("lets the bot write" in note for note in notes()))
    dora.does(conversation["id"], "messages", text="Welcome back.")
    assert answered(alice, 2)[1] == "Dora\nWelcome back."


def test_telegram_says_wait_and_is_obeyed_while_others_are_answered(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice, bob = telegram.user("Alice"), telegram.user("Bob")
    telegram.refuses("sendMessage", 429, "Too Many Requests", at=alice, retry_after=3)
    alice.says("hello")
    bob.says("hello")
    answered(bob)
    assert not alice.chat.texts
    answered(alice)
    assert telegram.faults.too_early == []
    assert len(alice.chat.texts) == 1


@pytest.mark.parametrize(("status", "words"), [(500, "Internal"), (502, "Bad Gateway")])
def test_what_telegram_failed_to_take_is_sent_again(
    desk: TelegramDesk, telegram: FakeTelegram, status: int, words: str
) -> None:
    alice = telegram.user("Alice")
    telegram.refuses("sendMessage", status, words, times=2)
    alice.says("hello")
    answered(alice)
    assert len(telegram.calls("sendMessage")) == 3


def test_what_may_have_arrived_is_sent_again_and_marked(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    telegram.drops("sendMessage")
    alice.says("hello")
    answered(alice, 2)
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    until(lambda: dora.transcript(conversation["id"])[1]["status"] == "uncertain")


def test_a_refused_line_is_told_to_a_person(desk: TelegramDesk, telegram: FakeTelegram) -> None:
    alice = telegram.user("Alice")
    telegram.refuses("sendMessage", 400, "Bad Request: chat not found", at=alice)
    alice.says("hello")
    dora = desk.agent("Dora")
    until(lambda: [each["state"] for each in dora.conversations()] == ["queued"])
    (conversation,) = dora.conversations()
    notes = said(dora.transcript(conversation["id"]), "system")
    assert any("Chat not found" in note for note in notes)


def test_text_whose_style_telegram_refuses_arrives_without_it(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    telegram.refuses("sendMessage", 400, "Bad Request: can't parse entities: Unsupported tag")
    alice.says(CHIRPS)
    answered(alice)
    assert "A loud continuous alarm is different" in alice.chat.texts[0]
    assert not alice.chat.sent[0].entities


def test_a_long_line_comes_in_parts_each_of_them_once(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    alice.says("/human")
    answered(alice)
    dora = desk.agent("Dora")
    (conversation,) = dora.conversations()
    dora.does(conversation["id"], "claim")
    written = " ".join(f"This is sentence number {number} 🙂." for number in range(280))
    dora.does(conversation["id"], "messages", text=written)
    until(lambda: len(alice.chat.texts) == 2)
    telegram.refuses("sendMessage", 429, "Too Many Requests", at=alice, retry_after=1)
    parts = answered(alice, 4)[1:]
    assert [part[-1] for part in parts] == [".", ".", "."]
    assert " ".join(parts) == f"Dora\n{written}"


def test_a_group_that_moved_is_answered_where_it_is_now(
    desk: TelegramDesk, telegram: FakeTelegram
) -> None:
    alice = telegram.user("Alice")
    old, new = telegram.group("Family"), telegram.group("Family")
    telegram.refuses(
        "sendMessage", 400, "Bad Request: group upgraded", at=old, migrate_to_chat_id=new.chat.id
    )
    alice.says("/help@firstline_bot", at=old)
    assert "I can answer questions" in answered(new)[0]


@pytest.mark.parametrize("shown", ["", "wrong", "zwölf".encode(), b"\xff\xfe", "x" * 5000])
def test_who_does_not_know_the_secret_is_refused(desk: TelegramDesk, shown: str | bytes) -> None:
    assert desk.posts({"update_id": 1}, secret=shown).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(desk: TelegramDesk, body: bytes) -> None:
    assert desk.posts(body).status_code == 400


def test_no_token_in_any_log(
    desk: TelegramDesk, telegram: FakeTelegram, capfd: pytest.CaptureFixture[str]
) -> None:
    alice = telegram.user("Alice")
    secret_words = secrets.token_hex(8)
    telegram.refuses("sendMessage", 500)
    telegram.drops("sendMessage")
    alice.says(secret_words)
    alice.sends_document("x.bin", b"x", size=30 * 1024**2)
    answered(alice, 2)
    desk.posts({"update_id": 5, "message": {"text": secret_words}})
    logged = "".join(capfd.readouterr())
    assert telegram.token not in logged
    assert telegram.token.partition(":")[2] not in logged
    assert secret_words not in logged
