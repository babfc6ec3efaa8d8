"""Frustration: how a line sounds, what happened before it, and how patience runs out.

A turn's score comes from lines graded by hand (embedding and surface features together); the
conversation's score keeps part of what was, rises with events (a repeat, an answer that failed),
and falls when things go well. Each score keeps the evidence that moved it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz

from bot.intent import Floats, load_arrays, save_arrays

# What a grade is worth as a score: calm, mildly annoyed, clearly frustrated, furious.
GRADE_SCORES = np.array([0.0, 0.35, 0.7, 0.95], np.float32)
KEPT = 0.6  # the share of yesterday's anger that is left a turn later
CALM = 0.25  # what calm lines score on average: only what is above it adds up over the turns
EVENTS = {"repeat": 0.25, "failed_answer": 0.12, "not_helped": 0.15, "talk_to_human": 0.1}
LEXICON = re.compile(
    r"\b(useless|ridiculous|disgrac\w+|pathetic|fed up|sick of|joke|waste of (?:time|money)|"
    r"unacceptable|appalling|furious|angry|annoy\w+|frustrat\w+|disappoint\w+|worst|never again|"
    r"third time|again and again|still (?:not|no|waiting)|how many times|give up|rip[- ]?off|"
    r"scam|complain\w*|lawyer|solicitor|ombudsman|trading standards|nobody|stupid|idiot\w*|"
    r"rubbish|crap|shit\w*|f+u+c+k\w*|bloody|damn|hopeless|terrible|awful|shambles|wtf|ffs)\b",
    re.IGNORECASE,
)
REPEAT = 88  # rapidfuzz token-sort ratio, 0..100, from which a line counts as said before


@dataclass(frozen=True, slots=True)
class Frustration:
    """Scores in 0..1 for the turn and for the conversation after it, and what moved them."""

    turn: float
    conversation: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrustrationModel:
    """Weights [4 grades, dimension + surface features] and biases of the grader."""

    weights: Floats
    biases: Floats

    @classmethod
    def train(
        cls, vectors: Floats, texts: Sequence[str], grades: Sequence[int]
    ) -> "FrustrationModel":
        """Fit on unit vectors [n, dimension], their texts and grades 0..3 (each present)."""
        from sklearn.linear_model import LogisticRegression

        features = np.hstack([vectors, np.stack([_surface(text) for text in texts])])
        head = LogisticRegression(C=3.0, max_iter=1000, class_weight="balanced")
        head.fit(features, np.asarray(grades))
        return cls(head.coef_.astype(np.float32), head.intercept_.astype(np.float32))

    def grade(self, vector: Floats, text: str) -> float:
        """How frustrated one line sounds, 0..1."""
        logits = self.weights @ np.hstack([vector, _surface(text)]) + self.biases
        exponentials = np.exp(logits - logits.max())
        return float(exponentials @ GRADE_SCORES / exponentials.sum())

    def save(self, path: Path) -> None:
        save_arrays(path, {}, weights=self.weights, biases=self.biases)

    @classmethod
    def load(cls, path: Path) -> "FrustrationModel":
        """Raises ModelUnusable for a missing or damaged file."""
        _, arrays = load_arrays(path, "weights", "biases")
        return cls(arrays["weights"], arrays["biases"])


def judge(
    grade: float, text: str, recent: Sequence[str], before: float, events: Sequence[str] = ()
) -> Frustration:
    """The scores after a line that sounds like `grade`, given the customer's `recent` lines,
    the conversation's score `before` it and the `events` (keys of EVENTS) since their last."""
    if _is_repeat(text, recent):
        events = [*events, "repeat"]
    turn = min(1.0, grade + sum(EVENTS[event] for event in events))
    conversation = min(1.0, max(turn, KEPT * before + max(0.0, turn - CALM)))
    return Frustration(turn, conversation, (*heated_words(text), *events))


def _is_repeat(text: str, recent: Sequence[str]) -> bool:
    said = text.casefold()
    return len(said) > 8 and any(
        fuzz.token_sort_ratio(said, earlier.casefold()) >= REPEAT for earlier in recent
    )


def heated_words(text: str) -> tuple[str, ...]:
    """The words of a line that speak of lost patience, and "shouting" if it is in capitals."""
    found = dict.fromkeys(match.group().lower() for match in LEXICON.finditer(text))
    shouting = ("shouting",) if _capitals(text) > 0.6 else ()
    return (*found, *shouting)


def _surface(text: str) -> Floats:
    """Surface features of a line: lexicon hits, capitals, exclamation and question marks."""
    hits = len(LEXICON.findall(text))
    marks = (text.count("!"), text.count("?"))
    return np.array(
        [min(hits, 3), _capitals(text), *(min(mark, 4) / 2 for mark in marks)], np.float32
    )


def _capitals(text: str) -> float:
    """The share of capitals among the letters, 0 for lines too short to shout."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) / len(letters) if len(letters) > 7 else 0.0
