"""Families of words that mean alike: a tagger that knows Thai food finds Vietnamese food, too.

families.txt holds the words of MiniLM's vocabulary, a family a line, kindred families in one
paragraph; `python -m benchmarks.word_families` made it.
"""

from functools import cache
from importlib.resources import files


def families_of(word: str) -> tuple[str, ...]:
    """Names of the family and the kin of a word in lower case; the same for all that have none."""
    return _families().get(word, ("none",))


@cache
def _families() -> dict[str, tuple[str, ...]]:
    text = files("bot.entities").joinpath("families.txt").read_text(encoding="utf-8")
    return {
        word: (f"{kin}", f"{kin}.{family}")
        for kin, paragraph in enumerate(text.split("\n\n"))
        for family, line in enumerate(paragraph.splitlines())
        for word in line.split()
    }
