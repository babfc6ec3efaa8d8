"""Where rules and stories leave an open form for something else, and how they come back to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.dialogue.events import NOT_SET
from bot.dialogue.history import applied_actions
from bot.dialogue.prediction import fits
from bot.dialogue.scenes import Scene, scenes
from bot.dialogue.telling import SNIPPET
from bot.dialogue.tracker import Tracker
from bot.domain import Domain
from bot.turn import JSON


@dataclass(frozen=True, slots=True)
class Detour:
    """`left`: what was learnt has something else than the form come next. `interrupts`: the form
    comes back without reading the message, which answered another question."""

    left: bool
    interrupts: bool


class Detours:
    """All of an assistant's detours."""

    def __init__(self, told: Iterable[list[JSON]], domain: Domain) -> None:
        """`told` are the events of its rules and stories."""
        self._left: list[tuple[Scene, ...]] = []
        self._back: list[tuple[Scene, ...]] = []
        for each in told:
            if any(event["event"] == "active_loop" for event in each):
                self._learn(each, domain)

    def at(self, now: Sequence[Scene]) -> Detour:
        """What was learnt of these scenes, newest first."""
        return Detour(
            left=any(fits(asked, now) for asked in self._left),
            interrupts=any(fits(asked, now) for asked in self._back),
        )

    def _learn(self, told: list[JSON], domain: Domain) -> None:
        seen = scenes(Tracker.of(domain, told), set_only=True)
        for place, action in enumerate(applied_actions(told)):
            scene = seen[place]
            if scene.loop in (None, NOT_SET):
                continue
            asked = _last_two(seen[: place + 1])
            if scene.listened and action == scene.loop:
                self._back.append(asked)
            elif not scene.listened and action != scene.loop:
                self._left.append(asked)


def _last_two(seen: Sequence[Scene]) -> tuple[Scene, ...]:
    """The scene, and of the one before only the action: the message before doesn't count."""
    *_, before, last = (Scene(), *seen)
    if last.action == SNIPPET:
        return ()
    if before.action in (None, SNIPPET):
        return (last,)
    return (last, Scene(before.action))
