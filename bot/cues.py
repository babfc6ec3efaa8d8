"""What is seen on the surface of a line: kinds of words that speak of lost patience, or against it.

The grader (bot.grader) learns what each kind is worth; the words of some are evidence that an
agent is shown.
"""

import re

import numpy as np
from numpy.typing import NDArray

from bot.cue_words import WORDS

_PATTERNS = {kind: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") for kind, words in WORDS.items()}
_HEATED = ("verdict", "feeling", "count", "threat", "leaving", "insult", "swearing")
_DISGUISES = str.maketrans({"$": "s", "@": "a", "\N{RIGHT SINGLE QUOTATION MARK}": "'"})
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
MOST_WORDS, MOST_MARKS = 3, 4  # more of a kind say no more
LONG = 40  # words; a longer text has some of every kind, which says less the longer it is

Floats = NDArray[np.float32]


def heated_words(text: str) -> tuple[str, ...]:
    """The words of a line that speak of lost patience, and "shouting" if it is in capitals."""
    simple = plain(text)
    found = (match for kind in _HEATED for match in _PATTERNS[kind].finditer(simple))
    words = dict.fromkeys(match.group() for match in sorted(found, key=lambda each: each.start()))
    return (*words, "shouting") if _capitals(text) > 0.6 else tuple(words)


def cues(text: str) -> Floats:
    """How much of each kind of words there is, and of capitals and marks: [kinds + 3]."""
    simple = plain(text)
    kinds = [min(len(pattern.findall(simple)), MOST_WORDS) / 2 for pattern in _PATTERNS.values()]
    marks = [min(text.count(mark), MOST_MARKS) / 2 for mark in "!?"]
    density = min(1.0, LONG / max(1, len(text.split())))
    return np.array([*kinds, *marks, _capitals(text)], np.float32) * density


def plain(text: str) -> str:
    """Lower case, with the disguises of swear words taken off ("FUUUCK", "a$$")."""
    return _DRAWN_OUT.sub(r"\1", text.casefold().translate(_DISGUISES))


def _capitals(text: str) -> float:
    """The share of capitals among the letters, 0 for lines too short to shout."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) / len(letters) if len(letters) > 7 else 0.0
