"""Roles and groups: which city of a message is left and which is travelled to, which topping is on
which pizza."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from bot.entities.crf import NOTHING, Crf
from bot.entities.spans import Span
from bot.entities.tokens import Token

BESIDE = 3  # words to either side that tell a role

Line = tuple[Sequence[Token], Sequence[Span], Sequence[str | None]]  # and each span's role
Known = frozenset[tuple[str, str]]  # pairs of an entity and a role that it can have


class Roles:
    """Gives the entities of a message, seen in order, one of the roles that their kind can have."""

    def __init__(self, crf: Crf, known: Known) -> None:
        self.crf = crf
        self.known = known
        self._allowed: dict[str, list[str]] = {}
        for entity, role in known:
            self._allowed.setdefault(entity, [NOTHING]).append(role)

    @classmethod
    def train(cls, lines: Iterable[Line]) -> "Roles | None":
        """None where no span has a role."""
        sequences, known = [], set[tuple[str, str]]()
        for tokens, spans, roles in lines:
            labels = [role or NOTHING for role in roles]
            known |= {(span.entity, role) for span, role in zip(spans, roles, strict=True) if role}
            if spans:
                sequences.append((_describe(tokens, spans), labels))
        return cls(Crf.train(sequences), frozenset(known)) if known else None

    def of(self, tokens: Sequence[Token], spans: Sequence[Span]) -> list[str | None]:
        """The role of each span, None for one that has none."""
        if not spans:
            return []
        allowed = [self._allowed.get(span.entity, [NOTHING]) for span in spans]
        chosen = self.crf.choose(_describe(tokens, spans), allowed)
        return [None if label == NOTHING else label for label in chosen]


def _describe(tokens: Sequence[Token], spans: Sequence[Span]) -> list[list[str]]:
    """The features of each span: its kind, its place among others, the words beside it."""
    words = [token.text.lower() for token in tokens]
    kinds = Counter(span.entity for span in spans)
    before: Counter[str] = Counter()
    described = []
    for place, span in enumerate(spans):
        first = bisect_left(tokens, span.start, key=attrgetter("start"))
        last = bisect_left(tokens, span.end, key=attrgetter("start"))
        described.append(
            [
                f"entity={span.entity}",
                f"nth={span.entity} {before[span.entity]} of {kinds[span.entity]}",
                f"after={spans[place - 1].entity if place else NOTHING}",
                *_nearest("left", words[max(0, first - BESIDE) : first][::-1]),
                *_nearest("right", words[last : last + BESIDE]),
            ]
        )
        before[span.entity] += 1
    return described


def _nearest(side: str, words: Sequence[str]) -> Iterator[str]:
    for distance, word in enumerate(words):
        yield f"{side}={word}"
        yield f"{side}{distance}={word}"
