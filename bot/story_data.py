"""The `rules:` and `stories:` sections of Rasa 3 training data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.domain import DEFAULT_INTENTS, Domain
from bot.marked_yaml import Mapped, TrainingError, items_of
from bot.turn import JSON


@dataclass(frozen=True, slots=True)
class UserSays:
    """A message with one of these intents; `entities` are the ones it must bring."""

    intents: frozenset[str]
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """An action, a response or a form is run."""

    action: str


@dataclass(frozen=True, slots=True)
class Loop:
    """The form that is active from here on; None when it ended."""

    name: str | None


@dataclass(frozen=True, slots=True)
class SlotsAre:
    """Slots that have these values; ANYTHING stands for any value but null."""

    slots: JSON


ANYTHING = object()
StoryStep = UserSays | Run | Loop | SlotsAre


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: in this condition, after these steps, the next step follows.

    `active_loop` is the form that must be active, None for no form; `anywhere` when the rule
    doesn't say. `waits` is false when other rules may go on from its end.
    """

    name: str
    steps: tuple[StoryStep, ...]
    active_loop: str | None = None
    anywhere: bool = True
    slots: SlotsAre = SlotsAre({})
    conversation_start: bool = False
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation as it should go."""

    name: str
    steps: tuple[StoryStep, ...]


def read_rules(files: list[tuple[Path, Mapped]], domain: Domain) -> tuple[Rule, ...]:
    """Raises TrainingError, also for a name that the domain doesn't know."""
    return tuple(
        _read_rule(_Steps(path, domain), line, item)
        for path, content in files
        for line, item in _sections(path, content, "rules")
    )


def read_stories(files: list[tuple[Path, Mapped]], domain: Domain) -> tuple[Story, ...]:
    """Raises TrainingError, also for a name that the domain doesn't know."""
    return tuple(
        Story(str(item.get("story", "")), tuple(_Steps(path, domain).read(line, item)))
        for path, content in files
        for line, item in _sections(path, content, "stories")
    )


def _sections(path: Path, content: Mapped, key: str) -> Iterator[tuple[int, Mapped]]:
    for line, item in items_of(path, content, key):
        if not isinstance(item, Mapped):
            raise TrainingError(path, line, f'"{key}" has an entry without a name and steps')
        yield line, item


def _read_rule(reader: "_Steps", line: int, item: Mapped) -> Rule:
    loop, slots = Loop(None), SlotsAre({})
    conditions = reader.steps(item, "condition")
    for step in conditions:
        if isinstance(step, Loop):
            loop = step
        elif isinstance(step, SlotsAre):
            slots = SlotsAre({**slots.slots, **step.slots})
    return Rule(
        name=str(item.get("rule", "")),
        steps=tuple(reader.read(line, item)),
        active_loop=loop.name,
        anywhere=not any(isinstance(step, Loop) for step in conditions),
        slots=slots,
        conversation_start=bool(item.get("conversation_start")),
        waits=item.get("wait_for_user_input") is not False,
    )


class _Steps:
    """Reads the steps of one file's rules and stories."""

    def __init__(self, path: Path, domain: Domain) -> None:
        self._path = path
        self._domain = domain
        self._readers: dict[str, Callable[[int, Mapped], StoryStep]] = {
            "intent": self._intent,
            "user": self._intent,
            "action": self._action,
            "bot": self._action,
            "active_loop": self._loop,
            "slot_was_set": self._slots,
            "or": self._either,
        }

    def read(self, line: int, item: Mapped) -> list[StoryStep]:
        if not item.get("steps"):
            raise TrainingError(self._path, line, "there are no steps")
        return self.steps(item, "steps")

    def steps(self, item: Mapped, key: str) -> list[StoryStep]:
        return [
            self._step(line, step)
            for line, step in items_of(self._path, item, key)
            if not (isinstance(step, Mapped) and "checkpoint" in step)
        ]

    def _step(self, line: int, item: object) -> StoryStep:
        if isinstance(item, Mapped):
            for key, read in self._readers.items():
                if key in item:
                    return read(line, item)
        raise TrainingError(self._path, line, f"a step is one of: {', '.join(self._readers)}")

    def _intent(self, line: int, item: Mapped) -> UserSays:
        intent = str(item.get("intent", ""))
        if intent and intent not in self._domain.intents and intent not in DEFAULT_INTENTS:
            raise self._unknown(line, "intent", intent, "intents")
        entities = [found for _, found in items_of(self._path, item, "entities")]
        names = (next(iter(found), "") if isinstance(found, dict) else found for found in entities)
        return UserSays(frozenset({intent}), tuple(map(str, names)))

    def _action(self, line: int, item: Mapped) -> Run:
        name = str(item.get("action", ""))
        if name and not self._domain.knows_action(name):
            where = "responses" if name.startswith("utter_") else "actions"
            raise self._unknown(line, "action", name, where)
        return Run(name)

    def _loop(self, line: int, item: Mapped) -> Loop:
        if item["active_loop"] is None:
            return Loop(None)
        name = str(item["active_loop"])
        if name not in self._domain.forms and name != "action_two_stage_fallback":
            raise self._unknown(line, "form", name, "forms")
        return Loop(name)

    def _slots(self, line: int, item: Mapped) -> SlotsAre:
        slots: JSON = {}
        for _, entry in items_of(self._path, item, "slot_was_set"):
            slots.update(entry if isinstance(entry, dict) else {str(entry): ANYTHING})
        for name in slots:
            if name not in self._domain.slots and name != "requested_slot":
                raise self._unknown(line, "slot", name, "slots")
        return SlotsAre(slots)

    def _either(self, line: int, item: Mapped) -> StoryStep:
        steps = self.steps(item, "or")
        said = [step for step in steps if isinstance(step, UserSays)]
        if said and len(said) == len(steps):
            return UserSays(frozenset().union(*(step.intents for step in said)))
        if steps and isinstance(steps[0], SlotsAre):
            return SlotsAre({})  # alternatives of slots: either may hold, so nothing is asked
        raise TrainingError(self._path, line, '"or" takes intents or slot_was_set')

    def _unknown(self, line: int, what: str, name: str, where: str) -> TrainingError:
        message = f'the {what} "{name}" is unknown; add it under "{where}:" in the domain'
        return TrainingError(self._path, line, message)
