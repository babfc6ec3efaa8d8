"""An e-mail's HTML as the text that it shows."""

import html
import re

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

_BLANK_LINES = re.compile(r"\n{3,}")
_TEXT = ParserConfig(css=CSS_PROFILES["strict"])
_LINKED = ParserConfig(css=CSS_PROFILES["strict"], display_links=True)


def html_to_text(markup: str, *, links: bool = False) -> str:
    """The text; with `links`, as `[words](address)`. Scripts and styles are left out."""
    if not markup.strip():
        return ""
    text = get_text(markup, _LINKED if links else _TEXT)
    if not text.strip():  # nested deeper than its parser goes
        text = html.unescape(nh3.clean(markup, tags=set()))
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()
