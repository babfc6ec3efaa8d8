"""Jinja2 for the console: templates, icons and the words that they need."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lucide
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.db import now
from handoff import markdown
from handoff.channel_names import title_of, way_of
from handoff.console.words import reason_in_words

ZONE_COOKIE = "firstline_zone"  # the browser's time zone; theme.js sets it
CHANNEL_ICONS = {
    "web": "globe",
    "rest": "code",
    "callback": "webhook",
    "socketio": "plug",
    "telegram": "send",
    "slack": "hash",
    "email": "mail",
    "rasa": "bot",
}
DAY = 24 * 60  # minutes


def page(name: str, status: int = 200, /, **values: object) -> HTMLResponse:
    """A rendered template. Never cached: it shows what is so at this moment."""
    html = _templates.get_template(name).render(**values)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def zone_of(request: Request) -> ZoneInfo:
    """The time zone of the agent's browser, UTC until it has told."""
    try:
        return ZoneInfo(request.cookies.get(ZONE_COOKIE, "UTC"))
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=256)
def icon(name: str, size: int = 16) -> Markup:
    """A lucide icon as inline SVG; it stands beside a label, so it is hidden from readers."""
    return Markup(lucide._render_icon(name, size, aria_hidden="true"))


def channel_icon(channel: str, size: int = 16) -> Markup:
    return icon(CHANNEL_ICONS.get(channel, "message-square"), size)


def lasting(since: datetime) -> str:
    """How long since then. static/times.js says the same."""
    minutes = int((now() - since).total_seconds() // 60)
    if minutes < 60:
        return f"{max(minutes, 0)} min"
    return f"{minutes // 60} h" if minutes < 2 * DAY else f"{minutes // DAY} d"


def ago(moment: datetime, zone: ZoneInfo) -> str:
    """How long ago, up to a day; then the date. static/times.js says the same."""
    minutes = int((now() - moment).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < DAY:
        return f"{minutes // 60} h"
    local = moment.astimezone(zone)
    this_year = local.year == now().astimezone(zone).year
    return f"{local.day} {local:%b}" if this_year else f"{local.day} {local:%b %Y}"


def exact(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M}"


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def html_of(text: str) -> Markup:
    """Quoted knowledge-base text; the renderer sanitises."""
    return Markup(markdown.render(text))


def safe_link(url: Any) -> str | None:
    """The address if it leads to this site or another web page; nothing else is a link."""
    text = str(url or "")
    local = text.startswith("/") and not text.startswith("//")
    return text if local or text.startswith(("https://", "http://")) else None


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(icon=icon)
    environment.filters.update(
        ago=ago,
        lasting=lasting,
        exact=exact,
        iso=iso,
        initials=initials,
        percent=percent,
        markdown=html_of,
        safe_link=safe_link,
        channel_icon=channel_icon,
        channel_title=title_of,
        channel_way=way_of,
        in_words=reason_in_words,
    )
    return environment


_templates = _environment()
