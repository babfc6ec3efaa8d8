"""Vectors of the lines that were trained on, so that training again encodes only what is new."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.intent import ModelUnusable, load_arrays, save_arrays
from bot.knowledge import Encodes, Floats


class Remembering:
    """An encoder that looks texts up in a file first, and leaves there what it was asked for."""

    def __init__(self, encoder: Encodes, path: Path) -> None:
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._path = path
        self._known = _load(path, encoder)
        self._asked: dict[bytes, None] = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        keys = [blake2b(text.encode(), digest_size=16).digest() for text in texts]
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if fresh:
            self._known.update(zip(fresh, self._encoder.encode([*fresh.values()]), strict=True))
        self._asked.update(dict.fromkeys(keys))
        found = [self._known[key] for key in keys]
        return np.stack(found) if found else np.empty((0, self.dimension), np.float32)

    def save(self) -> None:
        """Write the vectors of all texts that were asked for, and of no others."""
        keys = np.frombuffer(b"".join(self._asked), np.uint8).reshape(-1, 16)
        vectors = np.stack([self._known[key] for key in self._asked])
        save_arrays(self._path, {"model": [self.name]}, keys=keys, vectors=vectors)


def _load(path: Path, encoder: Encodes) -> dict[bytes, NDArray[np.float32]]:
    """Nothing from a missing or damaged file, or from another model's: it can be made again."""
    try:
        about, arrays = load_arrays(path, "keys", "vectors")
    except ModelUnusable:
        return {}
    vectors = arrays["vectors"]
    if about.get("model") != [encoder.name] or vectors.shape[1:] != (encoder.dimension,):
        return {}
    return {key.tobytes(): each for key, each in zip(arrays["keys"], vectors, strict=False)}
