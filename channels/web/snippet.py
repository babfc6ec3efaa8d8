"""What a search hit says about the query: a stretch of its text, with the query's words marked."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import Stemmer

from kb_index.passages import plain_text

LONGEST = 220  # characters

_WORD = re.compile(r"\w+")
_COMMON = set(
    re.findall(
        _WORD,
        """a an and are as at be but by can do does for from have how i if in is it me my not of
        on or so that the this to was what when where which who why will with you your""",
    )
)


class Part(NamedTuple):
    text: str
    marked: bool


def snippet(markdown: str, query: str) -> list[Part]:
    """At most LONGEST characters of the plain text, from around the first word of the query."""
    text = " ".join(plain_text(markdown).split())
    first = next((start for start, _ in _matches(text, query)), 0)
    start = _start_near(text, first)
    cut = text[start : start + LONGEST]
    if start + LONGEST < len(text):
        cut = cut.rsplit(" ", 1)[0] + "\N{NO-BREAK SPACE}…"
    return mark(("… " if start else "") + cut, query)


def mark(text: str, query: str) -> list[Part]:
    """The text in parts: those that are words of the query, whatever their ending, are marked."""
    parts, end = [], 0
    for start, stop in _matches(text, query):
        parts += [Part(text[end:start], False), Part(text[start:stop], True)]
        end = stop
    return [part for part in [*parts, Part(text[end:], False)] if part.text]


def _matches(text: str, query: str) -> Iterator[tuple[int, int]]:
    stemmer = Stemmer.Stemmer("english")
    words = set(_WORD.findall(query.lower())) - _COMMON
    stems = set(stemmer.stemWords(list(words)))
    for word in _WORD.finditer(text):
        if stemmer.stemWord(word[0].lower()) in stems:
            yield word.span()


def _start_near(text: str, position: int) -> int:
    """The start of the sentence with the position, or of a word nearby when that is far off."""
    if position < LONGEST // 2:
        return 0
    sentence = max(text.rfind(mark, 0, position) for mark in (". ", "? ", "! ", ": "))
    if position - sentence < LONGEST // 2:
        return sentence + 2
    return text.rfind(" ", 0, position - LONGEST // 4) + 1
