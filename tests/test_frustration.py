"""Frustration: patience runs out for reasons that can be named, and comes back."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bot.frustration import EVENTS, heated_words, judge
from tests.fakes.people import Customer, Replies, transcript

Headers = dict[str, str]
shares = st.floats(0, 1)
events = st.lists(st.sampled_from(sorted(EVENTS)), max_size=3, unique=True)


def kinds(replies: Replies) -> list[str]:
    return [reply["custom"]["kind"] for reply in replies]


@given(grade=shares, before=shares, happened=events, text=st.text(max_size=80))
def test_scores_stay_between_0_and_1_and_events_only_raise_them(
    grade: float, before: float, happened: list[str], text: str
) -> None:
    with_events = judge(grade, text, (), before, happened)
    without = judge(grade, text, (), before)
    for score in (with_events.turn, with_events.conversation):
        assert 0 <= score <= 1
    assert with_events.turn >= without.turn
    assert with_events.conversation >= without.conversation
    assert with_events.conversation >= with_events.turn
    assert set(happened) <= set(with_events.evidence)


@given(before=shares)
def test_anger_cools_when_things_go_well(before: float) -> None:
    after = judge(0.0, "thanks", (), before).conversation
    assert after <= before
    for _ in range(12):
        after = judge(0.0, "thanks", (), after).conversation
    assert after < 0.01


@given(lines=st.lists(st.floats(0, 0.25), max_size=60))
def test_a_calm_conversation_never_adds_up_to_lost_patience(lines: list[float]) -> None:
    score = 0.0
    for grade in lines:
        score = judge(grade, "", (), score).conversation
    assert score <= 0.25


def test_a_line_said_again_counts_as_a_repeat_however_it_is_put() -> None:
    said = ("where is my parcel please",)
    assert "repeat" in judge(0.1, "Please, where is my parcel", said, 0.0).evidence
    assert "repeat" not in judge(0.1, "my hub is offline too", said, 0.0).evidence
    assert "repeat" not in judge(0.1, "yes", ("yes",), 0.0).evidence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("This is RIDICULOUS, third time now", ("ridiculous", "third time")),
        ("WHERE IS MY PARCEL", ("shouting",)),
        ("Where is my LH-204518 parcel?", ()),
        ("PLEASE", ()),
        ("I scrapped the sheet", ()),
    ],
)
def test_the_evidence_names_the_words(text: str, found: tuple[str, ...]) -> None:
    assert heated_words(text) == found


def test_the_furious_are_handed_over_with_an_apology_and_before_the_patient(
    client: TestClient, alice: Headers
) -> None:
    Customer(client, "Dave").is_handed_over()
    carol = Customer(client, "Carol")
    replies = carol.says(
        "This is absolutely useless, the third time I ask and you idiots still do nothing. "
        "Worst company ever, never again!"
    )
    assert kinds(replies) == ["handoff"]
    assert "sorry" in replies[0]["text"].lower()
    number = int(replies[0]["custom"]["conversation_id"])
    first, *_ = client.get("/api/v1/conversations?state=queued", headers=alice).json()[
        "conversations"
    ]
    assert first["id"] == number
    assert first["ticket"]["reason"] == "frustration"
    said = transcript(client, alice, number)
    evidence: dict[str, Any] = next(line for line in said if line["evidence"])["evidence"]
    assert {"useless", "third time", "never again"} <= set(evidence["frustration"]["evidence"])


def test_growing_annoyance_ends_with_a_person(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    for line in (
        "my order still has not arrived, this is really annoying",
        "that is no help at all, I have been waiting for two weeks, ridiculous",
        "this is a joke, useless bot, I am fed up",
    ):
        if "handoff" in kinds(carol.says(line)):
            return
    raise AssertionError("nobody came")


def test_small_talk_and_calm_questions_never_end_in_an_apology(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    for line in ("hello", "how are you?", "are you a robot?", "ok", "yes", "thanks", "bye"):
        replies = carol.says(line)
        assert "handoff" not in kinds(replies), line
    patient = Customer(client, "Dave")
    for article in ("warranty", "hub-set-up", "refund-times", "track-order", "gift-cards"):
        patient.says(f'/answer{{"article": "{article}"}}')
        assert "handoff" not in kinds(patient.says("ok thank you"))


def test_pressing_buttons_is_not_annoyance(client: TestClient, alice: Headers) -> None:
    carol = Customer(client, "Carol")
    for _ in range(6):
        (answer,) = carol.says('/answer{"article": "warranty"}')
    conversation = f"/api/v1/conversations/{answer['custom']['conversation_id']}"
    assert client.get(conversation, headers=alice).json()["frustration"] == 0


def test_after_a_hand_back_the_slate_is_clean(client: TestClient, alice: Headers) -> None:
    carol = Customer(client, "Carol")
    replies = carol.says("you useless idiots, worst service ever, I am furious, never again!!")
    assert kinds(replies) == ["handoff"]
    conversation = f"/api/v1/conversations/{replies[0]['custom']['conversation_id']}"
    for act in ("claim", "handback"):
        client.post(f"{conversation}/{act}", headers=alice)
    assert kinds(carol.says("thanks")) == ["smalltalk"]
    assert client.get(conversation, headers=alice).json()["frustration"] == 0
