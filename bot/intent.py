"""Intents as the bot uses them: which one a message means, how sure that is, or that it is none."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.knowledge import Encodes
from bot.scope import Scope, rehearse
from kb_index.classifier import ARRAYS, OUT_OF_SCOPE, Classifier, Floats, called

RANKED = 10


class ModelUnusable(Exception):
    """A trained model is missing or damaged; the message names it and the mend."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a line means. All numbers are probabilities.

    `confidence` says that `intent` is right, `in_scope` that the line is any intent at all;
    `refused` that it more likely is none. `ranking` holds (intent, probability), best first; what
    the probabilities lack to 1 is out of scope.
    """

    intent: str
    confidence: float
    in_scope: float
    refused: bool
    ranking: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class IntentModel:
    """A classifier, and the calibration that makes probabilities of its scores."""

    classifier: Classifier
    scope: Scope

    @classmethod
    def train(
        cls,
        vectors: Floats,
        texts: Sequence[str],
        intents: Sequence[str | None],
        names: Mapping[str, Floats],
        seed: int = 0,
    ) -> "IntentModel":
        """Fit on unit vectors [n, dimension] of lines, their texts and intents, None for a line
        that is none of them; `names` are the vectors of the intents' names (`name_vectors`).

        Deterministic for a seed. Raises ValueError when no line has an intent.
        """
        if not any(intents):
            raise ValueError("no line has an intent")
        classes = [OUT_OF_SCOPE if intent is None else intent for intent in intents]
        classifier = Classifier.train(vectors, texts, classes, names)
        return cls(classifier, rehearse(vectors, texts, classes, names, seed))

    def judge(self, vectors: Floats, texts: Sequence[str]) -> list[Verdict]:
        """What lines mean: their unit vectors [n, dimension] and texts."""
        scores = self.classifier.scores(vectors, texts)
        in_scope = self.scope.in_scope(scores)
        probabilities = self.scope.shares(scores) * in_scope[:, np.newaxis]
        return [self._verdict(*each) for each in zip(in_scope.tolist(), probabilities, strict=True)]

    def _verdict(self, in_scope: float, probabilities: Floats) -> Verdict:
        best = np.argsort(-probabilities)[:RANKED]
        intents = self.classifier.known
        ranking = tuple((intents[place], float(probabilities[place])) for place in best)
        intent, confidence = ranking[0]
        return Verdict(intent, confidence, in_scope, in_scope < 0.5, ranking)

    def save(self, path: Path) -> None:
        scope = np.array([*self.scope.weights, self.scope.bias, self.scope.temperature])
        about = {"classes": list(self.classifier.classes)}
        save_arrays(path, about, scope=scope, **self.classifier.arrays())

    @classmethod
    def load(cls, path: Path) -> "IntentModel":
        """Raises ModelUnusable for a missing or damaged file."""
        about, arrays = load_arrays(path, "scope", *ARRAYS)
        *weights, bias, temperature = arrays["scope"]
        classifier = Classifier.restore(about["classes"], arrays)
        scope = Scope(np.array(weights, np.float32), float(bias), float(temperature))
        return cls(classifier, scope)


def name_vectors(intents: Iterable[str | None], encoder: Encodes) -> dict[str, Floats]:
    """The unit vector [dimension] of what each intent is called; a name is an example too."""
    distinct = sorted({intent for intent in intents if intent and called(intent)})
    return dict(zip(distinct, encoder.encode([called(name) for name in distinct]), strict=True))


def save_arrays(path: Path, about: Mapping[str, object], **arrays: NDArray[Any]) -> None:
    """Write arrays and a JSON description into one .npz, atomically and without pickle."""
    part = path.with_suffix(".part.npz")
    np.savez(part, allow_pickle=False, about=np.array(json.dumps(about)), **arrays)
    part.replace(path)


def load_arrays(path: Path, *names: str) -> tuple[dict[str, list[str]], dict[str, NDArray[Any]]]:
    """Read what save_arrays wrote; raises ModelUnusable."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return json.loads(str(stored["about"])), {name: stored[name] for name in names}
    except FileNotFoundError:
        problem = "is missing"
    except Exception:
        problem = "is damaged, or another version's"
    raise ModelUnusable(f"the trained model {path} {problem}: run `firstline train`")
