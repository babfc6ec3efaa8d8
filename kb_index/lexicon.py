"""Word search: BM25 over stems, tolerant of typing errors, scores comparable across queries."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer
from bm25s.stopwords import STOPWORDS_EN
from rapidfuzz import process
from rapidfuzz.distance import OSA

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it speaks at DEBUG unasked

Scores = npt.NDArray[np.float32]

_WORD = re.compile(r"\w+(?:-\w+)*")
_STOP = frozenset(STOPWORDS_EN)
_WORDS_FILE = "words.json"


class Lexicon:
    """BM25 (Lucene's variant) over texts; a text's place in the list is its number."""

    def __init__(self, texts: int, words: frozenset[str], bm25: bm25s.BM25 | None) -> None:
        self._texts = texts
        self._bm25 = bm25  # None when there is not one word to index
        self._words = words
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(words):
            self._by_length.setdefault(len(word), []).append(word)
        self._ids: dict[str, int] = bm25.vocab_dict if bm25 else {}
        self._idf = _idf(bm25, texts)

    @classmethod
    def build(cls, texts: Sequence[str]) -> Lexicon:
        words = [list(_words(text)) for text in texts]
        if not any(words):
            return cls(len(texts), frozenset(), None)
        stemmer = Stemmer.Stemmer("english")
        bm25 = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        stems = [stemmer.stemWords(each) for each in words]
        bm25.index(stems, create_empty_token=False, show_progress=False)
        return cls(len(texts), frozenset(word for each in words for word in each), bm25)

    def save(self, directory: Path) -> None:
        directory.mkdir()
        about = {"texts": self._texts, "words": sorted(self._words)}
        (directory / _WORDS_FILE).write_text(json.dumps(about), encoding="utf-8")
        if self._bm25 is not None:
            self._bm25.save(directory, show_progress=False)

    @classmethod
    def load(cls, directory: Path) -> Lexicon:
        about = json.loads((directory / _WORDS_FILE).read_text(encoding="utf-8"))
        bm25 = bm25s.BM25.load(directory) if about["words"] else None
        return cls(about["texts"], frozenset(about["words"]), bm25)

    def scores(self, query: str) -> Scores:
        """How much of the query's weight each text holds, 0..1; float32, shape [texts].

        BM25 divided by what a text could at most get for this query, unknown words included, so
        that half a match is half whatever the query's length.
        """
        stems = self._stems(query)
        known = [self._ids[stem] for stem in stems if stem in self._ids]
        if self._bm25 is None or not known:
            return np.zeros(self._texts, dtype=np.float32)
        rarest = float(np.log(1 + (self._texts + 0.5) / 0.5))
        most = float(self._idf[known].sum()) + rarest * (len(stems) - len(known))
        scores: Scores = self._bm25.get_scores_from_ids(known)
        return scores / np.float32(most)

    def _stems(self, query: str) -> list[str]:
        # A stemmer may not be shared between threads; a new one costs microseconds.
        stemmer = Stemmer.Stemmer("english")
        words = [self._known(word) for word in _words(query)]
        return list(dict.fromkeys(stemmer.stemWords(words)))

    def _known(self, word: str) -> str:
        """The word, or the one in the texts that it most likely mistypes."""
        if word in self._words or len(word) < 4 or any(letter.isdigit() for letter in word):
            return word
        errors = 1 if len(word) < 8 else 2
        near = range(len(word) - errors, len(word) + errors + 1)
        candidates = [known for length in near for known in self._by_length.get(length, ())]
        best = process.extractOne(word, candidates, scorer=OSA.distance, score_cutoff=errors)
        return best[0] if best else word


def _words(text: str) -> Iterator[str]:
    """Words in lower case without the stop words; "wi-fi" gives wi, fi and wifi."""
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()):
        parts = word.split("-")
        yield from (part for part in parts if part not in _STOP)
        if len(parts) > 1:
            yield "".join(parts)


def _idf(bm25: bm25s.BM25 | None, texts: int) -> npt.NDArray[np.float64]:
    if bm25 is None:
        return np.zeros(0)
    frequency = np.diff(bm25.scores["indptr"])
    idf: npt.NDArray[np.float64] = np.log(1 + (texts - frequency + 0.5) / (frequency + 0.5))
    return idf
