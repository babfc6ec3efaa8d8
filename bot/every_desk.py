"""What every desk understands and says, whatever it was trained on."""

from bot.domain import Variation
from bot.policy import SMALL_TALK
from bot.shipped import shipped_training_data
from bot.training import Example, Training, read_training
from bot.training_check import plain

# A Rasa project is a bot of its own; these are what no desk can do without.
OF_A_PROJECT = frozenset({"talk_to_human", "safety_emergency", "out_of_scope"})
NEEDED = SMALL_TALK | OF_A_PROJECT | {"helped", "not_helped"}
# How the lines of the demo company's own flows begin.
FLOWS = ("ask", "invalid", "order", "password", "return", "ticket", "not_connected")


def examples_every_desk_needs(training: Training) -> list[Example]:
    """Shipped examples of asking for a person, danger, what is out of scope and, unless it is a
    Rasa project, small talk: for those of these intents that the training data has none of, and no
    line that it has."""
    intents = {example.intent for example in training.examples}
    lines = {plain(example.text) for example in training.examples}
    wanted = (OF_A_PROJECT if training.config else NEEDED) - intents
    return [
        example
        for example in read_training(shipped_training_data()).examples
        if example.intent in wanted and plain(example.text) not in lines
    ]


def lines_every_desk_says(training: Training) -> dict[str, tuple[Variation, ...]]:
    """The responses of the training data, and the shipped ones that it doesn't word. A Rasa
    project's forms ask in their own words or not at all."""
    shipped = read_training(shipped_training_data()).domain.responses
    if training.config:
        flows = tuple(f"utter_{each}" for each in FLOWS)
        shipped = {name: said for name, said in shipped.items() if not name.startswith(flows)}
    return shipped | training.domain.responses
