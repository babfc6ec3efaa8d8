"""Vector search: one FAISS index per audience, exact while small, HNSW beyond."""

from pathlib import Path
from typing import Literal

import faiss
import numpy as np
import numpy.typing as npt

from kb_index.models import Vectors

Kind = Literal["exact", "hnsw"]
Rows = npt.NDArray[np.int64]

EXACT_UP_TO = 20_000
_LINKS, _EF_CONSTRUCTION, _EF_SEARCH = 32, 80, 64


def build_shelf(vectors: Vectors, kind: Kind) -> faiss.Index:
    """Index unit rows by inner product, which is then the cosine."""
    shelf = _hnsw(vectors.shape[1]) if kind == "hnsw" else faiss.IndexFlatIP(vectors.shape[1])
    shelf.add(vectors)
    return shelf


def _hnsw(dimension: int) -> faiss.Index:
    shelf = faiss.IndexHNSWFlat(dimension, _LINKS, faiss.METRIC_INNER_PRODUCT)
    shelf.hnsw.efConstruction = _EF_CONSTRUCTION
    shelf.hnsw.efSearch = _EF_SEARCH
    return shelf


def recall_at_10(shelf: faiss.Index, vectors: Vectors, queries: int = 200) -> float:
    """How many of the ten true neighbours the shelf finds, over evenly chosen own rows."""
    chosen = vectors[np.linspace(0, len(vectors) - 1, min(queries, len(vectors))).astype(int)]
    _, true = build_shelf(vectors, "exact").search(chosen, 10)
    _, found = shelf.search(chosen, 10)
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(true, found, strict=True))
    return hits / int(true.size)


def save_shelf(shelf: faiss.Index, path: Path) -> None:
    faiss.write_index(shelf, str(path))


def load_shelf(path: Path) -> faiss.Index:
    return faiss.read_index(str(path))


def nearest(shelf: faiss.Index, vector: Vectors, count: int) -> Rows:
    """The numbers of (up to) the `count` vectors nearest to `vector`, nearest first."""
    rows: Rows = shelf.search(vector.reshape(1, -1), min(count, shelf.ntotal))[1][0]
    return rows[rows >= 0]
