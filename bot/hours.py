"""When people are at a desk."""

from datetime import datetime
from itertools import groupby
from typing import get_args
from zoneinfo import ZoneInfo

from bot.settings import Day, Desk

DAYS: tuple[Day, ...] = get_args(Day)


def is_staffed(desk: Desk, moment: datetime) -> bool:
    """Whether the desk's hours include the moment (an aware time)."""
    local = moment.astimezone(ZoneInfo(desk.timezone))
    opens, _, closes = desk.hours.get(DAYS[local.weekday()], "").partition("-")
    return bool(opens) and opens <= f"{local:%H:%M}" < closes


def describe(desk: Desk) -> str:
    """The hours in words: "Mon-Fri 08:00-20:00, Sat 09:00-17:00"."""
    open_days = [(day, desk.hours[day]) for day in DAYS if day in desk.hours]
    spans = (
        (list(days), hours)
        for (hours, _), days in groupby(
            open_days, key=lambda item: (item[1], DAYS.index(item[0]) - open_days.index(item))
        )
    )
    return ", ".join(f"{_span([day for day, _ in days])} {hours}" for days, hours in spans)


def _span(days: list[Day]) -> str:
    first, last = days[0].capitalize(), days[-1].capitalize()
    return first if len(days) == 1 else f"{first}-{last}"
