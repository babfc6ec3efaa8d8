"""Intents: multinomial logistic regression on the sentence embeddings.

The head trains in seconds on a few thousand lines, its probabilities are close to calibrated,
and on frozen MiniLM embeddings it is the strongest plain head (see benchmarks/README.md).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Unit vectors are small numbers; C=20 keeps the head from being regularised to mush
# (cross-validated on the demo's nlu.yml; flat between 10 and 50).
C = 20.0


class ModelUnusable(Exception):
    """A trained model is missing or damaged; the message names it and the mend."""


@dataclass(frozen=True, slots=True)
class IntentModel:
    """Weights [intents, dimension] and biases [intents] of the head, and the intents' names."""

    intents: tuple[str, ...]
    weights: Floats
    biases: Floats

    @classmethod
    def train(cls, vectors: Floats, intents: Sequence[str]) -> "IntentModel":
        """Fit the head on unit vectors [n, dimension] and their intents (at least two)."""
        from sklearn.linear_model import LogisticRegression  # takes a second to import

        head = LogisticRegression(C=C, max_iter=1000, class_weight="balanced")
        head.fit(vectors, np.asarray(intents))
        weights, biases = head.coef_, head.intercept_
        if len(head.classes_) == 2:  # scikit-learn keeps one row for two classes
            weights, biases = np.vstack([-weights, weights]) / 2, np.hstack([-biases, biases]) / 2
        return cls(tuple(head.classes_), weights.astype(np.float32), biases.astype(np.float32))

    def probabilities(self, vectors: Floats) -> Floats:
        """Probabilities [n, intents] for unit vectors [n, dimension]."""
        logits = vectors @ self.weights.T + self.biases
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)

    def rank(self, vector: Floats, k: int = 10) -> tuple[tuple[str, float], ...]:
        """The k likeliest intents of one unit vector [dimension] with probabilities, best first."""
        scores = self.probabilities(vector[np.newaxis])[0]
        best = np.argsort(-scores)[:k]
        return tuple((self.intents[i], float(scores[i])) for i in best)

    def save(self, path: Path) -> None:
        save_arrays(path, {"intents": list(self.intents)}, weights=self.weights, biases=self.biases)

    @classmethod
    def load(cls, path: Path) -> "IntentModel":
        """Raises ModelUnusable for a missing or damaged file."""
        about, arrays = load_arrays(path, "weights", "biases")
        return cls(tuple(about["intents"]), arrays["weights"], arrays["biases"])


def save_arrays(path: Path, about: dict[str, object], **arrays: Floats) -> None:
    """Write arrays and a JSON description into one .npz, atomically and without pickle."""
    part = path.with_suffix(".part.npz")
    np.savez(part, allow_pickle=False, about=np.array(json.dumps(about)), **arrays)
    part.replace(path)


def load_arrays(path: Path, *names: str) -> tuple[dict[str, list[str]], dict[str, Floats]]:
    """Read what save_arrays wrote; raises ModelUnusable."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return json.loads(str(stored["about"])), {name: stored[name] for name in names}
    except FileNotFoundError:
        problem = "is missing"
    except Exception:
        problem = "is damaged"
    raise ModelUnusable(f"the trained model {path} {problem}: run `firstline train`")
