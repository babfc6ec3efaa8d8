"""A question to hits: meaning and words together, one hit an article, for an audience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kb_index.dense import nearest
from kb_index.index import Index, Places, Shelf
from kb_index.lexicon import Scores
from kb_index.models import Vectors

_CANDIDATES = 48  # vectors, and as many rows by words, from each audience
_RERANKED = 20  # hits that a reranker looks at

# The share of each in a score: the vectors of title and known questions, those of passages, and
# the words of either. Chosen once on three public sets together (benchmarks/retrieval.py).
_ABOUT, _BODY, _ABOUT_WORDS, _BODY_WORDS = 0.25, 0.40, 0.28, 0.07
_RECOGNISED = 0.1  # how much an article is liked by the recogniser, whose scores go from -1 to 2


@dataclass(frozen=True, slots=True)
class Hit:
    """The best passage of one article. `score` orders hits, and is about 0..1.

    `dense` is the cosine of the article's nearest vector and `lexical` how much of the query's
    words one passage holds, both 0..1; `question` the known question that matched best, if it
    was one.
    """

    article_id: str
    title: str
    url: str | None
    audience: str
    passage_id: str
    heading: str
    text: str
    score: float
    dense: float
    lexical: float
    question: str | None = None


class Reranks(Protocol):
    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits with new scores, best first."""
        ...


def search(
    index: Index,
    query: str,
    vector: Vectors,
    *,
    audiences: frozenset[str],
    k: int = 5,
    reranker: Reranks | None = None,
    context: str = "",
) -> list[Hit]:
    """Up to `k` hits, best first, among articles for one of `audiences`.

    `vector` is the query's unit vector, shape [dimension]. Articles for others are not looked at
    at all. An empty query has no hits. A reranker reads the query after its `context`.
    """
    shelves = [shelf for name, shelf in index.shelves.items() if name in audiences]
    if not query.strip() or not shelves:
        return []
    vector = np.asarray(vector, dtype=np.float32).reshape(index.manifest.dimension)
    words = index.lexicon.scores(query)
    candidates = _candidates(index, shelves, vector, words)
    scores = _scores(index, candidates, vector, words)
    if index.recogniser:
        known = index.recogniser.scores(vector[np.newaxis], [query]).classes[0]
        scores = scores + _RECOGNISED * known[candidates]
    order = np.argsort(-scores, kind="stable")[: max(k, _RERANKED) if reranker else k]
    hits = [_hit(index, int(candidates[at]), float(scores[at]), vector, words) for at in order]
    return reranker.rerank(f"{context} {query}".strip(), hits)[:k] if reranker else hits


def _candidates(index: Index, shelves: Sequence[Shelf], vector: Vectors, words: Scores) -> Places:
    """Places of the articles worth a closer look, sorted."""
    found: list[Places] = []
    for shelf in shelves:
        own = words[shelf.rows]
        top = np.argpartition(-own, min(_CANDIDATES, len(own) - 1))[:_CANDIDATES]
        rows = np.concatenate([nearest(shelf.vectors, vector, _CANDIDATES), top[own[top] > 0]])
        found.append(np.searchsorted(index.row_starts, rows + shelf.rows.start, side="right") - 1)
    return np.unique(np.concatenate(found))


def _scores(index: Index, articles: Places, vector: Vectors, words: Scores) -> Scores:
    """The fused scores of `articles`."""
    lengths = index.row_starts[articles + 1] - index.row_starts[articles]
    firsts = np.cumsum(lengths) - lengths
    rows = np.arange(lengths.sum()) + np.repeat(index.row_starts[articles] - firsts, lengths)
    bodies = index.bodies[rows]
    cosines = _cosines(index.vectors[rows], vector)
    return np.asarray(
        _ABOUT * np.maximum.reduceat(cosines * ~bodies, firsts)
        + _BODY * np.maximum.reduceat(cosines * bodies, firsts)
        + _ABOUT_WORDS * np.maximum.reduceat(words[rows] * ~bodies, firsts)
        + _BODY_WORDS * np.maximum.reduceat(words[rows] * bodies, firsts),
        dtype=np.float32,
    )


def _cosines(rows: Vectors, vector: Vectors) -> Scores:
    # Not `rows @ vector`: for so few rows BLAS threads cost more than they save on a busy server.
    cosines: Scores = np.einsum("rd,d->r", rows, vector)
    return cosines.clip(0, 1)


def _hit(index: Index, place: int, score: float, vector: Vectors, words: Scores) -> Hit:
    article = index.articles[place]
    own = slice(index.row_starts[place], index.row_starts[place + 1])
    rows, lexical = index.rows[own], words[own]
    cosines = _cosines(index.vectors[own], vector)
    nearest_row = rows[int(cosines.argmax())]
    answering = (_BODY * cosines + _BODY_WORDS * lexical) * index.bodies[own]
    passage = index.passages[rows[int(answering.argmax())].passage]
    return Hit(
        article_id=article.id,
        title=article.title,
        url=article.url,
        audience=article.audience,
        passage_id=passage.id,
        heading=passage.heading,
        text=passage.text,
        score=score,
        dense=float(cosines.max()),
        lexical=float(lexical.max()),
        question=nearest_row.text if nearest_row.field == "question" else None,
    )
