"""What comes next, what says so, and whether what was learnt fits what is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.dialogue import events
from bot.dialogue.events import NOT_SET
from bot.dialogue.scenes import Features, Scene


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """After these scenes, newest first, the action follows, by the rule or story of that name,
    which stands at `place` (a file and a line)."""

    scenes: tuple[Scene, ...]
    action: str
    name: str
    place: str = ""

    @property
    def size(self) -> int:
        """How much it asks for: of the rules that fit, the one that asks for most wins."""
        return sum(
            sum(map(bool, (scene.action, scene.intent, scene.loop)))
            + len(scene.entities)
            + len(scene.slots)
            for scene in self.scenes
        )

    @property
    def turns(self) -> int:
        """How many messages of the customer it rests on."""
        return sum(scene.listened for scene in self.scenes)

    @property
    def leads_back(self) -> bool:
        """Whether it ends without a word on any form."""
        return self.action == events.LISTEN and self.scenes[0].loop in (None, NOT_SET)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The action that comes next.

    `source` is "rule", "loop" (a form that is open), "story", "default" (Rasa's own intents) or
    "followup"; `because` what exactly says so, `story` the name of that rule or story, and `turns`
    how many messages of the customer it rests on. `interrupts`: the form has to ask again without
    reading the last message. `hidden`: stories don't tell of this turn.
    """

    action: str
    source: str
    because: Lesson | str = ""
    story: str | None = None
    turns: int = 1
    interrupts: bool = False
    hidden: bool = False


def fits(asked: Sequence[Scene], now: Sequence[Scene]) -> bool:
    """Whether the scenes of a rule are the newest ones now; both newest first."""
    if not asked or len(asked) > len(now):
        return False
    for wanted, seen in zip(asked, now, strict=False):
        if wanted.action is None or seen.action is None:  # the beginning of the conversation
            return wanted.action is seen.action
        if not _holds(wanted, seen):
            return False
    return True


def _holds(wanted: Scene, seen: Scene) -> bool:
    """Whether all that a rule asks of a scene is there."""
    return (
        wanted.action == seen.action
        and wanted.intent in ("", seen.intent)
        and (not wanted.entities or wanted.entities == seen.entities)
        and (wanted.loop is None or wanted.loop == (seen.loop or NOT_SET))
        and all(_is_so(features, seen.slots.get(name)) for name, features in wanted.slots.items())
    )


def _is_so(wanted: Features, seen: Features | None) -> bool:
    return seen in (None, NOT_SET) if wanted == NOT_SET else seen == wanted
