"""Conditional random fields: python-crfsuite, kept in bytes."""

import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

NOTHING = "O"  # the label of an item that is nothing
ITERATIONS = 50
L1, L2 = 0.1, 0.1

Features = Sequence[Sequence[str]]  # of each item of a sequence


class Crf:
    """Labels sequences of items. Thread-safe."""

    def __init__(self, model: bytes) -> None:
        import pycrfsuite

        self.model = model
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)
        self._lock = threading.Lock()

    @classmethod
    def train(cls, sequences: Sequence[tuple[Features, Sequence[str]]]) -> "Crf":
        """On sequences of items and their labels. Deterministic."""
        import pycrfsuite

        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        parameters = {"c1": L1, "c2": L2, "max_iterations": ITERATIONS}
        trainer.set_params({**parameters, "feature.possible_transitions": True})
        for features, labels in sequences:
            trainer.append(features, labels)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            return cls(path.read_bytes())

    def label(
        self, features: Features, kind: Callable[[str], str] = str
    ) -> list[tuple[str, float]]:
        """The likeliest labels together. Beside each, unless it is NOTHING, the probability that
        the item has a label of its `kind`."""
        with self._lock:
            self._tagger.set(features)
            labels = self._tagger.labels()
            return [
                (
                    best,
                    self._probability(place, [each for each in labels if kind(each) == kind(best)]),
                )
                for place, best in enumerate(self._tagger.tag())
            ]

    def choose(self, features: Features, allowed: Sequence[Collection[str]]) -> list[str]:
        """The likeliest label of each item among those that it is allowed."""
        with self._lock:
            self._tagger.set(features)
            known = frozenset(self._tagger.labels())
            return [
                max(
                    sorted(known.intersection(labels)),
                    key=lambda label: float(self._tagger.marginal(label, place)),
                    default=NOTHING,
                )
                for place, labels in enumerate(allowed)
            ]

    def _probability(self, place: int, labels: Sequence[str]) -> float:
        if NOTHING in labels:
            return 1.0
        return min(1.0, sum(float(self._tagger.marginal(label, place)) for label in labels))
