"""Labelled questions: what somebody typed, and the articles that answer it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from bot.evaluation.files import EvaluationError, Id, Row, read_rows
from bot.settings import PUBLIC

# In the data directory: what the confidence is calibrated on, and what it is measured with.
OWN, HELD_OUT = "questions.jsonl", "evaluation.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as somebody typed it; `articles` answer it, none if it can't be answered."""

    id: Id
    text: str
    audience: str
    articles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of a file; `labelled` says whether it tells what answers them."""

    questions: list[Question]
    labelled: bool


def read_questions(path: Path, articles: Collection[str]) -> Questions:
    """Read JSON Lines `{"id","query","article_id"|"article_ids"|null,"audience"?}`.

    `articles` are the ids that there are. Raises EvaluationError.
    """
    rows = read_rows(path)
    labelled = [row for row in rows if "article_id" in row.fields or "article_ids" in row.fields]
    if labelled and len(labelled) < len(rows):
        bare = next(row for row in rows if row not in labelled)
        raise bare.error('"article_ids" is missing; write null if no article answers')
    return Questions([_question(row, articles) for row in rows], bool(labelled))


def read_labelled_questions(path: Path, articles: Collection[str]) -> list[Question]:
    """As `read_questions`, for a file that must say what answers. Raises EvaluationError."""
    read = read_questions(path, articles)
    if not read.labelled:
        raise EvaluationError(f'{path}: add "article_ids" to each line; null if none answers')
    return read.questions


def own_questions(data: Path) -> Path | None:
    """The labelled questions that the installation in `data` is measured with, if it has any:
    those that it isn't calibrated on, if there are such."""
    return next((data / name for name in (HELD_OUT, OWN) if (data / name).exists()), None)


def known_questions(data: Path, articles: Collection[str]) -> list[Question]:
    """The labelled questions of the installation in `data` that its `articles` can be calibrated
    on: a label of an article that is gone says nothing any more. Raises EvaluationError."""
    path = data / OWN
    read = [_question(row, _labels(row)) for row in read_rows(path)] if path.exists() else []
    present = [replace(each, articles=each.articles & set(articles)) for each in read]
    pairs = zip(read, present, strict=True)
    return [now for before, now in pairs if now.articles or not before.articles]


def _question(row: Row, articles: Collection[str]) -> Question:
    labels = _labels(row)
    unknown = labels.difference(articles)
    if unknown:
        raise row.error(f'no article has the id "{min(unknown)}"')
    audience = row.text("audience") if "audience" in row.fields else PUBLIC
    return Question(row.required_id, row.text("query"), audience, labels)


def _labels(row: Row) -> frozenset[str]:
    given = row.fields.get("article_ids", row.fields.get("article_id"))
    labels = [given] if isinstance(given, Id) else given or []
    if not isinstance(labels, list) or not all(isinstance(label, Id) for label in labels):
        raise row.error('"article_ids" must be a list of ids, or null if no article answers')
    return frozenset(map(str, labels))
