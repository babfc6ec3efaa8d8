"""What an installation has been taught: trains it, keeps it in the data directory, loads it.

training/   the training data as it was read (Rasa 3 YAML, frustration.yml)
models/     intents.npz, frustration.npz, confidence.npz
index/      the knowledge base's index (kb_index)
encoder/    the encoder as the server runs it (an ONNX export where there is one)
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
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
from bot.policy import SMALL_TALK
from bot.rasa import ActionRunner
from bot.settings import Settings
from bot.training import Example, Training, TrainingError, read_training
from kb_index.articles import Article
from kb_index.encoder import BatchingEncoder, open_encoder
from kb_index.index import Index, build

INTENTS, FRUSTRATION, CONFIDENCE = "intents.npz", "frustration.npz", "confidence.npz"
GRADED_LINES = "frustration.yml"


NEEDED = SMALL_TALK | {
    *("talk_to_human", "safety_emergency", "helped", "not_helped", "out_of_scope"),
}
MAY_BE_CROSS = {"talk_to_human", "not_helped", "deny", "safety_emergency", "bot_challenge"}


@dataclass(frozen=True, slots=True)
class Trained:
    """How much was learnt."""

    examples: int
    intents: int
    graded_lines: int


def shipped_training_data() -> Path:
    """The demo company's data: beside the packages in a checkout, inside them when installed."""
    checkout = Path(__file__).parents[1] / "training_data"
    return checkout if checkout.is_dir() else Path(__file__).parent / "demo"


def open_batching_encoder(settings: Settings) -> BatchingEncoder:
    """The encoder that the installation was prepared with. Raises ModelError."""
    return BatchingEncoder(open_encoder(settings.model, settings.data / "encoder"))


def train(source: Path, data: Path, encoder: Encodes) -> Trained:
    """Train the intents and the frustration grader from `source`, then put both into use.

    What every desk needs and `source` lacks comes from the shipped data: a way to ask for a
    person, small talk, graded lines. Raises TrainingError; then nothing has changed.
    """
    training = read_training(source)
    examples = [*training.examples, *_examples_every_desk_needs(training)]
    graded = source / GRADED_LINES
    graded = graded if graded.exists() else shipped_training_data() / GRADED_LINES
    texts, grades = _read_graded_lines(graded)
    intents = [example.intent for example in examples]
    lines = [example.text for example in examples]
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
    _copy_training(source, graded, data / "training")
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
    training = _with_shipped_responses(read_training(settings.data / "training"))
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


def _examples_every_desk_needs(training: Training) -> list[Example]:
    """Shipped examples of asking for a person, danger, small talk and what is out of scope, for
    those of these intents that the training data has none of."""
    own = {example.intent for example in training.examples}
    shipped = read_training(shipped_training_data()).examples
    return [example for example in shipped if example.intent in NEEDED - own]


def _with_shipped_responses(training: Training) -> Training:
    """The bot's own lines ("did that help?"), where the training data doesn't word them."""
    shipped = read_training(shipped_training_data()).domain.responses
    responses = shipped | training.domain.responses
    return replace(training, domain=replace(training.domain, responses=responses))


def _read_graded_lines(path: Path) -> tuple[list[str], list[int]]:
    try:
        graded = yaml.safe_load(path.read_text(encoding="utf-8"))["frustration"]
        pairs = [(str(line), int(each["grade"])) for each in graded for line in each["lines"]]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TrainingError(path, line, f"broken YAML: {error.problem}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingError(path, 1, "write `frustration:`, a list of grade and lines") from error
    if {grade for _, grade in pairs} != set(range(len(GRADE_SCORES))):
        raise TrainingError(path, 1, "each of the grades 0, 1, 2 and 3 needs lines")
    return [line for line, _ in pairs], [grade for _, grade in pairs]


def _copy_training(source: Path, graded: Path, target: Path) -> None:
    """Keep the data that was trained on, so that the data directory stands on its own."""
    if source.resolve() == target.resolve():
        return
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.y*ml"):
        old.unlink()
    for file in {graded, *source.glob("*.yml"), *source.glob("*.yaml")}:
        shutil.copy(file, target / file.name)
