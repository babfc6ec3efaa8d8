"""Text to unit vectors: the model itself, or its ONNX export when there is one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kb_index.batching import BatchingEncoder
from kb_index.models import DEFAULT_MODEL, Encoder, ModelError, Vectors, load_model
from kb_index.onnx_encoder import OnnxEncoder, export_onnx, exported_model

__all__ = [
    "DEFAULT_MODEL",
    "BatchingEncoder",
    "Encoder",
    "ModelError",
    "OnnxEncoder",
    "SentenceEncoder",
    "Vectors",
    "export_onnx",
    "exported_model",
    "open_encoder",
]


class SentenceEncoder:
    """A sentence-transformers model; takes seconds to load. Raises ModelError."""

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self._model = load_model(model)
        self.name = model
        self.dimension = self._model.get_embedding_dimension() or 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)


def open_encoder(model: str, cache: Path) -> Encoder:
    """`model` from the ONNX export in `cache` (torch stays unimported), else the model itself.

    Raises ModelError.
    """
    if exported_model(cache) == model:
        return OnnxEncoder(cache)
    return SentenceEncoder(model)
