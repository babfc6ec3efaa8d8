"""The knowledge base as searched: built whole, opened whole, never changed while it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from kb_index.articles import Article
from kb_index.build import RECOGNISER, Row, build, read_articles_of, read_passages_of, read_rows_of
from kb_index.classifier import Classifier
from kb_index.dense import load_shelf
from kb_index.lexicon import Lexicon
from kb_index.manifest import (
    MEND,
    IndexUnusable,
    Manifest,
    adopt,
    current_build,
    open_build,
)
from kb_index.models import Vectors
from kb_index.passages import Passage
from kb_index.recogniser import load_recogniser

__all__ = ["Index", "IndexUnusable", "Manifest", "adopt", "build", "current_build"]

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """What one audience may see: its vectors, and which rows they are of."""

    vectors: faiss.Index
    rows: slice


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """One build in memory. Places are positions in `articles`, `passages` and `rows`.

    An audience's articles and rows lie side by side, and so do an article's rows: those of
    article `a` begin at `row_starts[a]`. `bodies` marks the rows of passages' texts.
    `recogniser` tells the articles apart by their known questions, where there are enough.
    """

    name: str
    manifest: Manifest
    articles: tuple[Article, ...]
    passages: tuple[Passage, ...]
    rows: tuple[Row, ...]
    vectors: Vectors
    lexicon: Lexicon
    shelves: Mapping[str, Shelf]
    row_starts: Places
    bodies: npt.NDArray[np.bool_]
    recogniser: Classifier | None

    @classmethod
    def open(cls, root: Path, model: str, dimension: int) -> Index:
        """Open the current build for vectors of `model`. Raises IndexUnusable."""
        folder, manifest = open_build(root)
        _check_model(folder, manifest, model, dimension)
        try:
            return _load(folder, manifest)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            reason = type(error).__name__
            raise IndexUnusable(f"the index {folder} is damaged ({reason}); {MEND}") from error


def _check_model(folder: Path, manifest: Manifest, model: str, dimension: int) -> None:
    if manifest.model != model:
        message = f"the index {folder} was built with the model {manifest.model}, not {model}"
        raise IndexUnusable(f"{message}; {MEND}")
    if manifest.dimension != dimension:
        message = f"the index {folder} has vectors of {manifest.dimension} numbers, not {dimension}"
        raise IndexUnusable(f"{message}; {MEND}")


def _load(folder: Path, manifest: Manifest) -> Index:
    articles = read_articles_of(folder)
    rows = read_rows_of(folder)
    owners = np.array([row.article for row in rows], dtype=np.int64)
    return Index(
        name=folder.name,
        manifest=manifest,
        articles=tuple(articles),
        passages=tuple(read_passages_of(folder)),
        rows=tuple(rows),
        # A view of the memory map: every slice of a memmap itself costs microseconds.
        vectors=np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False).view(np.ndarray),
        lexicon=Lexicon.load(folder / "bm25"),
        shelves=_shelves(folder, manifest),
        row_starts=np.searchsorted(owners, np.arange(len(articles) + 1)),
        bodies=np.array([row.field == "body" for row in rows], dtype=bool),
        recogniser=load_recogniser(folder / RECOGNISER),
    )


def _shelves(folder: Path, manifest: Manifest) -> dict[str, Shelf]:
    shelves: dict[str, Shelf] = {}
    start = 0
    for shelf in manifest.shelves:
        end = start + shelf.vectors
        shelves[shelf.audience] = Shelf(load_shelf(folder / shelf.file), slice(start, end))
        start = end
    return shelves
