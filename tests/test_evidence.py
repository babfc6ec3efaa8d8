"""Each line of the bot keeps why it was said: what was understood and found, and what decided."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.engine import Engine
from bot.settings import load_settings
from bot.trained import load_engine, open_knowledge
from bot.turn import JSON
from handoff.console.evidence import explain
from tests.fakes.people import Customer

GERMAN = "Wo ist meine Bestellung? Ich warte seit zwei Wochen darauf."
RESET = "How do I factory reset the hub?"
MOST_BYTES = 4000  # of evidence with each line of the bot


def open_bot(data: Path) -> Engine:
    settings = load_settings(data)
    return load_engine(settings, open_knowledge(settings))


def why(data: Path, *lines: str) -> JSON:
    """The evidence of the bot's turn after the last of the lines."""
    bot, desk = open_bot(data), load_settings(data).desk("customers")
    memory: JSON = {}
    evidence: JSON = {}
    for line in lines:
        turn = bot.respond(line, None, memory, desk, "1")
        memory, evidence = turn.memory, turn.evidence
    return evidence


def test_an_answer_says_what_was_understood_found_and_needed(data: Path) -> None:
    evidence = why(data, RESET)
    assert evidence["act"] == "answer"
    assert evidence["reason"] == "confidence_over_threshold"
    assert evidence["intent"]["confidence"] <= evidence["in_scope"] <= 1
    best, second = evidence["hits"][:2]
    assert best["article_id"] == "hub-factory-reset"
    assert {"score", "dense", "lexical", "question"} <= best.keys()
    article, thresholds = evidence["article"], evidence["thresholds"]
    assert article["confidence"] >= thresholds["answer"]
    assert article["lead"] == pytest.approx(best["score"] - second["score"], abs=0.001)
    assert article["lead"] >= thresholds["margin"]
    assert thresholds["answer_by"] == "risk"
    assert thresholds["max_wrong_answers"] == 0.02


def test_a_follow_up_says_what_it_was_read_with(data: Path) -> None:
    assert why(data, RESET, "and how long does that take?")["article"]["follows"]
    assert not why(data, RESET, "Do you deliver to Ireland?")["article"]["follows"]


def test_several_questions_are_told_one_by_one(data: Path) -> None:
    both = why(data, "How do I factory reset the hub? Also, how do I return a gift?")
    first, second = both["questions"]
    assert first["question"] == RESET
    assert first["title"].endswith("factory settings?")
    assert second["article_id"] == "return-a-gift"


def test_a_margin_that_nothing_reaches_turns_answers_into_choices(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_POLICY__MARGIN", "0.95")
    evidence = why(data, RESET)
    assert (evidence["act"], evidence["reason"]) == ("choose", "articles_too_close")
    assert why(data, RESET, RESET)["act"] != "choose"


def test_a_threshold_that_the_settings_fix_is_said_to_be_so(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_POLICY__ANSWER", "0.5")
    thresholds = why(data, RESET)["thresholds"]
    assert (thresholds["answer"], thresholds["answer_by"]) == (0.5, "setting")


@pytest.mark.parametrize(
    "line",
    [RESET, "hi", GERMAN, "you are useless, you stupid bot!!", "I want to return a lamp", ""],
)
def test_all_of_it_is_small_and_can_be_shown(data: Path, line: str) -> None:
    evidence = json.loads(json.dumps(why(data, line)))
    assert len(json.dumps(evidence)) < MOST_BYTES
    told = explain(evidence)
    assert told
    assert told.reason
    assert told.decision
    assert told.patience
    assert {name for name, _ in told.rest} <= {"actions", "story"}


def test_an_agent_gets_it_with_each_line_and_the_customer_does_not(
    client: TestClient, alice: dict[str, str]
) -> None:
    (answer,) = Customer(client, "Carol").says(RESET)
    assert "evidence" not in json.dumps(answer)
    url = f"/api/v1/conversations/{answer['custom']['conversation_id']}"
    lines: list[dict[str, Any]] = client.get(url, headers=alice).json()["messages"]
    evidence = next(line["evidence"] for line in lines if line["author"] == "bot")
    assert evidence["article"]["confidence"] >= evidence["thresholds"]["answer"]
