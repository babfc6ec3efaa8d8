"""The knowledge base as the bot uses it: the newest good index, and its articles."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from kb_index.articles import Article
from kb_index.index import Index, IndexUnusable, current_build
from kb_index.search import Hit, search

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


class Knowledge:
    """Searches the current build under `root`; a new build is taken over while it runs."""

    def __init__(self, root: Path, encoder: Encodes) -> None:
        """Raises IndexUnusable when there is no good index."""
        self._root = root
        self.encoder = encoder
        self._index = Index.open(root, encoder.name, encoder.dimension)
        self._by_id = {article.id: article for article in self._index.articles}
        self._looked = time.monotonic()
        self._lock = threading.Lock()

    @property
    def index(self) -> Index:
        """The newest index that could be opened; a damaged new one leaves the old in place."""
        if time.monotonic() - self._looked > LOOK_AGAIN and self._lock.acquire(blocking=False):
            try:
                self._take_over_new_build()
            finally:
                self._looked = time.monotonic()
                self._lock.release()
        return self._index

    def articles(self, audiences: frozenset[str]) -> list[Article]:
        """All articles for one of the audiences."""
        return [article for article in self.index.articles if article.audience in audiences]

    def article(self, article_id: str, audiences: frozenset[str]) -> Article | None:
        """The article, if it exists and is for one of the audiences."""
        article = self._by_id.get(article_id)
        return article if article and article.audience in audiences else None

    def search(self, query: str, audiences: frozenset[str], k: int) -> list[Hit]:
        """Up to k hits for a query, best first."""
        if not query.strip():
            return []
        return self.find(query, self.encoder.encode([query])[0], audiences, k)

    def find(self, query: str, vector: Floats, audiences: frozenset[str], k: int) -> list[Hit]:
        """As `search`, for a query whose unit vector [dimension] is known already."""
        return search(self.index, query, vector, audiences=audiences, k=k)

    def _take_over_new_build(self) -> None:
        if current_build(self._root) in (None, self._index.name):
            return
        try:
            index = Index.open(self._root, self.encoder.name, self.encoder.dimension)
        except IndexUnusable as error:
            log.error("new index refused; the old one stays", problem=str(error))
            return
        self._by_id = {article.id: article for article in index.articles}
        self._index = index
        log.info("new index in use", build=index.name, articles=len(index.articles))
