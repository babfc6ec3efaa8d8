"""What follows by the stories: the one whose history is longest the same as the conversation's.

Rasa's memoization policy recalls a story only while everything is the same; beyond that its neural
policy (TED) generalises. Here the story wins that agrees longest, turn by turn back from now; what
it sets and what it hears count where histories are equally long.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from bot.dialogue.history import applied_actions
from bot.dialogue.prediction import Lesson, Prediction
from bot.dialogue.scenes import Scene, scenes
from bot.dialogue.tracker import Tracker
from bot.domain import Domain
from bot.turn import JSON

MOST_SCENES = 40  # of a history that are compared


class Likeness(NamedTuple):
    """How like a story's history is to the conversation's; the first that differs decides.

    No slot contradicts the story, so many scenes agree back from now, how close they are, whether
    both begin there, and whether the story begins now, in whatever form.
    """

    possible: bool
    agreed: int
    closeness: float
    whole: bool
    begins: bool


class Storybook:
    """All stories of an assistant. Immutable once it is made."""

    def __init__(self, stories: Iterable[tuple[str, list[JSON]]], domain: Domain) -> None:
        """`stories` are names, and the events as `telling.tell_story` makes them."""
        self._lessons: dict[tuple[str | None, str], list[Lesson]] = defaultdict(list)
        for name, told in stories:
            for lesson in _lessons(name, told, domain):
                self._lessons[_key(lesson.scenes[0])].append(lesson)

    def predict(self, tracker: Tracker, without: Container[str] = ()) -> Prediction | None:
        """What comes next by the stories, if one has a turn like this; never an action that is in
        `without`."""
        now = scenes(tracker, hide_rules=True)[::-1][:MOST_SCENES]
        found = [(_likeness(each.scenes, now), each) for each in self._lessons[_key(now[0])]]
        best = max((likeness for likeness, _ in found), default=None)
        if best is None or not (best.agreed or best.begins):
            return None
        alike = [each for likeness, each in found if likeness == best]
        alike = [each for each in alike if each.action not in without]
        if not alike:
            return None
        action, _ = Counter(lesson.action for lesson in alike).most_common(1)[0]
        lesson = next(lesson for lesson in alike if lesson.action == action)
        turns = sum(scene.listened for scene in now[: best.agreed])
        return Prediction(action, "story", because=lesson, story=lesson.name, turns=turns)


def _key(scene: Scene) -> tuple[str | None, str]:
    return scene.action, scene.intent


def _lessons(name: str, told: list[JSON], domain: Domain) -> Iterator[Lesson]:
    seen = scenes(Tracker.of(domain, told))
    for place, action in enumerate(applied_actions(told)):
        if place:  # that it listens at first, nobody has to be told
            before = seen[place::-1][:MOST_SCENES]
            yield Lesson(tuple(before), action, name)


def _likeness(story: Sequence[Scene], now: Sequence[Scene]) -> Likeness:
    agreed, closeness = 0, 0.0
    for told, seen in zip(story, now, strict=False):
        if not _agree(told, seen):
            break
        agreed += 1
        closeness += _closeness(told, seen) / agreed  # what is nearer counts for more
    return Likeness(
        not _contradict(story[0], now[0]),
        agreed,
        round(closeness, 6),
        agreed == len(story) == len(now),
        _begins(story, now),
    )


def _begins(story: Sequence[Scene], now: Sequence[Scene]) -> bool:
    """Whether the story is still in its first turn, and it is this one, whatever form is open."""
    *turn, _ = story  # at the very beginning nothing is said
    return (
        len(turn) <= len(now)
        and [scene.listened for scene in turn] == [False] * (len(turn) - 1) + [True]
        and not any(scene.loop for scene in turn)
        and all(
            (told.action, told.intent) == (seen.action, seen.intent)
            for told, seen in zip(turn, now, strict=False)
        )
    )


def _agree(told: Scene, seen: Scene) -> bool:
    """A story that begins in the middle doesn't say what was said before."""
    if told.intent not in ("", seen.intent):
        return False
    return (told.action, told.loop) == (seen.action, seen.loop)


def _closeness(told: Scene, seen: Scene) -> float:
    """0..1: less for each slot and entity that differs."""
    slots = {*told.slots.items()} ^ {*seen.slots.items()}
    entities = told.entities ^ seen.entities
    return 1.0 / (1 + len(slots) + len(entities))


def _contradict(told: Scene, seen: Scene) -> bool:
    """Whether a slot has another value than the story says."""
    return any(seen.slots.get(name, value) != value for name, value in told.slots.items())
