"""In which language a customer writes, and what to say to one whose language nobody here speaks.

A false alarm takes an English customer's answer away, so a short line, a name or a product's
name counts for nothing: it takes enough letters, a clear lead over the desk's own languages, and
words that the desk was not taught (benchmarks/languages.py). A script that none of the desk's
languages is written in is clear at once.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import yaml

from bot.shipped import shipped_training_data
from kb_index.language import likelihoods, plain_words

_LETTERS, _WORDS = 12, 3  # fewer are a name or a greeting
_SURE = 0.5
_LEAD = 4.0  # times the likelihood of the desk's languages together
_TAUGHT = 0.5  # the share of known words from which a line is the desk's own
_EARLIER = 2  # lines that a short one is read with


@dataclass(frozen=True)
class Language:
    """A language by its ISO 639-1 `code`; `queued` and `closed` are what a customer is told when
    a person takes over, None where nobody has put it into words."""

    code: str
    name: str
    own: str
    queued: str | None = None
    closed: str | None = None

    @cached_property
    def scripts(self) -> frozenset[str]:
        """What it is written in, as Unicode names it: CJK, HIRAGANA, KATAKANA."""
        sample = self.own + (self.queued or "").replace("{ticket}", "")
        return frozenset(_script(each) for each in sample if each.isalpha())

    def as_evidence(self) -> dict[str, str]:
        """What a ticket says of it."""
        return {"code": self.code, "name": self.name}


@cache
def languages() -> dict[str, Language]:
    """The languages that can be recognised, by code."""
    text = (shipped_training_data() / "languages.yml").read_text(encoding="utf-8")
    known = yaml.safe_load(text)["languages"]
    return {code: Language(code, **fields) for code, fields in known.items()}


def notice(language: Language, *, ticket: str, hours: str, staffed: bool) -> str:
    """That a person takes over, in the language; in English where it lacks the words."""
    english = languages()["en"]
    words = (language.queued or english.queued) if staffed else (language.closed or english.closed)
    return (words or "").format(ticket=ticket, hours=hours)


class LanguageDetector:
    """Tells a customer's language from the desk's own. Thread-safe; 20 microseconds a line."""

    def __init__(self, taught: Iterable[str]) -> None:
        """`taught` are lines in the desk's languages: the examples it was trained on."""
        self._taught = frozenset(word for line in taught for word in plain_words(line))
        likelihoods([])  # loads the model

    def foreign(
        self, text: str, spoken: Collection[str], earlier: Sequence[str] = ()
    ) -> Language | None:
        """The language of `text` if it is none of `spoken` (codes), else None.

        A line that is too short to tell is read together with the customer's `earlier` ones.
        """
        words = plain_words(text)
        found = self._judge(words, spoken)
        if found or not words or not earlier or self._are_taught(words):
            return found
        together = self._judge(plain_words(" ".join([*earlier[-_EARLIER:], text])), spoken)
        return together if together and together.code == _likeliest(_likely(words)) else None

    def _judge(self, words: list[str], spoken: Collection[str]) -> Language | None:
        # Everywhere products are named in Latin letters.
        scripts = {"LATIN"}.union(*(languages()[code].scripts for code in spoken))
        strange = [word for word in words if len(word) > 1 and _script(word[0]) not in scripts]
        clear = 2 * _letters(strange) > _letters(words)
        if not clear and (_are_few(words) or self._are_taught(words)):
            return None
        likely = _likely(words)
        ours = sum(likely.pop(code, 0.0) for code in spoken)
        best = _likeliest(likely)
        if best and (clear or likely[best] >= max(_SURE, _LEAD * ours)):
            return languages()[best]
        return None

    def _are_taught(self, words: list[str]) -> bool:
        return sum(word in self._taught for word in words) >= _TAUGHT * len(words)


def _likely(words: list[str]) -> dict[str, float]:
    """How likely each language is that is written in a script of the words."""
    scripts = {_script(word[0]) for word in words}
    known = languages()
    found = likelihoods(words).items()
    return {code: p for code, p in found if code in known and known[code].scripts & scripts}


def _likeliest(likely: Mapping[str, float]) -> str | None:
    return max(likely, key=likely.__getitem__, default=None)


def _are_few(words: list[str]) -> bool:
    return len(words) < _WORDS or _letters(words) < _LETTERS


def _letters(words: list[str]) -> int:
    return sum(map(len, words))


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
