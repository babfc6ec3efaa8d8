"""The JSON Lines that an evaluation reads and writes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.turn import JSON

Id = str | int
Model = TypeVar("Model", bound=BaseModel)


class EvaluationError(Exception):
    """Data for an evaluation is wrong; the message names the place and the mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object of a file, and the line that it stands on."""

    path: Path
    number: int
    fields: JSON

    def text(self, name: str) -> str:
        """A field that must hold text."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f'"{name}" is missing or is not text')
        return value

    def parse(self, model: type[Model]) -> Model:
        """The whole row as a model of pydantic's."""
        try:
            return model.model_validate(self.fields)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"]))
            raise self.error(f'"{place}": {problem["msg"]}') from None

    def error(self, message: str) -> EvaluationError:
        return EvaluationError(f"{self.path}:{self.number}: {message}")

    @property
    def id(self) -> Id | None:
        """The row's own id, if it has one."""
        value = self.fields.get("id")
        if value is not None and (isinstance(value, bool) or not isinstance(value, Id)):
            raise self.error('"id" must be text or a number')
        return value

    @property
    def required_id(self) -> Id:
        given = self.id
        if given is None or given == "":
            raise self.error('"id" is missing')
        return given


def read_rows(path: Path) -> list[Row]:
    """The rows of a JSON Lines file, at least one, no id twice. Raises EvaluationError."""
    rows = [_row(path, number, line) for number, line in _lines(path) if line.strip()]
    if not rows:
        raise EvaluationError(f"{path} is empty: write one JSON object a line")
    _refuse_doubled_ids(rows)
    return rows


def _lines(path: Path) -> Iterable[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8; save it as UTF-8") from error
    return enumerate(text.split("\n"), 1)


def _row(path: Path, number: int, line: str) -> Row:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise EvaluationError(f"{path}:{number}: not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise EvaluationError(f"{path}:{number}: a JSON object is needed on each line")
    return Row(path, number, fields)


def _refuse_doubled_ids(rows: Iterable[Row]) -> None:
    first: dict[Id, int] = {}
    for row in rows:
        if row.id is None:
            continue
        if row.id in first:
            raise row.error(f'the id "{row.id}" is already that of line {first[row.id]}')
        first[row.id] = row.number


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write JSON Lines; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
