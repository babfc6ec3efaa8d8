"""Several questions in one message, follow-ups, and what is left out of a search."""

import time

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bot.memory import Memory
from bot.questions import leans, split
from kb_index.query import searchable
from tests.fakes.people import Customer, Replies

DOUBLES = [
    (
        "How do I reset the hub and can I still return it after 30 days?",
        ("How do I reset the hub", "can I still return it after 30 days?"),
    ),
    (
        "Do you ship to Ireland? Also, how long is the warranty?",
        ("Do you ship to Ireland?", "how long is the warranty?"),
    ),
    (
        "1. How do I get a copy of my invoice\n2. When will I get my refund",
        ("How do I get a copy of my invoice", "When will I get my refund"),
    ),
    (
        "- how long are recordings kept\n- who can see my camera",
        ("how long are recordings kept", "who can see my camera"),
    ),
    (
        "what are your opening hours and do you price match",
        ("what are your opening hours", "do you price match"),
    ),
    (
        "How do I test the smoke alarm? Another thing: where do I put the leak sensor?",
        ("How do I test the smoke alarm?", "where do I put the leak sensor?"),
    ),
    (
        "My lock's battery died. How do I replace it? Also how do I make a guest code?",
        ("My lock's battery died. How do I replace it?", "how do I make a guest code?"),
    ),
    (
        "hi, how can i delete my account plus how do i unsubscribe",
        ("hi, how can i delete my account", "how do i unsubscribe"),
    ),
    (
        "What does Lark Plus cost? How do I cancel it? It's not for me.",
        ("What does Lark Plus cost?", "How do I cancel it? It's not for me."),
    ),
    (
        "Where is my order and also I need to change the address",
        ("Where is my order", "I need to change the address"),
    ),
]
SINGLES = [
    "I moved last week. The hub is offline. How do I reset it?",
    "I bought a lamp and a plug. Can I return the plug unopened?",
    "How do I share my home with my wife and my two kids?",
    "How long does delivery take to Germany and to France?",
    "The app asks for a code and I don't have my old phone. What should I do? Please help.",
    "Hi there, can you help me? What is the warranty on the lock?",
    "What happens when there is a power cut and the lights come back on?",
    "When the hub restarts, it blinks. How do I stop that?",
    "I want to change the delivery address and I have not had an email yet",
    "not the bulb i ordered and the box was bashed in",
    "I'd like to fit the lock myself. Which tools do I need?",
    "It broke.",
    "",
    "?",
]


@pytest.mark.parametrize(("message", "parts"), DOUBLES)
def test_a_message_is_split_where_the_next_question_begins(
    message: str, parts: tuple[str, ...]
) -> None:
    assert split(message) == parts


@pytest.mark.parametrize("message", SINGLES)
def test_a_story_and_its_question_are_one(message: str) -> None:
    assert split(message) == (message,)


WORDS = st.sampled_from(
    ["and", "also", "how", "do", "i", "is", "the", "lamp", "?", ".", "\n", "1.", "-", "what about"]
)


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join)))
def test_parts_stand_in_the_message_in_their_order(message: str) -> None:
    parts = split(message)
    place = 0
    for part in parts:
        assert part.strip() or part == message
        place = message.index(part, place) + len(part)


@given(st.lists(st.sampled_from(["lamp", "and", "my", "hub,", "also", "with", "of the"])))
def test_a_sentence_that_asks_once_is_never_cut(words: list[str]) -> None:
    sentence = f"Where is the {' '.join(words)}?"
    assert split(sentence) == (sentence,)


@pytest.mark.parametrize("run", ["and ", "also, ", "? ", "1. ", " ,", "\n", " ", "how ", "a"])
def test_splitting_takes_no_long_time_whatever_is_written(run: str) -> None:
    message = run * 4000 + "x"
    started = time.perf_counter()
    split(message)
    leans(message)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("and in Germany?", True),
        ("what about the indoor one?", True),
        ("how long does that take", True),
        ("and if I lost the receipt?", True),
        ("for the lock?", True),
        ("why is it chirping?", True),
        ("How do I reset the hub?", False),
        ("and do you price match?", False),
        ("my smoke alarm is chirping", False),
        ("I wrote to you about that some weeks ago and nobody ever answered me", False),
        ("", False),
    ],
)
def test_a_line_leans_on_the_question_before_if_it_says_too_little(line: str, does: bool) -> None:
    assert leans(line) == does


def sources(replies: Replies) -> list[str]:
    return [source["article_id"] for reply in replies for source in reply["custom"]["sources"]]


@pytest.mark.parametrize(
    ("message", "articles"),
    [
        (
            "How do I set up two-factor and how do I change my email address?",
            ["set-up-two-factor", "change-email-address"],
        ),
        (
            "what are your shop opening hours and do you price match",
            ["shops-and-opening-hours", "price-match"],
        ),
        (
            "How do I test the smoke alarm? Another thing: where do I put the leak sensor?",
            ["smoke-alarm-test", "leak-sensor-placement"],
        ),
        (
            "1. how long are camera recordings kept\n2. who can see my camera",
            ["eye-recordings-and-storage", "camera-privacy-who-can-see"],
        ),
        (
            "What does Lark Plus cost? How do I cancel it?",
            ["lark-plus-overview", "cancel-lark-plus"],
        ),
    ],
)
def test_both_questions_are_answered_with_both_sources(
    client: TestClient, message: str, articles: list[str]
) -> None:
    (answer,) = Customer(client, "Carol").says(message)
    assert answer["custom"]["kind"] == "answer"
    assert sources([answer]) == articles
    for source in answer["custom"]["sources"]:
        assert source["title"] in answer["text"]
    assert [button["payload"] for button in answer["buttons"]] == ["/helped", "/not_helped"]


def test_what_is_not_known_is_named_beside_the_answer(client: TestClient) -> None:
    message = "Do you price match, and who won the football last night?"
    unknown, answer = Customer(client, "Carol").says(message)
    assert "“who won the football last night?”" in unknown["text"]
    assert sources([answer]) == ["price-match"]
    assert answer["buttons"][-1]["payload"] == "/talk_to_human"


def test_one_question_asked_in_two_halves_gets_one_answer(client: TestClient) -> None:
    message = "Do I need to pay customs in France and who pays it?"
    assert sources(Customer(client, "Carol").says(message)) == ["delivery-abroad"]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("How long is the warranty? Also I want to talk to a human", "handoff"),
        ("Do you price match? And why is there smoke coming out of my plug?", "handoff"),
        ("Where is my order? Also do you price match", "flow"),
    ],
)
def test_danger_a_person_and_flows_win_over_answers(
    client: TestClient, message: str, kind: str
) -> None:
    replies = Customer(client, "Carol").says(message)
    assert replies[-1]["custom"]["kind"] == kind


def test_a_question_beside_a_flow_is_answered_first(client: TestClient) -> None:
    replies = Customer(client, "Carol").says("Where is my order? Also do you price match")
    assert sources(replies) == ["price-match"]


@pytest.mark.parametrize(
    ("question", "follow_up", "article"),
    [
        ("How do I set up the indoor camera?", "what about the outdoor one?", "eye-outdoor-set-up"),
        ("Can I return something I haven't opened?", "and if I opened it?", "return-opened-item"),
        ("When will I get my refund?", "how long does that take?", "refund-times"),
        ("What does Lark Plus include?", "how do I cancel it?", "cancel-lark-plus"),
        ("How do I pair a glow bulb?", "and what if it flickers?", "glow-bulb-flickers"),
        ("How do I test the smoke alarm?", "why is it chirping?", "smoke-alarm-chirps"),
        ("How long does delivery take?", "and to France", "delivery-abroad"),
        ("Who can see my camera?", "how long are they kept?", "eye-recordings-and-storage"),
        ("Does it work with Alexa?", "and with Apple Home?", "matter-and-apple-home"),
    ],
)
def test_a_follow_up_is_understood_from_the_question_before(
    client: TestClient, question: str, follow_up: str, article: str
) -> None:
    carol = Customer(client, "Carol")
    carol.says(question)
    assert sources(carol.says(follow_up)) == [article]


def test_a_follow_up_of_a_follow_up_still_has_the_question(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    carol.says("What does Lark Plus include?")
    carol.says("how do I cancel it?")
    assert sources(carol.says("and what does it cost?")) == ["lark-plus-overview"]


@pytest.mark.parametrize(
    ("question", "other", "article"),
    [
        ("What does Lark Plus cost?", "How do I reset the hub?", "hub-factory-reset"),
        ("How do I set up the indoor camera?", "my smoke alarm chirps", "smoke-alarm-chirps"),
        ("How do I test the smoke alarm?", "and do you price match?", "price-match"),
        ("How do I pair a glow bulb?", "What does Lark Plus cost?", "lark-plus-overview"),
    ],
)
def test_another_topic_is_not_dragged_back(
    client: TestClient, question: str, other: str, article: str
) -> None:
    carol = Customer(client, "Carol")
    carol.says(question)
    assert sources(carol.says(other)) == [article]


def test_a_thank_you_leans_on_nothing(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    carol.says("How long is the warranty?")
    carol.says("/helped")
    assert [reply["custom"]["kind"] for reply in carol.says("thanks for that")] == ["smalltalk"]


def test_a_reply_to_a_form_leans_on_nothing(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    carol.says("How long is the warranty?")
    carol.says("/order_status")
    assert sources(carol.says("I don't have it")) == []


def test_a_conversation_from_before_follow_ups_goes_on() -> None:
    assert Memory.load({"question": "How long is the warranty?", "asked": "helped"}).topic == ""


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("refund for order LH-204518?", "refund for order ?"),
        ("order #204518 is late", "order # is late"),
        ("it says https://shop.example/orders/1?a=b here", "it says  here"),
        ("my login is bob@example.com", "my login is "),
        ("how do i reset my pw", "how do i reset my password"),
        ("PLS help, u broke it", "please help, you broke it"),
        ("set up 2fa", "set up 2fa"),
        ("error E-1042 since 2024", "error E-1042 since 2024"),
        ("订单204518什么时候到", "订单什么时候到"),
        ("LH-204518", "LH-204518"),
        ("", ""),
    ],
)
def test_only_what_articles_may_hold_is_searched_for(question: str, searched: str) -> None:
    assert searchable(question, {"2fa"}.__contains__) == searched


def test_an_order_number_does_not_hide_the_answer(client: TestClient) -> None:
    plain, numbered = (
        Customer(client, name).says(f"my parcel {number}arrived damaged")[0]["custom"]
        for name, number in (("Alice", ""), ("Bob", "LH-773190 (tracking SP884512093GB) "))
    )
    articles = [[source["article_id"] for source in said["sources"]] for said in (plain, numbered)]
    assert articles[0] == articles[1] == ["parcel-damaged-on-arrival"]
    assert numbered["confidence"] == pytest.approx(plain["confidence"], abs=0.2)
