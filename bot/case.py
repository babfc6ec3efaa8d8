"""One message on its way through the engine."""

from dataclasses import dataclass, field

from bot.frustration import Frustration
from bot.language import Language
from bot.memory import Memory
from bot.settings import Desk
from bot.turn import Reply, Understanding
from kb_index.classifier import Floats
from kb_index.search import Hit


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what was found for it: `known` says that the first hit may be given,
    `perhaps` that the hits are worth offering."""

    text: str
    hits: list[Hit]
    confidence: float
    known: bool
    perhaps: bool

    @property
    def article_id(self) -> str | None:
        return self.hits[0].article_id if self.hits else None


@dataclass(slots=True)
class Case:
    """What is known of a message, and what is said to it.

    `vector` is the message's unit vector [dimension], `confidence` the probability that the
    first of `hits` answers, `answer_from` the least that is enough, `chosen` whether the customer
    picked that article themselves, `foreign` the language that the desk does not speak. `parts`
    are the questions of a message that holds several, `questions` what was found for each where
    that is more than for the whole.
    """

    heard: Understanding
    vector: Floats
    frustration: Frustration
    memory: Memory
    desk: Desk
    sender: str
    parts: tuple[str, ...] = ()
    hits: list[Hit] = field(default_factory=list)
    confidence: float = 0.0
    answer_from: float = 1.0
    questions: list[Asked] = field(default_factory=list)
    chosen: bool = False
    handoff: str | None = None
    foreign: Language | None = None
    replies: list[Reply] = field(default_factory=list)
    actions: tuple[str, ...] = ()
