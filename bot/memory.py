"""What the bot remembers of a conversation between two turns; stored as JSON with it."""

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np

from bot.dialogue.state import DialogueState
from bot.frustration import COMPARED, Line
from bot.questions import leans, split
from bot.turn import JSON
from kb_index.wording import Floats

REMEMBERED = 5


@dataclass(slots=True)
class Memory:
    """The bot's side of a conversation.

    `failures` counts turns in a row without a useful answer, `asked` is what the bot's last line
    asked ("helped": did that help; "person": would you like a person), `question` the last real
    question, `topic` the last one that was understood by itself, `answered` the articles given so
    far, `unhelpful` those that did not help, `recent` the customer's last lines, `vectors` the
    packed unit vectors of the very last of them.
    """

    dialogue: DialogueState = field(default_factory=DialogueState)
    failures: int = 0
    asked: Literal["helped", "person"] | None = None
    question: str = ""
    topic: str = ""
    answered: list[str] = field(default_factory=list)
    unhelpful: list[str] = field(default_factory=list)
    recent: list[str] = field(default_factory=list)
    vectors: list[str] = field(default_factory=list)
    frustration: float = 0.0

    @classmethod
    def load(cls, stored: JSON) -> "Memory":
        """The memory as it was dumped; an empty dict is a new one."""
        return cls(**{**stored, "dialogue": DialogueState(**stored.get("dialogue", {}))})

    def dump(self) -> JSON:
        return asdict(self)

    def remember_question(self, text: str) -> None:
        self.question = text
        clear = [part for part in split(text) if not leans(part)]
        self.topic = clear[-1] if clear else self.topic

    def remember(self, line: Line) -> None:
        self.recent = [*self.recent, line.text[:500]][-REMEMBERED:]
        self.vectors = [*self.vectors, _pack(line.vector)][-COMPARED:]

    def lines(self) -> list[Line]:
        """The last lines that a new one is compared with, the newest last."""
        texts = self.recent[-len(self.vectors) :]
        return [Line(*each) for each in zip(texts, map(_unpack, self.vectors), strict=False)]


def _pack(vector: Floats) -> str:
    """A unit vector in a byte for each dimension: exact enough to tell what means the same."""
    return b64encode(np.rint(vector * 127).astype(np.int8).tobytes()).decode()


def _unpack(packed: str) -> Floats:
    vector = np.frombuffer(b64decode(packed), np.int8).astype(np.float32)
    return vector / max(float(np.linalg.norm(vector)), 1.0)
