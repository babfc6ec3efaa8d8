"""Confidence: the probability that the best article answers a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def threshold(self, max_wrong: float) -> float:
        """The least confidence for an answer, so that at most this share of all questions is
        answered wrongly; CAUTIOUS, without that promise, while too few outcomes are known."""
        least = risk.threshold(self.seen, self.right, max_wrong)
        return CAUTIOUS if least is None else least

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
DEFAULT = Confidence(np.array([2.4, 8.1], np.float32), -1.8, *[np.zeros(0, np.float32)] * 2)


def features(hits: Sequence[Hit]) -> Floats:
    """What trust hangs on: the first hit's score, and its lead over the others."""
    first, *others = [hit.score for hit in hits]
    lead = first - sum(others) / len(others) if others else first
    return np.array([first, lead], np.float32)
