"""One-time codes: `/link` on one channel, `/link 483920` on the other, and no way round them."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from bot.db import now
from handoff.linking import ALL_TRIES, EXHAUSTED, PERSONAL_TRIES, LinkCode
from tests.fakes.elsewhere import Chat, database_of, settle
from tests.fakes.people import WANTS_A_PERSON, Customer, Visitor, transcript
from tests.fakes.postgres import on_both_databases

Headers = dict[str, str]


def code_for(chat: Chat) -> str:
    """The code that the bot gives."""
    chat.says("/link")
    return str(re.findall(r"\b\d{6}\b", chat.hears()[-1])[0])


def wrong_for(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 1_000_000:06}"


def last_word(visitor: Visitor) -> str:
    return str(visitor.reads()[-1])


@on_both_databases
def test_a_code_joins_two_channels_and_both_are_told(client: TestClient, alice: Headers) -> None:
    on_telegram, on_the_web = Chat(client, "7"), Visitor(client)
    there = on_telegram.says("Where is my parcel?")
    code = code_for(on_telegram)
    settle(client, int(on_the_web.says(f"/link {code}").split("-")[0]))

    seen = on_the_web.sees()
    assert any("parcel" in text for text in on_the_web.reads())
    assert "on Telegram" in last_word(on_the_web)
    assert "on the web" in on_telegram.hears()[-1]
    conversation = int(on_the_web.says("and now?").split("-")[0])
    settle(client, conversation)
    assert on_telegram.says("on my phone again") == conversation
    assert conversation in (there, int(seen["cursor"].split("-")[0]))


@on_both_databases
@pytest.mark.parametrize("spelling", ["/link {}", " /LINK   {} ", "/Link{}", "/link {:.3} {:.0}"])
def test_a_code_may_be_written_freely(client: TestClient, spelling: str) -> None:
    one, other = Chat(client, "7"), Chat(client, "8")
    code = code_for(one)
    words = f"/link {code[:3]} {code[3:]}" if ":" in spelling else spelling.format(code)
    other.says(words)
    assert "Done" in other.hears()[-1]


def test_a_code_works_once_for_ten_minutes_and_not_for_its_owner(client: TestClient) -> None:
    carol, bob, eve = (Chat(client, sender) for sender in "789")
    code = code_for(carol)
    carol.says(f"/link {code}")
    assert "your own" in carol.hears()[-1]
    bob.says(f"/link {code}")
    assert "Done" in bob.hears()[-1]
    eve.says(f"/link {code}")
    assert "wrong" in eve.hears()[-1]

    code = code_for(carol)
    with database_of(client).write() as session:
        session.execute(update(LinkCode).values(expires_at=now() - timedelta(seconds=1)))
    eve.says(f"/link {code}")
    assert "no longer valid" in eve.hears()[-1]


def test_a_new_code_takes_the_place_of_the_one_before(client: TestClient) -> None:
    carol, bob = Chat(client, "7"), Chat(client, "8")
    first, second = code_for(carol), code_for(carol)
    bob.says(f"/link {first}")
    assert "wrong" in bob.hears()[-1]
    bob.says(f"/link {second}")
    assert "Done" in bob.hears()[-1]


@on_both_databases
def test_whoever_guesses_is_stopped_and_sees_nothing(client: TestClient) -> None:
    carol, eve = Chat(client, "7"), Chat(client, "9")
    carol.says("my secret")
    code = code_for(carol)
    for step in range(1, PERSONAL_TRIES + 1):
        eve.says(f"/link {wrong_for(code, step)}")
    eve.says(f"/link {code}")
    assert eve.hears()[-1] == EXHAUSTED
    assert not any("secret" in text for text in eve.hears())


def test_codes_are_dropped_when_many_guess(client: TestClient) -> None:
    carol, eve = Chat(client, "7"), Chat(client, "9")
    code = code_for(carol)
    for number in range(ALL_TRIES):
        if number % PERSONAL_TRIES == 0:
            eve.says("/forget yes")  # who is forgotten is a new person; the tries still count
        eve.says(f"/link {wrong_for(code, number + 1)}")
    late = Chat(client, "8")
    late.says(f"/link {code}")
    assert "wrong" in late.hears()[-1]


@pytest.mark.parametrize("text", ["/link 12345", "/link 1234567", "/link abcdef", "/link ٤٨٣٩٢٠"])
def test_what_is_no_code_is_explained(client: TestClient, text: str) -> None:
    carol = Chat(client, "7")
    carol.says(text)
    assert "six digits" in carol.hears()[-1]


@pytest.mark.parametrize("text", ["/linked", "/linking 1", "my /link", "link 123456"])
def test_other_words_are_not_taken_for_the_command(client: TestClient, text: str) -> None:
    carol = Chat(client, "7")
    carol.says(text)
    assert "code" not in " ".join(carol.hears())


def test_commands_work_while_a_human_has_the_conversation(
    client: TestClient, alice: Headers
) -> None:
    carol, elsewhere = Chat(client, "7"), Chat(client, "U1", "slack", "T1")
    conversation = carol.says(WANTS_A_PERSON)
    client.post(f"/api/v1/conversations/{conversation}/claim", headers=alice)
    code = code_for(carol)
    elsewhere.says(f"/link {code}")
    assert elsewhere.says("I am here now") == conversation
    assert (
        client.get(f"/api/v1/conversations/{conversation}", headers=alice).json()["state"] == "open"
    )
    assert "in Slack" in carol.hears()[-1]


def test_nobody_is_linked_where_a_name_can_be_forged_or_others_read_along(
    client: TestClient,
) -> None:
    carol = Chat(client, "7")
    code = code_for(carol)
    by_mail = Chat(client, "carol@example.org", "email", "help@larkhome.example")
    in_a_group = Chat(client, "8")
    for chat, place in ((by_mail, None), (in_a_group, "-100:8")):
        for text in ("/link", f"/link {code}", "/forget", "/forget yes"):
            chat.says(text, place=place)
            assert not re.search(r"\d{6}|Done|erased", chat.hears()[-1])
    [said] = Customer(client, "carol").says(f"/link {code}")
    assert "can't be sure" in said["text"]


def test_an_agent_reads_what_was_joined_and_why(client: TestClient, alice: Headers) -> None:
    carol, bob = Chat(client, "7"), Chat(client, "U1", "slack", "T1")
    conversation = carol.says("hello")
    bob.says(f"/link {code_for(carol)}")
    private = [line["text"] for line in transcript(client, alice, conversation) if line["private"]]
    assert any(text.startswith("Joined with person") and "code" in text for text in private)
