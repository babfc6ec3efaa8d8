"""Gathers everything that the report of an evaluation tells, and writes it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.engine import Engine
from bot.evaluation import answers, frustration
from bot.evaluation.cross_validation import IntentConfusion, cross_validate
from bot.evaluation.frustration import Followed
from bot.evaluation.history import Snapshot
from bot.evaluation.metrics import Figure
from bot.evaluation.report import Report, render
from bot.knowledge import Knowledge
from bot.settings import Settings
from bot.shipped import shipped_training_data
from bot.trained import load_confidence, load_frustration, load_training
from channels.command import progress_bar
from channels.web.widget import TOKENS

DIALOGS = "frustration_evaluation.jsonl"


def write_report(
    out: Path,
    settings: Settings,
    knowledge: Knowledge,
    engine: Engine,
    questions: Path | None,
    seed: int,
) -> list[Figure]:
    """Evaluate a bot and write the page `out`, and its figures as JSON beside it.

    What was written there before is what it is compared with. Raises EvaluationError.
    """
    with progress_bar("Asking questions") as progress:
        outcomes = answers.ask_all(questions, settings, knowledge, engine, progress)
    examples = load_training(settings).examples
    with progress_bar("Cross-validating intents") as progress:
        intents = cross_validate(examples, knowledge.encoder, seed, progress)
    dialogs = _follow(settings, knowledge)
    patience = settings.policy.frustration
    figures = [
        *answers.figures(outcomes),
        _accuracy(intents),
        *_named("frustration", frustration.figures(dialogs, patience)),
    ]
    numbers, made = out.with_suffix(".json"), datetime.now(UTC)
    report = Report(
        company=settings.company,
        made=made,
        figures=figures,
        outcomes=outcomes,
        threshold=load_confidence(settings).answer_from(settings.policy),
        max_wrong=settings.policy.max_wrong_answers,
        intents=intents,
        dialogs=dialogs,
        patience=patience,
        titles={article.id: article.title for article in knowledge.index.articles},
        before=Snapshot.read(numbers),
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render(report, TOKENS.read_text(encoding="utf-8")), encoding="utf-8")
    snapshot = Snapshot.of(made, figures, outcomes)
    numbers.write_text(snapshot.model_dump_json(indent=1), encoding="utf-8")
    return figures


def _follow(settings: Settings, knowledge: Knowledge) -> list[Followed]:
    """The shipped graded dialogues, scored by the installation's model."""
    file = shipped_training_data() / DIALOGS
    model = load_frustration(settings)
    dialogs = frustration.read_dialogs(file) if file.exists() else []
    with progress_bar("Following dialogues") as progress:
        return frustration.follow_all(dialogs, model, knowledge.encoder, progress)


def _accuracy(intents: IntentConfusion) -> Figure:
    right = 1 - len(intents.mistakes) / intents.lines
    return Figure("intents_accuracy", right, "training lines understood when left out of training")


def _named(part: str, figures: Sequence[Figure]) -> list[Figure]:
    """The figures, told apart from those of other parts by their names."""
    return [replace(figure, name=f"{part}_{figure.name}") for figure in figures]
