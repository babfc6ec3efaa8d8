"""Which class a line looks like: an intent, or the article that it is a question about.

The scores are no probabilities yet (bot/scope.py makes those of intents).
Two views of a line are put together: a linear support vector machine on its meaning (the
sentence embedding) and wording (hashed n-grams), and the nearest training line of each class.
What each part brings stands in benchmarks/README.md.
"""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kb_index.wording import BUCKETS, Wording

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

WORDING = 0.8  # how much the wording counts beside the meaning in the SVM
MOST = 4_000_000  # classes times lines that the SVM is fitted on; at the limit in a minute
ARRAYS = (
    *("bucket_weights", "meaning_weights", "wording_weights", "biases"),
    *("lines", "starts"),
)
OUT_OF_SCOPE = ""  # the class of lines that are labelled as no class at all; sorts first


@dataclass(frozen=True, slots=True)
class Scores:
    """What the classifier makes of n lines.

    `classes` [n, classes] orders the classes (without OUT_OF_SCOPE); `signs` [n, signs] is what
    trust hangs on.
    """

    classes: Floats
    signs: Floats


@dataclass(frozen=True, slots=True)
class Classifier:
    """The classes' scores for a line.

    Training lines are kept sorted by class: those of class `i` begin at `starts[i]`. The first
    class is OUT_OF_SCOPE where the training data has lines that are of no class.
    """

    classes: tuple[str, ...]
    wording: Wording
    meaning_weights: Floats  # [dimension, classes]
    wording_weights: Floats  # [buckets, classes]
    biases: Floats  # [classes]
    lines: Floats  # [lines, dimension]
    starts: Places  # [classes]

    @classmethod
    def train(
        cls,
        vectors: Floats,
        texts: Sequence[str],
        classes: Sequence[str],
        names: Mapping[str, Floats],
    ) -> "Classifier":
        """Fit on unit vectors [n, dimension], their texts and classes.

        `names` are the unit vectors [dimension] of what the classes are called (`called`): a
        name is one more example of its class, and often a good one.
        """
        known, owners = np.unique(np.asarray(classes), return_inverse=True)
        named = [place for place, name in enumerate(known) if name in names]
        owners = np.concatenate([owners, np.array(named, np.int64)])
        texts = [*texts, *(called(known[place]) for place in named)]
        lines = np.vstack([vectors, *(names[known[place]] for place in named)])
        wording = Wording.learn(texts)
        weights, biases = _fit_svm(lines, wording.matrix(texts), owners, len(known))
        order = np.argsort(owners, kind="stable")
        return cls(
            classes=tuple(str(name) for name in known),
            wording=wording,
            meaning_weights=weights[: lines.shape[1]],
            wording_weights=weights[lines.shape[1] :],
            biases=biases,
            lines=lines[order],
            starts=np.searchsorted(owners[order], np.arange(len(known))),
        )

    @property
    def known(self) -> tuple[str, ...]:
        """The classes that a line can be taken for."""
        return self.classes[self._first :]

    @property
    def _first(self) -> int:
        """The place of the first class that is one: OUT_OF_SCOPE sorts before all."""
        return int(self.classes[0] == OUT_OF_SCOPE)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the classes' names, for `restore`."""
        return {
            "bucket_weights": self.wording.weights,
            "meaning_weights": self.meaning_weights,
            "wording_weights": self.wording_weights,
            "biases": self.biases,
            "lines": self.lines,
            "starts": self.starts,
        }

    @classmethod
    def restore(cls, classes: Iterable[str], arrays: Mapping[str, NDArray[Any]]) -> "Classifier":
        """The classifier that had these `arrays`. Raises KeyError if one is missing."""
        own = {name: arrays[name] for name in ARRAYS}
        wording = Wording(own.pop("bucket_weights"))
        return cls(classes=tuple(classes), wording=wording, **own)

    def scores(self, vectors: Floats, texts: Sequence[str]) -> Scores:
        """Score lines: unit vectors [n, dimension] and their texts."""
        margins = vectors @ self.meaning_weights + self.biases
        for row, text in enumerate(texts):
            places, values = self.wording.of(text)
            margins[row] += values @ self.wording_weights[places]
        nearest = np.maximum.reduceat(vectors @ self.lines.T, self.starts, axis=1)
        together = margins + nearest
        first = self._first
        known = together[:, first:]
        two = np.sort(known, axis=1)[:, -2:]
        signs = [
            margins[:, first:].max(axis=1),
            two[:, -1] - two[:, 0] if two.shape[1] > 1 else two[:, -1],
            nearest[:, first:].max(axis=1),
            together[:, 0] if first else np.zeros(len(texts)),
        ]
        return Scores(known, np.stack(signs, axis=1).astype(np.float32))


def called(name: str) -> str:
    """What a class is called, in plain words: "card_arrival" is "card arrival"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\W_]+", " ", spaced).strip().lower()


def _fit_svm(
    meanings: Floats, words: "csr_matrix", owners: Places, classes: int
) -> tuple[Floats, Floats]:
    """Weights [dimension + buckets, classes] and biases [classes], one class against the rest;
    all 0 where that would take minutes: then the nearest line decides."""
    if classes == 1 or classes * len(owners) > MOST:
        return np.zeros((meanings.shape[1] + BUCKETS, 1), np.float32), np.zeros(1, np.float32)
    from scipy.sparse import csr_matrix, hstack
    from sklearn.svm import LinearSVC  # takes a second to import

    features = hstack([csr_matrix(meanings), words * WORDING]).tocsr()
    machine = LinearSVC(class_weight="balanced", tol=1e-2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wonders whether so many classes are numbers
        machine.fit(features, owners)
    weights, biases = machine.coef_.T, machine.intercept_
    if classes == 2:  # scikit-learn keeps one side for two classes
        weights, biases = np.hstack([-weights, weights]), np.hstack([-biases, biases])
    weights[meanings.shape[1] :] *= WORDING
    return weights.astype(np.float32), biases.astype(np.float32)
