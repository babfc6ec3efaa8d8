"""Finds the entities of a message, as the extractors of a Rasa pipeline do together."""

from collections.abc import Iterable
from dataclasses import replace

from bot.entities.duckling import DucklingClient
from bot.entities.model import EntityModel
from bot.entities.options import EntityOptions
from bot.entities.patterns import Patterns
from bot.entities.spans import Span, apart, longest_first
from bot.entities.values import Values
from bot.training import Training
from bot.turn import Entity

LONGEST_WORD = 100
WRITTEN, LEARNED = "RegexEntityExtractor", "CRFEntityExtractor"
WITHOUT_PROJECT = EntityOptions()


class EntityExtractor:
    """Regexes, lookup tables, what was learnt, and Duckling. Thread-safe.

    Where regexes and lookup tables overlap, the regexes win, then the longer over the shorter. An
    entity that several extractors find is found once: as Duckling has it, else as it is written,
    with the role that was learnt. Different entities may lie across each other, as in Rasa: the
    form that asks for a room number gets it, though a regex calls it a number.
    """

    def __init__(
        self,
        training: Training,
        model: EntityModel | None = None,
        options: EntityOptions = WITHOUT_PROJECT,
    ) -> None:
        self._model = model or EntityModel()
        self._options = options
        self._names = frozenset(training.domain.entities)
        self._patterns = Patterns(training, options)
        self._values = Values(training, options)
        self._duckling = DucklingClient(options.duckling) if options.duckling else None

    def extract(self, text: str) -> tuple[Entity, ...]:
        """In order of appearance. Those of one extractor, Duckling's excepted, don't overlap."""
        readable = _without_endless_words(text)
        regexes, lookups = self._patterns.find(readable)
        learned = self._model.tag(readable, [*regexes, *lookups], self._options.splits)
        found = self._duckling.extract(text) if self._duckling else []
        for span in self._written(regexes, lookups):
            _add(found, self._entity(text, span, WRITTEN))
        for span in learned:
            _add(found, self._entity(text, span, LEARNED))
        return tuple(sorted(found, key=lambda entity: entity.start))

    def _written(self, regexes: Iterable[Span], lookups: Iterable[Span]) -> list[Span]:
        found = [
            *(sorted(regexes, key=longest_first) if self._options.regexes else ()),
            *(sorted(lookups, key=longest_first) if self._options.lookups else ()),
        ]
        return apart(span for span in found if span.entity in self._names)

    def _entity(self, text: str, span: Span, extractor: str) -> Entity:
        value = self._values.of(span.entity, text[span.start : span.end])
        return Entity(
            span.entity,
            value,
            span.start,
            span.end,
            extractor,
            span.role,
            span.group,
            span.confidence,
        )


def _add(found: list[Entity], new: Entity) -> None:
    """Of an entity that is there already, only the role and group are new."""
    for place, known in enumerate(found):
        overlaps = known.start < new.end and new.start < known.end
        if overlaps and known.entity == new.entity:
            role, group = known.role or new.role, known.group or new.group
            found[place] = replace(known, role=role, group=group)
            return
    found.append(new)


def _without_endless_words(text: str) -> str:
    """Unbroken runs that are longer than any entity become blanks of the same length: on those
    a backtracking regex would take quadratic time."""
    for word in text.split():
        if len(word) > LONGEST_WORD:
            text = text.replace(word, " " * len(word))
    return text
