"""The check itself: which questions there are, and what a candidate does to them."""

from collections.abc import Callable
from pathlib import Path

from bot.actions.services import Services, use
from bot.candidate import Candidate
from bot.db import Database
from bot.evaluation.questions import own_questions, read_labelled_questions
from bot.knowledge import Knowledge
from bot.regression.past import past_questions
from bot.regression.question import PastQuestion, labelled
from bot.regression.replay import replay
from bot.regression.report import Limits, Report
from bot.settings import Settings
from bot.trained import load_engine


def check(
    candidate: Candidate,
    settings: Settings,
    database: Database,
    progress: Callable[[int, int], None],
    *,
    limits: Limits,
    labels: Path | None = None,
    last: int = 2000,
) -> Report:
    """Replay the labelled questions and those of the `last` conversations on the candidate.

    Raises EvaluationError for a file of labels that is wrong, IndexUnusable where there is no
    live knowledge base to compare with, ModelUnusable and TrainingError where there is no bot.
    """
    new = candidate.knowledge
    live = Knowledge(settings.data / "index", new.encoder, new.reranker)
    before, after = ({article.id for article in each.index.articles} for each in (live, new))
    with database.read() as session:
        past = past_questions(session, settings.desks, last)
    questions = [
        *_labelled(labels or own_questions(settings.data), before | after, settings),
        *past,
    ]
    if not questions:
        return Report((), before - after, limits)
    use(Services())  # no retailer: a replay looks nobody's order up
    bots = load_engine(settings, live), load_engine(settings, new, candidate.confidence)
    return Report(tuple(replay(questions, *bots, progress)), before - after, limits)


def _labelled(path: Path | None, articles: set[str], settings: Settings) -> list[PastQuestion]:
    return labelled(read_labelled_questions(path, articles), settings) if path else []
