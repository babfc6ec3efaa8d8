"""Finds entities as Rasa's RegexEntityExtractor and EntitySynonymMapper do."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bot.training import Training
from bot.turn import Entity

LONGEST_WORD = 100
EXTRACTOR = "RegexEntityExtractor"
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
NUMBERED = re.compile(r"([A-Za-z]{1,5})[\s–-]*(\d{4,})")


class EntityExtractor:
    """Regexes and lookup tables that are named like an entity of the domain.

    Where matches overlap, the regexes win over the lookup tables, then the longer over the
    shorter. Wordings are mapped to their values by the synonyms, and numbers like "lh 204518"
    are written as in the training data (LH-204518).
    """

    def __init__(self, training: Training) -> None:
        names = set(training.domain.entities)
        self._patterns = [
            (name, re.compile(pattern, re.IGNORECASE))
            for name, patterns in training.regexes.items()
            if name in names
            for pattern in patterns
        ]
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name, phrases in training.lookups.items():
            if name in names:
                self._add_phrases(name, phrases)
        self._synonyms = {_words(text): value for text, value in training.synonyms.items()}
        self._prefixes = _usual_prefixes(training)

    def extract(self, text: str) -> tuple[Entity, ...]:
        """The entities in order of appearance, none overlapping another."""
        readable = _without_endless_words(text)
        matched = sorted(self._by_regex(readable), key=_longest_first)
        looked_up = sorted(self._by_lookup(readable), key=_longest_first)
        return tuple(
            Entity(name, self._value(name, text[start:end]), start, end, EXTRACTOR)
            for name, start, end in _apart((*matched, *looked_up))
        )

    def _add_phrases(self, name: str, phrases: Iterable[str]) -> None:
        """Phrases are kept by their first word, the longest first."""
        for phrase in phrases:
            words = _words(phrase)
            if words:
                self._phrases.setdefault(words[0], []).append((words, name))
        for begun_alike in self._phrases.values():
            begun_alike.sort(key=lambda known: -len(known[0]))

    def _by_regex(self, text: str) -> Iterator[tuple[str, int, int]]:
        for name, pattern in self._patterns:
            for match in pattern.finditer(text):
                if match.end() > match.start():
                    yield name, match.start(), match.end()

    def _by_lookup(self, text: str) -> Iterator[tuple[str, int, int]]:
        words = [(_plain(match[0]), *match.span()) for match in WORD.finditer(text)]
        for first, (word, start, _) in enumerate(words):
            for phrase, name in self._phrases.get(word, ()):
                there = words[first : first + len(phrase)]
                if phrase == tuple(word for word, _, _ in there):
                    yield name, start, there[-1][2]
                    break

    def _value(self, entity: str, wording: str) -> str:
        if value := self._synonyms.get(_words(wording)):
            return value
        numbered = NUMBERED.fullmatch(wording)
        if numbered and self._prefixes.get(entity) == numbered[1].upper():
            return f"{numbered[1].upper()}-{numbered[2]}"
        return wording.lstrip("#")


def _without_endless_words(text: str) -> str:
    """Unbroken runs that are longer than any entity become blanks of the same length: on those
    a backtracking regex would take quadratic time."""
    for word in text.split():
        if len(word) > LONGEST_WORD:
            text = text.replace(word, " " * len(word))
    return text


def _usual_prefixes(training: Training) -> Mapping[str, str]:
    """The letters before the number, for entities that are mostly written so: LH for LH-204518."""
    seen: dict[str, Counter[str]] = {}
    for example in training.examples:
        for entity in example.entities:
            numbered = re.fullmatch(r"([A-Z]{1,5})-\d{4,}", entity.value)
            prefix = numbered[1] if numbered else ""
            seen.setdefault(entity.entity, Counter())[prefix] += 1
    usual = {name: prefixes.most_common(1)[0][0] for name, prefixes in seen.items()}
    return {name: prefix for name, prefix in usual.items() if prefix}


def _apart(spans: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The spans that overlap none before them, in order of appearance."""
    taken: list[tuple[str, int, int]] = []
    covered: set[int] = set()
    for name, start, end in spans:
        if covered.isdisjoint(range(start, end)):
            covered.update(range(start, end))
            taken.append((name, start, end))
    return sorted(taken, key=lambda span: span[1])


def _longest_first(span: tuple[str, int, int]) -> tuple[int, int]:
    return span[1] - span[2], span[1]


def _words(text: str) -> tuple[str, ...]:
    return tuple(_plain(word) for word in WORD.findall(text))


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
