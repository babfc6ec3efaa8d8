"""What an installation has been taught: trains it, keeps it in the data directory, loads it.

training/   the training data as it was read (Rasa 3 YAML, frustration.yml)
models/     intents.npz, frustration.npz, confidence.npz
index/      the knowledge base's index (kb_index)
encoder/    the encoder as the server runs it (an ONNX export where there is one)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bot.action_runner.check import check_actions
from bot.action_runner.runner import ActionRunner
from bot.candidate import CONFIDENCE
from bot.confidence import Confidence
from bot.dialogue.checks import contradictions, long_rules
from bot.dialogue.dialogue import Dialogue
from bot.engine import Engine
from bot.entities import EntityExtractor
from bot.every_desk import examples_every_desk_needs, lines_every_desk_says
from bot.graded_lines import read_graded_lines
from bot.grader import ALARMS, GradedLine, Grader
from bot.intent import IntentModel, name_vectors
from bot.knowledge import Encodes, Floats, Knowledge
from bot.language import LanguageDetector
from bot.project.config import NluFallback
from bot.project.keeping import keep
from bot.project.layout import Layout, find_layout
from bot.settings import PolicySettings, Settings
from bot.shipped import shipped_training_data
from bot.training import Example, Training, TrainingError, read_training
from kb_index.encoder import BatchingEncoder, open_encoder
from kb_index.rerank import Reranker

INTENTS, FRUSTRATION = "intents.npz", "frustration.npz"
GRADED_LINES = "frustration.yml"
CALM_LINES = 4000  # examples at most that the grader learns calm from; more teach it no better

MAY_BE_CROSS = {"talk_to_human", "not_helped", "deny", "safety_emergency", "bot_challenge"}


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


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a project taught; nothing uses it yet."""

    training: Training
    intents: IntentModel
    frustration: Grader
    told: Trained
    layout: Layout
    graded: Path

    def put_into_use(self, data: Path) -> None:
        """Keep it in the data directory, in place of what was learnt before."""
        models = data / "models"
        models.mkdir(parents=True, exist_ok=True)
        keep(self.layout, data / "training", self.graded)
        self.intents.save(models / INTENTS)
        self.frustration.save(models / FRUSTRATION)


def learn(source: Path, encoder: Encodes) -> Learnt:
    """Learn intents and frustration from a folder. Raises TrainingError.

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
    vectors = encoder.encode(lines)
    return Learnt(
        training=training,
        intents=IntentModel.train(vectors, lines, intents, name_vectors(intents, encoder)),
        frustration=_train_frustration(graded_lines, examples, vectors, encoder),
        told=Trained(len(lines), len(set(intents)), len(graded_lines), warnings),
        layout=find_layout(source),
        graded=graded,
    )


def check_project(training: Training, source: Path) -> tuple[str, ...]:
    """What is in doubt of a project, its actions too. Raises TrainingError for rules and stories
    that contradict each other, and for actions that can't be imported."""
    rules = training.config.rules if training.config else None
    found = contradictions(training.rules, training.stories, training.domain)
    if rules is None or rules.restrict_rules:
        found = [*long_rules(training.rules, training.domain), *found]
    if found and (rules is None or rules.check_for_contradictions):
        first, *others = found
        more = f"; {len(others)} more, see `firstline rasa check {source}`" if others else ""
        raise TrainingError(first.path, first.line, first.message + more)
    checked = check_actions(training.domain, source, training.endpoints.action_endpoint)
    if checked.problem:
        raise checked.problem
    return (*training.warnings, *checked.warnings)


def train(source: Path, data: Path, encoder: Encodes) -> Trained:
    """Learn from a folder, then put it into use. Raises TrainingError; then nothing has changed."""
    learnt = learn(source, encoder)
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
        entities=EntityExtractor(training),
        dialogue=Dialogue(training, runner),
        detector=LanguageDetector(example.text for example in training.examples),
        policy=policy_of(settings, training),
        project=training.config,
    )


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
