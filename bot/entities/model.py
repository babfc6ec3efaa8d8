"""Learns entities from annotated examples: a CRF finds spans, others their roles and groups."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.entities.bilou import kind_of, labels_of, spans_of
from bot.entities.crf import Crf
from bot.entities.features import Describer
from bot.entities.known import Known, wording_of
from bot.entities.roles import Roles
from bot.entities.spans import Span
from bot.entities.tokens import Token, tokens_of
from bot.intent import load_arrays, save_arrays
from bot.nlu_data import Example
from bot.turn import Entity

PLAIN_LINES = 4000  # lines without an entity at most that are learnt from; more teach it no better

Written = Callable[[str], Iterable[Span]]  # what regexes and lookup tables find in a text
Line = tuple[Example, Sequence[Token]]


class EntityModel:
    """Finds what examples have annotated, and what is said like it. Thread-safe.

    Without a `crf` it finds nothing: there was nothing to learn.
    """

    def __init__(
        self,
        crf: Crf | None = None,
        known: Known | None = None,
        roles: Roles | None = None,
        groups: Roles | None = None,
    ) -> None:
        self._crf = crf
        self._known = known or Known()
        self._roles = roles
        self._groups = groups
        self._describer = Describer(self._known)
        self._entities = self._known.entities()

    @classmethod
    def train(cls, examples: Sequence[Example], written: Written) -> "EntityModel":
        """Deterministic."""
        lines = [
            (example, tokens_of(example.text)) for example in _without_too_many_plain(examples)
        ]
        known = Known.of(example for example, _ in lines)
        sequences = list(_described(lines, known, written))
        if not known.values:
            return cls()
        return cls(
            Crf.train(sequences),
            known,
            Roles.train(_spans_with(lines, lambda entity: entity.role)),
            Roles.train(_spans_with(lines, lambda entity: entity.group)),
        )

    def tag(self, text: str, written: Iterable[Span], splits: Callable[[str], bool]) -> list[Span]:
        """The entities in order of appearance. `written` are the spans that regexes and lookup
        tables find; `splits` says of which entities a comma ends one."""
        tokens = tokens_of(text) if self._crf else []
        if not self._crf or not tokens:
            return []
        alone = self._known_alone(tokens)
        labels = self._crf.label(self._describer.describe(tokens, written), kind_of)
        spans = [alone] if alone else list(spans_of(text, tokens, labels, splits))
        roles, groups = (
            each.of(tokens, spans) if each else [None] * len(spans)
            for each in (self._roles, self._groups)
        )
        return [
            replace(span, role=role, group=group)
            for span, role, group in zip(spans, roles, groups, strict=True)
        ]

    def _known_alone(self, tokens: Sequence[Token]) -> Span | None:
        """A text that is nothing but a known wording of one entity: the answer to a question,
        though examples only have it among other words."""
        wording = wording_of(tokens)
        entities = self._entities.get(wording, ())
        if len(entities) != 1 or wording in self._known.plain:
            return None
        return Span(entities[0], tokens[0].start, tokens[-1].end)

    def save(self, path: Path) -> None:
        """Atomically, and without pickle."""
        about = {
            "words": sorted(self._known.words),
            "values": sorted("\t".join(value) for value in self._known.values),
            "plain": sorted(self._known.plain),
            "roles": sorted("\t".join(each) for each in self._roles.known) if self._roles else [],
            "groups": sorted("\t".join(each) for each in self._groups.known)
            if self._groups
            else [],
        }
        crfs = {
            "crf": self._crf,
            "role_crf": self._roles.crf if self._roles else None,
            "group_crf": self._groups.crf if self._groups else None,
        }
        save_arrays(path, about, **{name: _bytes_of(crf) for name, crf in crfs.items()})

    @classmethod
    def load(cls, path: Path) -> "EntityModel":
        """Raises ModelUnusable for a missing or damaged file."""
        about, arrays = load_arrays(path, "crf", "role_crf", "group_crf")
        words, values = Counter(about["words"]), Counter(map(_pair, about["values"]))
        return cls(
            _crf_of(arrays["crf"]),
            Known(words, values, frozenset(about["plain"])),
            _roles_of(arrays["role_crf"], about["roles"]),
            _roles_of(arrays["group_crf"], about["groups"]),
        )


def _without_too_many_plain(examples: Sequence[Example]) -> Iterator[Example]:
    plain = [example for example in examples if not example.entities]
    yield from (example for example in examples if example.entities)
    yield from plain[:: len(plain) // PLAIN_LINES + 1]


def _described(
    lines: Iterable[Line], known: Known, written: Written
) -> Iterator[tuple[list[list[str]], list[str]]]:
    """Each line as it looks to one who doesn't know what only it says, and to one who does: the
    first teaches what new values look like, the second the old ones. Both also in lower case, as
    people chat."""
    describer = Describer(known)
    for example, tokens in lines:
        labels = labels_of(tokens, example.entities)
        spans = list(written(example.text))
        for besides, each in product((Known.of([example]), Known()), _in_both_cases(tokens)):
            yield describer.describe(each, spans, besides), labels


def _in_both_cases(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    lower = [replace(token, text=token.text.lower()) for token in tokens]
    return [tokens, lower] if lower != tokens else [tokens]


def _spans_with(
    lines: Iterable[Line], role_of: Callable[[Entity], str | None]
) -> Iterator[tuple[Sequence[Token], list[Span], list[str | None]]]:
    for example, tokens in lines:
        entities = sorted(example.entities, key=lambda entity: entity.start)
        spans = [Span(entity.entity, entity.start, entity.end) for entity in entities]
        yield tokens, spans, list(map(role_of, entities))


def _bytes_of(crf: Crf | None) -> NDArray[np.uint8]:
    return np.frombuffer(crf.model if crf else b"", np.uint8)


def _crf_of(stored: NDArray[np.uint8]) -> Crf | None:
    return Crf(stored.tobytes()) if stored.size else None


def _roles_of(stored: NDArray[np.uint8], known: Iterable[str]) -> Roles | None:
    crf = _crf_of(stored)
    return Roles(crf, frozenset(map(_pair, known))) if crf else None


def _pair(line: str) -> tuple[str, str]:
    first, _, second = line.partition("\t")
    return first, second
