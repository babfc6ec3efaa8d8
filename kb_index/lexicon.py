"""Word search: BM25 over stems, tolerant of typing errors, scores comparable across queries.

Each text is read in its own language, a query in the one of the texts' languages that knows most
of its words. Where no spaces part the words (Chinese, Japanese, Thai, ...), pairs of neighbouring
characters stand for them.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer
from bm25s import stopwords
from rapidfuzz import process
from rapidfuzz.distance import OSA

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it speaks at DEBUG unasked

Scores = npt.NDArray[np.float32]

# Not \w alone: it leaves out the vowel signs of India's scripts, of Arabic and of Hebrew.
_LETTER = r"[\w\u0591-\u05c7\u0610-\u065f\u0900-\u0963\u0966-\u0dff]"
_WORD = re.compile(rf"{_LETTER}+(?:-{_LETTER}+)*")
# Thai, Lao, Burmese, Khmer; kana and Chinese characters
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_STOP = {
    "da": frozenset(stopwords.STOPWORDS_DANISH),
    "de": frozenset(stopwords.STOPWORDS_GERMAN),
    "en": frozenset(stopwords.STOPWORDS_EN),
    "es": frozenset(stopwords.STOPWORDS_SPANISH),
    "fr": frozenset(stopwords.STOPWORDS_FRENCH),
    "it": frozenset(stopwords.STOPWORDS_ITALIAN),
    "nl": frozenset(stopwords.STOPWORDS_DUTCH),
    "no": frozenset(stopwords.STOPWORDS_NORWEGIAN),
    "pt": frozenset(stopwords.STOPWORDS_PORTUGUESE),
    "ru": frozenset(stopwords.STOPWORDS_RUSSIAN),
    "sv": frozenset(stopwords.STOPWORDS_SWEDISH),
    "tr": frozenset(stopwords.STOPWORDS_TURKISH),
}
_WORDS_FILE = "words.json"


class Lexicon:
    """BM25 (Lucene's variant) over texts; a text's place in the list is its number.

    `languages` are those of the texts, the commonest first.
    """

    def __init__(
        self,
        texts: int,
        words: frozenset[str],
        languages: Sequence[str],
        bm25: bm25s.BM25 | None,
    ) -> None:
        self._texts = texts
        self._bm25 = bm25  # None when there is not one word to index
        self._words = words
        self._languages = languages
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(words):
            self._by_length.setdefault(len(word), []).append(word)
        self._ids: dict[str, int] = bm25.vocab_dict if bm25 else {}
        self._idf = _idf(bm25, texts)

    @classmethod
    def build(cls, texts: Sequence[str], languages: Sequence[str]) -> Lexicon:
        """`languages` holds the ISO 639 code of each text's language."""
        common = [language for language, _ in Counter(languages).most_common()]
        words = [list(_words(*each)) for each in zip(texts, languages, strict=True)]
        if not any(words):
            return cls(len(texts), frozenset(), common, None)
        stems = [_stem(*each) for each in zip(words, languages, strict=True)]
        bm25 = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
        bm25.index(stems, create_empty_token=False, show_progress=False)
        return cls(len(texts), frozenset(word for each in words for word in each), common, bm25)

    def save(self, directory: Path) -> None:
        directory.mkdir()
        about = {
            "texts": self._texts,
            "languages": self._languages,
            "words": sorted(self._words),
        }
        (directory / _WORDS_FILE).write_text(json.dumps(about), encoding="utf-8")
        if self._bm25 is not None:
            self._bm25.save(directory, show_progress=False)

    @classmethod
    def load(cls, directory: Path) -> Lexicon:
        about = json.loads((directory / _WORDS_FILE).read_text(encoding="utf-8"))
        bm25 = bm25s.BM25.load(directory) if about["words"] else None
        languages = about.get("languages", ["en"])  # an older index read all as English
        return cls(about["texts"], frozenset(about["words"]), languages, bm25)

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

    def knows(self, text: str) -> bool:
        """Whether all words of a text stand in one of the texts, as they are written."""
        language = self._languages[0] if self._languages else ""
        return all(word in self._words for word in _words(text, language))

    def _stems(self, query: str) -> list[str]:
        """The query's stems, read in the language in which most of them are known."""
        readings = [self._read(query, language) for language in self._languages]
        return max(readings, key=self._share_known, default=[])

    def _read(self, query: str, language: str) -> list[str]:
        words = [self._known(word) for word in _words(query, language)]
        return list(dict.fromkeys(_stem(words, language)))

    def _share_known(self, stems: list[str]) -> float:
        return sum(stem in self._ids for stem in stems) / max(len(stems), 1)

    def _known(self, word: str) -> str:
        """The word, or the one in the texts that it most likely mistypes."""
        if word in self._words or len(word) < 4 or any(letter.isdigit() for letter in word):
            return word
        errors = 1 if len(word) < 8 else 2
        near = range(len(word) - errors, len(word) + errors + 1)
        candidates = [known for length in near for known in self._by_length.get(length, ())]
        best = process.extractOne(word, candidates, scorer=OSA.distance, score_cutoff=errors)
        return best[0] if best else word


def _words(text: str, language: str) -> Iterator[str]:
    """Words in lower case without the stop words; "wi-fi" gives wi, fi and wifi."""
    stop = _STOP.get(language, frozenset())
    text = unicodedata.normalize("NFKC", text).lower()
    for word in _WORD.findall(_UNSPACED.sub(_pairs, text)):
        parts = word.split("-")
        yield from (part for part in parts if part not in stop)
        if len(parts) > 1:
            yield "".join(parts)


def _pairs(run: re.Match[str]) -> str:
    """ABC as AB and BC; a single character stays."""
    pairs = map("".join, pairwise(run[0]))
    return f" {' '.join(pairs) or run[0]} "


def _stem(words: list[str], language: str) -> list[str]:
    # A stemmer may not be shared between threads; a new one costs microseconds.
    try:
        return list(Stemmer.Stemmer(language).stemWords(words))
    except KeyError:  # none for this language
        return words


def _idf(bm25: bm25s.BM25 | None, texts: int) -> npt.NDArray[np.float64]:
    if bm25 is None:
        return np.zeros(0)
    frequency = np.diff(bm25.scores["indptr"])
    idf: npt.NDArray[np.float64] = np.log(1 + (texts - frequency + 0.5) / (frequency + 0.5))
    return idf
