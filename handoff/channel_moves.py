"""Where in a conversation the customer goes on on another channel."""

from collections.abc import Iterable

from bot.conversation import Author
from handoff.transcript import Line


def moves(lines: Iterable[Line], heard_on: str | None = None) -> list[str | None]:
    """For each line the channel, if it is the customer's first on another one than before.

    `heard_on` is where they wrote last before these lines. What we write follows them, and tells
    nothing: an e-mail of ours may be about what was said on the web.
    """
    found: list[str | None] = []
    for line in lines:
        is_heard = line["author"] == Author.CUSTOMER
        has_moved = is_heard and heard_on not in (None, line["channel"])
        found.append(line["channel"] if has_moved else None)
        heard_on = line["channel"] if is_heard else heard_on
    return found
