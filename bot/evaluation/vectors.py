"""Vectors of many texts, with news of the progress."""

from collections.abc import Callable, Sequence

import numpy as np

from bot.knowledge import Encodes, Floats

Progress = Callable[[int, int], None]  # told how many are done, of how many
AT_ONCE = 256


def encode(encoder: Encodes, texts: Sequence[str], progress: Progress) -> Floats:
    """Unit vectors [n, dimension] of at least one text."""
    batches = []
    for start in range(0, len(texts), AT_ONCE):
        progress(start, len(texts))
        batches.append(encoder.encode(texts[start : start + AT_ONCE]))
    progress(len(texts), len(texts))
    return np.vstack(batches)
