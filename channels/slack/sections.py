"""Long texts in parts that Slack takes, cut where a reader would pause."""

from collections.abc import Iterator

LONGEST = 3000  # characters of a section
PAUSES = ("\n\n", "\n", ". ", " ")
FENCE = "```"


def sections(mrkdwn: str, longest: int = LONGEST) -> Iterator[str]:
    """The parts in order, none of them empty; a link, an escape or a block of code stays whole."""
    rest = mrkdwn.strip() or "…"
    room = longest - 2 * len(FENCE) - 2
    while len(rest) > longest:
        end = _pause(rest, room)
        part, rest = rest[:end].rstrip(), rest[end:].lstrip()
        if part.count(FENCE) % 2:
            part, rest = f"{part}\n{FENCE}", f"{FENCE}\n{rest}"
        yield part
    yield rest


def _pause(text: str, room: int) -> int:
    """Where to cut, at least one character and at most `room` from the beginning."""
    for pause in PAUSES:
        end = text.rfind(pause, room // 3, room)
        if end > 0 and _is_whole(text[: end + len(pause)]):
            return end + len(pause)
    whole = text[:room]
    for opening, closing in (("<", ">"), ("&", ";")):
        begin = whole.rfind(opening)
        if begin > 0 and closing not in whole[begin:] and closing in text[room : room + 2000]:
            whole = whole[:begin]
    return len(whole)


def _is_whole(text: str) -> bool:
    return text.rfind("<") <= text.rfind(">")
