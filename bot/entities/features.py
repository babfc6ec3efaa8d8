"""What the tagger sees of a word: its form, its neighbours, what it is known as."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bot.entities.families import families_of
from bot.entities.known import Known
from bot.entities.spans import Span
from bot.entities.tokens import Token

NEIGHBOURS = (-2, -1, 1, 2)
UNKNOWN = "?"
REPEATED = re.compile(r"(.)\1+")


class Describer:
    """Describes the tokens of texts by what is `known`.

    A line of the training data is described without what only that line knows of (`besides`), for
    a new value will not be known either.
    """

    def __init__(self, known: Known) -> None:
        self._words = known.words
        self._values = known.values
        self._entities = known.entities()
        self._longest = max((wording.count(" ") + 1 for wording in self._entities), default=0)

    def describe(
        self, tokens: Sequence[Token], written: Iterable[Span] = (), besides: Known | None = None
    ) -> list[list[str]]:
        """The features of each token; `written` are spans that a pattern names."""
        besides = besides or Known()
        named = self._known_as(tokens, besides)
        for span in written:
            for token, names in zip(tokens, named, strict=True):
                if token.start < span.end and span.start < token.end:
                    names.append(f"written={span.entity}")
        own = [
            (*self._word(token.text, besides), *names)
            for token, names in zip(tokens, named, strict=True)
        ]
        return [
            [*features, *self._beside(tokens, named, place, besides)]
            for place, features in enumerate(own)
        ]

    def _known_as(self, tokens: Sequence[Token], besides: Known) -> list[list[str]]:
        """For each token the entities that a wording of which it is part is known to be."""
        lower = [token.text.lower() for token in tokens]
        names: list[list[str]] = [[] for _ in tokens]
        for first in range(len(lower)):
            for last in range(first + 1, min(first + self._longest, len(lower)) + 1):
                wording = " ".join(lower[first:last])
                for entity in self._entities.get(wording, ()):
                    value = wording, entity
                    if self._values[value] > besides.values[value]:
                        for place in range(first, last):
                            if f"known={entity}" not in names[place]:
                                names[place].append(f"known={entity}")
        return names

    def _word(self, text: str, besides: Known) -> tuple[str, ...]:
        return (self._identity(text, besides), *form_of(text))

    def _identity(self, text: str, besides: Known) -> str:
        lower = text.lower()
        return f"w={lower if self._words[lower] > besides.words[lower] else UNKNOWN}"

    def _beside(
        self, tokens: Sequence[Token], named: Sequence[Sequence[str]], place: int, besides: Known
    ) -> Iterable[str]:
        for distance in NEIGHBOURS:
            there = place + distance
            if not 0 <= there < len(tokens):
                yield f"{distance}|end"
                continue
            text = tokens[there].text
            yield f"{distance}|{self._identity(text, besides)}"
            if text.istitle() or text.isupper():
                yield f"{distance}|{'title' if text.istitle() else 'upper'}"
            for name in named[there]:
                yield f"{distance}|{name}"


@lru_cache(maxsize=20_000)
def form_of(text: str) -> tuple[str, ...]:
    """What a word shows without being known: its beginning, end, shape and families."""
    lower = text.lower()
    return (
        "bias",
        *(f"begins={lower[:length]}" for length in (2, 5)),
        *(f"ends={lower[-length:]}" for length in (2, 3, 5)),
        f"shape={shape_of(text)}",
        *(f"family={family}" for family in families_of(lower)),
        *(("title",) if text.istitle() else ()),
        *(("upper",) if text.isupper() else ()),
        *(("digits",) if text.isdigit() else ()),
    )


def shape_of(text: str) -> str:
    """X for capitals, x for other letters, d for digits, a run of one as one: LH-2045 is X-d."""
    kinds = "".join(
        "d"
        if character.isdigit()
        else "X"
        if character.isupper()
        else "x"
        if character.isalpha()
        else character
        for character in text
    )
    return REPEATED.sub(r"\1", kinds)
