"""What the doctor finds."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from bot.db import now

SKEW = 60  # seconds; Slack's requests and ours are refused when they are 5 minutes old


class Finding(NamedTuple):
    """One thing that was looked at: what was found and, unless it is `ok`, what mends it.

    Both are for an operator's eyes and for a report to others: no secrets, no customers' words.
    """

    ok: bool
    what: str
    mend: str = ""


def clock_finding(date: str | None, server: str) -> Finding:
    """This machine's clock against the Date header of a server."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding(True, f"{server} doesn't say what time it is")
    ahead = (now() - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()
    if abs(ahead) <= SKEW:
        return Finding(True, f"this machine's clock agrees with {server}'s")
    side = "ahead of" if ahead > 0 else "behind"
    return Finding(
        False,
        f"this machine's clock is {_span(ahead)} {side} {server}'s",
        "let the machine keep its time: `timedatectl set-ntp true`; "
        "requests that seem to be older than 5 minutes are refused",
    )


def age(moment: int) -> float:
    """Seconds since a Unix time."""
    return (now() - datetime.fromtimestamp(moment, UTC)).total_seconds()


def _span(seconds: float) -> str:
    whole = abs(seconds)
    return f"{whole:.0f} seconds" if whole < 600 else f"{whole / 60:,.0f} minutes"
