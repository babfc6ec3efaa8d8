"""Rasa's REST channel: what a customer's client sends and gets."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.engine import Engine, Turn
from bot.turn import Kind, Reply
from tests.fakes.people import WANTS_A_PERSON, Customer, is_problem, transcript
from tests.fakes.postgres import on_both_databases

TUESDAY_NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)


@on_both_databases
def test_after_a_handoff_there_is_one_notice_and_no_more_from_the_bot_until_it_is_handed_back(
    client: TestClient, alice: dict[str, str]
) -> None:
    carol = Customer(client, "Carol")
    notices = carol.says("I want to talk to a person please")
    assert [notice["custom"]["kind"] for notice in notices] == ["handoff"]
    conversation = f"/api/v1/conversations/{notices[0]['custom']['conversation_id']}"

    assert carol.says("hello?") == []
    assert carol.says("/helped") == []
    client.post(f"{conversation}/claim", headers=alice)
    assert carol.says("How long is the warranty?") == []
    client.post(f"{conversation}/messages", headers=alice, json={"text": "Two years."})
    assert carol.says("thanks") == []

    client.post(f"{conversation}/handback", headers=alice)
    assert [reply["custom"]["kind"] for reply in carol.says("thanks")] == ["smalltalk"]


@on_both_databases
def test_what_the_bot_thought_while_an_agent_claimed_is_dropped(
    client: TestClient, alice: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = Customer(client, "Carol")
    conversation = carol.says("hello")[0]["custom"]["conversation_id"]
    think = Engine.respond

    def slowly(engine: Engine, *case: Any, **more: Any) -> Turn:
        turn = think(engine, *case, **more)
        client.post(f"/api/v1/conversations/{conversation}/claim", headers=alice)
        return turn

    monkeypatch.setattr(Engine, "respond", slowly)
    assert carol.says("How long is the warranty?") == []
    lines = transcript(client, alice, int(conversation))
    assert [line["author"] for line in lines].count("bot") == 1  # the greeting
    assert lines[2]["text"] == "How long is the warranty?"


def test_an_answer_names_its_source_and_asks_whether_it_helped(client: TestClient) -> None:
    (answer,) = Customer(client, "Carol").says('/answer{"article": "warranty"}')
    assert answer["recipient_id"] == "Carol"
    assert [button["payload"] for button in answer["buttons"]] == ["/helped", "/not_helped"]
    custom = answer["custom"]
    assert custom["kind"] == "answer"
    assert 0 <= custom["confidence"] <= 1
    (source,) = custom["sources"]
    assert source["article_id"] == "warranty"
    assert client.get(source["url"]).status_code == 200
    assert source["url"] in answer["text"]


def test_a_question_as_people_type_it_is_answered_from_the_right_article(
    client: TestClient,
) -> None:
    replies = Customer(client, "Carol").says("what does the lark smoke alarm chirping mean")
    assert "smoke-alarm-chirps" in str(replies)


def test_every_bot_line_carries_the_promised_fields(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    for text in ("hello", "my parcel is late", '/answer{"article": "warranty"}', WANTS_A_PERSON):
        for reply in carol.says(text):
            custom = reply["custom"]
            assert {"kind", "confidence", "sources", "conversation_id"} <= custom.keys()
            assert custom["kind"] in (
                *("answer", "choice", "flow", "smalltalk", "unknown", "handoff", "closed"),
            )
    assert custom["ticket"].startswith("FL-")
    assert custom["ticket"].removeprefix("FL-").isdigit()


@pytest.mark.parametrize(("moment", "staffed"), [(TUESDAY_NOON, True), (SUNDAY_NIGHT, False)])
def test_the_notice_says_ticket_and_place_while_people_are_there_and_the_hours_otherwise(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, moment: datetime, staffed: bool
) -> None:
    monkeypatch.setattr("handoff.desk.now", lambda: moment)
    Customer(client, "Bob").says(WANTS_A_PERSON)
    (notice,) = Customer(client, "Carol").says(WANTS_A_PERSON)
    assert notice["custom"]["ticket"] in notice["text"]
    assert ("number 2" in notice["text"]) == staffed
    assert ("Mon-Fri 08:00-20:00" in notice["text"]) != staffed


def test_no_after_an_answer_leads_on_and_then_to_a_person(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    carol.says("How long is the warranty?")
    carol.says('/answer{"article": "warranty"}')
    (choice,) = carol.says("/not_helped")
    assert choice["custom"]["kind"] == "choice"
    assert '/answer{"article": "warranty"}' not in str(choice["buttons"])
    (notice,) = carol.says("/not_helped")
    assert notice["custom"]["kind"] == "handoff"


def test_what_is_not_understood_twice_ends_with_a_person(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    first, second = carol.says("florble wug zxcv"), carol.says("quux snark plugh")
    assert [reply["custom"]["kind"] for reply in first] == ["unknown"]
    assert [reply["custom"]["kind"] for reply in second] == ["handoff"]


def test_danger_goes_to_a_person_at_once_with_advice_first(client: TestClient) -> None:
    advice, notice = Customer(client, "Carol").says(
        "help there is smoke coming out of my lark plug and it is burning"
    )
    assert "999" in advice["text"] or "112" in advice["text"]
    assert notice["custom"]["kind"] == "handoff"


@on_both_databases
def test_a_repeated_message_id_is_answered_as_before_and_stored_once(
    client: TestClient, alice: dict[str, str]
) -> None:
    carol = Customer(client, "Carol")
    first = carol.says("hello", message_id="m1")
    assert carol.says("hello", message_id="m1") == first
    lines = transcript(client, alice, int(first[0]["custom"]["conversation_id"]))
    assert [line["author"] for line in lines] == ["customer", "bot"]


def test_message_ids_of_two_senders_do_not_collide(client: TestClient) -> None:
    """However the parts are put together: "a:b" + "c" is not "a" + "b:c"."""
    first = Customer(client, "a:b").says("hello", message_id="c")
    second = Customer(client, "a").says("hello", message_id="b:c")
    assert first[0]["recipient_id"] == "a:b"
    conversations = {each[0]["custom"]["conversation_id"] for each in (first, second)}
    assert len(conversations) == 2


@on_both_databases
def test_the_longest_names_are_taken(client: TestClient) -> None:
    assert Customer(client, "ö" * 150).says("hello", message_id="é" * 150, name="ü" * 200)


@on_both_databases
def test_messages_of_one_sender_at_once_are_all_stored_and_each_is_answered_once(
    client: TestClient, alice: dict[str, str]
) -> None:
    together = threading.Barrier(8)

    def say(number: int) -> str:
        together.wait()
        replies = Customer(client, "Carol").says("/greet", message_id=f"m{number // 2}")
        return str(replies[0]["custom"]["conversation_id"])

    with ThreadPoolExecutor(8) as threads:
        conversations = set(threads.map(say, range(8)))
    (conversation,) = conversations
    lines = transcript(client, alice, int(conversation))
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["author"] for line in lines].count("customer") == 4
    assert [line["author"] for line in lines].count("bot") == 4


def test_rasas_other_addresses_answer_in_rasas_shape(client: TestClient) -> None:
    assert client.get("/webhooks/rest/").json() == {"status": "ok"}
    parsed = client.post("/model/parse", json={"text": "where is LH-204518?"}).json()
    assert parsed["intent"] == parsed["intent_ranking"][0]
    assert parsed["intent"]["name"] == "order_status"
    (entity,) = parsed["entities"]
    assert (entity["entity"], entity["value"]) == ("order_number", "LH-204518")
    assert parsed["text"][entity["start"] : entity["end"]] == "LH-204518"
    assert 0 <= parsed["frustration"] <= 1
    angry = client.post("/model/parse", json={"text": "you useless idiots, I hate you"}).json()
    assert angry["frustration"] > parsed["frustration"]


def test_a_client_that_sends_no_metadata_is_served(client: TestClient) -> None:
    body: dict[str, object] = {"sender": "Carol", "message": "hello"}
    for metadata in ({}, {"metadata": None}, {"metadata": {"colour": "blue"}}):
        response = client.post("/webhooks/rest/webhook", json=body | metadata)
        assert response.json()[0]["recipient_id"] == "Carol"


def test_the_entries_are_streamed_one_a_line_where_that_is_asked_for(client: TestClient) -> None:
    body = {"sender": "Carol", "message": '/answer{"article": "warranty"}'}
    at_once = client.post("/webhooks/rest/webhook?token=any", json=body).json()
    streamed = client.post("/webhooks/rest/webhook?stream=true", json=body | {"sender": "Dave"})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    entries = [json.loads(line) for line in streamed.text.splitlines()]
    assert [entry["text"] for entry in entries] == [entry["text"] for entry in at_once]
    assert entries[0]["buttons"] == at_once[0]["buttons"]


def test_a_picture_and_a_custom_payload_are_entries_of_their_own(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = {"act": "flow", "reason": "a_test", "confidence": 1.0}
    plain = Reply(Kind.FLOW, "Look!", image="https://x.example/a.png")
    rich = Reply(Kind.FLOW, "", custom={"stars": 5})
    monkeypatch.setattr(Engine, "respond", lambda *_, **__: Turn((plain, rich), {}, 0.0, evidence))
    text, picture, custom = Customer(client, "Carol").says("hello")
    assert (text["text"], text["custom"]["kind"]) == ("Look!", "flow")
    assert (picture["image"], picture["custom"]["kind"]) == ("https://x.example/a.png", "flow")
    assert not {"text", "buttons"} & picture.keys()
    assert (custom["custom"], custom["metadata"]["kind"]) == ({"stars": 5}, "flow")


def test_what_a_client_says_of_its_message_is_kept_with_it(
    client: TestClient, alice: dict[str, str]
) -> None:
    body = {"sender": 7, "message": "hello", "input_channel": "app", "metadata": {"theme": "dark"}}
    (reply,) = client.post("/webhooks/rest/webhook", json=body).json()
    assert reply["recipient_id"] == "7"
    line = transcript(client, alice, int(reply["custom"]["conversation_id"]))[0]
    assert line["content"] == {"input_channel": "app", "metadata": {"theme": "dark"}}


def test_an_unknown_desk_is_refused_with_those_that_exist(client: TestClient) -> None:
    response = Customer(client, "Carol", desk="sales").writes("hello")
    assert is_problem(response, 404)
    assert "sales" in response.json()["detail"]
    assert "customers" in response.json()["detail"]


def test_the_order_of_a_customer_is_told_only_with_its_address(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    carol.says("where is my order LH-204518?")
    told = carol.says("mallory@evil.example")
    unknown = Customer(client, "Dave")
    unknown.says("where is my order LH-999999?")
    assert [reply["text"] for reply in told] == [
        reply["text"].replace("LH-999999", "LH-204518")
        for reply in unknown.says("mallory@evil.example")
    ]


def test_a_flow_can_be_interrupted_by_a_question_and_cancelled(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    (asked,) = carol.says("/order_status")
    assert asked["custom"]["kind"] == "flow"
    answered = carol.says('/answer{"article": "warranty"}')
    assert answered[0]["custom"]["sources"][0]["article_id"] == "warranty"
    assert "order number" in answered[-1]["text"]
    (cancelled,) = carol.says("/cancel_flow")
    assert cancelled["text"] != asked["text"]
    assert carol.says("/thank")[0]["custom"]["kind"] == "smalltalk"


def test_whoever_asks_the_same_again_gets_other_choices_and_then_a_person(
    client: TestClient,
) -> None:
    carol = Customer(client, "Carol")
    question = "what does the lark smoke alarm chirping mean"
    (answer,) = carol.says(question)
    (source,) = answer["custom"]["sources"]
    (choice,) = carol.says(question)
    assert choice["custom"]["kind"] == "choice"
    assert source["article_id"] not in str(choice["buttons"])
    assert carol.says(question)[-1]["custom"]["kind"] == "handoff"


@on_both_databases
def test_the_state_of_a_ticket_is_told_to_its_own_customer_only(
    client: TestClient, alice: dict[str, str]
) -> None:
    carol, mallory = Customer(client, "Carol"), Customer(client, "Mallory")
    (notice,) = carol.says(WANTS_A_PERSON)
    number = notice["custom"]["ticket"]
    conversation = f"/api/v1/conversations/{notice['custom']['conversation_id']}"
    for act in ("claim", "resolve"):
        client.post(f"{conversation}/{act}", headers=alice)

    def asked(by: Customer, ticket: str) -> str:
        payload = f'/ticket_status{{"ticket_number": "{ticket}"}}'
        return " ".join(reply["text"] for reply in by.says(payload)).replace(ticket, "FL-")

    assert "closed" in asked(carol, number)
    assert "closed" not in asked(mallory, number)
    assert asked(mallory, number) == asked(Customer(client, "Dave"), "FL-999999")


@pytest.mark.parametrize("thanks", ["yes thanks", "perfect, cheers", "yep that worked"])
def test_a_yes_and_a_thank_you_are_both_taken_as_it_helped(
    client: TestClient, alice: dict[str, str], thanks: str
) -> None:
    carol = Customer(client, "Carol")
    carol.says("how long does standard delivery take?")
    (reply,) = carol.says(thanks)
    assert reply["custom"]["kind"] == "smalltalk"
    last = transcript(client, alice, int(reply["custom"]["conversation_id"]))[-1]
    assert last["evidence"]["reason"] == "customer_says_it_helped"


@pytest.mark.parametrize("no", ["/deny", "/not_helped", "no", "that's not what I asked"])
def test_every_way_to_say_that_it_did_not_help_leads_on_to_other_articles(
    client: TestClient, no: str
) -> None:
    carol = Customer(client, "Carol")
    (answer,) = carol.says("how long does standard delivery take?")
    given = answer["custom"]["sources"][0]["article_id"]
    (reply,) = carol.says(no)
    assert reply["custom"]["kind"] == "choice"
    payloads = [button["payload"] for button in reply["buttons"]]
    assert payloads[-1] == "/talk_to_human"
    assert len(payloads) > 1
    assert not any(given in payload for payload in payloads)
