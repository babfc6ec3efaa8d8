"""One message on its way through the engine."""

from dataclasses import dataclass, field

from bot.frustration import Frustration
from bot.intent import Floats
from bot.memory import Memory
from bot.settings import Desk
from bot.turn import Reply, Understanding
from kb_index.search import Hit


@dataclass(slots=True)
class Case:
    """What is known of a message, and what is said to it.

    `vector` is the message's unit vector [dimension], `confidence` the probability that the
    first of `hits` answers, `chosen` whether the customer picked that article themselves.
    """

    heard: Understanding
    vector: Floats
    frustration: Frustration
    memory: Memory
    desk: Desk
    sender: str
    hits: list[Hit] = field(default_factory=list)
    confidence: float = 0.0
    chosen: bool = False
    handoff: str | None = None
    replies: list[Reply] = field(default_factory=list)
