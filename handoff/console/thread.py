"""The thread: a page of lines, grouped by author and parted by day."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.db import now
from handoff.console.evidence import Why, explain
from handoff.transcript import PAGE, Line, lines

MOST_NEW = 500  # lines that one look for news brings; the page asks again for more


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as the thread shows it. `day` is set on a day's first line, `continues` where the
    author of the line before goes on."""

    line: Line
    at: datetime
    speaker: str
    day: str | None
    continues: bool
    why: Why | None


@dataclass(frozen=True, slots=True)
class Part:
    """Lines in order; `earlier` says that there are lines before them, `more` after them."""

    lines: list[Shown]
    earlier: bool = False
    more: bool = False


def latest(
    session: Session, conversation_id: int, customer: str, zone: ZoneInfo, before: int | None = None
) -> Part:
    """The last PAGE lines, or those before `before`."""
    found = lines(session, conversation_id, before=before, limit=PAGE + 1)
    earlier = len(found) > PAGE
    return Part(_shown(found[-PAGE:], None, customer, zone), earlier=earlier)


def news(session: Session, conversation_id: int, customer: str, zone: ZoneInfo, after: int) -> Part:
    """The lines after `after`."""
    if after > 1:  # with the line before: it tells whether its author goes on
        found = lines(session, conversation_id, after=after - 1, limit=MOST_NEW + 1)
    else:
        found = lines(session, conversation_id, before=MOST_NEW + 2, limit=MOST_NEW + 1)
    before = next((line for line in found if line["seq"] == after), None)
    new = [line for line in found if line["seq"] > after]
    return Part(_shown(new, before, customer, zone), more=len(found) > MOST_NEW)


def _shown(found: list[Line], before: Line | None, customer: str, zone: ZoneInfo) -> list[Shown]:
    shown = []
    for line in found:
        shown.append(_one(line, before, customer, zone))
        before = line
    return shown


def _one(line: Line, before: Line | None, customer: str, zone: ZoneInfo) -> Shown:
    day = _day(line, zone)
    new_day = before is None or _day(before, zone) != day
    continues = not new_day and before is not None and _author(before) == _author(line)
    return Shown(
        line=line,
        at=datetime.fromisoformat(line["at"]),
        speaker=_speaker(line, customer),
        day=_name_day(day, zone) if new_day else None,
        continues=continues,
        why=explain(line["evidence"]),
    )


def _speaker(line: Line, customer: str) -> str:
    own = {"customer": customer, "bot": "Bot", "system": "Firstline"}
    return own.get(line["author"]) or line["name"] or "An agent"


def _author(line: Line) -> tuple[str, str | None, bool]:
    return line["author"], line["name"], line["private"]


def _day(line: Line, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(line["at"]).astimezone(zone).date()


def _name_day(day: date, zone: ZoneInfo) -> str:
    today = now().astimezone(zone).date()
    names = {0: "Today", 1: "Yesterday"}
    year = f" {day.year}" if day.year != today.year else ""
    return names.get((today - day).days) or f"{day:%A}, {day.day} {day:%B}{year}"
