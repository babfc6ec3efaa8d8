"""Forms that are left for another, gone back to, ended early, or led by a validation action."""

from pathlib import Path

import pytest

from bot.action_runner.ran import Ran
from bot.dialogue.dialogue import Dialogue
from bot.turn import JSON, Entity, Understanding
from tests.fakes.dialogue import Talk, heard, texts, training_of

PROJECT = """\
version: "3.1"
intents: [book, address, stop, inform, weather, help]
entities: [city]
slots:
  from_city:
    type: text
    mappings: [{type: from_entity, entity: city, role: from}]
  to_city:
    type: text
    mappings:
    - {type: from_entity, entity: city, role: to}
    - type: from_entity
      entity: city
      conditions: [{active_loop: trip_form, requested_slot: to_city}]
  luggage:
    type: text
    mappings: [{type: from_text, conditions: [{active_loop: trip_form, requested_slot: luggage}]}]
  street:
    type: text
    mappings:
    - type: from_text
      conditions: [{active_loop: address_form, requested_slot: street}]
forms:
  trip_form: {required_slots: [from_city, to_city, luggage]}
  address_form: {required_slots: [street]}
responses:
  utter_ask_from_city: [{text: "From where?"}]
  utter_ask_to_city: [{text: "Where to?"}]
  utter_ask_address_form_street: [{text: "Which street?"}]
  utter_moved: [{text: Noted.}]
  utter_trip: [{text: "{from_city} to {to_city} with {luggage}."}]
  utter_stopped: [{text: Stopped.}]
  utter_rain: [{text: Rain.}]
  utter_help: [{text: We help.}]
  utter_who: [{text: "With what?"}]
actions: [action_ask_trip_form_luggage, validate_trip_form]
rules:
- {rule: trip, steps: [{intent: book}, {action: trip_form}, {active_loop: trip_form}]}
- rule: trip over
  condition: [active_loop: trip_form]
  steps: [{action: trip_form}, {active_loop: null}, {action: utter_trip}]
- {rule: move, steps: [{intent: address}, {action: address_form}, {active_loop: address_form}]}
- rule: moved
  condition: [active_loop: address_form]
  steps: [{action: address_form}, {active_loop: null}, {action: utter_moved}]
- rule: stop
  condition: [active_loop: trip_form]
  steps:
  - {intent: stop}
  - {action: action_deactivate_loop}
  - {active_loop: null}
  - {action: utter_stopped}
- {rule: weather, steps: [{intent: weather}, {action: utter_rain}]}
stories:
- story: help
  steps: [{intent: help}, {action: utter_help}, {action: utter_who}, {intent: inform}]
"""


class Railway:
    """Validates trips: there are no trains to Atlantis, and none without luggage to Rome."""

    def run(self, name: str, tracker: JSON) -> Ran:
        if name.startswith("action_ask"):
            return Ran((), ({"text": "What will you bring?"},))
        newest = tracker["events"][-1]
        if newest == {"event": "slot", "name": "to_city", "value": "Atlantis"}:
            return Ran(({**newest, "value": None},), ({"text": "It sank."},))
        if newest == {"event": "slot", "name": "to_city", "value": "Rome"}:
            light = {"event": "slot", "name": "luggage", "value": "nothing"}
            return Ran((newest, light), ())
        return Ran((newest,) if newest["event"] == "slot" else (), ())


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(Dialogue(training_of(tmp_path, PROJECT), Railway()))


def city(name: str, role: str | None = None, intent: str = "inform") -> Understanding:
    return Understanding(name, intent, 1.0, (), (Entity("city", name, 0, 1, "test", role=role),))


def test_a_role_says_which_slot_is_filled(talk: Talk) -> None:
    assert texts(talk.step(city("Hull", "from", "book"))) == ["Where to?"]
    assert talk.state.slots["from_city"] == "Hull"
    assert talk.state.slots["to_city"] is None


def test_without_a_role_the_slot_that_was_asked_for_is_filled(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    assert texts(talk.step(city("York"))) == ["What will you bring?"]
    assert talk.says("inform", "two bags") == ["Hull to York with two bags."]


def test_a_validation_may_say_something_and_have_it_asked_again(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    assert texts(talk.step(city("Atlantis"))) == ["It sank.", "Where to?"]


def test_a_validation_may_fill_more_than_was_asked(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    assert texts(talk.step(city("Rome"))) == ["Hull to Rome with nothing."]
    assert talk.state.active_loop is None


def test_a_form_is_left_for_another(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    assert talk.says("address") == ["Which street?"]
    assert talk.state.active_loop == "address_form"
    assert talk.says("inform", "High Street") == ["Noted."]
    assert talk.state.slots["street"] == "High Street"


def test_a_form_that_was_left_goes_on_with_what_it_knew(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    talk.says("address")
    talk.says("inform", "High Street")
    assert talk.says("book") == ["Where to?"]
    assert talk.state.slots["from_city"] == "Hull"


def test_a_rule_ends_a_form_early(talk: Talk) -> None:
    talk.says("book")
    step = talk.step(heard("stop"))
    assert (texts(step), step.outcome) == (["Stopped."], "cancelled")
    assert talk.state.active_loop is None
    assert talk.state.requested_slot is None
    assert talk.says("weather") == ["Rain."]


def test_a_word_in_between_comes_back_to_the_question(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    assert talk.says("weather") == ["Rain.", "Where to?"]
    assert texts(talk.step(city("York"))) == ["What will you bring?"]


def test_a_story_that_begins_in_a_form_goes_on_beyond_its_first_action(talk: Talk) -> None:
    talk.step(city("Hull", "from", "book"))
    course = talk.dialogue.hear(talk.state, heard("help"))
    assert texts(course.go_elsewhere())[:2] == ["We help.", "With what?"]
