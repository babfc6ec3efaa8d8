"""A project's retrieval intents as articles: each has its questions, and a response of its own."""

import re
from collections.abc import Iterator

from bot.domain import Domain, Variation
from bot.nlu_data import Example
from bot.project.doubts import Doubts
from bot.training import Training
from bot.training_check import base_of
from kb_index.articles import Article

PLACEHOLDER = re.compile(r"\{\w+\}")
SOURCE = "a Rasa project"  # no path: the data directory may move
NOT_IN_AN_ID = re.compile(r"[^\w.()+-]")


def articles_of(training: Training, doubts: Doubts) -> list[Article]:
    """An article for each part of a retrieval intent (`faq/hours`). One whose response has no
    text, or one with slots in it, is left out, and in doubt."""
    by_intent: dict[str, list[Example]] = {}
    for example in training.examples:
        if example.intent != base_of(example.intent):
            by_intent.setdefault(example.intent, []).append(example)
    return [
        Article(
            id=NOT_IN_AN_ID.sub("-", intent.replace("/", ".")),
            title=examples[0].text[:1].upper() + examples[0].text[1:],
            text=text,
            questions=tuple(example.text for example in examples),
            source=SOURCE,
        )
        for intent, examples in by_intent.items()
        for text in _text(training.domain, intent, doubts)
    ]


def _text(domain: Domain, intent: str, doubts: Doubts) -> Iterator[str]:
    """What the response says to anybody, if it says something."""
    response = f"utter_{intent}"
    said = [each for each in domain.responses.get(response, ()) if each.text.strip()]
    text = min(said, key=_special).text if said else ""
    if text and not PLACEHOLDER.search(text):
        yield text
    elif response in domain.responses:
        why = "it has slots in it" if text else "it has no text"
        message = f'"{response}" is no article of the knowledge base, since {why}'
        doubts.add(*domain.lines[f"responses/{response}"], message)


def _special(variation: Variation) -> int:
    """Of the variations, those for everybody come first."""
    return bool(variation.channel) + bool(variation.condition)
