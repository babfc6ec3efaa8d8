"""YAML as Rasa 3 reads it (version 1.2), remembering the line that everything stands on."""

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

BOOL = "tag:yaml.org,2002:bool"
TIMESTAMP = "tag:yaml.org,2002:timestamp"


class TrainingError(Exception):
    """Training data is wrong at a line of a file; the message says what and the mend."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = path
        self.line = line
        self.message = message


class Mapped(dict[str, Any]):
    """A mapping that knows the lines of its keys (1-based)."""

    line: int
    lines: dict[str, int]
    """Where a value's text begins; for a block scalar the line after its key."""

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class Listed(list[Any]):
    """A sequence that knows the lines of its items (1-based)."""

    line: int
    lines: list[int]

    def numbered(self) -> Iterator[tuple[int, Any]]:
        return zip(self.lines, self, strict=True)


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's booleans: `yes`, `no`, `on` and `off` are words; dates stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own shape
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (BOOL, TIMESTAMP)]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _mapped(loader: _Loader, node: yaml.MappingNode) -> Iterator[Mapped]:
    mapped = Mapped()
    mapped.line = node.start_mark.line + 1
    mapped.lines = {}
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
            mapped.lines[str(key)] = key_node.start_mark.line + 1


def _listed(loader: _Loader, node: yaml.SequenceNode) -> Iterator[Listed]:
    listed = Listed()
    listed.line = node.start_mark.line + 1
    listed.lines = [item.start_mark.line + 1 for item in node.value]
    yield listed
    listed.extend(loader.construct_object(item, deep=True) for item in node.value)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapped)
_Loader.add_constructor("tag:yaml.org,2002:seq", _listed)
_Loader.add_implicit_resolver(
    BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def read_yaml(path: Path) -> Mapped:
    """The mapping in a YAML file; empty for an empty file. Raises TrainingError."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise TrainingError(path, line, f"broken YAML: {error.problem or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TrainingError(path, 1, f"not YAML in UTF-8: {error}") from error
    except OSError as error:
        raise TrainingError(path, 1, f"can't be read: {error.strerror}") from error
    if content is None:
        content = Mapped()
        content.line, content.lines = 1, {}
    if not isinstance(content, Mapped):
        raise TrainingError(path, 1, 'expected "key: value" lines at the top')
    return content
