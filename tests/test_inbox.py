"""The inbox: what can be stored and shown is taken, exactly once; the rest is refused in words."""

from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.conversation import Message
from bot.db import Database
from channels.inbox import LONGEST, Inbound, Unacceptable, accept, clean, id_of_sender
from tests.fakes.people import Customer, Visitor, is_problem, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]
MIXED = "Привет, my Lark Hub 智能 ist kaputt مرحبا 😀"


ODD = (
    "👍",
    "😀😀😀",
    "👨‍👩‍👧‍👦 🏳️‍🌈",
    "مرحبا، أين طلبي؟",
    "שלום, איפה ההזמנה שלי?",
    MIXED,
    "\u202edrawkcab\u202c",
    "e\u0301" * 50,
    "Z̸͑ä̴l̵g̶o̷",
    "?",
    "0",
    "null",
    "None",
    "{}",
    "/",
    "//",
    "/answer",
    "/answer{}",
    '/answer{"article": null}',
    '/answer{"article": ["warranty"]}',
    '/answer{"article": {"$ne": 1}}',
    '/order_status{"order_number": {"a": [1]}}',
    "/nonsense{broken",
    "/answer{" + "[" * 990,
    "/no_such_intent",
    "a" * LONGEST,
    "wo " * 1300,
    "\n\n\thello\r\n",
    "<script>alert(1)</script>",
    "%s %d {0} {name} {{7*7}} ${7*7}",
    "'; DROP TABLE messages; --",
)


@on_both_databases
def test_odd_messages_are_answered_and_stored_as_they_were_written(
    client: TestClient, alice: Headers
) -> None:
    for number, text in enumerate(ODD):
        replies = Customer(client, f"Carol {number}").says(text)
        assert replies, text
        assert all(reply["text"].strip() for reply in replies)
        lines = transcript(client, alice, int(replies[0]["custom"]["conversation_id"]))
        assert lines[0]["text"] == text.strip()
        assert "bot_error" not in str([line["evidence"] for line in lines]), text


@on_both_databases
def test_control_characters_are_left_out(client: TestClient, alice: Headers) -> None:
    for text, stored in {
        "hel\x00lo": "hello",
        "\x1b[31mred\x1b[0m": "[31mred[0m",
        "bell\x07\x08 end\x7f": "bell end",
        "one\ntwo\tthree": "one\ntwo\tthree",
    }.items():
        (reply, *_) = Customer(client, stored).says(text)
        lines = transcript(client, alice, int(reply["custom"]["conversation_id"]))
        assert lines[0]["text"] == stored


def test_half_a_character_is_shown_as_a_question_mark(client: TestClient, alice: Headers) -> None:
    headers = {"Content-Type": "application/json"}
    for url, field in (("/webhooks/rest/webhook", "message"), ("/model/parse", "text")):
        body = f'{{"sender": "Carol", "{field}": "broken \\ud800 emoji"}}'
        response = client.post(url, content=body, headers=headers)
        assert response.status_code == 200
    (listed,) = client.get("/api/v1/conversations", headers=alice).json()["conversations"]
    assert transcript(client, alice, listed["id"])[0]["text"] == "broken ? emoji"


@on_both_databases
def test_a_message_that_says_nothing_is_refused_and_not_stored(
    client: TestClient, alice: Headers
) -> None:
    for text in ("", "   ", "\n\t", "\x00", "\x00\x01\x02", "\u2003"):
        refused = Customer(client, "Carol").writes(text)
        assert is_problem(refused, 422)
        assert "empty" in refused.json()["detail"]
        assert client.post("/model/parse", json={"text": text}).status_code == 400  # as Rasa
    assert client.get("/api/v1/conversations", headers=alice).json()["conversations"] == []


@on_both_databases
def test_a_message_that_is_too_long_is_refused_with_its_length_and_not_stored(
    client: TestClient, alice: Headers
) -> None:
    for length in (LONGEST + 1, 100_000):
        refused = Customer(client, "Carol").writes("x" * length)
        assert is_problem(refused, 413)
        assert f"{length:,}" in refused.json()["detail"]
    assert client.get("/api/v1/conversations", headers=alice).json()["conversations"] == []


@on_both_databases
def test_what_the_same_message_sent_by_many_threads_at_once_leaves_is_one_line(
    client: TestClient,
) -> None:
    carol = Visitor(client)
    with ThreadPoolExecutor(8) as threads:
        numbers = set(threads.map(lambda _: carol.says("/greet", id="client-1"), range(16)))
    assert len(numbers) == 1
    assert [line["client_id"] for line in carol.sees()["messages"]].count("client-1") == 1


@on_both_databases
def test_first_messages_of_one_person_at_once_make_one_conversation(client: TestClient) -> None:
    database: Database = client.app.state.database  # type: ignore[attr-defined]

    def send(number: int) -> tuple[int, int]:
        accepted = accept(database, Inbound("rest", "customers", "Carol", f"line {number}"))
        return accepted.conversation_id, accepted.seq

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(send, range(24)))
    assert len({conversation for conversation, _ in stored}) == 1
    assert len({seq for _, seq in stored}) == 24
    with database.read() as session:
        lines = session.scalars(select(Message.text).where(Message.author == "customer")).all()
    assert sorted(lines) == sorted(f"line {number}" for number in range(24))


def test_the_same_person_on_two_desks_or_channels_has_two_conversations(
    client: TestClient,
) -> None:
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    places = [("rest", "customers"), ("rest", "employees"), ("web", "customers")]
    stored = [accept(database, Inbound(*place, "Carol", "hello", "m1")) for place in places]
    assert len({accepted.conversation_id for accepted in stored}) == 3


@given(text=st.text())
@example(text="\ud800")
@example(text="\x00 \x00")
def test_clean_text_can_be_stored_and_is_not_changed_again(text: str) -> None:
    try:
        cleaned = clean(text)
    except Unacceptable:
        return
    assert clean(cleaned) == cleaned
    assert cleaned.strip()
    assert "\x00" not in cleaned
    assert cleaned.encode("utf-8").decode() == cleaned


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_clean_leaves_what_people_write_as_it_is(text: str) -> None:
    if text.strip():
        assert clean(text) == text.strip()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=2, unique=True))
def test_ids_of_different_senders_and_messages_are_never_equal(
    pairs: list[tuple[str, str]],
) -> None:
    first, second = (id_of_sender(*pair) for pair in pairs)
    assert first != second
    assert len(first) <= 200
