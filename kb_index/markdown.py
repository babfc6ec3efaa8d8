"""What the package needs to know of Markdown: its sections, their blocks, its plain words."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

# HTML is recognised here only to be read as words; whoever shows Markdown renders with html off.
_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
_ANCHOR = re.compile(r"\s*\{#[^}]*\}$")  # "## Fees {#fees}", as kramdown and Pandoc write it
_UNITS = {"list_item_open": 1, "tr_open": 2}


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block: its source lines and where its rows or items begin among them.

    `numbers` holds an ordered list's number for each item, as a reader of the page sees it.
    """

    kind: str
    lines: list[str]
    units: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading ("" before the first) and the blocks up to the next heading of any level."""

    heading: str
    blocks: list[Block]


def sections(markdown: str) -> list[Section]:
    """Split at headings; headings inside quotations and lists do not count."""
    lines = markdown.split("\n")
    found = [Section("", [])]
    for tokens in _top_level(_PARSER.parse(markdown)):
        if tokens[0].type == "heading_open":
            found.append(Section(_ANCHOR.sub("", _inline_text(tokens[1])), []))
        elif tokens[0].type != "hr":
            found[-1].blocks.append(_block(tokens, lines))
    return found


def _top_level(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []


def _block(tokens: list[Token], lines: list[str]) -> Block:
    first = tokens[0]
    start, end = first.map or (0, 0)
    units = [token for token in tokens if _UNITS.get(token.type) == token.level and token.map]
    begins = [token.map[0] - start for token in units if token.map]
    numbers: list[int] = []
    if first.type == "ordered_list_open":
        begin = int(first.attrs.get("start", 1))
        numbers = list(range(begin, begin + len(units)))
    return Block(first.type.removesuffix("_open"), lines[start:end], begins, numbers)


def first_heading(markdown: str) -> str | None:
    """The first heading that has words, or None."""
    return next((section.heading for section in sections(markdown) if section.heading), None)


def plain_text(markdown: str) -> str:
    """The words a reader sees, one block (paragraph, item, table row) a line."""
    words: list[str] = []
    for token in _PARSER.parse(markdown):
        if token.type == "inline":
            words.append(_inline_text(token))
        elif token.type in ("fence", "code_block"):
            words.append(token.content)
        elif token.type == "html_block":
            words.append(_without_tags(token.content) + "\n")
        elif token.nesting < 0:
            words.append(" " if token.type in ("th_close", "td_close") else "\n")
    lines = (" ".join(line.split()) for line in "".join(words).split("\n"))
    return "\n".join(line for line in lines if line)


def _inline_text(token: Token) -> str:
    words = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type in ("text", "code_inline", "image", "text_special"):
            words.append(child.content)
    return " ".join("".join(words).split())


def _without_tags(markup: str) -> str:
    return html.unescape(nh3.clean(markup, tags=set()))
