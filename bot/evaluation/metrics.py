"""Measures of a classifier that gives probabilities and may refuse.

scikit-learn's where it has them. Each is None where the data doesn't allow it, e.g. no AUROC
without a case of either kind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

BINS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of an evaluation. `name` is how commands and JSON call it, `about` what it is."""

    name: str
    value: float
    about: str


def known(*figures: tuple[str, float | None, str]) -> list[Figure]:
    """Those of the figures that the data allowed."""
    return [Figure(name, value, about) for name, value, about in figures if value is not None]


def share(which: ArrayLike) -> float | None:
    """The share of true values."""
    truths = np.asarray(which, bool)
    return float(truths.mean()) if truths.size else None


def auroc(scores: ArrayLike, truths: ArrayLike) -> float | None:
    """How well the scores part true cases from false ones: 0.5 by chance, 1 perfectly."""
    from sklearn.metrics import roc_auc_score

    truths = np.asarray(truths, bool)
    return None if len(set(truths.tolist())) < 2 else float(roc_auc_score(truths, scores))


def refused_keeping(share_kept: float, scores: ArrayLike, truths: ArrayLike) -> float | None:
    """The share of false cases under the score that keeps `share_kept` of the true ones."""
    scores, truths = np.asarray(scores), np.asarray(truths, bool)
    if truths.all() or not truths.any():
        return None
    threshold = np.quantile(scores[truths], 1 - share_kept, method="lower")
    return share(scores[~truths] < threshold)


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of about the same confidence: how sure they were on average, how many were right."""

    confidence: float
    right: float
    count: int


def reliability(confidences: ArrayLike, right: ArrayLike) -> Iterator[Bin]:
    """The cases in ten bins of equal width, empty ones left out."""
    confidences, right = np.asarray(confidences, float), np.asarray(right, bool)
    places = np.minimum((confidences * BINS).astype(int), BINS - 1)
    for place in np.unique(places):
        chosen = places == place
        count = int(chosen.sum())
        yield Bin(float(confidences[chosen].mean()), float(right[chosen].mean()), count)


def expected_calibration_error(confidences: ArrayLike, right: ArrayLike) -> float | None:
    """How far confidence is from the share that was right, on average (Naeini et al. 2015)."""
    bins = list(reliability(confidences, right))
    cases = sum(each.count for each in bins)
    gaps = (each.count * abs(each.confidence - each.right) for each in bins)
    return sum(gaps) / cases if cases else None


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What a threshold gives: the share of cases answered, and of all cases wrongly answered."""

    threshold: float
    coverage: float
    risk: float


def risk_coverage(confidences: ArrayLike, right: ArrayLike) -> list[RiskPoint]:
    """A point for every threshold that makes a difference, from the strictest."""
    confidences, right = np.asarray(confidences, float), np.asarray(right, bool)
    order = np.argsort(-confidences, kind="stable")
    ranked, wrong = confidences[order], np.cumsum(~right[order])
    is_last_of_its_confidence = np.append(ranked[1:] < ranked[:-1], True)[: ranked.size]
    return [
        RiskPoint(float(ranked[at]), (int(at) + 1) / ranked.size, float(wrong[at]) / ranked.size)
        for at in np.flatnonzero(is_last_of_its_confidence)
    ]


def ranks(found: Sequence[Sequence[str]], wanted: Sequence[frozenset[str]]) -> list[int]:
    """The place, from 1, of the first right one among what was found; 0 if there is none."""
    return [
        next((place for place, each in enumerate(hits, 1) if each in right), 0)
        for hits, right in zip(found, wanted, strict=True)
    ]


def recall_at(k: int, placed: Sequence[int]) -> float | None:
    """The share of queries with a right one among the first k."""
    return share([0 < rank <= k for rank in placed])


def mean_reciprocal_rank(placed: Sequence[int]) -> float | None:
    return float(np.mean([1 / rank if rank else 0.0 for rank in placed])) if placed else None
