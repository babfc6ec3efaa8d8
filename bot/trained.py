"""What an installation has been taught: trains it, keeps it in the data directory, loads it.

training/   the training data as it was read (Rasa 3 YAML, frustration.yml)
models/     intents.npz, frustration.npz, confidence.npz
index/      the knowledge base's index (kb_index)
encoder/    the encoder as the server runs it (an ONNX export where there is one)
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from bot.confidence import Confidence, calibrate
from bot.dialogue import Dialogue
from bot.engine import Engine
from bot.entities import EntityExtractor
from bot.frustration import GRADE_SCORES, FrustrationModel
from bot.intent import IntentModel
from bot.knowledge import Encodes, Knowledge
from bot.rasa import ActionRunner
from bot.settings import Settings
from bot.training import TrainingError, read_training
from kb_index.articles import Article
from kb_index.encoder import BatchingEncoder, open_encoder
from kb_index.index import Index, build

INTENTS, FRUSTRATION, CONFIDENCE = "intents.npz", "frustration.npz", "confidence.npz"


MAY_BE_CROSS = {"talk_to_human", "not_helped", "deny", "safety_emergency", "bot_challenge"}


@dataclass(frozen=True, slots=True)
class Trained:
    """How much was learnt."""

    examples: int
    intents: int
    graded_lines: int


def open_batching_encoder(settings: Settings) -> BatchingEncoder:
    """The encoder that the installation was prepared with. Raises ModelError."""
    return BatchingEncoder(open_encoder(settings.model, settings.data / "encoder"))


def train(source: Path, data: Path, encoder: Encodes) -> Trained:
    """Train the intents and the frustration grader from `source`, then put both into use.

    Raises TrainingError; then nothing has changed.
    """
    training = read_training(source)
    texts, grades = _read_graded_lines(source)
    intents = [example.intent for example in training.examples]
    if len(set(intents)) < 2:
        raise TrainingError(source, 1, "at least two intents with examples are needed")
    lines = [example.text for example in training.examples]
    vectors = encoder.encode(lines)
    intent_model = IntentModel.train(vectors, intents)
    # Ordinary questions and small talk are calm; without them "hello" would sound annoyed.
    calm = [place for place, intent in enumerate(intents) if intent not in MAY_BE_CROSS]
    frustration = FrustrationModel.train(
        np.vstack([encoder.encode(texts), vectors[calm]]),
        [*texts, *(lines[place] for place in calm)],
        [*grades, *(0 for _ in calm)],
    )
    models = data / "models"
    models.mkdir(parents=True, exist_ok=True)
    _copy_training(source, data / "training")
    intent_model.save(models / INTENTS)
    frustration.save(models / FRUSTRATION)
    return Trained(len(lines), len(set(intents)), len(texts))


def build_index(
    articles: list[Article],
    data: Path,
    encoder: Encodes,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Replace the index by one of these articles and calibrate the confidence on it."""
    build(articles, encoder, data / "index", progress)
    models = data / "models"
    models.mkdir(parents=True, exist_ok=True)
    index = Index.open(data / "index", encoder.name, encoder.dimension)
    calibrate(index, encoder).save(models / CONFIDENCE)


def load_engine(settings: Settings, knowledge: Knowledge) -> Engine:
    """The bot of an installation. Raises ModelUnusable, TrainingError."""
    models = settings.data / "models"
    intents = IntentModel.load(models / INTENTS)
    training = read_training(settings.data / "training")
    runner = ActionRunner(training.domain)
    runner.warm_up()
    return Engine(
        knowledge=knowledge,
        intents=intents,
        frustration=FrustrationModel.load(models / FRUSTRATION),
        confidence=_Fresh(models / CONFIDENCE),
        entities=EntityExtractor(training),
        dialogue=Dialogue(training, runner),
        policy=settings.policy,
    )


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


def _read_graded_lines(source: Path) -> tuple[list[str], list[int]]:
    path = source / "frustration.yml"
    try:
        graded = yaml.safe_load(path.read_text(encoding="utf-8"))["frustration"]
        pairs = [(str(line), int(each["grade"])) for each in graded for line in each["lines"]]
    except FileNotFoundError:
        raise TrainingError(path, 1, "the lines graded for frustration are missing") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TrainingError(path, line, f"broken YAML: {error.problem}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingError(path, 1, "write `frustration:`, a list of grade and lines") from error
    if {grade for _, grade in pairs} != set(range(len(GRADE_SCORES))):
        raise TrainingError(path, 1, "each of the grades 0, 1, 2 and 3 needs lines")
    return [line for line, _ in pairs], [grade for _, grade in pairs]


def _copy_training(source: Path, target: Path) -> None:
    """Keep the data that was trained on, so that the data directory stands on its own."""
    if source.resolve() == target.resolve():
        return
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.y*ml"):
        old.unlink()
    for file in (*source.glob("*.yml"), *source.glob("*.yaml")):
        shutil.copy(file, target / file.name)
