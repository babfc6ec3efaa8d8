"""The words of a line as numbers: hashed character and word n-grams, weighted by TF-IDF.

Embeddings blur rare words (product names, "EMI", "COD"), which are what tells two intents apart;
n-grams see them, and see through typing errors. Feature hashing: Weinberger et al. 2009.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

BUCKETS = 4096
SHORTEST, LONGEST = 2, 5  # bytes in a character n-gram
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Wording:
    """The weight of each bucket, learnt from the training lines: float32 [BUCKETS]."""

    weights: Floats

    @classmethod
    def learn(cls, texts: Sequence[str]) -> "Wording":
        seen = np.zeros(BUCKETS, np.float32)
        for text in texts:
            seen[list(_buckets(text))] += 1
        return cls(np.log((1 + len(texts)) / (1 + seen)) + np.float32(1))

    def of(self, text: str) -> tuple[Places, Floats]:
        """The buckets of a text's n-grams and their values, of unit length together."""
        counts = _buckets(text)
        places = np.fromiter(counts.keys(), np.int64, len(counts))
        values = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
        values *= self.weights[places]
        return places, np.asarray(values / max(float(np.linalg.norm(values)), 1e-9), np.float32)

    def matrix(self, texts: Sequence[str]) -> "csr_matrix":
        """The texts as rows of a sparse matrix [texts, BUCKETS]."""
        from scipy.sparse import csr_matrix

        rows = [self.of(text) for text in texts]
        ends = np.cumsum([0, *(len(places) for places, _ in rows)])
        places = np.concatenate([np.zeros(0, np.int64), *(places for places, _ in rows)])
        values = np.concatenate([np.zeros(0, np.float32), *(values for _, values in rows)])
        return csr_matrix((values, places, ends), shape=(len(rows), BUCKETS))


@lru_cache(maxsize=256)  # a message is scored by the intents, and by the articles' questions
def _buckets(text: str) -> Counter[int]:
    """How often each bucket is hit by the words, pairs of words and pieces of words of a text."""
    words = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    counts = Counter(_bucket(f"{one} {other}".encode()) for one, other in pairwise(words))
    counts.update(chain.from_iterable(map(_buckets_of_word, words)))
    return counts


@lru_cache(maxsize=20_000)  # people use the same words again and again
def _buckets_of_word(word: str) -> tuple[int, ...]:
    padded = f" {word} ".encode()
    lengths = range(SHORTEST, min(LONGEST, len(padded)) + 1)
    pieces = (
        padded[at : at + length] for length in lengths for at in range(len(padded) - length + 1)
    )
    return (_bucket(word.encode()), *map(_bucket, pieces))


def _bucket(gram: bytes) -> int:
    return crc32(gram) % BUCKETS
