"""Which action comes next by an assistant's rules and stories, as Rasa's documentation has it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.action_runner.ran import Ran
from bot.dialogue.dialogue import Dialogue
from bot.turn import JSON
from tests.fakes.dialogue import Nothing, Talk, training_of

DOMAIN = """\
version: "3.1"
intents: [greet, faq, buy, track, affirm, deny, thank, lamp, chair]
entities: [kind]
slots:
  kind:
    type: categorical
    values: [lamp, chair]
    mappings: [{type: from_entity, entity: kind}]
  vip: {type: bool, mappings: [{type: custom}]}
  note: {type: text, influence_conversation: false, mappings: [{type: custom}]}
responses:
  utter_hello: [{text: Hello.}]
  utter_welcome_back: [{text: Hello again.}]
  utter_faq: [{text: Nine to five.}]
  utter_which: [{text: "Which one?"}]
  utter_lamp: [{text: A lamp it is.}]
  utter_chair: [{text: A chair it is.}]
  utter_sure: [{text: "Are you sure?"}]
  utter_bought: [{text: Bought.}]
  utter_kept: [{text: Then not.}]
  utter_where: [{text: "Where is which?"}]
  utter_on_its_way: [{text: On its way.}]
  utter_vip: [{text: At once.}]
  utter_restart: [{text: From the start.}]
actions: [action_vip]
"""
Assistant = Callable[[str], Talk]


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    """A talk with an assistant of these rules and stories."""
    return lambda told: Talk(Dialogue(training_of(tmp_path, DOMAIN + told), Vip()))


class Vip(Nothing):
    def run(self, name: str, tracker: JSON) -> Ran:
        return Ran(({"event": "slot", "name": "vip", "value": True},), ())


def test_a_rule_for_the_beginning_holds_only_there(assistant: Assistant) -> None:
    talk = assistant("""
rules:
- {rule: first, conversation_start: true, steps: [{intent: greet}, {action: utter_hello}]}
- {rule: later, steps: [{intent: greet}, {action: utter_welcome_back}]}
- {rule: faq, steps: [{intent: faq}, {action: utter_faq}]}
""")
    assert talk.says("greet") == ["Hello."]
    assert talk.says("faq") == ["Nine to five."]
    assert talk.says("greet") == ["Hello again."]


def test_a_rule_holds_where_its_slots_are_so(assistant: Assistant) -> None:
    talk = assistant("""
rules:
- {rule: vip, condition: [slot_was_set: [vip: true]], steps: [{intent: buy}, {action: utter_vip}]}
- rule: not yet
  condition: [slot_was_set: [vip: null]]
  steps: [{intent: buy}, {action: utter_which}]
- {rule: become, steps: [{intent: affirm}, {action: action_vip}]}
""")
    assert talk.says("buy") == ["Which one?"]
    talk.says("affirm")
    assert talk.says("buy") == ["At once."]


def test_the_rule_that_asks_for_most_wins(assistant: Assistant) -> None:
    talk = assistant("""
rules:
- {rule: any, steps: [{intent: buy}, {action: utter_which}]}
- rule: lamp
  steps: [{intent: buy, entities: [kind]}, {slot_was_set: [kind: lamp]}, {action: utter_lamp}]
""")
    assert talk.says("buy") == ["Which one?"]
    assert talk.says("buy", kind="lamp") == ["A lamp it is."]


def test_either_of_two_messages_begins_a_rule(assistant: Assistant) -> None:
    talk = assistant("""
rules:
- {rule: both, steps: [{or: [{intent: affirm}, {intent: thank}]}, {action: utter_hello}]}
""")
    assert talk.says("affirm") == ["Hello."]
    assert talk.says("thank") == ["Hello."]
    assert talk.says("deny") == []


SHOP = """
stories:
- story: buys
  steps:
  - {intent: buy}
  - {action: utter_which}
  - {checkpoint: chosen}
- story: a lamp
  steps:
  - {checkpoint: chosen}
  - {intent: lamp}
  - {action: utter_lamp}
  - {action: utter_sure}
  - {checkpoint: sure}
- story: a chair
  steps:
  - {checkpoint: chosen}
  - {intent: chair}
  - {action: utter_chair}
  - {checkpoint: sure}
- story: yes
  steps: [{checkpoint: sure}, {or: [{intent: affirm}, {intent: thank}]}, {action: utter_bought}]
- story: no
  steps: [{checkpoint: sure}, {intent: deny}, {action: utter_kept}]
- story: tracks
  steps:
  - {intent: track}
  - {action: utter_where}
  - {intent: lamp}
  - {action: utter_on_its_way}
rules:
- {rule: faq, steps: [{intent: faq}, {action: utter_faq}]}
"""


def test_stories_go_on_over_their_checkpoints(assistant: Assistant) -> None:
    talk = assistant(SHOP)
    assert talk.says("buy") == ["Which one?"]
    assert talk.says("lamp") == ["A lamp it is.", "Are you sure?"]
    assert talk.says("thank") == ["Bought."]


def test_the_same_message_leads_on_in_the_story_that_was_begun(assistant: Assistant) -> None:
    bought, tracked = assistant(SHOP), assistant(SHOP)
    bought.says("buy")
    assert bought.says("lamp") == ["A lamp it is.", "Are you sure?"]
    tracked.says("track")
    assert tracked.says("lamp") == ["On its way."]


def test_the_longest_history_decides(assistant: Assistant) -> None:
    """Two stories that end alike: what was said before tells them apart."""
    told = """
stories:
- story: buys the lamp
  steps:
  - {intent: buy}
  - {action: utter_sure}
  - {intent: affirm}
  - {action: utter_bought}
- story: tracks the lamp
  steps:
  - {intent: track}
  - {action: utter_sure}
  - {intent: affirm}
  - {action: utter_on_its_way}
"""
    talk = assistant(told)
    talk.says("buy")
    assert talk.says("affirm") == ["Bought."]
    talk.says("track")
    assert talk.says("affirm") == ["On its way."]


def test_a_rule_in_between_does_not_disturb_a_story(assistant: Assistant) -> None:
    talk = assistant(SHOP)
    talk.says("buy")
    assert talk.says("faq") == ["Nine to five."]
    assert talk.says("chair") == ["A chair it is."]
    assert talk.says("deny") == ["Then not."]


def test_a_slot_tells_stories_apart(assistant: Assistant) -> None:
    told = """
stories:
- story: lamps
  steps: [{intent: buy, entities: [{kind: lamp}]}, {slot_was_set: [kind: lamp]}, {action: utter_lamp}]
- story: chairs
  steps: [{intent: buy, entities: [{kind: chair}]}, {slot_was_set: [kind: chair]}, {action: utter_chair}]
"""  # noqa: E501
    assert assistant(told).says("buy", kind="chair") == ["A chair it is."]
    assert assistant(told).says("buy", kind="lamp") == ["A lamp it is."]


def test_where_nothing_applies_nothing_is_said(assistant: Assistant) -> None:
    talk = assistant(SHOP)
    assert talk.says("greet") == []
    assert talk.says("buy") == ["Which one?"]


def test_a_story_may_be_told_in_the_very_words(assistant: Assistant) -> None:
    talk = assistant("""
stories:
- story: words
  steps:
  - {user: "Open, sesame"}
  - {bot: "The door is open."}
  - {intent: thank}
  - {action: utter_hello}
e2e_actions: ["The door is open."]
""")
    assert talk.says("deny", "open,  SESAME") == ["The door is open."]
    assert talk.says("thank") == ["Hello."]


def test_back_takes_the_last_turn_back(assistant: Assistant) -> None:
    talk = assistant(SHOP)
    talk.says("track")
    talk.says("buy")
    assert talk.says("back") == []
    assert talk.says("lamp") == ["On its way."]  # nothing was bought


def test_restart_forgets_all(assistant: Assistant) -> None:
    talk = assistant("""
rules:
- {rule: first, conversation_start: true, steps: [{intent: greet}, {action: utter_hello}]}
- {rule: later, steps: [{intent: greet}, {action: utter_welcome_back}]}
- {rule: become, steps: [{intent: affirm}, {action: action_vip}]}
""")
    talk.says("affirm")
    assert talk.state.slots["vip"] is True
    assert talk.says("restart") == ["From the start."]
    assert talk.state.slots["vip"] is None
    assert talk.says("greet") == ["Hello."]


def test_a_rule_may_go_on_from_where_another_does_not_wait(assistant: Assistant) -> None:
    talk = assistant("""
rules:
- rule: half
  wait_for_user_input: false
  steps: [{intent: buy}, {action: action_vip}]
- rule: vips
  steps: [{action: action_vip}, {slot_was_set: [vip: true]}, {action: utter_vip}]
""")
    assert talk.says("buy") == ["At once."]
