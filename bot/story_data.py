"""Reads the `rules:` and `stories:` sections of Rasa training data, of version 2 and 3."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bot.dialogue.steps import (
    ANYTHING,
    Checkpoint,
    Either,
    Loop,
    Mentioned,
    Rule,
    Run,
    SlotsAre,
    Story,
    StoryStep,
    UserSays,
)
from bot.domain import DEFAULT_INTENTS, Domain
from bot.marked_yaml import Mapped, TrainingError, items_of
from bot.nlu_data import parse_annotations
from bot.project.doubts import Doubts
from bot.turn import JSON

Files = list[tuple[Path, Mapped]]


def read_rules(files: Files, domain: Domain, doubts: Doubts) -> tuple[Rule, ...]:
    """Raises TrainingError, also for a name that the domain doesn't know."""
    return tuple(
        _read_rule(StepReader(path, domain, doubts), line, item)
        for path, content in files
        for line, item in sections(path, content, "rules")
    )


def read_stories(files: Files, domain: Domain, doubts: Doubts) -> tuple[Story, ...]:
    """Raises TrainingError, also for a name that the domain doesn't know."""
    return tuple(
        read_story(StepReader(path, domain, doubts), line, item)
        for path, content in files
        for line, item in sections(path, content, "stories")
    )


def sections(path: Path, content: Mapped, key: str) -> Iterator[tuple[int, Mapped]]:
    """The entries under a key, with their lines. Raises TrainingError for one that is none."""
    for line, item in items_of(path, content, key):
        if not isinstance(item, Mapped):
            raise TrainingError(path, line, f'"{key}" has an entry without a name and steps')
        yield line, item


def read_story(reader: "StepReader", line: int, item: Mapped) -> Story:
    """Raises TrainingError."""
    name = str(item.get("story", ""))
    return Story(name, tuple(reader.read(line, item)), reader.path, line)


def _read_rule(reader: "StepReader", line: int, item: Mapped) -> Rule:
    condition = reader.steps(item, "condition")
    return Rule(
        name=str(item.get("rule", "")),
        steps=tuple(reader.read(line, item)),
        condition=tuple(step for step in condition if isinstance(step, (Loop, SlotsAre))),
        conversation_start=bool(item.get("conversation_start")),
        waits=item.get("wait_for_user_input") is not False,
        path=reader.path,
        line=line,
    )


class StepReader:
    """Reads the steps of one file's rules and stories."""

    def __init__(self, path: Path, domain: Domain, doubts: Doubts) -> None:
        self.path = path
        self._domain = domain
        self._doubts = doubts
        self._readers: dict[str, Callable[[int, Mapped], StoryStep]] = {
            "intent": self._says,
            "user": self._says,
            "action": self._run,
            "bot": self._bot_says,
            "active_loop": self._loop,
            "slot_was_set": self._slots,
            "checkpoint": self._checkpoint,
            "or": self._either,
            "form": self._loop,  # Rasa 2's word for active_loop
        }

    def read(self, line: int, item: Mapped) -> list[StoryStep]:
        """The steps of a rule or a story, at least one. Raises TrainingError."""
        if not item.get("steps"):
            raise TrainingError(self.path, line, "there are no steps")
        return self.steps(item, "steps")

    def steps(self, item: Mapped, key: str) -> list[StoryStep]:
        """The steps in the list under the key. Raises TrainingError."""
        return [
            self._step(line, step)
            for line, step in items_of(self.path, item, key)
            if not self._is_skipped(line, step)
        ]

    def _is_skipped(self, line: int, step: object) -> bool:
        """As Rasa skips what it doesn't know, and warns of it."""
        if not isinstance(step, Mapped) or any(key in self._readers for key in step):
            return False
        if "metadata" not in step:
            self._doubts.add(self.path, line, f"not a step, left out: {', '.join(step)}")
        return True

    def _step(self, line: int, item: object) -> StoryStep:
        if isinstance(item, Mapped):
            for key, read in self._readers.items():
                if key in item:
                    return read(line, item)
        raise TrainingError(self.path, line, f"a step is one of: {', '.join(self._readers)}")

    def _says(self, line: int, item: Mapped) -> UserSays:
        intent = str(item.get("intent") or "").strip()
        base, _, sub = intent.removeprefix("/").partition("/")
        known = base in self._domain.intents or base in DEFAULT_INTENTS
        if intent and not known and intent not in self._domain.intents:
            raise self._unknown(line, "intent", intent, "intents")
        text, annotated = parse_annotations(self.path, line, str(item.get("user") or "").strip())
        mentioned = tuple(
            Mentioned(each.entity, each.value, each.role, each.group) for each in annotated
        )
        listed = tuple(self._mentioned(item))
        return UserSays(f"{base}/{sub}" if sub else base, listed or mentioned, text, line)

    def _mentioned(self, item: Mapped) -> Iterator[Mentioned]:
        """`- city`, `- city: Berlin`, and either with `role:` or `group:` beside it."""
        for line, found in items_of(self.path, item, "entities"):
            if not isinstance(found, Mapped):
                yield Mentioned(str(found))
                continue
            names = [name for name in found if name not in ("role", "group")]
            if len(names) != 1:
                raise TrainingError(self.path, line, "write one entity with its value on a line")
            yield Mentioned(
                names[0],
                found[names[0]],
                _text_or_none(found.get("role")),
                _text_or_none(found.get("group")),
            )

    def _run(self, line: int, item: Mapped) -> Run:
        name = str(item.get("action") or "")
        if not self._domain.knows_action(name):
            where = "responses" if name.startswith("utter_") else "actions"
            raise self._unknown(line, "action", name, where)
        return Run(name, line)

    def _bot_says(self, line: int, item: Mapped) -> Run:
        return Run(str(item["bot"] or "").strip(), line)

    def _loop(self, line: int, item: Mapped) -> Loop:
        name = item.get("active_loop", item.get("form"))
        if isinstance(name, Mapped):  # `form: {name: null}` of Rasa 2
            name = name.get("name")
        if name is None:
            return Loop(None, line)
        if str(name) not in self._domain.forms and str(name) != "action_two_stage_fallback":
            raise self._unknown(line, "form", str(name), "forms")
        return Loop(str(name), line)

    def _slots(self, line: int, item: Mapped) -> SlotsAre:
        return SlotsAre(self._slot_values(item), line)

    def _slot_values(self, item: Mapped) -> JSON:
        slots: JSON = {}
        for line, entry in items_of(self.path, item, "slot_was_set"):
            values = dict(entry) if isinstance(entry, dict) else {str(entry): ANYTHING}
            for name in values:
                if name not in self._domain.slots and name != "requested_slot":
                    raise self._unknown(line, "slot", name, "slots")
            slots.update(values)
        return slots

    def _checkpoint(self, line: int, item: Mapped) -> Checkpoint:
        return Checkpoint(str(item["checkpoint"]), self._slot_values(item))

    def _either(self, line: int, item: Mapped) -> Either:
        steps = tuple(self._step(at, step) for at, step in items_of(self.path, item, "or"))
        if not steps or not all(isinstance(step, (UserSays, SlotsAre)) for step in steps):
            raise TrainingError(self.path, line, '"or" takes intents or slot_was_set')
        return Either(steps)

    def _unknown(self, line: int, what: str, name: str, where: str) -> TrainingError:
        message = f'the {what} "{name}" is unknown; add it under "{where}:" in the domain'
        return TrainingError(self.path, line, message)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
