"""The knowledge base as the bot uses it: the newest good index, and its articles."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from kb_index.articles import Article
from kb_index.index import Index, IndexUnusable, current_build
from kb_index.query import searchable
from kb_index.search import Hit, Reranks, search

log = structlog.get_logger()

Floats = NDArray[np.float32]

LOOK_AGAIN = 1.0  # seconds between looks for a new build


class Encodes(Protocol):
    """Texts to unit vectors, float32 [n, dimension]."""

    @property
    def name(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def encode(self, texts: Sequence[str]) -> Floats: ...


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One build, and its articles by id."""

    index: Index
    articles: dict[str, Article]

    @classmethod
    def open(cls, root: Path, encoder: Encodes) -> "_Loaded":
        index = Index.open(root, encoder.name, encoder.dimension)
        return cls(index, {article.id: article for article in index.articles})


class Knowledge:
    """Searches the current build under `root`; a new build is taken over while it runs."""

    def __init__(self, root: Path, encoder: Encodes, reranker: Reranks | None = None) -> None:
        """Raises IndexUnusable when there is no good index."""
        self._root = root
        self.encoder = encoder
        self.reranker = reranker
        self._loaded = _Loaded.open(root, encoder)
        self._looked = time.monotonic()
        self._lock = threading.Lock()

    @property
    def index(self) -> Index:
        """The newest index that could be opened; a damaged new one leaves the old in place."""
        return self._newest().index

    def articles(self, audiences: frozenset[str]) -> list[Article]:
        """All articles for one of the audiences."""
        return [article for article in self.index.articles if article.audience in audiences]

    def article(self, article_id: str, audiences: frozenset[str]) -> Article | None:
        """The article, if it exists and is for one of the audiences."""
        article = self._newest().articles.get(article_id)
        return article if article and article.audience in audiences else None

    def search(self, query: str, audiences: frozenset[str], k: int) -> list[Hit]:
        """Up to k hits for a query, best first."""
        if not query.strip():
            return []
        query = self.searchable(query)
        return self.find(query, self.encoder.encode([query])[0], audiences, k)

    def searchable(self, question: str) -> str:
        """The question as it is searched for, in words that the articles may hold."""
        return searchable(question, self.index.lexicon.knows)

    def find(
        self, query: str, vector: Floats, audiences: frozenset[str], k: int, context: str = ""
    ) -> list[Hit]:
        """As `search`, for a query whose unit vector [dimension] is known already; `context` is
        what a follow-up follows."""
        return search(
            self.index,
            query,
            vector,
            audiences=audiences,
            k=k,
            reranker=self.reranker,
            context=context,
        )

    def quote(self, hit: Hit) -> str:
        """What answers, as Markdown: the article's direct answer, then the passage that fits."""
        article = self._newest().articles.get(hit.article_id)
        opening = article.text.strip().partition("\n\n")[0] if article else ""
        if not hit.heading or opening in hit.text or not opening[:1].isalpha():
            return hit.text
        return f"{opening}\n\n**{hit.heading}**\n\n{hit.text}"

    def _newest(self) -> _Loaded:
        if time.monotonic() - self._looked > LOOK_AGAIN and self._lock.acquire(blocking=False):
            try:
                self._take_over_new_build()
            finally:
                self._looked = time.monotonic()
                self._lock.release()
        return self._loaded

    def _take_over_new_build(self) -> None:
        if current_build(self._root) in (None, self._loaded.index.name):
            return
        try:
            self._loaded = _Loaded.open(self._root, self.encoder)
        except IndexUnusable as error:
            log.error("new index refused; the old one stays", problem=str(error))
            return
        index = self._loaded.index
        log.info("new index in use", build=index.name, articles=len(index.articles))
