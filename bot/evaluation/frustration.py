"""Frustration along transcripts: the score after each customer line, and how early it fires."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, Field

from bot.evaluation.files import Id, read_rows
from bot.evaluation.metrics import Figure, auroc, known, share
from bot.evaluation.vectors import Progress
from bot.frustration import Frustration, Spoken, follow
from bot.grader import Grader
from bot.knowledge import Encodes
from bot.turn import JSON

CROSS = 2  # the grade from which a person should take over


class GradedTurn(BaseModel, frozen=True):
    """A line of a transcript; `grade` is 0 (calm) to 3 (furious), where somebody graded it."""

    speaker: Literal["customer", "agent", "bot"]
    text: str
    grade: int | None = Field(default=None, ge=0, le=3)


class Dialog(BaseModel, frozen=True):
    """A transcript. Graded ones tell whether a person should have come (`escalate`), and the
    index of the turn that asks for one (`asks`)."""

    id: Id
    turns: list[GradedTurn] = Field(min_length=1)
    escalate: bool | None = None
    asks: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A transcript and the frustration after each customer turn, by its index in `turns`."""

    dialog: Dialog
    scores: dict[int, Frustration]

    def fires(self, threshold: float) -> int | None:
        """The first turn after which the score is at the threshold."""
        reached = (at for at, each in self.scores.items() if each.conversation >= threshold)
        return next(reached, None)

    def lead(self, threshold: float) -> int:
        """How many customer turns before the one that asks for a person it fires; 0 if not."""
        fired, asks = self.fires(threshold), self.dialog.asks
        if fired is None or asks is None:
            return 0
        return sum(fired <= at < asks for at in self.scores)


def read_dialogs(path: Path) -> list[Dialog]:
    """Read JSON Lines `{"id","turns":[{"speaker":"customer|agent|bot","text","grade"?}],
    "escalate"?,"asks"?}`. Raises EvaluationError."""
    return [row.parse(Dialog) for row in read_rows(path)]


def follow_all(
    dialogs: Sequence[Dialog], model: Grader, encoder: Encodes, progress: Progress
) -> list[Followed]:
    """Follow each transcript from its first line."""
    followed = []
    for done, dialog in enumerate(dialogs):
        progress(done, len(dialogs))
        spoken = [Spoken(turn.speaker, turn.text) for turn in dialog.turns]
        followed.append(Followed(dialog, dict(follow(spoken, model, encoder.encode))))
    return followed


def predictions(followed: Sequence[Followed]) -> list[JSON]:
    """`{"id","turn","score","evidence"}` for each customer turn; `turn` is its index."""
    return [
        {
            "id": each.dialog.id,
            "turn": turn,
            "score": judged.conversation,
            "evidence": list(judged.evidence),
        }
        for each in followed
        for turn, judged in each.scores.items()
    ]


def figures(followed: Sequence[Followed], threshold: float) -> list[Figure]:
    """How well the score at `threshold` tells the graded transcripts that need a person."""
    cross = [each for each in followed if each.dialog.escalate is True]
    calm = [each for each in followed if each.dialog.escalate is False]
    leads = [each.lead(threshold) for each in cross if _asks_later(each)]
    graded = [
        (score.conversation, grade >= CROSS)
        for each in followed
        for turn, score in each.scores.items()
        if (grade := each.dialog.turns[turn].grade) is not None
    ]
    return known(
        ("dialogs", len(followed), "dialogues"),
        ("recall", _fired(cross, threshold), "noticed, of the dialogues that needed a person"),
        (
            "false_escalations",
            _fired(calm, threshold),
            "escalated, of the dialogues that needed none",
        ),
        (
            "turns_before_asking",
            float(median(leads)) if leads else None,
            "median customer turns by which it comes before the customer asks",
        ),
        (
            "turn_auroc",
            auroc([score for score, _ in graded], [is_cross for _, is_cross in graded]),
            f"AUROC of the score after a turn: grades {CROSS} and 3 against 0 and 1",
        ),
    )


def _asks_later(followed: Followed) -> bool:
    """Whether the customer says something before asking for a person."""
    asks = followed.dialog.asks
    return asks is not None and asks > min(followed.scores, default=asks)


def _fired(followed: Sequence[Followed], threshold: float) -> float | None:
    return share([each.fires(threshold) is not None for each in followed])
