"""Calibrates the confidence on what there is: labelled questions, or the articles themselves.

An operator's labelled questions are the best teachers, if there are enough: each is asked of an
index that wasn't taught it. Without them the
knowledge base rehearses: each known question is asked of an index that lacks it (so the right
article must be found by its other words), a quarter of them of one that lacks their article, too
(so nothing answers). A logistic regression on what the search returned learns when a hit can be
trusted (Platt 1999), and questions that it was not fitted on show how sure is sure enough.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bot.confidence import DEFAULT, HITS, Confidence, features
from bot.evaluation.questions import Question
from bot.knowledge import Encodes
from bot.settings import PUBLIC
from kb_index.articles import Article
from kb_index.classifier import Floats
from kb_index.index import Index, build
from kb_index.query import searchable
from kb_index.search import Hit, Reranks, search

FOLDS = 4  # so a quarter of the rehearsed questions has no article
TENTHS = 10  # of the labelled questions: the index for one of them must be much like the live one
ENOUGH = 40  # right and wrong outcomes below which the default weights are better than a fit
PARTS = 5  # of the outcomes; each is judged by a fit on the others


@dataclass(frozen=True, slots=True)
class Trial:
    """A question whose answer is known, what it found, and whether the first hit is right."""

    hits: list[Hit]
    right: bool


def teach(articles: Sequence[Article], labelled: Sequence[Question]) -> list[Article]:
    """The articles with the labelled questions that they answer; those are as good as their
    authors' own, and often more like what people write."""
    asked: dict[str, list[str]] = {}
    for question in labelled:
        for article_id in question.articles:
            asked.setdefault(article_id, []).append(question.text)
    return [replace(article, asked=tuple(asked.get(article.id, ()))) for article in articles]


def calibrate(
    index: Index,
    encoder: Encodes,
    reranker: Reranks | None = None,
    labelled: Sequence[Question] = (),
) -> Confidence:
    """The confidence for this index, from the labelled questions where they suffice.

    The index may have been taught them already (`teach`).
    """
    own = [each for each in _ask_labelled(index, encoder, reranker, labelled) if each.hits]
    if _suffice(own):
        return _fit(own)
    rehearsed = [each for each in _rehearse(index, encoder, reranker) if each.hits]
    knows_questions = any(article.questions for article in index.articles)
    if knows_questions and _suffice(rehearsed):
        return _fit(rehearsed)
    return _default(rehearsed)


def _suffice(asked: Sequence[Trial]) -> bool:
    right = sum(each.right for each in asked)
    return min(right, len(asked) - right) >= ENOUGH


def _fit(asked: Sequence[Trial]) -> Confidence:
    rows = np.stack([features(each.hits) for each in asked])
    right = np.array([each.right for each in asked], np.float32)
    part = np.random.default_rng(0).permutation(len(asked)) % PARTS
    seen = np.zeros(len(asked), np.float32)
    for each in range(PARTS):
        away = part == each
        weights, bias = _regress(rows[~away], right[~away])
        seen[away] = 1 / (1 + np.exp(-(rows[away] @ weights + bias)))
    return Confidence(*_regress(rows, right), seen, right)


def _regress(rows: Floats, right: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=100.0, max_iter=1000).fit(rows, right)
    return head.coef_[0].astype(np.float32), float(head.intercept_[0])


def _default(asked: Sequence[Trial]) -> Confidence:
    right = np.array([each.right for each in asked], np.float32)
    seen = [DEFAULT.of(each.hits) for each in asked]
    return replace(DEFAULT, seen=np.array(seen, np.float32), right=right)


def _ask_labelled(
    index: Index, encoder: Encodes, reranker: Reranks | None, labelled: Sequence[Question]
) -> Iterator[Trial]:
    known = _Remembered(index, encoder)
    for tenth in range(TENTHS if labelled else 0):
        others = [each for number, each in enumerate(labelled) if number % TENTHS != tenth]
        with _indexed(teach(index.articles, others), known) as partial:
            for question in labelled[tenth::TENTHS]:
                text = searchable(question.text, partial.lexicon.knows)
                hits = _search(partial, text, known, question.audience, reranker)
                yield Trial(hits, bool(hits) and hits[0].article_id in question.articles)


def _rehearse(index: Index, encoder: Encodes, reranker: Reranks | None) -> Iterator[Trial]:
    known = _Remembered(index, encoder)
    for fold in range(FOLDS):
        kept = [
            _without_questions(article, fold)
            for number, article in enumerate(index.articles)
            if number % FOLDS != fold
        ]
        with _indexed(kept, known) as partial:
            for article, question in _questions(index.articles, fold):
                hits = _search(partial, question, known, article.audience, reranker)
                yield Trial(hits, bool(hits) and hits[0].article_id == article.id)


@contextmanager
def _indexed(articles: Sequence[Article], encoder: Encodes) -> Iterator[Index]:
    with tempfile.TemporaryDirectory() as folder:
        build(articles, encoder, Path(folder))
        yield Index.open(Path(folder), encoder.name, encoder.dimension)


def _search(
    index: Index, text: str, encoder: Encodes, audience: str, reranker: Reranks | None
) -> list[Hit]:
    (vector,) = encoder.encode([text])
    audiences = frozenset({PUBLIC, audience})
    return search(index, text, vector, audiences=audiences, k=HITS, reranker=reranker)


def _questions(articles: Sequence[Article], fold: int) -> Iterator[tuple[Article, str]]:
    """The questions that are asked in a fold: each in one of them. An article without known
    questions lends its title, in one fold."""
    for number, article in enumerate(articles):
        for place, question in enumerate(article.questions):
            if place % FOLDS == fold:
                yield article, question
        if not article.questions and (number // FOLDS) % FOLDS == fold:
            yield article, article.title


def _without_questions(article: Article, fold: int) -> Article:
    kept = (each for number, each in enumerate(article.questions) if number % FOLDS != fold)
    return replace(article, questions=tuple(kept))


class _Remembered:
    """The encoder, but a text that the index holds isn't encoded again."""

    def __init__(self, index: Index, encoder: Encodes) -> None:
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        texts = (row.text for row in index.rows)
        self._vectors = dict(zip(texts, np.asarray(index.vectors), strict=True))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors [n, dimension]."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if fresh:
            self._vectors.update(zip(fresh, self._encoder.encode(fresh), strict=True))
        return np.stack([self._vectors[text] for text in texts])
