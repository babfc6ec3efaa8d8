"""What the bot remembers of a conversation between two turns; stored as JSON with it."""

from dataclasses import asdict, dataclass, field
from typing import Literal

from bot.dialogue import DialogueState
from bot.turn import JSON

REMEMBERED = 5


@dataclass(slots=True)
class Memory:
    """The bot's side of a conversation.

    `failures` counts turns in a row without a useful answer, `asked` is what the bot's last line
    asked ("helped": did that help; "person": would you like a person), `question` the last real
    question, `answered` the articles given so far, `unhelpful` those that did not help, `recent`
    the customer's last lines.
    """

    dialogue: DialogueState = field(default_factory=DialogueState)
    failures: int = 0
    asked: Literal["helped", "person"] | None = None
    question: str = ""
    answered: list[str] = field(default_factory=list)
    unhelpful: list[str] = field(default_factory=list)
    recent: list[str] = field(default_factory=list)
    frustration: float = 0.0

    @classmethod
    def load(cls, stored: JSON) -> "Memory":
        """The memory as it was dumped; an empty dict is a new one."""
        return cls(**{**stored, "dialogue": DialogueState(**stored.get("dialogue", {}))})

    def dump(self) -> JSON:
        return asdict(self)

    def remember(self, text: str) -> None:
        self.recent = [*self.recent, text[:500]][-REMEMBERED:]
