"""Teaches a model the entities that the training data annotates."""

from collections.abc import Iterator
from dataclasses import replace

from bot.entities.model import EntityModel
from bot.entities.options import EntityOptions
from bot.entities.patterns import Patterns
from bot.training import Example, Training


def learn_entities(training: Training) -> EntityModel:
    """Learn all but what is left to regexes and lookup tables. Deterministic."""
    options = EntityOptions.of(training.config)
    if not has_lessons(training, options):
        return EntityModel()
    patterns = Patterns(training, options)
    return EntityModel.train(list(_lessons(training, options)), patterns.find_all)


def has_lessons(training: Training, options: EntityOptions) -> bool:
    """Whether there is anything to learn."""
    return options.learned and any(line.entities for line in _lessons(training, options))


def _lessons(training: Training, options: EntityOptions) -> Iterator[Example]:
    """The examples with the annotations that are to be learnt."""
    left_out = () if options.as_rasa else (*training.regexes, *training.lookups)
    for example in training.examples:
        kept = tuple(entity for entity in example.entities if entity.entity not in left_out)
        yield replace(example, entities=kept)
