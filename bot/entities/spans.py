"""Pieces of a text that have a meaning."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text that is an entity; `start` and `end` are character offsets, `confidence` a
    probability."""

    entity: str
    start: int
    end: int
    role: str | None = None
    group: str | None = None
    confidence: float = 1.0


def apart(spans: Iterable[Span]) -> list[Span]:
    """The spans that overlap none before them, in order of appearance."""
    taken: list[Span] = []
    covered: set[int] = set()
    for span in spans:
        if covered.isdisjoint(range(span.start, span.end)):
            covered.update(range(span.start, span.end))
            taken.append(span)
    return sorted(taken, key=lambda span: span.start)


def longest_first(span: Span) -> tuple[int, int]:
    """A key to sort by: of two that overlap, the longer is to win."""
    return span.start - span.end, span.start
