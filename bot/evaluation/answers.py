"""The whole bot on labelled questions: one turn each, in a conversation of its own."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.confidence import HITS, Confidence
from bot.engine import Engine, Turn
from bot.evaluation.metrics import Figure, expected_calibration_error, known, share
from bot.evaluation.questions import Question, own_questions, read_labelled_questions
from bot.evaluation.vectors import Progress
from bot.knowledge import Knowledge
from bot.settings import Desk, Settings
from bot.shipped import shipped_training_data
from bot.speech import CHOSE_ARTICLE
from bot.trained import load_confidence

FIRST_THREE = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a question: the articles found, best first, the known question or title
    that the first was `nearest` by, the probability that it answers, what the bot did, the
    articles that it gave, and those that it offered to choose from."""

    question: Question
    found: tuple[str, ...]
    nearest: str
    confidence: float
    act: str
    given: frozenset[str]
    offered: frozenset[str]

    @property
    def answerable(self) -> bool:
        return bool(self.question.articles)

    @property
    def first_is_right(self) -> bool:
        return bool(self.question.articles & {*self.found[:1]})

    @property
    def offers_right(self) -> bool:
        return bool(self.question.articles & self.offered)

    @property
    def right(self) -> bool:
        return bool(self.given) and self.given <= self.question.articles

    @property
    def wrong(self) -> bool:
        return not self.given <= self.question.articles


def ask_all(
    file: Path | None,
    settings: Settings,
    knowledge: Knowledge,
    engine: Engine,
    progress: Progress,
) -> list[Outcome]:
    """Ask an installation's bot each question of a file; without one its own, or the demo's.

    Raises EvaluationError.
    """
    there_are = {article.id for article in knowledge.index.articles}
    file = file or own_questions(settings.data) or shipped_training_data() / "evaluation.jsonl"
    questions = read_labelled_questions(file, there_are)
    confidence = load_confidence(settings)
    outcomes = []
    for done, question in enumerate(questions):
        progress(done, len(questions))
        desk = settings.desk_for(question.audience)
        outcomes.append(_ask(engine, knowledge, confidence, question, desk))
    return outcomes


def _ask(
    engine: Engine,
    knowledge: Knowledge,
    confidence: Confidence,
    question: Question,
    desk: Desk,
) -> Outcome:
    turn = engine.respond(question.text, None, {}, desk, "0")
    hits = knowledge.search(question.text, desk.audiences, HITS)
    return Outcome(
        question=question,
        found=tuple(hit.article_id for hit in hits),
        nearest=(hits[0].question or hits[0].title) if hits else "",
        confidence=confidence.of(hits),
        act=str(turn.evidence["act"]),
        given=frozenset(source.article_id for reply in turn.replies for source in reply.sources),
        offered=frozenset(_choices(turn)),
    )


def _choices(turn: Turn) -> Iterator[str]:
    for reply in turn.replies:
        for button in reply.buttons:
            intent, _, slots = button.payload.partition("{")
            if intent == f"/{CHOSE_ARTICLE}":
                yield json.loads("{" + slots)["article"]


def figures(outcomes: Sequence[Outcome]) -> list[Figure]:
    """Sum the outcomes up. A flow that starts is neither right nor wrong."""
    answerable = [each for each in outcomes if each.answerable]
    unanswerable = [each for each in outcomes if not each.answerable]
    in_three = [each.question.articles & {*each.found[:FIRST_THREE]} for each in answerable]
    first_is_right = [each.first_is_right for each in outcomes]
    ece = expected_calibration_error([each.confidence for each in outcomes], first_is_right)
    return known(
        ("answerable", len(answerable), "questions that an article answers"),
        (
            "recall_at_1",
            share([each.first_is_right for each in answerable]),
            "right article first, of the answerable ones",
        ),
        (
            "recall_at_3",
            share([*map(bool, in_three)]),
            "right article among the first three, of the answerable ones",
        ),
        (
            "answered_right",
            share([each.right for each in answerable]),
            "answered rightly, of the answerable ones",
        ),
        (
            "offered_right",
            share([each.offers_right for each in answerable]),
            "offered the right article to choose, of the answerable ones",
        ),
        ("unanswerable", len(unanswerable), "questions that nothing answers"),
        (
            "refused",
            share([not each.given for each in unanswerable]),
            "not answered, of the unanswerable ones",
        ),
        ("wrong", share([each.wrong for each in outcomes]), "wrong answers, of all questions"),
        ("ece", ece, "expected calibration error: confidence against the share that is right"),
        ("flows", sum(each.act == "flow" for each in outcomes), "questions that started a flow"),
    )
