"""Confidence: the probability that the best article answers, calibrated without anyone's help.

The knowledge base rehearses on itself: each known question is asked of an index that doesn't
contain it (so the right article must be found by its other words), and of one that lacks its
article altogether (so nothing answers). A logistic regression on what the search returned learns
when a hit can be trusted (Platt scaling with several scores; Platt 1999).
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bot.intent import Floats, ModelUnusable, load_arrays, save_arrays
from bot.knowledge import Encodes
from kb_index.articles import Article
from kb_index.index import Index, build
from kb_index.search import Hit, search

FOLDS = 4
HITS = 5  # as many as the engine looks at
ENOUGH = 40  # rehearsed questions below which the default is better than a fit
UNANSWERABLE = 0.25  # the share of questions that nothing answers, as help desks see it


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights [3 features] and bias of the probability that the first hit answers."""

    weights: Floats
    bias: float

    def of(self, hits: Sequence[Hit]) -> float:
        """The probability, 0..1, that the first of `hits` answers; 0 without hits."""
        if not hits:
            return 0.0
        logit = float(features(hits) @ self.weights) + self.bias
        return float(1 / (1 + np.exp(-logit)))

    def save(self, path: Path) -> None:
        save_arrays(path, {}, weights=self.weights, bias=np.array([self.bias], np.float32))

    @classmethod
    def load(cls, path: Path) -> "Confidence":
        """The calibration of this installation, or the default where none was made."""
        try:
            _, arrays = load_arrays(path, "weights", "bias")
        except ModelUnusable:
            return DEFAULT
        if arrays["weights"].shape != DEFAULT.weights.shape:  # an older version's
            return DEFAULT
        return cls(arrays["weights"], float(arrays["bias"][0]))


# Fitted on the demo's knowledge base; used until an installation has questions of its own.
DEFAULT = Confidence(np.array([2.0, 4.5, 10.0], np.float32), -2.2)


def features(hits: Sequence[Hit]) -> Floats:
    """What trust hangs on: the first hit's score, and its lead over the second and the rest."""
    first, *others = [hit.score for hit in hits]
    lead = first - others[0] if others else first
    rest = first - sum(others) / len(others) if others else first
    return np.array([first, lead, rest], np.float32)


def calibrate(index: Index, encoder: Encodes) -> Confidence:
    """Rehearse on the known questions of the index and fit; DEFAULT where they are too few."""
    rehearsed = [each for each in _rehearse(index, encoder) if each.hits]
    answerable = np.array([each.answerable for each in rehearsed])
    right = np.array([each.right for each in rehearsed])
    if answerable.sum() < ENOUGH or right.all() or not right.any():
        return DEFAULT
    from sklearn.linear_model import LogisticRegression

    weight = np.where(
        answerable,
        (1 - UNANSWERABLE) / answerable.mean(),
        UNANSWERABLE / max((~answerable).mean(), 1e-9),
    )
    rows = np.stack([features(each.hits) for each in rehearsed])
    fit = LogisticRegression(C=100.0, max_iter=1000).fit(rows, right, sample_weight=weight)
    return Confidence(fit.coef_[0].astype(np.float32), float(fit.intercept_[0]))


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    """What a known question found when it was asked of an index that doesn't contain it."""

    hits: list[Hit]
    right: bool
    answerable: bool


def _rehearse(index: Index, encoder: Encodes) -> Iterator[_Rehearsed]:
    known = _Remembered(index, encoder)
    for fold in range(FOLDS):
        kept = [
            _without_questions(article, fold)
            for number, article in enumerate(index.articles)
            if number % FOLDS != fold
        ]
        present = {article.id for article in kept}
        with tempfile.TemporaryDirectory() as folder:
            build(kept, known, Path(folder))
            partial = Index.open(Path(folder), known.name, known.dimension)
            for article in index.articles:
                for question in article.questions[fold::FOLDS]:
                    vector = known.encode([question])[0]
                    audiences = frozenset({article.audience})
                    hits = search(partial, question, vector, audiences=audiences, k=HITS)
                    right = bool(hits) and hits[0].article_id == article.id
                    yield _Rehearsed(hits, right, article.id in present)


def _without_questions(article: Article, fold: int) -> Article:
    kept = (each for number, each in enumerate(article.questions) if number % FOLDS != fold)
    return replace(article, questions=tuple(kept))


class _Remembered:
    """The encoder, but a text that the index holds isn't encoded again."""

    def __init__(self, index: Index, encoder: Encodes) -> None:
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        texts = (row.text for row in index.rows)
        self._vectors = dict(zip(texts, np.asarray(index.vectors), strict=True))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors [n, dimension]."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if fresh:
            self._vectors.update(zip(fresh, self._encoder.encode(fresh), strict=True))
        return np.stack([self._vectors[text] for text in texts])
