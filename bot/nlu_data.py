"""The `nlu:` sections of Rasa 3 training data: examples, synonyms, regexes, lookup tables."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.marked_yaml import Listed, Mapped, TrainingError
from bot.turn import Entity

# [text](entity), [text](entity:value), [text]{"entity": ...} or [text][{...}, {...}]
ANNOTATION = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|(?P<one>\{[^}]+?\})|(?P<many>\[\{.*?\}\]))"
)
SECTIONS = ("intent", "synonym", "regex", "lookup")


@dataclass(frozen=True, slots=True)
class Example:
    """A line that means an intent, its annotations taken out of the text."""

    text: str
    intent: str
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class NluData:
    """All `nlu:` sections together. `synonyms` maps a lower-case wording to its value."""

    examples: list[Example] = field(default_factory=list)
    synonyms: dict[str, str] = field(default_factory=dict)
    regexes: dict[str, list[str]] = field(default_factory=dict)
    lookups: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, tuple[Path, int]] = field(default_factory=dict)


def read_nlu(files: list[tuple[Path, Mapped]]) -> NluData:
    """Raises TrainingError."""
    data = NluData()
    for path, content in files:
        sections = content.get("nlu") or Listed()
        if not isinstance(sections, Listed):
            raise TrainingError(path, content.line_of("nlu"), '"nlu" must be a list of sections')
        if not sections:
            continue
        for line, section in sections.numbered():
            _read_section(path, line, section, data)
    return data


def _read_section(path: Path, line: int, section: object, data: NluData) -> None:
    if not isinstance(section, Mapped):
        raise TrainingError(path, line, 'a section begins with "- intent: ..." or the like')
    kind = next((key for key in SECTIONS if key in section), None)
    if not kind:
        raise TrainingError(path, line, f"a section begins with one of: {', '.join(SECTIONS)}")
    name = str(section[kind])
    lines = list(_examples(path, section))
    if not lines:
        raise TrainingError(path, line, f'{kind} "{name}" has no examples')
    if kind == "intent":
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


def _examples(path: Path, section: Mapped) -> Iterator[tuple[int, str]]:
    """Each example with its line: a block of "- ..." lines, or a list of texts or `text:` items."""
    examples = section.get("examples")
    if isinstance(examples, Listed):
        for line, item in examples.numbered():
            text = item.get("text") if isinstance(item, Mapped) else item
            yield line, str(text).strip().removeprefix("- ").strip()
        return
    first = section.line_of("examples") + 1  # a block's text begins on the line below its key
    for offset, text in enumerate(str(examples or "").splitlines()):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        if not re.match(r"\s*-(\s|$)", text):
            raise TrainingError(path, first + offset, 'an example begins with "- "')
        if example := text.strip()[1:].strip():
            yield first + offset, example


def _checked(path: Path, line: int, name: str, pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise TrainingError(path, line, f'regex "{name}" is broken: {error}') from error
    return pattern


def _add_example(path: Path, line: int, annotated: str, intent: str, data: NluData) -> None:
    text, entities = parse_annotations(path, line, annotated)
    data.examples.append(Example(text, intent, entities))
    for entity in entities:  # as Rasa's EntitySynonymMapper learns them
        wording = text[entity.start : entity.end]
        if wording != entity.value:
            data.synonyms.setdefault(wording.lower(), entity.value)


def parse_annotations(path: Path, line: int, annotated: str) -> tuple[str, tuple[Entity, ...]]:
    """The plain text and its entities of `Order [LH-204518](order_number)`."""
    plain, end, entities = "", 0, []
    for match in ANNOTATION.finditer(annotated):
        plain += annotated[end : match.start()]
        start, end = len(plain), match.end()
        plain += match["text"]
        entities += [
            Entity(name, value, start, len(plain), "annotation")
            for name, value in _annotations(path, line, match)
        ]
    return plain + annotated[end:], tuple(entities)


def _annotations(path: Path, line: int, match: re.Match[str]) -> list[tuple[str, str]]:
    if match["entity"]:
        return [(match["entity"], match["value"] or match["text"])]
    try:
        written = json.loads(match["one"] or match["many"])
        items = written if isinstance(written, list) else [written]
        return [(item["entity"], str(item.get("value", match["text"]))) for item in items]
    except (ValueError, KeyError, TypeError) as error:
        example = '[text]{"entity": "name", "value": "..."}'
        raise TrainingError(path, line, f"broken annotation; write {example}") from error
