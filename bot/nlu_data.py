"""The `nlu:` sections of Rasa 3 training data: examples, synonyms, regexes, lookup tables."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.marked_yaml import Listed, Mapped, TrainingError, items_of
from bot.project.doubts import Doubts
from bot.turn import JSON, Entity

# [text](entity), [text](entity:value), [text]{"entity": ...} or [text][{...}, {...}]
ANNOTATION = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|(?P<one>\{[^}]+?\})|(?P<many>\[\{.*?\}\]))"
)
SECTIONS = ("intent", "synonym", "regex", "lookup")
# Nobody types this much in one message; it is a file whose line breaks were lost.
LONGEST_EXAMPLE = 4000


@dataclass(frozen=True, slots=True)
class Example:
    """A line that means an intent, its annotations taken out of the text, and where it stands."""

    text: str
    intent: str
    entities: tuple[Entity, ...] = ()
    path: Path = Path()
    line: int = 0


@dataclass(frozen=True, slots=True)
class NluData:
    """All `nlu:` sections together. `synonyms` maps a lower-case wording to its value; `lines` says
    where an intent's examples begin."""

    examples: list[Example] = field(default_factory=list)
    synonyms: dict[str, str] = field(default_factory=dict)
    regexes: dict[str, list[str]] = field(default_factory=dict)
    lookups: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, tuple[Path, int]] = field(default_factory=dict)


def read_nlu(files: list[tuple[Path, Mapped]], doubts: Doubts | None = None) -> NluData:
    """What Rasa skips is skipped, and in doubt: a section without examples, a line that is none.
    Raises TrainingError."""
    doubts = doubts or Doubts()
    data = NluData()
    for path, content in files:
        for line, section in items_of(path, content, "nlu"):
            _read_section(path, line, section, data, doubts)
    return data


def _read_section(path: Path, line: int, section: object, data: NluData, doubts: Doubts) -> None:
    if not isinstance(section, Mapped):
        raise TrainingError(path, line, 'a section begins with "- intent: ..." or the like')
    kind = next((key for key in SECTIONS if key in section), None)
    if not kind:
        raise TrainingError(path, line, f"a section begins with one of: {', '.join(SECTIONS)}")
    name = section[kind]
    if isinstance(name, (Listed, Mapped)) or name in (None, ""):
        raise TrainingError(path, line, f'a name goes after "{kind}:"')
    name = str(name)
    lines = list(_examples(path, section, doubts))
    if not lines:
        doubts.add(path, line, f'{kind} "{name}" has no examples')
    elif kind == "intent":
        data.lines.setdefault(name, (path, line))
        for at, text in lines:
            _add_example(path, at, text, name, data)
    elif kind == "synonym":
        data.synonyms.update({text.lower(): name for _, text in lines})
    elif kind == "regex":
        for at, pattern in lines:
            data.regexes.setdefault(name, []).append(_checked(path, at, name, pattern))
    else:
        data.lookups.setdefault(name, []).extend(text for _, text in lines)


def _examples(path: Path, section: Mapped, doubts: Doubts) -> Iterator[tuple[int, str]]:
    """Each example with its line. Raises TrainingError for one that can't be one."""
    for line, text in _written_examples(path, section, doubts):
        if len(text) > LONGEST_EXAMPLE:
            message = f"an example of {len(text):,} characters; is a line break missing?"
            raise TrainingError(path, line, message)
        if text:
            yield line, text


def _written_examples(path: Path, section: Mapped, doubts: Doubts) -> Iterator[tuple[int, str]]:
    """The examples of a block of "- ..." lines, or of a list of texts or `text:` items."""
    examples = section.get("examples")
    first = section.line_of("examples")
    if isinstance(examples, Listed):
        for line, item in examples.numbered():
            text = item.get("text") if isinstance(item, Mapped) else item
            if text is None or isinstance(text, (Listed, Mapped)):
                raise TrainingError(path, line, "an example is a line of text")
            yield line, str(text).strip().removeprefix("- ").strip()
    elif isinstance(examples, Mapped):
        raise TrainingError(path, first, 'write "examples: |" and a line "- ..." for each')
    else:
        yield from _block_examples(path, first, str(examples or ""), doubts)


def _block_examples(
    path: Path, first: int, block: str, doubts: Doubts
) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(map(str.strip, block.splitlines()), first):
        if text.startswith("-"):
            yield line, text[1:].strip()
        elif text and not text.startswith("#"):
            doubts.add(path, line, 'left out, since an example begins with "- "')


def _checked(path: Path, line: int, name: str, pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise TrainingError(path, line, f'regex "{name}" is broken: {error}') from error
    return pattern


def _add_example(path: Path, line: int, annotated: str, intent: str, data: NluData) -> None:
    text, entities = parse_annotations(path, line, annotated)
    data.examples.append(Example(text, intent, entities, path, line))
    for entity in entities:  # as Rasa's EntitySynonymMapper learns them
        wording = text[entity.start : entity.end]
        if wording != entity.value:
            data.synonyms.setdefault(wording.lower(), str(entity.value))


def parse_annotations(path: Path, line: int, annotated: str) -> tuple[str, tuple[Entity, ...]]:
    """The plain text and its entities of `Order [LH-204518](order_number)`."""
    plain, end, entities = "", 0, []
    for match in ANNOTATION.finditer(annotated):
        plain += annotated[end : match.start()]
        start, end = len(plain), match.end()
        plain += match["text"]
        for marked in _annotations(path, line, match):
            value = str(marked.get("value", match["text"]))
            labels = (marked.get("role"), marked.get("group"))
            entities.append(
                Entity(marked["entity"], value, start, len(plain), "annotation", *labels)
            )
    return plain + annotated[end:], tuple(entities)


def _annotations(path: Path, line: int, match: re.Match[str]) -> list[JSON]:
    if match["entity"]:
        value = match["value"] or match["text"]
        return [{"entity": match["entity"], "value": value}]
    try:
        written = json.loads(match["one"] or match["many"])
    except (ValueError, RecursionError):
        written = None
    items = written if isinstance(written, list) else [written]
    if not all(map(_is_annotation, items)):
        example = '[text]{"entity": "name", "value": "..."}'
        raise TrainingError(path, line, f"broken annotation; write {example}")
    return items


def _is_annotation(item: object) -> bool:
    """As Rasa has it: an entity with, maybe, a value, a role and a group."""
    return (
        isinstance(item, dict)
        and isinstance(item.get("entity"), str)
        and isinstance(item.get("value", ""), (str, int, float))
        and all(isinstance(item.get(label, ""), str) for label in ("role", "group"))
    )
