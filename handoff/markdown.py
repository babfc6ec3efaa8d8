"""Markdown written by anyone, as HTML that is safe to show to everyone."""

import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from slugify import slugify

ANSWER_HEADING = 3  # below the widget's own heading
PAGE_HEADING = 2  # below the page's title

_ARTICLE_LINK = re.compile(r"article:([\w.-]+)(#[\w-]+)?")
_STAYS = re.compile(r"#|/(?!/)")
_ATTRIBUTES = {"a": {"href", "target"}, "ol": {"start"}, "div": {"class", "tabindex"}}
_PAGE_ATTRIBUTES = _ATTRIBUTES | {"h2": {"id"}}
_TAGS = {
    *("a", "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre"),
    *("blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "div"),
}

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class Heading(NamedTuple):
    text: str
    slug: str


def render(markdown: str) -> str:
    """A bot's answer: every link opens in a new tab, so that the chat stays."""
    return _html(_reshape(markdown, ANSWER_HEADING, same_tab=False), _ATTRIBUTES)


def parse(markdown: str) -> list[Token]:
    """A bot's answer as markdown-it's tokens, for channels with a markup of their own: images are
    their descriptions, and links to articles point to the help centre."""
    return _reshape(markdown, ANSWER_HEADING, same_tab=True)


def render_page(markdown: str) -> str:
    """An article's body: its main headings can be linked to, and only links that leave the help
    centre open in a new tab."""
    tokens = _reshape(markdown, PAGE_HEADING, same_tab=True)
    for opening, heading in _main_headings(tokens):
        opening.attrSet("id", heading.slug)
    return _html(tokens, _PAGE_ATTRIBUTES)


def headings(markdown: str) -> list[Heading]:
    """The main headings of an article's page, in order."""
    tokens = _reshape(markdown, PAGE_HEADING, same_tab=True)
    return [heading for _, heading in _main_headings(tokens)]


def _main_headings(tokens: list[Token]) -> list[tuple[Token, Heading]]:
    found = []
    seen: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == f"h{PAGE_HEADING}":
            words = "".join(part.content for part in inline.children or [])
            slug = slugify(words) or "section"
            seen[slug] += 1
            unique = f"{slug}-{seen[slug]}" if seen[slug] > 1 else slug
            found.append((opening, Heading(words, unique)))
    return found


def _reshape(markdown: str, top: int, same_tab: bool) -> list[Token]:
    tokens = _parser.parse(markdown)
    _demote_headings(tokens, top)
    for token in tokens:
        for inline in token.children or []:
            if inline.type == "link_open":
                _point(inline, same_tab)
            elif inline.type == "image":
                # An image would tell its server who reads the page: its description does instead.
                inline.type, inline.tag, inline.children = "text", "", None
    return tokens


def _demote_headings(tokens: list[Token], top: int) -> None:
    """Moves the headings so that the highest has the level `top`, keeping their order."""
    moved = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = top - min((int(token.tag[1]) for token in moved), default=top)
    for token in moved:
        token.tag = f"h{min(6, int(token.tag[1]) + shift)}"


def _point(link: Token, same_tab: bool) -> None:
    href = str(link.attrGet("href") or "")
    if article := _ARTICLE_LINK.fullmatch(href):
        href = f"/help/{article[1]}{article[2] or ''}"
    link.attrSet("href", href)
    if not (same_tab and _STAYS.match(href)):
        link.attrSet("target", "_blank")


def _html(tokens: list[Token], attributes: dict[str, set[str]]) -> str:
    html: str = _parser.renderer.render(tokens, _parser.options, {})
    # Wide tables scroll by themselves, with the keyboard too.
    html = html.replace("<table>", '<div class="table" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    html = html.replace("<th></th>", "<td></td>")  # an empty heading heads nothing
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=attributes,
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto", "tel"},
    )
