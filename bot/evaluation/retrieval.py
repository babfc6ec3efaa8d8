"""Retrieval and refusal on a knowledge base of any kind, indexed for the occasion."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.calibration import calibrate
from bot.confidence import HITS, Confidence
from bot.evaluation.metrics import (
    Figure,
    auroc,
    expected_calibration_error,
    known,
    mean_reciprocal_rank,
    ranks,
    recall_at,
    share,
)
from bot.evaluation.questions import Question
from bot.evaluation.vectors import Progress, encode
from bot.knowledge import Encodes, Knowledge
from bot.turn import JSON
from kb_index.articles import Article
from kb_index.index import build
from kb_index.search import Hit

KEPT_HITS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found, best first, and the probability that the first answers it."""

    hits: list[Hit]
    confidence: float
    refused: bool

    @property
    def article_ids(self) -> list[str]:
        return [hit.article_id for hit in self.hits]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A knowledge base ready to be asked; `threshold` is the least confidence for an answer."""

    knowledge: Knowledge
    confidence: Confidence
    threshold: float


def prepare(
    articles: Sequence[Article],
    encoder: Encodes,
    folder: Path,
    max_wrong: float,
    progress: Progress,
) -> Calibrated:
    """Index the articles in `folder`, and calibrate on them for at most `max_wrong` wrong
    answers."""
    build(articles, encoder, folder, progress)
    knowledge = Knowledge(folder, encoder)
    confidence = calibrate(knowledge.index, encoder)
    return Calibrated(knowledge, confidence, confidence.threshold(max_wrong))


def ask_all(base: Calibrated, questions: Sequence[Question], progress: Progress) -> list[Found]:
    """Ask each question of all articles, whoever they are for."""
    knowledge, everyone = base.knowledge, frozenset(base.knowledge.index.shelves)
    queries = [knowledge.searchable(question.text) for question in questions]
    found = []
    vectors = encode(knowledge.encoder, queries, progress)
    for query, vector in zip(queries, vectors, strict=True):
        hits = knowledge.find(query, vector, everyone, KEPT_HITS)
        confidence = base.confidence.of(hits[:HITS])
        found.append(Found(hits, confidence, confidence < base.threshold))
    return found


def predictions(questions: Sequence[Question], found: Sequence[Found]) -> list[JSON]:
    """`{"id","hits":[{"article_id","score"}],"confidence","refused"}` for each question."""
    return [
        {
            "id": question.id,
            "hits": [{"article_id": hit.article_id, "score": hit.score} for hit in each.hits],
            "confidence": each.confidence,
            "refused": each.refused,
        }
        for question, each in zip(questions, found, strict=True)
    ]


def figures(questions: Sequence[Question], found: Sequence[Found]) -> list[Figure]:
    """How right the hits and the refusals are."""
    wanted = [question.articles for question in questions]
    placed = ranks([each.article_ids for each in found], wanted)
    answerable = [rank for rank, articles in zip(placed, wanted, strict=True) if articles]
    right = [rank == 1 for rank in placed]
    wrong = [not each.refused and not is_right for each, is_right in zip(found, right, strict=True)]
    confidences = [each.confidence for each in found]
    return known(
        ("questions", len(questions), "questions"),
        ("recall_at_1", recall_at(1, answerable), "right article first"),
        ("recall_at_5", recall_at(5, answerable), "right article among the first five"),
        (
            "mrr_at_10",
            mean_reciprocal_rank(answerable),
            "mean of 1 / place of the right article among ten",
        ),
        ("answered", share([not each.refused for each in found]), "answered, of all questions"),
        ("wrong", share(wrong), "wrong answers, of all questions"),
        (
            "ece",
            expected_calibration_error(confidences, right),
            "expected calibration error: confidence against the share that is right",
        ),
        (
            "auroc",
            auroc(confidences, [bool(articles) for articles in wanted]),
            "AUROC of confidence: answerable against unanswerable",
        ),
    )
