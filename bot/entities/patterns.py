"""Entities that are written down in the training data: by regexes, and in lookup tables."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bot.entities.options import EntityOptions
from bot.entities.spans import Span
from bot.training import Training

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Patterns:
    """All regexes and lookup tables of the training data, also of what is no entity."""

    def __init__(self, training: Training, options: EntityOptions) -> None:
        lookups = Lookups if options.whole_words else InAnyWord
        self.regexes = Regexes(training.regexes, options.case_sensitive)
        self.lookups = lookups(training.lookups, options.case_sensitive)

    def find(self, text: str) -> tuple[list[Span], list[Span]]:
        """What regexes and what lookup tables find."""
        return list(self.regexes.find(text)), list(self.lookups.find(text))

    def find_all(self, text: str) -> list[Span]:
        return [*self.regexes.find(text), *self.lookups.find(text)]


class Regexes:
    """Patterns by the name of their entity."""

    def __init__(self, patterns: Mapping[str, Iterable[str]], case_sensitive: bool = False) -> None:
        flags = 0 if case_sensitive else re.IGNORECASE
        self._patterns = [
            (name, re.compile(pattern, flags))
            for name, each in patterns.items()
            for pattern in each
        ]

    def find(self, text: str) -> Iterator[Span]:
        for name, pattern in self._patterns:
            for match in pattern.finditer(text):
                if match.end() > match.start():
                    yield Span(name, match.start(), match.end())


class Phrase(NamedTuple):
    """The words of a phrase, and what symbols belong to it before and behind them (C++)."""

    words: tuple[str, ...]
    before: str
    behind: str
    entity: str


class Lookups:
    """Phrases by the name of their entity, found as whole words, whatever is between these."""

    def __init__(self, tables: Mapping[str, Iterable[str]], case_sensitive: bool = False) -> None:
        self._plain = str if case_sensitive else plain
        self._begun_by: dict[str, list[Phrase]] = {}
        for name, phrases in tables.items():
            for phrase in phrases:
                self._add(name, phrase.strip(" \t.,;:!?"))

    def _add(self, name: str, phrase: str) -> None:
        places = [match.span() for match in WORD.finditer(phrase)]
        if places:
            words = tuple(self._plain(phrase[start:end]) for start, end in places)
            before, behind = phrase[: places[0][0]], phrase[places[-1][1] :]
            self._begun_by.setdefault(words[0], []).append(Phrase(words, before, behind, name))

    def find(self, text: str) -> Iterator[Span]:
        places = [match.span() for match in WORD.finditer(text)]
        words = [self._plain(text[start:end]) for start, end in places]
        for first, word in enumerate(words):
            for phrase in self._begun_by.get(word, ()):
                last = first + len(phrase.words)
                if phrase.words == tuple(words[first:last]):
                    start, end = places[first][0], places[last - 1][1]
                    if text.endswith(phrase.before, 0, start) and text.startswith(
                        phrase.behind, end
                    ):
                        start, end = start - len(phrase.before), end + len(phrase.behind)
                        yield Span(phrase.entity, start, end)


class InAnyWord(Regexes):
    """Phrases by the name of their entity, found inside of words, too; the longest first."""

    def __init__(self, tables: Mapping[str, Iterable[str]], case_sensitive: bool = False) -> None:
        longest_first = {
            name: sorted(phrases, key=lambda phrase: -len(phrase))
            for name, phrases in tables.items()
        }
        patterns = {
            name: ["|".join(map(re.escape, phrases))] for name, phrases in longest_first.items()
        }
        super().__init__(patterns, case_sensitive)


def plain(word: str) -> str:
    return word.lower().replace("’", "'")
