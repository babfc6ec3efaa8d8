"""What an installation has been taught: trains it, keeps it in the data directory, loads it.

training/   the training data as it was read (Rasa 3 YAML, frustration.yml)
models/     intents.npz, entities.npz, frustration.npz, confidence.npz
index/      the knowledge base's index (kb_index)
encoder/    the encoder as the server runs it (an ONNX export where there is one)
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import structlog

from bot.candidate import CONFIDENCE
from bot.confidence import Confidence
from bot.dialogue import Dialogue
from bot.engine import Engine
from bot.entities.extractor import EntityExtractor, learn_entities, learns
from bot.entities.model import EntityModel
from bot.graded_lines import read_graded_lines
from bot.grader import ALARMS, GradedLine, Grader
from bot.intent import IntentModel, name_vectors
from bot.knowledge import Encodes, Floats, Knowledge
from bot.language import LanguageDetector
from bot.policy import SMALL_TALK
from bot.rasa import ActionRunner
from bot.settings import Settings
from bot.shipped import shipped_training_data
from bot.training import Example, Training, read_training
from kb_index.encoder import BatchingEncoder, open_encoder
from kb_index.rerank import Reranker

INTENTS, ENTITIES, FRUSTRATION = "intents.npz", "entities.npz", "frustration.npz"
GRADED_LINES = "frustration.yml"
CALM_LINES = 4000  # examples at most that the grader learns calm from; more teach it no better


NEEDED = SMALL_TALK | {
    *("talk_to_human", "safety_emergency", "helped", "not_helped", "out_of_scope"),
}
MAY_BE_CROSS = {"talk_to_human", "not_helped", "deny", "safety_emergency", "bot_challenge"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trained:
    """How much was learnt, and what the training data leaves in doubt."""

    examples: int
    intents: int
    graded_lines: int
    warnings: tuple[str, ...] = ()


def open_batching_encoder(settings: Settings) -> BatchingEncoder:
    """The encoder that the installation was prepared with. Raises ModelError."""
    return BatchingEncoder(open_encoder(settings.model, settings.data / "encoder"))


def open_reranker(settings: Settings) -> Reranker | None:
    """The reranker, if the settings name one. Raises ModelError."""
    return Reranker(settings.reranker) if settings.reranker else None


def open_knowledge(settings: Settings) -> Knowledge:
    """The knowledge base that is live. Raises IndexUnusable, ModelError."""
    root = settings.data / "index"
    return Knowledge(root, open_batching_encoder(settings), open_reranker(settings))


def train(source: Path, data: Path, encoder: Encodes) -> Trained:
    """Train intents, entities and the frustration grader from `source`, then put them into use.

    What every desk needs and `source` lacks comes from the shipped data: a way to ask for a
    person, small talk, graded lines. Raises TrainingError; then nothing has changed.
    """
    training = read_training(source)
    examples = [*training.examples, *_examples_every_desk_needs(training)]
    graded = source / GRADED_LINES
    graded = graded if graded.exists() else shipped_training_data() / GRADED_LINES
    graded_lines = _with_alarms(read_graded_lines(graded))
    intents = [example.intent for example in examples]
    lines = [example.text for example in examples]
    vectors = encoder.encode(lines)
    intent_model = IntentModel.train(vectors, lines, intents, name_vectors(intents, encoder))
    entity_model = learn_entities(training)
    frustration = _train_frustration(graded_lines, examples, vectors, encoder)
    models = data / "models"
    models.mkdir(parents=True, exist_ok=True)
    _copy_training(source, graded, data / "training")
    intent_model.save(models / INTENTS)
    entity_model.save(models / ENTITIES)
    frustration.save(models / FRUSTRATION)
    return Trained(len(lines), len(set(intents)), len(graded_lines), training.warnings)


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


def load_frustration(settings: Settings) -> Grader:
    """The frustration grader of an installation. Raises ModelUnusable."""
    return Grader.load(settings.data / "models" / FRUSTRATION)


def load_confidence(settings: Settings) -> Confidence:
    """The calibration of an installation's knowledge base."""
    return Confidence.load(settings.data / "models" / CONFIDENCE)


def load_engine(
    settings: Settings, knowledge: Knowledge, confidence: Confidence | None = None
) -> Engine:
    """The bot of an installation. Raises ModelUnusable, TrainingError.

    `confidence` is the calibration of a knowledge base that isn't live yet.
    """
    models = settings.data / "models"
    intents = IntentModel.load(models / INTENTS)
    training = load_training(settings)
    runner = ActionRunner(training.domain)
    runner.warm_up()
    return Engine(
        knowledge=knowledge,
        intents=intents,
        grader=load_frustration(settings),
        confidence=(lambda: confidence) if confidence else _Fresh(models / CONFIDENCE),
        entities=EntityExtractor(training, _load_entities(models / ENTITIES, training)),
        dialogue=Dialogue(training, runner),
        detector=LanguageDetector(example.text for example in training.examples),
        policy=settings.policy,
    )


def _load_entities(path: Path, training: Training) -> EntityModel:
    """What was learnt of entities; nothing where the installation was trained before any was.
    Raises ModelUnusable."""
    if path.exists():
        return EntityModel.load(path)
    if learns(training):
        log.warning("annotated entities aren't found: run `firstline train`", missing=str(path))
    return EntityModel()


class _Fresh:
    """The calibration as it is on disk now: an import makes a new one while the server runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = 0
        self._confidence = Confidence.load(path)

    def __call__(self) -> Confidence:
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return self._confidence
        if changed != self._changed:
            self._confidence, self._changed = Confidence.load(self._path), changed
        return self._confidence


def _examples_every_desk_needs(training: Training) -> list[Example]:
    """Shipped examples of asking for a person, danger, small talk and what is out of scope, for
    those of these intents that the training data has none of."""
    own = {example.intent for example in training.examples}
    shipped = read_training(shipped_training_data()).examples
    return [example for example in shipped if example.intent in NEEDED - own]


def load_training(settings: Settings) -> Training:
    """What an installation was trained on, with the bot's own lines ("did that help?") where it
    doesn't word them. Raises TrainingError."""
    training = read_training(settings.data / "training")
    shipped = read_training(shipped_training_data()).domain.responses
    responses = shipped | training.domain.responses
    return replace(training, domain=replace(training.domain, responses=responses))


def _copy_training(source: Path, graded: Path, target: Path) -> None:
    """Keep the data that was trained on, so that the data directory stands on its own."""
    if source.resolve() == target.resolve():
        return
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.y*ml"):
        old.unlink()
    for file in {graded, *source.glob("*.yml"), *source.glob("*.yaml")}:
        shutil.copy(file, target / file.name)
