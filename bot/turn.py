"""The words of one turn: what was understood, what is said, and why."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JSON = dict[str, Any]


class Kind(StrEnum):
    """What a line of the bot is; the `kind` of every bot message on every channel."""

    ANSWER = "answer"
    CHOICE = "choice"
    FLOW = "flow"
    SMALLTALK = "smalltalk"
    UNKNOWN = "unknown"
    HANDOFF = "handoff"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entity:
    """A span of the message with a meaning; `start` and `end` are character offsets. `role` and
    `group` tell entities of one kind apart (the city one travels from, and to). `value` is text,
    but for Duckling's numbers and mappings; `confidence` is a probability."""

    entity: str
    value: object
    start: int
    end: int
    extractor: str
    role: str | None = None
    group: str | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the bot made of one message.

    `ranking` holds (intent, probability) pairs, best first. `slots` are values that a pressed
    button carried (`/intent{"slot": "value"}`); a pressed button has confidence 1. `in_scope` is
    the probability that the message is any of the intents. `retrieved` is, of an intent that is
    made of others, the one that fits best (`faq/hours`).
    """

    text: str
    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...] = ()
    entities: tuple[Entity, ...] = ()
    slots: JSON = field(default_factory=dict)
    in_scope: float = 1.0
    retrieved: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered to the customer; pressing it sends `payload`."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from."""

    article_id: str
    title: str
    heading: str
    url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One line of the bot. `markdown` marks text quoted from the knowledge base; `image` is a
    URL, `custom` what only a client of the project's own understands."""

    kind: Kind
    text: str
    buttons: tuple[Button, ...] = ()
    sources: tuple[Source, ...] = ()
    markdown: bool = False
    image: str | None = None
    custom: JSON | None = None
