"""Rasa's two-stage fallback: "did you mean ...?", then other words, then a person."""

from pathlib import Path

import pytest

from bot.dialogue.dialogue import Dialogue
from bot.dialogue.state import Step
from bot.turn import Understanding
from tests.fakes.dialogue import SURE, Nothing, Talk, heard, texts, training_of

PROJECT = """\
version: "3.1"
intents: [opening_hours, greet]
responses:
  utter_hours: [{text: Nine to five.}]
  utter_ask_rephrase: [{text: "In other words?"}]
  utter_default: [{text: I give up.}]
rules:
- rule: Not understood
  steps:
  - {intent: nlu_fallback}
  - {action: action_two_stage_fallback}
  - {active_loop: action_two_stage_fallback}
- {rule: Hours, steps: [{intent: opening_hours}, {action: utter_hours}]}
"""
MUMBLED = Understanding("hm hm", "opening_hours", 0.2, (("opening_hours", 0.2), ("greet", 0.1)))


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(Dialogue(training_of(tmp_path, PROJECT), Nothing()))


def mumbles(talk: Talk) -> Step:
    """Say something that isn't understood, as the engine hears it."""
    course = talk.dialogue.hear(talk.state, MUMBLED, intent="nlu_fallback")
    step = course.follow(MUMBLED.confidence >= SURE)
    talk.state = step.state
    return step


def test_what_was_likely_meant_is_offered(talk: Talk) -> None:
    [offer] = mumbles(talk).replies
    assert offer.text == "Did you mean 'opening hours'?"
    assert [(each.title, each.payload) for each in offer.buttons] == [
        ("Yes", "/opening_hours"),
        ("No", "/out_of_scope"),
    ]


def test_what_is_affirmed_is_answered(talk: Talk) -> None:
    mumbles(talk)
    assert talk.says("opening_hours") == ["Nine to five."]
    assert talk.state.active_loop is None


def test_what_is_denied_is_asked_for_in_other_words(talk: Talk) -> None:
    mumbles(talk)
    assert talk.says("out_of_scope") == ["In other words?"]
    assert talk.says("opening_hours") == ["Nine to five."]


def test_after_other_words_it_is_offered_once_more_then_given_up(talk: Talk) -> None:
    mumbles(talk)
    talk.says("out_of_scope")
    assert texts(mumbles(talk)) == ["Did you mean 'opening hours'?"]
    step = talk.step(heard("out_of_scope"))
    assert (texts(step), step.outcome) == (["I give up."], "gave_up")
    assert talk.state.active_loop is None


def test_who_mumbles_on_is_given_up_at_once(talk: Talk) -> None:
    mumbles(talk)
    step = mumbles(talk)
    assert (texts(step), step.outcome) == (["I give up."], "gave_up")


def test_afterwards_it_begins_anew(talk: Talk) -> None:
    mumbles(talk)
    mumbles(talk)
    assert texts(mumbles(talk)) == ["Did you mean 'opening hours'?"]
