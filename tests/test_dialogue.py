"""Rules and forms: begun, filled, corrected, interrupted, left, failed; and responses said."""

import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path

import pytest

from bot.action_runner.ran import Ran
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.responses import UnknownResponseError
from bot.dialogue.state import DialogueState, Step
from bot.training import Training, read_training
from bot.turn import JSON, Entity, Kind, Understanding
from tests.fakes.dialogue import advance

INTENTS = ("book", "affirm", "deny", "thank", "weather", "cancel_flow", "circle", "chain", "vague")
TABLE = """\
version: "3.1"
intents: [book, affirm, deny, thank, weather, cancel_flow, circle, chain, vague]
entities: [guests, town]
slots:
  guests:
    type: text
    mappings:
      - type: from_entity
        entity: guests
      - type: from_text
        not_intent: weather
        conditions:
          - active_loop: table_form
            requested_slot: guests
  outside:
    type: bool
    mappings:
      - type: from_intent
        intent: affirm
        value: true
        conditions: &asked_outside
          - active_loop: table_form
            requested_slot: outside
      - type: from_intent
        intent: deny
        value: false
        conditions: *asked_outside
  towns:
    type: list
    mappings:
      - type: from_entity
        entity: town
  source:
    type: text
    mappings:
      - type: from_trigger_intent
        intent: book
        value: asked
        conditions:
          - active_loop: table_form
  free:
    type: bool
    mappings:
      - type: custom
forms:
  table_form:
    required_slots: [guests, outside]
    ignored_intents: [vague]
responses:
  utter_ask_guests:
    - text: How many?
    - text: For how many people?
  utter_ask_table_form_outside:
    - text: Outside?
  utter_invalid_guests:
    - text: A number please.
    - text: Just a number please.
  utter_thank:
    - text: You're welcome.
  utter_weather:
    - text: Rain.
  utter_booked:
    - text: Booked for {guests}.
  utter_full:
    - text: We're full.
  utter_chained:
    - text: And then.
  utter_where:
    - text: In {town}.
    - text: Come to {town}.
    - text: In the yard.
      condition:
        - type: slot
          name: outside
          value: true
    - text: Card
      channel: slack
actions: [validate_table_form, action_book, action_again]
rules:
  - rule: Begin
    steps:
      - intent: book
      - action: table_form
      - active_loop: table_form
  - rule: Submit
    condition:
      - active_loop: table_form
    steps:
      - action: table_form
      - active_loop: null
      - action: action_book
  - rule: There was a table
    condition:
      - active_loop: table_form
    steps:
      - action: table_form
      - active_loop: null
      - action: action_book
      - slot_was_set:
          - free: true
      - action: utter_booked
  - rule: There was none
    condition:
      - active_loop: table_form
    steps:
      - action: table_form
      - active_loop: null
      - action: action_book
      - slot_was_set:
          - free: false
      - action: utter_full
  - rule: Thanks
    steps:
      - intent: thank
      - action: utter_thank
  - rule: Weather, in the form only
    condition:
      - active_loop: table_form
    steps:
      - intent: weather
      - action: utter_weather
  - rule: A circle
    steps:
      - intent: circle
      - action: action_again
  - rule: First half
    wait_for_user_input: false
    steps:
      - intent: chain
      - action: utter_thank
  - rule: Second half
    steps:
      - action: utter_thank
      - action: utter_chained
"""


class Kitchen:
    """Stands in for the action server: tables for up to eight."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def run(self, name: str, tracker: JSON) -> Ran:
        self.calls.append(name)
        if name == "action_again":
            return Ran(({"event": "followup", "name": "action_again"},), ())
        if name == "action_book":
            if tracker["slots"]["guests"] == "0":
                raise RuntimeError("nobody comes: secret words of the customer")
            free = int(tracker["slots"]["guests"]) <= 8
            return Ran(({"event": "slot", "name": "free", "value": free},), ())
        newest = takewhile(lambda event: event["event"] == "slot", reversed(tracker["events"]))
        return Ran(tuple(event | {"value": self._valid(event)} for event in newest), ())

    def _valid(self, event: JSON) -> object:
        value = event["value"]
        return value if event["name"] != "guests" or str(value).isdigit() else None


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Training:
    folder = tmp_path_factory.mktemp("table")
    (folder / "all.yml").write_text(TABLE)
    (folder / "nlu.yml").write_text(
        "nlu:\n" + "".join(f"- intent: {name}\n  examples: [{name}]\n" for name in INTENTS)
    )
    return read_training(folder)


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def dialogue(table: Training, kitchen: Kitchen) -> Dialogue:
    return Dialogue(table, kitchen)


def heard(intent: str, text: str = "", confidence: float = 1.0, **entities: str) -> Understanding:
    found = tuple(Entity(name, value, 0, 1, "test") for name, value in entities.items())
    return Understanding(text or intent, intent, confidence, (), found)


Talk = Callable[..., Step]


@pytest.fixture
def talk(dialogue: Dialogue) -> Talk:
    """Say these lines one after the other; the state goes through JSON between them."""

    def say(*lines: Understanding) -> Step:
        state = DialogueState()
        for line in lines:
            step = advance(dialogue, state, line)
            state = DialogueState(**json.loads(json.dumps(asdict(step.state))))
        return step

    return say


def texts(step: Step) -> list[str]:
    return [reply.text for reply in step.replies]


def test_only_flows_are_started(dialogue: Dialogue) -> None:
    assert dialogue.starts("book")
    assert dialogue.starts("circle")
    assert not dialogue.starts("thank")  # small talk
    assert not dialogue.starts("weather")  # only within the form
    assert not dialogue.starts("never_heard_of")


def test_a_form_asks_until_all_is_there(talk: Talk) -> None:
    assert texts(talk(heard("book"))) == ["How many?"]
    step = talk(heard("book"), heard("x", "4"))
    assert (texts(step), step.outcome) == (["Outside?"], "listening")
    step = talk(heard("book"), heard("x", "4"), heard("deny"))
    assert (texts(step), step.outcome) == (["Booked for 4."], "done")
    assert step.state.slots["outside"] is False
    assert step.state.slots["source"] == "asked"
    assert step.state.active_loop is None


def test_rules_branch_on_slots(talk: Talk) -> None:
    assert texts(talk(heard("book", guests="9"), heard("affirm"))) == ["We're full."]


def test_the_opening_message_fills_slots(talk: Talk) -> None:
    assert texts(talk(heard("book", guests="2"))) == ["Outside?"]


def test_what_the_opening_message_gives_is_validated_too(talk: Talk) -> None:
    step = talk(heard("book", guests="dozens"))
    assert step.state.slots["guests"] is None
    assert texts(step) == ["How many?"]


def test_a_rule_for_a_form_holds_nowhere_else(talk: Talk) -> None:
    assert talk(heard("weather")).replies == ()


def test_a_value_that_was_given_can_be_corrected(talk: Talk, dialogue: Dialogue) -> None:
    opened = talk(heard("book", guests="2"))
    correction = heard("x", "no, three", guests="3")
    assert dialogue.hear(opened.state, correction).fills
    step = advance(dialogue, opened.state, correction)
    assert step.state.slots["guests"] == "3"
    assert step.state.failures == 0
    assert texts(step) == ["Outside?"]


def test_text_fills_only_the_slot_that_was_asked_for(talk: Talk) -> None:
    step = talk(heard("book", guests="2"), heard("x", "7"))
    assert step.state.slots["guests"] == "2"


def test_list_slots_take_every_value_others_the_last(talk: Talk, dialogue: Dialogue) -> None:
    towns = (Entity("town", "Hull", 0, 1, ""), Entity("town", "York", 2, 3, ""))
    guests = (Entity("guests", "2", 0, 1, ""), Entity("guests", "3", 2, 3, ""))
    step = talk(Understanding("", "book", 1.0, (), towns + guests))
    assert step.state.slots["towns"] == ["Hull", "York"]
    assert step.state.slots["guests"] == "3"


def test_a_button_is_an_entity_and_sets_no_other_slot(talk: Talk) -> None:
    pressed = Understanding("", "book", 1.0, slots={"guests": "5", "free": True, "outside": True})
    step = talk(pressed)
    assert step.state.slots["guests"] == "5"
    assert step.state.slots["free"] is None
    assert step.state.slots["outside"] is None


def test_a_message_that_fills_is_known_before_it_is_taken(talk: Talk, dialogue: Dialogue) -> None:
    opened = talk(heard("book")).state
    assert dialogue.hear(opened, heard("x", "12")).fills
    assert not dialogue.hear(opened, heard("x", "dozens")).fills  # invalid
    assert not dialogue.hear(opened, heard("weather", "12")).fills  # not_intent
    assert not dialogue.hear(DialogueState(), heard("x", "12")).fills
    assert opened.slots["guests"] is None


def test_three_invalid_answers_fail(talk: Talk) -> None:
    lines = [heard("book"), *[heard("weather", "?", confidence=0.2)] * 3]
    assert texts(talk(*lines[:2])) == ["A number please."]
    assert texts(talk(*lines[:3])) == ["Just a number please."]
    step = talk(*lines)
    assert (step.outcome, step.replies) == ("failed", ())
    assert step.state.active_loop is None


def test_invalid_values_are_asked_for_again_in_other_words(talk: Talk) -> None:
    step = talk(heard("book"), heard("x", "dozens"))
    assert texts(step) == ["For how many people?"]
    assert step.state.failures == 1
    assert talk(heard("book"), *[heard("x", "dozens")] * 3).outcome == "failed"


def test_a_good_answer_forgives_the_bad_ones(talk: Talk) -> None:
    bad = heard("x", "dozens")
    assert talk(heard("book"), bad, bad, heard("x", "4")).state.failures == 0


def test_a_few_words_in_between_are_answered(talk: Talk) -> None:
    assert texts(talk(heard("book"), heard("weather"))) == ["Rain."]  # a rule of the form's own
    assert texts(talk(heard("book"), heard("weather"), heard("x", "4"))) == ["Outside?"]
    step = talk(heard("book", guests="2"), heard("thank"))
    assert texts(step) == ["You're welcome.", "Outside?"]
    assert step.outcome == "listening"


def test_ignored_intents_fill_nothing(talk: Talk) -> None:
    assert talk(heard("book"), heard("vague", "4")).state.slots["guests"] is None


def test_the_question_can_be_asked_again(talk: Talk, dialogue: Dialogue) -> None:
    prompt = dialogue.hear(talk(heard("book", guests="2")).state, heard("x", "?")).question()
    assert prompt
    assert prompt.text == "Outside?"
    assert dialogue.hear(DialogueState(), heard("x", "?")).question() is None


def test_a_form_can_be_left_though_no_rule_says_how(talk: Talk, dialogue: Dialogue) -> None:
    step = dialogue.hear(talk(heard("book")).state, heard("cancel_flow")).leave_form()
    assert (step.outcome, step.replies) == ("done", ())
    assert step.state.active_loop is None


def test_a_circle_of_actions_is_broken(talk: Talk, kitchen: Kitchen) -> None:
    assert talk(heard("circle")).outcome == "failed"
    assert kitchen.calls == ["action_again"] * 10


def test_rules_that_do_not_wait_go_on(talk: Talk) -> None:
    assert texts(talk(heard("chain"))) == ["You're welcome.", "And then."]


def test_an_action_that_raises_fails_without_the_customers_words(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    step = talk(heard("book", guests="0"), heard("deny"))
    assert step.outcome == "failed"
    printed = capsys.readouterr().out
    assert "action_book raised RuntimeError" in printed
    assert "secret" not in printed


def test_responses_are_chosen_and_filled_in(dialogue: Dialogue) -> None:
    assert dialogue.respond("utter_where", {"town": "Hull"}).text == "In Hull."
    assert dialogue.respond("utter_where", {"town": "Hull"}, 1).text == "Come to Hull."
    assert dialogue.respond("utter_where", {}, 2, town="York").text == "In York."
    assert dialogue.respond("utter_where", {"outside": True}, 5).text == "In the yard."
    assert dialogue.respond("utter_where", {}).text == "In {town}."
    with pytest.raises(UnknownResponseError, match="utter_what"):
        dialogue.respond("utter_what", {})


def test_small_talk_of_the_demo_is_marked_as_such() -> None:
    demo = read_training(Path(__file__).parent.parent / "training_data")
    dialogue = Dialogue(demo, Kitchen())
    assert dialogue.respond("utter_greet", {}).kind == Kind.SMALLTALK
    notice = dialogue.respond("utter_handoff_queued", {}, ticket="FL-120934", position=2)
    assert notice.kind == Kind.HANDOFF
    assert "FL-120934" in notice.text
    assert "number 2" in notice.text
