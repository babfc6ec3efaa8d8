"""Finds what rules and stories can't both mean, as Rasa's RulePolicy does before it trains."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue import events
from bot.dialogue.prediction import Lesson, Prediction
from bot.dialogue.rulebook import Rulebook
from bot.dialogue.steps import Rule, Story
from bot.dialogue.telling import tell_story, unfold
from bot.domain import Domain
from bot.turn import JSON


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What is wrong at a line of a file, and the mend."""

    path: Path
    line: int
    message: str


def contradictions(
    rules: Iterable[Rule], stories: Iterable[Story], domain: Domain
) -> list[Contradiction]:
    """Each place where a rule has another action come than a rule or a story says."""
    rules, told = list(rules), [(s, tell_story(steps, domain)) for s, steps in unfold(stories)]
    book = Rulebook(rules, [each for _, each in told], domain)
    tellers: list[tuple[Rule | Story, list[JSON]]] = [*book.told, *told]
    found = (each for teller, said in tellers for each in _found(book, teller, said, domain))
    return list(dict.fromkeys(found))


def long_rules(rules: Iterable[Rule], domain: Domain) -> Iterator[Contradiction]:
    """Rules with more than one message of the customer: those are stories."""
    for rule, told in Rulebook(rules, [], domain).told:
        if sum(event["event"] == "user" for event in told) > 1:
            message = f'rule "{rule.name}" has several messages of the customer; make it a story'
            yield Contradiction(rule.path, rule.line, message)


def _found(
    book: Rulebook, teller: Rule | Story, told: list[JSON], domain: Domain
) -> Iterator[Contradiction]:
    for _, event, predicted in book.follow(told, domain):
        action = event["name"]
        if predicted is None or predicted.action == action or _is_weak(predicted, teller):
            continue
        line = event.get("line") or teller.line
        kind = "rule" if isinstance(teller, Rule) else "story"
        message = (
            f'{kind} "{teller.name}" has {_named(action)} come here, but {_says(predicted)} has '
            f"{_named(predicted.action)}; change one of them"
        )
        yield Contradiction(teller.path, line, message)


def _is_weak(predicted: Prediction, teller: Rule | Story) -> bool:
    """Whether nothing more is said than that a form goes on, which a story may leave unsaid."""
    return predicted.source == "loop" and isinstance(teller, Story)


def _named(action: str) -> str:
    return "a wait for the customer" if action == events.LISTEN else action


def _says(predicted: Prediction) -> str:
    if isinstance(predicted.because, Lesson):
        place = predicted.because.place
        return f'the rule "{predicted.because.name}"' + (f" ({place})" if place else "")
    return "Rasa itself"
