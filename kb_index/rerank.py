"""A second, closer look at the first hits: a cross-encoder reads question and passage together.

Off unless a model is named in the settings: on two CPU cores it costs tens of milliseconds or
more a question, where the search itself takes one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb_index.models import ModelError
from kb_index.passages import plain_text
from kb_index.search import Hit

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class Reranker:
    """A sentence-transformers CrossEncoder of this machine, by name or folder. Thread-safe.

    It loads in the background, since torch takes seconds to import; the first question waits.
    Raises ModelError at once where there is no such model, and from `rerank` for a damaged one.
    """

    def __init__(self, model: str) -> None:
        folder = _folder(model)
        loader = ThreadPoolExecutor(1, "reranker")
        self._model = loader.submit(_load, model, folder)
        self._lock = threading.Lock()  # a tokenizer may not be shared between threads
        loader.shutdown(wait=False)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits with new scores, 0..1, best first.

        A score is the mean of the search's and the model's: each sees what the other misses
        (interpolation as in Wang, Zhuang and Zuccon 2021).
        """
        model = self._model.result()
        pairs = [(question, f"{hit.title}\n{hit.heading}\n{plain_text(hit.text)}") for hit in hits]
        with self._lock:
            relevant = model.predict(pairs, show_progress_bar=False)
        scored = (
            replace(hit, score=(hit.score + float(score)) / 2)
            for hit, score in zip(hits, relevant, strict=True)
        )
        return sorted(scored, key=lambda hit: -hit.score)


def _folder(model: str) -> Path:
    """Where the model lies; of one known by name, in Hugging Face's cache."""
    folder = Path(model)
    try:
        if not folder.is_dir():
            from huggingface_hub import snapshot_download

            folder = Path(snapshot_download(model, local_files_only=True))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(model, "isn't on this machine") from error
    # transformers would give an encoder without a classifier a random one.
    if all(name.endswith("Model") for name in config.get("architectures") or ()):
        raise _unusable(model, "is no cross-encoder")
    return folder


def _load(model: str, folder: Path) -> CrossEncoder:
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder
    from torch.nn import Sigmoid
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        # safetensors only: the older weight files are pickles
        loaded: CrossEncoder = CrossEncoder(
            str(folder),
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
            activation_fn=Sigmoid(),
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _unusable(model, f"cannot be loaded ({type(error).__name__})") from error
    if loaded.num_labels != 1:
        raise _unusable(model, f"gives {loaded.num_labels} scores for a passage, not one")
    return loaded


def _unusable(model: str, problem: str) -> ModelError:
    return ModelError(
        f"the reranker {model!r} {problem}; name the folder of a sentence-transformers "
        "CrossEncoder with safetensors weights, or none"
    )
