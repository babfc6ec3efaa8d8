"""What an installation has been taught, as it lies in the data directory: opens and loads it.

training/   the training data as it was read (Rasa 3 YAML, frustration.yml)
models/     intents.npz, entities.npz, frustration.npz, confidence.npz, and lines.npz: vectors for
            the next time
index/      the knowledge base's index (kb_index)
encoder/    the encoder as the server runs it (an ONNX export where there is one)
"""

from dataclasses import replace
from pathlib import Path

import structlog

from bot.action_runner.runner import ActionRunner
from bot.candidate import CONFIDENCE
from bot.confidence import Confidence
from bot.dialogue.dialogue import Dialogue
from bot.engine import Engine
from bot.entities.extractor import EntityExtractor
from bot.entities.model import EntityModel
from bot.entities.options import EntityOptions
from bot.entities.teaching import has_lessons
from bot.every_desk import lines_every_desk_says
from bot.grader import Grader
from bot.intent import IntentModel
from bot.knowledge import Knowledge
from bot.language import LanguageDetector
from bot.project.config import NluFallback
from bot.settings import PolicySettings, Settings
from bot.training import Training, read_training
from kb_index.encoder import BatchingEncoder, open_encoder
from kb_index.rerank import Reranker

INTENTS, ENTITIES, FRUSTRATION = "intents.npz", "entities.npz", "frustration.npz"

log = structlog.get_logger()


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
    endpoint = training.endpoints.action_endpoint
    runner = ActionRunner(training.domain, settings.data / "training", endpoint)
    runner.warm_up()
    return Engine(
        knowledge=knowledge,
        intents=intents,
        grader=load_frustration(settings),
        confidence=(lambda: confidence) if confidence else _Fresh(models / CONFIDENCE),
        entities=load_entities(models / ENTITIES, training),
        dialogue=Dialogue(training, runner),
        detector=LanguageDetector(example.text for example in training.examples),
        policy=policy_of(settings, training),
        project=training.config,
    )


def load_entities(path: Path, training: Training) -> EntityExtractor:
    """Where the installation was trained before entities were learnt, without what there is to
    learn. Raises ModelUnusable."""
    options = EntityOptions.of(training.config)
    if not path.exists() and has_lessons(training, options):
        log.warning("annotated entities aren't found: run `firstline train`", missing=str(path))
    model = EntityModel.load(path) if path.exists() else EntityModel()
    return EntityExtractor(training, model, options)


def policy_of(settings: Settings, training: Training) -> PolicySettings:
    """The policy; how sure of an intent the bot must be is what a Rasa project's configuration
    says, unless the settings do."""
    if training.config is None or "flow" in settings.policy.model_fields_set:
        return settings.policy
    fallback = training.config.fallback or NluFallback()
    return settings.policy.model_copy(update={"flow": fallback.threshold})


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


def load_training(settings: Settings) -> Training:
    """What an installation was trained on, with the bot's own lines ("did that help?") where it
    doesn't word them. Raises TrainingError."""
    training = read_training(settings.data / "training")
    responses = lines_every_desk_says(training)
    return replace(training, domain=replace(training.domain, responses=responses))
