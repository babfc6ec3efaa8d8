"""Learns from the known questions which article a question is about.

Nearest neighbours compare a question with one text at a time; a classifier learns which words and
meanings tell the articles apart. It needs several examples of each, and time that grows with
articles times questions, so that a knowledge base of titles only, or a huge one, has none.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kb_index.classifier import Classifier
from kb_index.models import Vectors

QUESTIONS = 2  # known questions that an article has on average, at least
MOST = 1_000_000  # articles times titles and questions; at the limit training takes a minute


def train_recogniser(
    vectors: Vectors, texts: Sequence[str], articles: Sequence[int]
) -> Classifier | None:
    """A classifier of titles and known questions (unit vectors [n, dimension] and texts) into
    their `articles` (places 0, 1, ..., each there at least once); None where it would not do."""
    count = max(articles, default=0) + 1
    if count < 2 or len(texts) < (1 + QUESTIONS) * count or len(texts) * count > MOST:
        return None
    # Zero-padded, so that the classes' order is the articles'.
    return Classifier.train(vectors, texts, [f"{place:09d}" for place in articles], {})


def save_recogniser(recogniser: Classifier, path: Path) -> None:
    np.savez(path, allow_pickle=False, **recogniser.arrays())


def load_recogniser(path: Path) -> Classifier | None:
    """What was saved, if anything was. Raises ValueError or KeyError for a damaged file."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    return Classifier.restore(map(str, range(len(arrays["starts"]))), arrays)
