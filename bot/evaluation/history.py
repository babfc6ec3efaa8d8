"""What the last report said, so that the next one can tell what has changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bot.evaluation.answers import Outcome
from bot.evaluation.metrics import Figure

LESS_IS_BETTER = {"wrong", "ece", "frustration_false_escalations"}
WELL = {"answered rightly", "not answered, rightly"}


class Snapshot(BaseModel, frozen=True):
    """A report in numbers: its figures, and what happened to each question by its id."""

    made: datetime
    figures: dict[str, float]
    questions: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Snapshot | None":
        """The snapshot in a file; None where there is none that can be read."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    @classmethod
    def of(
        cls, made: datetime, figures: Sequence[Figure], outcomes: Sequence[Outcome]
    ) -> "Snapshot":
        return cls(
            made=made,
            figures={figure.name: figure.value for figure in figures},
            questions={str(each.question.id): in_words(each) for each in outcomes},
        )


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure and what it was before; `better` is None where it stayed the same."""

    figure: Figure
    before: float | None
    better: bool | None


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question that goes differently now; `better` is None where neither is right."""

    outcome: Outcome
    before: str
    now: str
    better: bool | None


def in_words(outcome: Outcome) -> str:
    """What happened to a question."""
    if outcome.wrong:
        return "answered wrongly"
    if outcome.right:
        return "answered rightly"
    if not outcome.answerable:
        return "not answered, rightly"
    if outcome.act == "flow":
        return "started a flow"
    return "offered among others" if outcome.offers_right else "not answered"


def figure_changes(figures: Sequence[Figure], before: Snapshot | None) -> list[FigureChange]:
    """Each figure beside what it was."""
    old = before.figures if before else {}
    return [
        FigureChange(figure, old.get(figure.name), _is_better(figure, old.get(figure.name)))
        for figure in figures
    ]


def _is_better(figure: Figure, before: float | None) -> bool | None:
    if before is None or abs(figure.value - before) < 5e-4:
        return None
    return (figure.value < before) == (figure.name in LESS_IS_BETTER)


def question_changes(
    outcomes: Sequence[Outcome], before: Snapshot | None
) -> Iterator[QuestionChange]:
    """The questions that went differently in the last report."""
    questions = before.questions if before else {}
    for outcome in outcomes:
        old, now = questions.get(str(outcome.question.id)), in_words(outcome)
        if old is not None and old != now:
            better = None if (old in WELL) == (now in WELL) else now in WELL
            yield QuestionChange(outcome, old, now, better)
