"""Words of a text, cut where Rasa's WhitespaceTokenizer cuts, so that entities span the same."""

from dataclasses import dataclass

import regex

# What is no part of a word: punctuation before a blank or the end; after a blank or the start,
# unless a number follows ("-5"); and inside a word, what is neither in numbers nor in addresses.
APART = regex.compile(
    r"[^\w#@&]+(?=\s|$)"
    r"|(\s|^)[^\w#@&]+(?=[^0-9\s])"
    r"|(?<=[^0-9\s])[^\w._~:/?#\[\]()@!$&*+,;=-]+(?=[^0-9\s])"
)
# Rasa's range goes on from U+24C2 to U+1F251 and so drops every Korean and Chinese word.
EMOJI = regex.compile(
    "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\U0001f1e0-\U0001f251"
    "\u24c2-\u2bff\u200c\u200d]+"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word; `start` and `end` are character offsets."""

    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """In order. A text of nothing but symbols is one token; an empty one has none."""
    words = [word for word in APART.sub(" ", text).split() if not EMOJI.fullmatch(word)]
    if not words and text.strip():
        words = [text.strip()]
    tokens, end = [], 0
    for word in words:
        start = text.index(word, end)
        end = start + len(word)
        tokens.append(Token(word, start, end))
    return tokens
