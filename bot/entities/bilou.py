"""Spans as labels of tokens and back: first (B), inside (I), last (L) of an entity, a unit (U)."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.entities.crf import NOTHING
from bot.entities.spans import Span
from bot.entities.tokens import Token
from bot.turn import Entity

FARTHEST = 3  # characters between two tokens of one entity: "Main Street 5, Bristol"
BETWEEN = frozenset(" .,;")


def labels_of(tokens: Sequence[Token], entities: Iterable[Entity]) -> list[str]:
    """The label of each token. Of entities that share a token, the first counts."""
    labels = [NOTHING] * len(tokens)
    for entity in entities:
        places = places_of(tokens, entity.start, entity.end)
        if places and all(labels[place] == NOTHING for place in places):
            for place in places:
                labels[place] = f"I-{entity.entity}"
            labels[places[0]] = f"B-{entity.entity}"
            labels[places[-1]] = f"L-{entity.entity}"
            if len(places) == 1:
                labels[places[0]] = f"U-{entity.entity}"
    return labels


def places_of(tokens: Sequence[Token], start: int, end: int) -> Sequence[int]:
    """Which tokens lie in these offsets; none if one lies there in part."""
    touched = [
        place for place, token in enumerate(tokens) if token.start < end and start < token.end
    ]
    whole = all(start <= tokens[place].start and tokens[place].end <= end for place in touched)
    return touched if whole else ()


def kind_of(label: str) -> str:
    """The entity that a label is part of."""
    return label[2:] or NOTHING


def spans_of(
    text: str,
    tokens: Sequence[Token],
    labels: Iterable[tuple[str, float]],
    splits: Callable[[str], bool],
) -> Iterator[Span]:
    """The entities that labels and their probabilities mark, which may break the scheme. One is
    as sure as its least sure token. `splits` says of which entities a comma ends one.
    """
    current: Span | None = None
    ended = True
    for token, (label, confidence) in zip(tokens, labels, strict=True):
        entity = kind_of(label)
        begins = ended or label[0] in "BU" or not current or current.entity != entity
        if current and (label == NOTHING or begins or _apart(text, current, token, splits)):
            yield current
            current = None
        if label != NOTHING:
            start = current.start if current else token.start
            sureness = min(confidence, current.confidence if current else 1.0)
            current = Span(entity, start, token.end, confidence=sureness)
        ended = label[0] in "LU"
    if current:
        yield current


def _apart(text: str, span: Span, token: Token, splits: Callable[[str], bool]) -> bool:
    """Whether what lies between a span and the next token parts them."""
    between = text[span.end : token.start]
    if len(between) <= 1:
        return False
    return len(between) > FARTHEST or not BETWEEN.issuperset(between) or splits(span.entity)
