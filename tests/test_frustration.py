"""Frustration: patience runs out for reasons that can be named, and comes back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bot.cues import heated_words
from bot.frustration import EVENTS, Frustration, Line, Spoken, follow, judge
from bot.graded_lines import read_graded_lines
from bot.grader import Grader, Sound
from bot.marked_yaml import TrainingError
from bot.memory import Memory
from bot.settings import load_settings
from bot.trained import load_frustration
from kb_index.encoder import Encoder
from tests.fakes.people import Customer, Replies, transcript

Headers = dict[str, str]
THRESHOLD = 0.7
shares = st.floats(0, 1)
events = st.lists(st.sampled_from(sorted(EVENTS)), max_size=3, unique=True)


def kinds(replies: Replies) -> list[str]:
    return [reply["custom"]["kind"] for reply in replies]


def line(text: str, *numbers: float) -> Line:
    vector = np.array(numbers or (1.0, 0.0), np.float32)
    return Line(text, vector / np.linalg.norm(vector))


def judged(grade: float, text: str = "", before: float = 0.0, *happened: str) -> Frustration:
    return judge(Sound(grade), line(text), (), before, happened)


@pytest.fixture(scope="module")
def grader(prepared: Path) -> Grader:
    return load_frustration(load_settings(prepared))


@pytest.fixture(scope="module")
def reading(grader: Grader, encoder: Encoder) -> Any:
    """Scores after each customer line of a transcript; "bot: ..." is the bot speaking."""

    def read(*lines: str) -> list[Frustration]:
        turns = [
            Spoken("bot", each[5:]) if each.startswith("bot: ") else Spoken("customer", each)
            for each in lines
        ]
        return [score for _, score in follow(turns, grader, encoder.encode)]

    return read


@given(grade=shares, before=shares, happened=events, text=st.text(max_size=80))
def test_scores_stay_between_0_and_1_and_events_only_raise_them(
    grade: float, before: float, happened: list[str], text: str
) -> None:
    with_events = judged(grade, text, before, *happened)
    without = judged(grade, text, before)
    for score in (with_events.turn, with_events.conversation):
        assert 0 <= score <= 1
    assert with_events.turn >= without.turn
    assert with_events.conversation >= without.conversation
    assert with_events.conversation >= with_events.turn
    assert set(happened) <= set(with_events.evidence)


@given(before=shares)
def test_anger_cools_when_things_go_well(before: float) -> None:
    after = judged(0.0, "thanks", before).conversation
    assert after <= before
    for _ in range(12):
        after = judged(0.0, "thanks", after).conversation
    assert after < 0.01


@given(grades=st.lists(st.floats(0, 0.25), max_size=60))
def test_a_calm_conversation_never_adds_up_to_lost_patience(grades: list[float]) -> None:
    score = 0.0
    for grade in grades:
        score = judged(grade, "", score).conversation
    assert score <= 0.25


@given(before=shares, sign=st.sampled_from(["abuse", "self_harm"]), grade=shares)
def test_an_alarm_needs_no_history(before: float, sign: str, grade: float) -> None:
    alarmed = judge(Sound(grade, (sign,)), line("..."), (), before)
    assert alarmed.alarm == sign
    assert alarmed.conversation == 1


@pytest.mark.parametrize(
    ("said", "numbers", "event"),
    [
        ("Please, where is my parcel", (0.0, 1.0), "repeat"),
        ("has my order been sent yet", (0.9, 0.1), "rephrase"),
        ("my hub is offline since today", (0.1, 0.9), None),
        ("yes", (1.0, 0.0), None),
    ],
)
def test_saying_it_again_counts_however_it_is_put(
    said: str, numbers: tuple[float, ...], event: str | None
) -> None:
    before = line("where is my parcel please", 1.0, 0.0)
    evidence = judge(Sound(0.1), line(said, *numbers), [before], 0.0).evidence
    assert set(evidence) & {"repeat", "rephrase"} == ({event} if event else set())


def test_replies_that_grow_short_count_once_patience_is_going() -> None:
    before = line("I have tried to pair the bulb with the hub all evening")
    assert "shorter" in judge(Sound(0.2), line("no"), [before], 0.5).evidence
    assert "shorter" not in judge(Sound(0.2), line("ok"), [before], 0.0).evidence


@given(seed=st.integers(0, 2**32 - 1))
def test_the_memory_keeps_what_lines_meant(seed: int) -> None:
    said = line("hello", *np.random.default_rng(seed).normal(size=384))
    memory = Memory()
    memory.remember(said)
    (kept,) = Memory.load(memory.dump()).lines()
    assert kept.text == said.text
    assert kept.vector @ said.vector > 0.95


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("This is RIDICULOUS, third time now", ("ridiculous", "third time")),
        ("What a FUUUCKING shambles", ("fucking", "shambles")),
        ("WHERE IS MY PARCEL", ("shouting",)),
        ("Where is my LH-204518 parcel?", ()),
        ("PLEASE", ()),
        ("I scrapped the sheet", ()),
    ],
)
def test_the_evidence_names_the_words(text: str, found: tuple[str, ...]) -> None:
    assert heated_words(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "The lamp I bought is broken, can you replace it?",
        "the damn doorbell has gone quiet again, which button resets it",
        "I'm such an idiot, I threw the receipt away",
        "MY ORDER NUMBER IS LH-204518",
        "Never mind, it works now, thanks!",
        "Could I speak to one of your colleagues, please?",
        "bloody hell that was quick, cheers",
        "how do I make a complaint about a courier?",
    ],
)
def test_a_calm_line_stays_calm(reading: Any, text: str) -> None:
    (score,) = reading(text)
    assert score.conversation < THRESHOLD, score
    assert score.alarm is None


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry to say that I'm very disappointed, nobody has answered my three letters.",
        "With respect, this is the third time I explain it and still nothing has happened.",
        "Forget it, I'll take my business elsewhere.",
        "I give up, you clearly can't help me.",
        "this is ridiculous, I have been waiting for weeks and nobody cares",
        "Brilliant, the same useless answer again. Well done.",
        "I want my money back you thieves!!!",
    ],
)
def test_a_line_of_lost_patience_is_enough_however_polite(reading: Any, text: str) -> None:
    (score,) = reading(text)
    assert score.conversation >= THRESHOLD, score


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("you stupid fucking bot", "abuse"),
        ("shut up, you moron", "abuse"),
        ("I will come round and kill you", "abuse"),
        ("send me nudes", "abuse"),
        ("I want to kill myself", "self_harm"),
        ("I can't go on, I'm going to end my life tonight", "self_harm"),
        ("he hits me and I am scared that he will kill me", "self_harm"),
        ("the fucking hub is offline, how do I reset it?", None),
        ("how do I kill the alarm sound?", None),
        ("my battery died", None),
        ("I'd kill for a good doorbell", None),
    ],
)
def test_abuse_and_despair_raise_an_alarm_and_swearing_at_things_none(
    reading: Any, text: str, alarm: str | None
) -> None:
    (score,) = reading(text)
    assert score.alarm == alarm


def test_patience_that_runs_out_is_noticed_before_the_customer_asks_for_a_person(
    reading: Any,
) -> None:
    *scores, _asks = reading(
        "my parcel hasn't come, where is it?",
        "bot: Parcels take three to five days.",
        "it's been nine days. can you check where it is?",
        "bot: Sorry, I didn't get that. Could you put it another way?",
        "where is my parcel?? it is nine days late",
        "bot: Parcels take three to five days.",
        "That's the same answer again. You are not helping.",
        "bot: Did that help?",
        "let me talk to a person",
    )
    assert scores[0].conversation < THRESHOLD
    assert any(score.conversation >= THRESHOLD for score in scores)
    assert "failed_answer" in scores[2].evidence


def test_long_calm_conversations_stay_under_the_threshold(reading: Any) -> None:
    scores = reading(
        "hi, I have a few questions about my order",
        "bot: Go ahead!",
        "when will it arrive?",
        "bot: On Tuesday.",
        "ok. can I change the address?",
        "bot: Yes, until it is packed.",
        "no, I mean the billing address",
        "bot: Sorry, I didn't get that. Could you put it another way?",
        "the address on the invoice",
        "bot: You can change it under Account.",
        "found it. and can I pay by invoice?",
        "bot: Yes.",
        "great, that's all, thank you",
    )
    assert max(score.conversation for score in scores) < THRESHOLD


def test_a_score_falls_again_when_the_answer_helps(reading: Any) -> None:
    annoyed, glad = reading(
        "that is quite annoying, I've already given you my number",
        "bot: Sorry! Hold the button for ten seconds.",
        "oh great, that worked, thank you!",
    )
    assert glad.conversation < annoyed.conversation


def test_the_furious_are_handed_over_with_an_apology_and_before_the_patient(
    client: TestClient, alice: Headers
) -> None:
    Customer(client, "Dave").is_handed_over()
    carol = Customer(client, "Carol")
    replies = carol.says(
        "This is absolutely useless, the third time I ask and still nobody does anything. "
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


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ("fuck off you stupid bot", "abuse", ("calm", "respectful")),
        ("I don't want to live any more", "safety", ("emergency number",)),
    ],
)
def test_abuse_and_despair_bring_a_person_at_once(
    client: TestClient, alice: Headers, said: str, reason: str, words: tuple[str, ...]
) -> None:
    carol = Customer(client, "Carol")
    carol.says("How do I get a refund?")
    replies = carol.says(said)
    assert kinds(replies)[-1] == "handoff"
    assert any(word in replies[0]["text"] for word in words)
    number = replies[0]["custom"]["conversation_id"]
    conversation = client.get(f"/api/v1/conversations/{number}", headers=alice).json()
    assert conversation["ticket"]["reason"] == reason


def test_despair_is_heard_in_the_middle_of_a_form(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    carol.says("I want to return an item")
    replies = carol.says("I am going to kill myself")
    assert "emergency number" in replies[0]["text"]


def test_growing_annoyance_ends_with_a_person(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    for said in (
        "my order still has not arrived, this is really annoying",
        "that is no help at all, I have been waiting for two weeks, ridiculous",
        "this is a joke, I am fed up",
    ):
        if "handoff" in kinds(carol.says(said)):
            return
    raise AssertionError("nobody came")


def test_small_talk_and_calm_questions_never_end_in_an_apology(client: TestClient) -> None:
    carol = Customer(client, "Carol")
    for said in ("hello", "how are you?", "are you a robot?", "ok", "yes", "thanks", "bye"):
        replies = carol.says(said)
        assert "handoff" not in kinds(replies), said
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
    assert client.get(conversation, headers=alice).json()["frustration"] < 0.25


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    file = tmp_path / "frustration.yml"
    file.write_text("frustration:\n  - {grade: 0, sign: rage, lines: [hello]}\n")
    return file


def test_a_sign_that_is_unknown_is_named(graded: Path) -> None:
    with pytest.raises(TrainingError, match="grades 0, 1, 2 and 3"):
        read_graded_lines(graded)
    with graded.open("a") as file:
        for grade in (1, 2, 3):
            file.write(f"  - {{grade: {grade}, lines: [hello]}}\n")
    with pytest.raises(TrainingError, match='"rage" is unknown'):
        read_graded_lines(graded)
