"""What rules and stories are made of."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.turn import JSON


@dataclass(frozen=True, slots=True)
class Mentioned:
    """An entity that a message brings; a `value` of None stands for any."""

    entity: str
    value: object = None
    role: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class UserSays:
    """A message with this intent, and at least these entities. `text` is what is written where the
    story is told in words; without an intent it stands for one of its own (end to end)."""

    intent: str
    entities: tuple[Mentioned, ...] = ()
    text: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """An action, a response or a form is run; or, in an end-to-end story, a text is said."""

    action: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """The form that is active from here on; None when it ended."""

    name: str | None
    line: int = 0


@dataclass(frozen=True, slots=True)
class SlotsAre:
    """Slots that have these values; ANYTHING stands for any value but null."""

    slots: JSON
    line: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A place where stories are joined; `slots` must hold there."""

    name: str
    slots: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Either:
    """One of these steps."""

    alternatives: "tuple[StoryStep, ...]"


ANYTHING = "anything but null"
StoryStep = UserSays | Run | Loop | SlotsAre | Checkpoint | Either


@dataclass(frozen=True, slots=True)
class Rule:
    """In this condition, after these steps, the next step always follows.

    `waits` is false when other rules may go on from its end.
    """

    name: str
    steps: tuple[StoryStep, ...]
    condition: tuple[Loop | SlotsAre, ...] = ()
    conversation_start: bool = False
    waits: bool = True
    path: Path = Path()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation as it should go."""

    name: str
    steps: tuple[StoryStep, ...]
    path: Path = Path()
    line: int = 0
