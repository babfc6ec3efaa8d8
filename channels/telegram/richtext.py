"""Text with styles, as Telegram's HTML, and cut to what one message holds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

LONGEST = 4096  # UTF-16 units, counted once the tags are gone

PARAGRAPH_END = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n")
WORD_END = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style: the tags around it, outermost first, as in `('b', 'a href="…"')`."""

    text: str
    tags: tuple[str, ...] = ()


def units(text: str) -> int:
    """The length as Telegram counts it: UTF-16 units, so that most emoji count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs)


def to_html(runs: Sequence[Run]) -> str:
    """The runs in Telegram's HTML: every tag closed, everything else escaped."""
    html: list[str] = []
    opened: tuple[str, ...] = ()
    for run in (*runs, Run("")):
        kept = _shared(opened, run.tags)
        html += (f"</{tag.split()[0]}>" for tag in reversed(opened[kept:]))
        html += (f"<{tag}>" for tag in run.tags[kept:])
        html.append(escape(run.text, quote=False))
        opened = run.tags
    return "".join(html)


def _shared(opened: Sequence[str], wanted: Sequence[str]) -> int:
    """How many tags, from the outermost, can stay open."""
    pairs = zip(opened, wanted, strict=False)
    return next(
        (depth for depth, (a, b) in enumerate(pairs) if a != b), min(len(opened), len(wanted))
    )


def split(runs: Sequence[Run], limit: int = LONGEST) -> list[list[Run]]:
    """The runs in parts of at most `limit` units, none of them blank.

    A part ends with a paragraph, or else a sentence, or else a word, and outside any style as long
    as there is such a place.
    """
    text = plain(runs)
    outside = _places_outside_styles(runs)
    parts = []
    start = 0
    while start < len(text):
        end = _fitting(text, start, limit)
        if end < len(text):
            end = _best_end(text, outside, start, end)
        part = _strip(_between(runs, start, end))
        if part:
            parts.append(part)
        start = end
    return parts


def _fitting(text: str, start: int, limit: int) -> int:
    """The furthest end at which the text from `start` has at most `limit` units."""
    end = min(len(text), start + limit)
    while (over := units(text[start:end]) - limit) > 0:
        end -= (over + 1) // 2  # a character has two units at most
    return end


def _best_end(text: str, outside: set[int], start: int, end: int) -> int:
    middle = start + (end - start + 1) // 2  # an earlier end would leave too short a part
    for is_good in (outside.__contains__, lambda place: True):
        for boundary, earliest in (
            (PARAGRAPH_END, middle),
            (SENTENCE_END, middle),
            (WORD_END, start + 1),
        ):
            places = (match.end() for match in boundary.finditer(text, earliest, end))
            if good := [place for place in places if is_good(place)]:
                return good[-1]
    return end


def _places_outside_styles(runs: Sequence[Run]) -> set[int]:
    places: set[int] = set()
    for start, run in _placed(runs):
        if not run.tags:
            places.update(range(start, start + len(run.text) + 1))
    return places


def _placed(runs: Sequence[Run]) -> Iterator[tuple[int, Run]]:
    start = 0
    for run in runs:
        yield start, run
        start += len(run.text)


def _between(runs: Sequence[Run], start: int, end: int) -> list[Run]:
    cut = (
        Run(run.text[max(0, start - place) : max(0, end - place)], run.tags)
        for place, run in _placed(runs)
    )
    return [run for run in cut if run.text]


def _strip(runs: list[Run]) -> list[Run]:
    """Without the white space at both ends, which Telegram would drop too."""
    text = plain(runs)
    return _between(runs, len(text) - len(text.lstrip()), len(text.rstrip()))
