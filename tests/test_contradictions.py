"""Rules and stories that can't both be meant are named with file and line before they serve."""

from pathlib import Path

import pytest

from bot.dialogue.checks import contradictions, long_rules
from tests.fakes.dialogue import training_of

DOMAIN = """\
version: "3.1"
intents: [greet, buy, deny]
slots:
  size: {type: text, mappings: [{type: from_text}]}
forms:
  size_form: {required_slots: [size]}
responses:
  utter_hello: [{text: Hello.}]
  utter_bye: [{text: Bye.}]
  utter_ask_size: [{text: "What size?"}]
  utter_done: [{text: Done.}]
"""
LINES = DOMAIN.count("\n")


def found(folder: Path, told: str) -> list[tuple[int, str]]:
    """Line of the part that was told, and what is said of it."""
    training = training_of(folder, DOMAIN + told)
    named = contradictions(training.rules, training.stories, training.domain)
    assert {each.path.name for each in named} <= {"all.yml"}
    return [(each.line - LINES, each.message) for each in named]


def test_two_rules_with_two_answers(tmp_path: Path) -> None:
    told = """\
rules:
- rule: hello
  steps:
  - intent: greet
  - action: utter_hello
- rule: bye
  steps:
  - intent: greet
  - action: utter_bye
"""
    [(line, message)] = found(tmp_path, told)
    assert line in (5, 9)
    assert "utter_hello" in message
    assert "utter_bye" in message
    assert f'"hello" (all.yml:{LINES + 2})' in message or f'"bye" (all.yml:{LINES + 6})' in message


def test_a_story_with_another_answer_than_a_rule(tmp_path: Path) -> None:
    told = """\
rules:
- rule: hello
  steps:
  - intent: greet
  - action: utter_hello
stories:
- story: rude
  steps:
  - intent: greet
  - action: utter_bye
"""
    [(line, message)] = found(tmp_path, told)
    assert line == 10
    assert message.startswith('story "rude" has utter_bye come here, but the rule "hello"')
    assert message.endswith("has utter_hello; change one of them")


def test_an_answer_that_a_rule_does_not_wait_after(tmp_path: Path) -> None:
    told = """\
rules:
- rule: hello
  steps:
  - intent: greet
  - action: utter_hello
- rule: hello and more
  steps:
  - intent: greet
  - action: utter_hello
  - action: utter_bye
"""
    assert any("a wait for the customer" in message for _, message in found(tmp_path, told))


@pytest.mark.parametrize(
    "told",
    [
        # a condition tells them apart
        """\
rules:
- {rule: a, steps: [{intent: greet}, {action: utter_hello}]}
- rule: b
  condition: [slot_was_set: [size: big]]
  steps: [{intent: greet}, {action: utter_bye}]
""",
        # only at the beginning
        """\
rules:
- {rule: a, conversation_start: true, steps: [{intent: greet}, {action: utter_hello}]}
- {rule: b, steps: [{intent: greet}, {action: utter_bye}]}
""",
        # a story that says the same as a rule, and goes on
        """\
rules:
- {rule: a, steps: [{intent: greet}, {action: utter_hello}]}
stories:
- story: b
  steps: [{intent: greet}, {action: utter_hello}, {intent: deny}, {action: utter_bye}]
""",
        # a form that is left for something else, and ends
        """\
rules:
- {rule: a, steps: [{intent: buy}, {action: size_form}, {active_loop: size_form}]}
- rule: b
  condition: [active_loop: size_form]
  steps:
  - action: size_form
  - active_loop: null
  - slot_was_set: [requested_slot: null]
  - action: utter_done
stories:
- story: c
  steps:
  - {intent: buy}
  - {action: size_form}
  - {active_loop: size_form}
  - {intent: deny}
  - {action: utter_hello}
  - {action: size_form}
  - {active_loop: null}
  - {action: utter_done}
""",
    ],
)
def test_what_can_both_be_meant_is_no_contradiction(tmp_path: Path, told: str) -> None:
    assert found(tmp_path, told) == []


def test_a_rule_of_several_messages_should_be_a_story(tmp_path: Path) -> None:
    told = """\
rules:
- {rule: short, steps: [{intent: greet}, {action: utter_hello}]}
- {rule: long, steps: [{intent: greet}, {action: utter_hello}, {intent: deny}, {action: utter_bye}]}
"""
    training = training_of(tmp_path, DOMAIN + told)
    [named] = long_rules(training.rules, training.domain)
    assert 'rule "long"' in named.message
    assert "make it a story" in named.message
