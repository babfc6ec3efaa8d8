"""Scripted conversations: our own format, and Rasa's end-to-end test cases.

All come down to turns and what is expected of each: a name from FOUND and a value.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.evaluation.expectations import FOUND
from bot.marked_yaml import Mapped, TrainingError, items_of, read_yaml
from bot.nlu_data import parse_annotations

RASA_STEPS = ("user", "action", "utter", "bot", "slot_was_set", "active_loop")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a turn should lead to, and the line that says so."""

    line: int
    what: str
    value: str | None


@dataclass(slots=True)
class ScriptedTurn:
    """What the customer says, or the title of the button that they press."""

    line: int
    says: str
    presses: bool = False
    expected: list[Expectation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation as it should go. `desk` is None for the installation's first."""

    name: str
    path: Path
    line: int
    desk: str | None
    turns: list[ScriptedTurn]


def read_scripts(path: Path) -> list[Script]:
    """The scripts of a YAML file, or of those in a folder and below.

    Raises TrainingError.
    """
    files = [path] if path.is_file() else sorted({*path.rglob("*.yml"), *path.rglob("*.yaml")})
    return [script for file in files for script in _read_file(file)]


def _read_file(path: Path) -> Iterator[Script]:
    content = read_yaml(path)
    for line, item in _mapped_items(path, content, "conversations"):
        yield _our_script(path, line, item)
    for line, item in _mapped_items(path, content, "test_cases"):
        turns = list(_rasa_turns(path, item))
        yield _script(path, line, str(item.get("test_case", "")), None, turns)


def _our_script(path: Path, line: int, item: Mapped) -> Script:
    turns = []
    for at, turn in _mapped_items(path, item, "turns"):
        says = turn.get("say", turn.get("press"))
        if not isinstance(says, str):
            raise TrainingError(path, at, 'a turn needs "say", or "press" with a button\'s title')
        expected = turn.get("expect") or Mapped()
        if not isinstance(expected, Mapped):
            raise TrainingError(path, at, '"expect" must hold "name: value" lines')
        turns.append(ScriptedTurn(at, says, "press" in turn, list(_expected(path, expected))))
    desk = item.get("desk")
    return _script(
        path, line, str(item.get("name", "")), None if desk is None else str(desk), turns
    )


def _script(
    path: Path, line: int, name: str, desk: str | None, turns: list[ScriptedTurn]
) -> Script:
    if not name or not turns:
        raise TrainingError(path, line, "a conversation needs a name and turns")
    return Script(name, path, line, desk, turns)


def _expected(path: Path, expect: Mapped) -> Iterator[Expectation]:
    for what, value in expect.items():
        line = expect.line_of(what)
        if what not in FOUND:
            there_are = ", ".join(sorted(FOUND))
            raise TrainingError(path, line, f'"{what}" can\'t be expected; there are: {there_are}')
        values = value if isinstance(value, list) else [value]
        yield from (Expectation(line, what, _text(each)) for each in values)


def _text(value: object) -> str | None:
    return None if value in (None, False) else str(value)


def _rasa_turns(path: Path, item: Mapped) -> Iterator[ScriptedTurn]:
    turn: ScriptedTurn | None = None
    for line, step in _mapped_items(path, item, "steps"):
        if "user" in step:
            if turn:
                yield turn
            turn = _user_step(path, line, step)
        elif turn is None:
            raise TrainingError(path, line, 'a test begins with what the user says: "- user: ..."')
        else:
            turn.expected += _bot_step(path, line, step)
    if turn:
        yield turn


def _user_step(path: Path, line: int, step: Mapped) -> ScriptedTurn:
    says, entities = parse_annotations(path, line, str(step["user"]).strip())
    turn = ScriptedTurn(line, says)
    if "intent" in step:
        turn.expected.append(Expectation(step.line_of("intent"), "intent", str(step["intent"])))
    turn.expected += [
        Expectation(line, "entity", f"{entity.entity}={entity.value}") for entity in entities
    ]
    return turn


def _bot_step(path: Path, line: int, step: Mapped) -> Iterator[Expectation]:
    if "action" in step or "utter" in step:
        yield Expectation(line, "action", str(step.get("action", step.get("utter"))))
    elif "bot" in step:
        yield Expectation(line, "contains", str(step["bot"]).strip())
    elif "active_loop" in step:
        yield Expectation(line, "active_loop", _text(step["active_loop"]))
    elif "slot_was_set" in step:
        for at, slot in items_of(path, step, "slot_was_set"):
            pairs = slot.items() if isinstance(slot, Mapped) else [(slot, ...)]
            for name, value in pairs:
                text = name if value is ... else f"{name}={_text(value)}"
                yield Expectation(at, "slot", str(text))
    else:
        raise TrainingError(path, line, f"a step of a test is one of: {', '.join(RASA_STEPS)}")


def _mapped_items(path: Path, content: Mapped, key: str) -> Iterator[tuple[int, Mapped]]:
    for line, item in items_of(path, content, key):
        if not isinstance(item, Mapped):
            raise TrainingError(path, line, f'an item of "{key}" must hold "name: value" lines')
        yield line, item
