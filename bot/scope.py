"""From scores to probabilities: rehearsed on lines and whole intents that training didn't see.

Nobody labels what is out of scope, so the training data plays it: in each fold a part of the
intents is left out altogether, and their lines stand for the questions that nobody foresaw. A
logistic regression learns from the scores whether a line is in scope, and temperature scaling
(Guo et al. 2017) how far the best intent can be trusted if it is.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kb_index.classifier import OUT_OF_SCOPE, Classifier, Floats, Scores

Places = NDArray[np.int64]

FOLDS = 5
INTENTS, MOST = 300, 6000  # and lines to rehearse on; more change little but the time it takes
ENOUGH = 30  # rehearsed lines on either side below which the default is better than a fit
OUT_OF_SCOPE_SHARE = 0.3  # of what customers write
UNKNOWN, NONE = -1, -2


@dataclass(frozen=True, slots=True)
class Scope:
    """Weights [signs] and bias of the logit of "in scope", and the intents' temperature."""

    weights: Floats
    bias: float
    temperature: float

    def in_scope(self, scores: Scores) -> Floats:
        """The probability of each line [n] that it is any of the intents."""
        return np.asarray(1 / (1 + np.exp(-(scores.signs @ self.weights + self.bias))), np.float32)

    def shares(self, scores: Scores) -> Floats:
        """The probability [n, intents] of each intent, if the line is in scope."""
        return np.exp(_log_softmax(scores.classes / self.temperature))


# Set by hand, for where there are too few lines to rehearse on: nearness says most, since the SVM
# knows little then, or is missing.
DEFAULT = Scope(np.array([1.2, 0.5, 6.0, 0.0], np.float32), -2.5, 0.25)


def rehearse(
    vectors: Floats,
    texts: Sequence[str],
    classes: Sequence[str],
    names: Mapping[str, Floats],
    seed: int = 0,
) -> Scope:
    """Calibrate on a classifier's own training data (see Classifier.train)."""
    chosen = _chosen(np.array(classes, dtype=str), seed)
    vectors, texts = vectors[chosen], [texts[at] for at in chosen]
    labels = np.array(classes, dtype=str)[chosen]
    intents = [label for label in np.unique(labels) if label != OUT_OF_SCOPE]
    fold_of = {intent: place % FOLDS for place, intent in enumerate(intents)}
    absent = np.array([fold_of.get(str(label), -1) for label in labels])
    held_out = np.arange(len(labels)) % FOLDS
    rehearsed = [
        each
        for fold in range(FOLDS)
        for each in _rehearse(vectors, texts, labels, (absent == fold) | (held_out == fold), names)
    ]
    return _fit(rehearsed) if rehearsed else DEFAULT


def _chosen(labels: NDArray[np.str_], seed: int) -> Places:
    """The lines to rehearse on, in random order: of INTENTS intents and at most MOST."""
    random = np.random.default_rng(seed)
    intents = random.permutation(np.unique(labels[labels != OUT_OF_SCOPE]))[:INTENTS]
    chosen = random.permutation(len(labels))
    return chosen[np.isin(labels[chosen], [*intents, OUT_OF_SCOPE])][:MOST]


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    """Lines that a classifier hadn't seen, and the place of their intent in its scores: UNKNOWN
    where it knows no such intent, NONE where the line is labelled as no intent."""

    scores: Scores
    places: Places


def _rehearse(
    vectors: Floats,
    texts: Sequence[str],
    labels: NDArray[np.str_],
    unseen: NDArray[np.bool_],
    names: Mapping[str, Floats],
) -> Iterator[_Rehearsed]:
    seen = ~unseen
    if not (labels[seen] != OUT_OF_SCOPE).any() or not unseen.any():
        return
    known = [text for text, kept in zip(texts, seen, strict=True) if kept]
    asked = [text for text, kept in zip(texts, seen, strict=True) if not kept]
    classifier = Classifier.train(vectors[seen], known, [str(each) for each in labels[seen]], names)
    place_of = {intent: place for place, intent in enumerate(classifier.known)}
    place_of[OUT_OF_SCOPE] = NONE
    places = np.array([place_of.get(str(label), UNKNOWN) for label in labels[unseen]])
    yield _Rehearsed(classifier.scores(vectors[unseen], asked), places)


def _fit(rehearsed: Sequence[_Rehearsed]) -> Scope:
    places = np.concatenate([each.places for each in rehearsed])
    in_scope = places >= 0
    inside, outside = int(in_scope.sum()), int((~in_scope).sum())
    temperature = _temperature(rehearsed) if inside >= ENOUGH else DEFAULT.temperature
    if min(inside, outside) < ENOUGH:
        return replace(DEFAULT, temperature=temperature)
    from sklearn.linear_model import LogisticRegression

    signs = np.vstack([each.scores.signs for each in rehearsed])
    spread = signs.std(axis=0) + 1e-9
    head = LogisticRegression(max_iter=1000)
    head.fit(signs / spread, in_scope, sample_weight=_weights(places))
    weights = (head.coef_[0] / spread).astype(np.float32)
    return Scope(weights, float(head.intercept_[0]), temperature)


def _weights(places: Places) -> NDArray[np.float64]:
    """Each line's weight. Lines labelled as out of scope, if there are enough, weigh as much
    together as the lines of absent intents, of which there always are many more."""
    groups = [(places >= 0, 1 - OUT_OF_SCOPE_SHARE)]
    if (places == NONE).sum() >= ENOUGH:
        groups += [(places == kind, OUT_OF_SCOPE_SHARE / 2) for kind in (NONE, UNKNOWN)]
    else:
        groups.append((places < 0, OUT_OF_SCOPE_SHARE))
    weights = np.zeros(len(places))
    for lines, share in groups:
        weights[lines] = share * len(places) / max(int(lines.sum()), 1)
    return weights


def _temperature(rehearsed: Sequence[_Rehearsed]) -> float:
    """The temperature under which the true intents of lines in scope are likeliest."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        # A few lines that are all understood would make it 0; a prior keeps it near the default.
        away = log_temperature - math.log(DEFAULT.temperature)
        return away**2 - sum(
            float(_log_softmax(each.scores.classes / np.exp(log_temperature))[rows, places].sum())
            for each in rehearsed
            for rows, places in [_in_scope_cells(each)]
        )

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 2), method="bounded").x))


def _in_scope_cells(each: _Rehearsed) -> tuple[Places, Places]:
    rows = np.flatnonzero(each.places >= 0)
    return rows, each.places[rows]


def _log_softmax(scores: Floats) -> Floats:
    scores = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), np.float32)
