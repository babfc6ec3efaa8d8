"""Finds the entities of a message, as the extractors of a Rasa pipeline do together."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.entities.duckling import Duckling
from bot.entities.model import EntityModel
from bot.entities.options import EntityOptions
from bot.entities.patterns import Patterns
from bot.entities.spans import Span, apart, longest_first
from bot.entities.values import Values
from bot.training import Example, Training
from bot.turn import Entity

LONGEST_WORD = 100
WRITTEN, LEARNED = "RegexEntityExtractor", "CRFEntityExtractor"
WITHOUT_PIPELINE = EntityOptions()


class EntityExtractor:
    """Regexes, lookup tables, what was learnt, and Duckling. Thread-safe.

    Where regexes and lookup tables overlap, the regexes win, then the longer over the shorter. An
    entity that is both written down and learnt is found once, as it is written. Otherwise what was
    learnt may lie across what is written, as in Rasa: the form that asks for a room number gets it,
    though a regex calls it a number.
    """

    def __init__(
        self,
        training: Training,
        model: EntityModel | None = None,
        options: EntityOptions = WITHOUT_PIPELINE,
    ) -> None:
        self._model = model or EntityModel()
        self._options = options
        self._names = frozenset(training.domain.entities)
        self._patterns = Patterns(training, options)
        self._values = Values(training, options)
        self._duckling = Duckling(options.duckling) if options.duckling else None

    def extract(self, text: str) -> tuple[Entity, ...]:
        """In order of appearance. Those of one extractor, Duckling's excepted, don't overlap."""
        readable = _without_endless_words(text)
        regexes, lookups = self._patterns.find(readable)
        learned = self._model.tag(readable, [*regexes, *lookups], self._options.splits)
        written = self._written(regexes, lookups)
        entities = [
            *(self._entity(text, span, WRITTEN) for span in written),
            *(self._entity(text, span, LEARNED) for span in _not_found_yet(learned, written)),
            *(self._duckling.extract(text) if self._duckling else ()),
        ]
        return tuple(sorted(entities, key=lambda entity: entity.start))

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


def learn_entities(training: Training, options: EntityOptions = WITHOUT_PIPELINE) -> EntityModel:
    """Learn what the training data annotates and the options don't leave to regexes and lookup
    tables. Deterministic."""
    if not learns(training, options):
        return EntityModel()
    patterns = Patterns(training, options)
    return EntityModel.train(
        list(_lessons(training, options)),
        lambda text: [span for spans in patterns.find(text) for span in spans],
    )


def learns(training: Training, options: EntityOptions = WITHOUT_PIPELINE) -> bool:
    """Whether there is anything to learn."""
    return options.learned and any(line.entities for line in _lessons(training, options))


def _lessons(training: Training, options: EntityOptions) -> Iterator[Example]:
    """The examples with the annotations that are to be learnt."""
    left_out = () if options.as_rasa else (*training.regexes, *training.lookups)
    for example in training.examples:
        kept = tuple(entity for entity in example.entities if entity.entity not in left_out)
        yield replace(example, entities=kept)


def _not_found_yet(learned: Iterable[Span], written: Iterable[Span]) -> Iterator[Span]:
    for span in learned:
        if not any(span.entity == known.entity and span.overlaps(known) for known in written):
            yield span


def _without_endless_words(text: str) -> str:
    """Unbroken runs that are longer than any entity become blanks of the same length: on those
    a backtracking regex would take quadratic time."""
    for word in text.split():
        if len(word) > LONGEST_WORD:
            text = text.replace(word, " " * len(word))
    return text
