"""Several questions in one message, and questions that lean on the one before.

Both are told by the words that English questions begin with; a message in another language is
taken as it stands.
"""

import re
from collections.abc import Iterator

from bm25s.stopwords import STOPWORDS_EN_PLUS

_LINK = r"(?:and|also|plus|as well as|another thing|one more thing|another question)"
_GREETING = r"(?:hi|hello|hey|oh|ok|okay|so|but|then|now|first|firstly|secondly|finally|please)"
_AUXILIARY = r"(?:can|could|may|might|shall|should|will|would|do|does|did|is|are|am|was|were)"
_SUBJECT = (
    r"(?:i|you|u|we|he|she|it|they|there|this|that|these|those|the|an?|my|your|our|any\w*"
    r"|some\w*|all|both)"
)
_OPENER = (
    r"(?:(?:who|what|which|why|how|whose)\b"
    rf"|(?:when|where)(?:['’]?s\b|\W+{_AUXILIARY}\b)"
    rf"|{_AUXILIARY}(?:n['’]?t)?\W+{_SUBJECT}\b"
    r"|(?:has|have)(?:n['’]?t)?\W+(?:i|you|we|he|she|it|they|my|your|the)\b"
    r"|(?:tell|show) (?:me|us)\b|explain\b|let me know\b)"
)
_WISH = r"(?:i|we)(?:(?: want| need| would like|['’]d like) to\b| wanna\b| wonder\b)"
_BEGINNING = rf"\W*(?:(?:{_LINK}|{_GREETING})\b\W*)*"
_ASKS = re.compile(_BEGINNING + _OPENER, re.IGNORECASE)
_WISHES = re.compile(_BEGINNING + _WISH, re.IGNORECASE)
# Bounded, since an unbounded look-ahead would take quadratic time on "and and and ...".
_GAP = re.compile(
    rf"(?<=[?!.])\s+|\n\s*|[\s,;:–-]{{1,4}}(?=(?:{_LINK}\b\W{{0,4}}){{1,3}}(?:{_OPENER}|{_WISH}))",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,2}[.):]")
_LIST_ITEM = re.compile(rf"(?:{_NUMBER.pattern}|[-*•])\s+")
_LEAD = re.compile(rf"(?:{_LIST_ITEM.pattern}|\W|{_LINK}\b)*", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
# Without a content word besides these, a question says nothing of its own: "can you help me?"
_EMPTY = frozenset(STOPWORDS_EN_PLUS) | {
    *("hi", "hello", "hey", "please", "help", "know", "tell", "advise", "idea", "ideas", "way"),
    *("possible", "happen", "happened", "happening", "going", "wrong", "need", "want", "like"),
    *("could", "would", "shall", "may", "might"),
}

_CUE = re.compile(
    r"\W*(?:(?:and|but|or|ok|okay|so|then)\b\W*)*(?:(?:what|how) about\b|(?:what )?if\b)?\W*",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"(?:in|for|to|with|without|from|on|at|by|after|before)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:it|that|this|they|them|these|those|ones?|same)\b", re.IGNORECASE)
_SHORT = 8  # words; a longer line says for itself what it is about
_MOST = 4  # questions that one reply can answer; more are for a person to read


def split(text: str) -> tuple[str, ...]:
    """The questions of a message, in order; the whole of it where there are fewer than two, or
    more than one reply can answer.

    What is told before a question belongs to it: a story with one question is one question. A
    wish counts as one after a question ("I need to change the address, too"), before it as story.
    """
    ends: list[int] = []
    for start, end in _pieces(text):
        if _is_question(text[start:end]) or (ends and _WISHES.match(text, start, end)):
            ends.append(end)
    if not 2 <= len(ends) <= _MOST:
        return (text,)
    starts = (0, *ends[:-1])
    ends[-1] = len(text)
    parts = (text[start:end] for start, end in zip(starts, ends, strict=True))
    return tuple(part[_lead(part) :].strip() or part.strip() for part in parts)


def leans(text: str) -> bool:
    """Whether a line may mean something else without the question before it: "can I cancel it?"."""
    return is_fragment(text) or bool(_is_short(text) and _PRONOUN.search(text))


def is_fragment(text: str) -> bool:
    """Whether a line is no question by itself, but adds to the one before: "and in Germany?"."""
    core = without_cue(text)
    added = core != text and not _ASKS.match(core)
    return _is_short(text) and bool(added or _PREPOSITION.match(core))


def is_vague(text: str) -> bool:
    """Whether a line doesn't say what it is about: "what about the other one?"."""
    return is_fragment(text) and bool(_PRONOUN.search(text))


def _is_short(text: str) -> bool:
    return len(_WORD.findall(text)) <= _SHORT


def without_cue(text: str) -> str:
    """What a follow-up adds: "in Germany?" of "and in Germany?"."""
    return _CUE.sub("", text, count=1) or text


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of sentences, lines, and halves joined by an "and" before a question."""
    start = 0
    for gap in _GAP.finditer(text):
        piece = text[start : gap.start()]
        if piece.strip() and not _NUMBER.fullmatch(piece.strip()):
            yield start, gap.start()
            start = gap.end()
    yield start, len(text)


def _is_question(piece: str) -> bool:
    piece = piece.strip()
    words = {word.lower() for word in _WORD.findall(piece)}
    asks = piece.endswith("?") or _ASKS.match(piece) or _LIST_ITEM.match(piece)
    return bool(asks and words - _EMPTY)


def _lead(part: str) -> int:
    """Where a part begins behind its list marker or "and"."""
    found = _LEAD.match(part)
    return found.end() if found else 0
