"""How one line sounds: frustrated or not, and what else it says, learnt from lines graded by hand.

A softmax head on the line's meaning (its sentence embedding), cues and wording tells the groups
of graded lines apart: each has a grade, and perhaps a sign such as "waiting" or "abuse".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.cues import cues, plain
from bot.intent import load_arrays, save_arrays
from kb_index.wording import Floats, Wording

# What a grade is worth as a score: calm, mildly annoyed, clearly frustrated, furious. Chosen so
# that in cross-validation 5% of our lines graded 0 and 1 reach the default threshold of 0.7.
GRADE_SCORES = np.array([0.0, 0.32, 0.82, 1.0], np.float32)
ABUSE, SELF_HARM = "abuse", "self_harm"
ALARMS = (SELF_HARM, ABUSE)  # signs that bring a person at once, the gravest first
SIGNS = (*ALARMS, "giving_up", "talk_to_human", "not_helped", "waiting")
LIKELY = 0.35  # the probability from which a sign counts
DANGER = 0.25  # and that of self-harm: a needless call to a person costs little
C = 5.0  # cross-validated on the shipped lines; flat between 3 and 10


@dataclass(frozen=True, slots=True)
class GradedLine:
    """A line graded 0 (calm) to 3 (furious), and what else it says: one of SIGNS, or nothing."""

    text: str
    grade: int
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """How frustrated a line sounds, 0..1, and the signs in it, the gravest first."""

    grade: float = 0.0
    signs: tuple[str, ...] = ()

    @property
    def alarm(self) -> str | None:
        """The sign that brings a person at once, if there is one."""
        return next((sign for sign in self.signs if sign in ALARMS), None)


@dataclass(frozen=True, slots=True)
class Grader:
    """Weights [dimension + cues, groups] and [buckets, groups], and biases [groups]."""

    grades: tuple[int, ...]  # of the groups
    signs: tuple[str, ...]  # of the groups, "" for none
    wording: Wording
    weights: Floats
    wording_weights: Floats
    biases: Floats

    @classmethod
    def train(cls, vectors: Floats, lines: Sequence[GradedLine]) -> "Grader":
        """Fit on lines of every grade and their unit vectors [lines, dimension]."""
        from scipy.sparse import csr_matrix, hstack
        from sklearn.linear_model import LogisticRegression

        texts = [plain(line.text) for line in lines]
        wording = Wording.learn(texts)
        dense = np.hstack([vectors, np.stack([cues(line.text) for line in lines])])
        groups = sorted({(line.grade, line.sign) for line in lines})
        head = LogisticRegression(C=C, max_iter=300, tol=1e-3)
        head.fit(
            hstack([csr_matrix(dense), wording.matrix(texts)]).tocsr(),
            [groups.index((line.grade, line.sign)) for line in lines],
        )
        weights = head.coef_.T.astype(np.float32)
        return cls(
            grades=tuple(grade for grade, _ in groups),
            signs=tuple(sign for _, sign in groups),
            wording=wording,
            weights=weights[: dense.shape[1]],
            wording_weights=weights[dense.shape[1] :],
            biases=head.intercept_.astype(np.float32),
        )

    def hear(self, vector: Floats, text: str) -> Sound:
        """How a line with this unit vector [dimension] sounds."""
        places, values = self.wording.of(plain(text))
        logits = np.hstack([vector, cues(text)]) @ self.weights + self.biases
        logits += values @ self.wording_weights[places]
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        score = float(shares @ GRADE_SCORES[list(self.grades)])
        return Sound(score, tuple(sign for sign in SIGNS if self._says(sign, shares)))

    def _says(self, sign: str, shares: Floats) -> bool:
        share = shares[[each == sign for each in self.signs]].sum()
        return bool(share >= (DANGER if sign == SELF_HARM else LIKELY))

    def save(self, path: Path) -> None:
        save_arrays(
            path,
            {"grades": list(map(str, self.grades)), "signs": list(self.signs)},
            weights=self.weights,
            wording=self.wording.weights,
            wording_weights=self.wording_weights,
            biases=self.biases,
        )

    @classmethod
    def load(cls, path: Path) -> "Grader":
        """Raises ModelUnusable for a missing or damaged file."""
        about, arrays = load_arrays(path, "weights", "wording", "wording_weights", "biases")
        return cls(
            grades=tuple(map(int, about["grades"])),
            signs=tuple(about["signs"]),
            wording=Wording(arrays["wording"]),
            weights=arrays["weights"],
            wording_weights=arrays["wording_weights"],
            biases=arrays["biases"],
        )
