"""One message on its way through the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.dialogue.course import Course
from bot.frustration import Frustration
from bot.language import Language
from bot.memory import Memory
from bot.settings import Desk
from bot.turn import JSON, Reply, Understanding
from kb_index.classifier import Floats
from kb_index.search import Hit


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what was found for it: `known` says that the first hit may be given,
    `perhaps` that the hits are worth offering, `follows` what it was read together with."""

    text: str
    hits: list[Hit]
    confidence: float
    known: bool
    perhaps: bool
    follows: str = ""

    @property
    def article_id(self) -> str | None:
        return self.hits[0].article_id if self.hits else None


@dataclass(slots=True)
class Case:
    """What is known of a message, and what is said to it.

    `course` is what its rules and stories make of the message, `sure` whether the intent can be
    relied on. `vector` is the message's unit vector [dimension], `confidence` the probability that
    the first of `hits` answers, `answer_from` the least that is enough and `answer_by` where that
    comes from, `chosen` whether the customer picked that article themselves, `follows` the earlier
    question that the message was read together with, `foreign` the language that the desk does not
    speak. `parts` are the questions of a message that holds several, `questions` what was found for
    each where that is more than for the whole. `is_followed`: the course was taken.
    """

    heard: Understanding
    vector: Floats
    frustration: Frustration
    memory: Memory
    desk: Desk
    course: Course
    sure: bool
    parts: tuple[str, ...] = ()
    hits: list[Hit] = field(default_factory=list)
    confidence: float = 0.0
    answer_from: float = 1.0
    answer_by: str = ""
    follows: str = ""
    questions: list[Asked] = field(default_factory=list)
    chosen: bool = False
    attached: bool = False
    handoff: str | None = None
    foreign: Language | None = None
    replies: list[Reply] = field(default_factory=list)
    actions: tuple[str, ...] = ()
    reminders: tuple[JSON, ...] = ()
    is_followed: bool = False

    @property
    def lead(self) -> float:
        """As `lead`; after a follow-up the article that was just given rivals nothing."""
        told = self.memory.answered[-1:] if self.follows else []
        rivals = [hit for hit in self.hits[1:] if hit.article_id not in told]
        return lead([*self.hits[:1], *rivals])


def lead(hits: Sequence[Hit]) -> float:
    """How far the first hit's score is ahead of the second's; 1 where nothing rivals it."""
    return hits[0].score - hits[1].score if len(hits) > 1 else 1.0
