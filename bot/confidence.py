"""Confidence: the probability that the best article answers a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bot import risk
from bot.intent import ModelUnusable, load_arrays, save_arrays
from bot.settings import PolicySettings
from kb_index.classifier import Floats
from kb_index.search import Hit

HITS = 5  # as many as the engine looks at
CAUTIOUS = 0.8  # the least confidence for an answer while too few outcomes are known


@dataclass(frozen=True, slots=True, eq=False)
class Confidence:
    """Weights [features] and bias of the probability that the first hit answers.

    `seen` and `right` [n] are the confidences of questions that took no part in the fit, and
    whether their first hit was right; they say how sure is sure enough.
    """

    weights: Floats
    bias: float
    seen: Floats
    right: Floats

    def of(self, hits: Sequence[Hit]) -> float:
        """The probability, 0..1, that the first of `hits` answers; 0 without hits."""
        return float(self.of_features(features(hits)[np.newaxis])[0]) if hits else 0.0

    def of_features(self, rows: Floats) -> Floats:
        """As `of`, for rows [n, features]."""
        return np.asarray(1 / (1 + np.exp(-(rows @ self.weights + self.bias))), np.float32)

    def answer_from(self, policy: PolicySettings) -> float:
        """The least confidence for an answer: a fixed one, or what keeps wrong answers few."""
        return self.threshold(policy.max_wrong_answers) if policy.answer is None else policy.answer

    def answer_by(self, policy: PolicySettings) -> Literal["setting", "risk", "caution"]:
        """Where `answer_from` has its value from: a fixed setting, the wish for few wrong answers,
        or, with too few outcomes for that, caution."""
        if policy.answer is not None:
            return "setting"
        known = risk.threshold(self.seen, self.right, policy.max_wrong_answers) is not None
        return "risk" if known else "caution"

    def threshold(self, max_wrong: float) -> float:
        """The least confidence for an answer, so that at most this share of all questions is
        answered wrongly. While too few outcomes are known to promise that, it is CAUTIOUS, or
        what would have kept them all from being wrong."""
        least = risk.threshold(self.seen, self.right, max_wrong)
        if least is None:
            strictest = risk.threshold(self.seen, self.right, 1 / (len(self.right) + 1))
            return max(CAUTIOUS, strictest or 0.0)
        return least

    def save(self, path: Path) -> None:
        bias = np.array([self.bias], np.float32)
        save_arrays(path, {}, weights=self.weights, bias=bias, seen=self.seen, right=self.right)

    @classmethod
    def load(cls, path: Path) -> "Confidence":
        """The calibration that was saved; DEFAULT where there is none, or an older version's."""
        try:
            _, arrays = load_arrays(path, "weights", "bias", "seen", "right")
        except ModelUnusable:
            return DEFAULT
        bias = float(arrays["bias"][0])
        return cls(arrays["weights"], bias, arrays["seen"], arrays["right"])


# Fitted on the demo's labelled questions; scores mean much the same everywhere.
DEFAULT = Confidence(np.array([2.5, 1.9, 6.8], np.float32), -1.9, *[np.zeros(0, np.float32)] * 2)


def features(hits: Sequence[Hit]) -> Floats:
    """What trust hangs on: the first hit's score, its lead over the second and over the rest."""
    first, *others = [hit.score for hit in hits]
    lead = first - others[0] if others else first
    rest = first - sum(others) / len(others) if others else first
    return np.array([first, lead, rest], np.float32)
