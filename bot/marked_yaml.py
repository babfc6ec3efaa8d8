"""YAML as Rasa 3 reads it (version 1.2), remembering the line that everything stands on."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

BOOL, INT, FLOAT, TIMESTAMP = (
    f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "timestamp")
)
OUR_WORDS = {BOOL, INT, FLOAT, TIMESTAMP}
NOT_PRINTABLE = yaml.reader.Reader.NON_PRINTABLE


class TrainingError(Exception):
    """Training data is wrong at a line of a file; the message says what and the mend."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = path
        self.line = line
        self.message = message


class Mapped(dict[str, Any]):
    """A mapping that knows the lines of its keys (1-based)."""

    def __init__(self, entries: Mapping[str, Any] | None = None, line: int = 1) -> None:
        super().__init__(entries or {})
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """Where the key stands; for a block of text (`key: |`) its first line."""
        return self.lines.get(key, self.line)

    def replaced(self, **entries: Any) -> "Mapped":
        """A copy with other values; YAML's aliases may share the original."""
        copy = Mapped({**self, **entries}, self.line)
        copy.lines = self.lines
        return copy


class Listed(list[Any]):
    """A sequence that knows the lines of its items (1-based)."""

    def __init__(self, items: Iterable[Any] = (), lines: Iterable[int] = ()) -> None:
        super().__init__(items)
        self.lines = list(lines)

    def numbered(self) -> Iterator[tuple[int, Any]]:
        return zip(self.lines, self, strict=True)


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's plain words: `yes`, `no`, `on` and `off` are text. So are dates, times (12:30)
    and all but plain numbers: an order number may begin with zeros."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own shape
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in OUR_WORDS]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:  # from PyYAML, for `!!int word`
            message = f"this is no {node.tag.rpartition(':')[2]}"
            raise yaml.MarkedYAMLError(None, None, message, node.start_mark) from error


def _mapped(loader: _Loader, node: yaml.MappingNode) -> Iterator[Mapped]:
    mapped = Mapped(line=node.start_mark.line + 1)
    yield mapped
    own = {id(key) for key, _ in node.value}
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(None, None, "this can't be a key", key_node.start_mark)
        if id(key_node) in own and str(key) in mapped.lines:
            message = f'the key "{key}" is there twice'
            raise yaml.MarkedYAMLError(None, None, message, key_node.start_mark)
        mapped[str(key)] = loader.construct_object(value_node, deep=True)
        if id(key_node) in own:
            is_block = getattr(value_node, "style", None) in ("|", ">")
            mapped.lines[str(key)] = key_node.start_mark.line + 1 + is_block


def _listed(loader: _Loader, node: yaml.SequenceNode) -> Iterator[Listed]:
    listed = Listed(lines=[item.start_mark.line + 1 for item in node.value])
    yield listed
    listed.extend(loader.construct_object(item, deep=True) for item in node.value)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapped)
_Loader.add_constructor("tag:yaml.org,2002:seq", _listed)
for _tag, _pattern, _first in (
    (BOOL, "true|True|TRUE|false|False|FALSE", "tTfF"),
    (INT, "[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
    (FLOAT, r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]+", "-+0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def read_yaml(path: Path) -> Mapped:
    """The mapping in a YAML file; empty for an empty file. Raises TrainingError."""
    text = _text(path)
    try:
        content = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise TrainingError(path, line, _broken(text, line, error)) from error
    except yaml.YAMLError as error:
        found = NOT_PRINTABLE.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        character = f"the character {found[0]!r}" if found else error
        raise TrainingError(path, line, f"broken YAML: {character} can't be here") from error
    except RecursionError as error:
        raise TrainingError(path, 1, "broken YAML: it is nested too deeply") from error
    if content is None:
        return Mapped()
    if not isinstance(content, Mapped):
        raise TrainingError(path, 1, 'expected "key: value" lines at the top')
    return content


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TrainingError(path, line, "not UTF-8: save the file in this encoding") from error
    except OSError as error:
        raise TrainingError(path, 1, f"can't be read: {error.strerror}") from error


def _broken(text: str, line: int, error: yaml.MarkedYAMLError) -> str:
    here = "".join(text.split("\n")[line - 1 : line])
    if "\t" in here and "cannot start any token" in str(error.problem):
        return "broken YAML: there is a tab; indent with spaces"
    return f"broken YAML: {', '.join(filter(None, (error.context, error.problem)))}"


def items_of(path: Path, content: Mapped, key: str) -> Iterable[tuple[int, Any]]:
    """The items of the list under a key with their lines; none without it. Raises TrainingError."""
    items = content.get(key)
    if items is None or items == {}:
        return ()
    if not isinstance(items, Listed):
        raise TrainingError(path, content.line_of(key), f'"{key}" must be a list')
    return items.numbered()
