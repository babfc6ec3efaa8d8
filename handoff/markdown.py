"""Markdown of the knowledge base to HTML that is safe to show."""

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    *("p", "br", "hr", "strong", "em", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "del"),
}


def render(markdown: str) -> str:
    """Sanitised HTML. Markup in the source is shown as text, images become their description,
    headings start at h3, `[text](article:id)` leads to the article's page, and links to other
    sites open in a new tab."""
    tokens = _parser().parse(markdown)
    for token in tokens:
        _demote_heading(token)
        for child in token.children or ():
            _mend_link(child)
    html = _parser().renderer.render(tokens, _parser().options, {})
    return nh3.clean(html, tags=TAGS, attributes={"a": {"href", "target"}, "ol": {"start"}})


def _demote_heading(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(max(int(token.tag[1]), 2) + 1, 6)}"


def _mend_link(token: Token) -> None:
    if token.type == "image":
        token.type, token.children = "text", None
    if token.type == "link_open":
        href = str(token.attrs.get("href", ""))
        if href.startswith("article:"):
            token.attrs["href"] = f"/help/{href.removeprefix('article:')}"
        elif not href.startswith("/"):
            token.attrs["target"] = "_blank"


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    validate = parser.validateLink
    parser.validateLink = lambda url: url.startswith("article:") or validate(url)  # type: ignore[method-assign]
    return parser
