"""Learns from a project or a folder of training data, and puts what was learnt into use."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.entities.model import EntityModel
from bot.entities.teaching import learn_entities
from bot.every_desk import examples_every_desk_needs
from bot.graded_lines import read_graded_lines
from bot.grader import ALARMS, GradedLine, Grader
from bot.intent import IntentModel, name_vectors
from bot.knowledge import Encodes, Floats
from bot.project.consistency import check_project
from bot.project.keeping import keep
from bot.project.layout import Layout, find_layout
from bot.remembered import Remembering
from bot.shipped import shipped_training_data
from bot.trained import ENTITIES, FRUSTRATION, INTENTS
from bot.training import Example, Training, read_training

GRADED_LINES = "frustration.yml"
LINES = "lines.npz"
CALM_LINES = 4000  # examples at most that the grader learns calm from; more teach it no better
MAY_BE_CROSS = {"talk_to_human", "not_helped", "deny", "safety_emergency", "bot_challenge"}


@dataclass(frozen=True, slots=True)
class Trained:
    """How much was learnt, and what the training data leaves in doubt."""

    examples: int
    intents: int
    graded_lines: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a project taught; nothing uses it yet."""

    training: Training
    intents: IntentModel
    entities: EntityModel
    frustration: Grader
    told: Trained
    layout: Layout
    graded: Path
    lines: Remembering

    def put_into_use(self, data: Path) -> None:
        """Keep it in the data directory, in place of what was learnt before."""
        models = data / "models"
        models.mkdir(parents=True, exist_ok=True)
        keep(self.layout, data / "training", self.graded)
        self.intents.save(models / INTENTS)
        self.entities.save(models / ENTITIES)
        self.frustration.save(models / FRUSTRATION)
        self.lines.save()


def learn(source: Path, data: Path, encoder: Encodes) -> Learnt:
    """Learn intents, entities and frustration from a folder, for a data directory. Raises
    TrainingError.

    What every desk needs and `source` lacks comes from the shipped data: a way to ask for a
    person, small talk, graded lines.
    """
    training = read_training(source)
    warnings = check_project(training, source)
    examples = [*training.examples, *examples_every_desk_needs(training)]
    graded = source / GRADED_LINES
    graded = graded if graded.exists() else shipped_training_data() / GRADED_LINES
    graded_lines = _with_alarms(read_graded_lines(graded))
    intents = [example.intent for example in examples]
    lines = [example.text for example in examples]
    remembering = Remembering(encoder, data / "models" / LINES)
    vectors = remembering.encode(lines)
    return Learnt(
        training=training,
        intents=IntentModel.train(vectors, lines, intents, name_vectors(intents, remembering)),
        entities=learn_entities(training),
        frustration=_train_frustration(graded_lines, examples, vectors, remembering),
        told=Trained(len(lines), len(set(intents)), len(graded_lines), warnings),
        layout=find_layout(source),
        graded=graded,
        lines=remembering,
    )


def train(source: Path, data: Path, encoder: Encodes) -> Trained:
    """Learn from a folder, then put it into use. Raises TrainingError; then nothing has changed."""
    learnt = learn(source, data, encoder)
    learnt.put_into_use(data)
    return learnt.told


def train_shipped_frustration(encoder: Encodes) -> Grader:
    """The frustration grader that the shipped data makes, without a data directory."""
    shipped = shipped_training_data()
    examples = read_training(shipped).examples
    vectors = encoder.encode([example.text for example in examples])
    return _train_frustration(read_graded_lines(shipped / GRADED_LINES), examples, vectors, encoder)


def _train_frustration(
    graded: list[GradedLine], examples: Sequence[Example], vectors: Floats, encoder: Encodes
) -> Grader:
    """A grader of graded lines and of examples (with their vectors), which are calm: without
    ordinary questions and small talk "hello" would sound annoyed."""
    calm = [place for place, each in enumerate(examples) if each.intent not in MAY_BE_CROSS]
    calm = calm[:: len(calm) // CALM_LINES + 1]
    return Grader.train(
        np.vstack([encoder.encode([line.text for line in graded]), vectors[calm]]),
        [*graded, *(GradedLine(examples[place].text, 0) for place in calm)],
    )


def _with_alarms(graded: list[GradedLine]) -> list[GradedLine]:
    """With the shipped lines of those alarms that the graded lines have none of."""
    missing = set(ALARMS) - {line.sign for line in graded}
    shipped = read_graded_lines(shipped_training_data() / GRADED_LINES) if missing else []
    return [*graded, *(line for line in shipped if line.sign in missing)]
