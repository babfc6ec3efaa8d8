"""Markdown as styled text: what Telegram has no markup for becomes readable words."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import zip_longest
from urllib.parse import urljoin, urlsplit

from markdown_it.tree import SyntaxTreeNode

from channels.telegram.richtext import Run, plain
from handoff.markdown import parse

Runs = list[Run]
Tags = tuple[str, ...]

STYLES = {"strong": "b", "em": "i", "s": "s"}
INDENT = "   "


def from_markdown(markdown: str, base: str) -> Runs:
    """The answer's runs; relative links lead to `base`."""
    return Markdown(base).runs(markdown)


class Markdown:
    """Turns a tree of Markdown into runs; `base` is where relative links lead to."""

    def __init__(self, base: str) -> None:
        self._base = base

    def runs(self, markdown: str) -> Runs:
        return self._blocks(SyntaxTreeNode(parse(markdown)), ())

    def _blocks(self, parent: SyntaxTreeNode, tags: Tags, between: str = "\n\n") -> Runs:
        return _joined((self._block(node, tags) for node in parent.children), Run(between, tags))

    def _block(self, node: SyntaxTreeNode, tags: Tags) -> Runs:
        match node.type:
            case "heading":
                return self._inlines(node, _with(tags, "b"))
            case "bullet_list" | "ordered_list":
                return self._list(node, tags)
            case "blockquote":
                return self._blocks(node, _with(tags, "blockquote"))
            case "fence" | "code_block":
                return [Run(node.content.rstrip("\n"), _verbatim(tags, "pre"))]
            case "table":
                return self._table(node, tags)
            case "hr":
                return [Run("———", tags)]
        return self._inlines(node, tags)

    def _list(self, node: SyntaxTreeNode, tags: Tags) -> Runs:
        items = []
        number = int(node.attrs.get("start", 1))
        for offset, item in enumerate(node.children):
            marker = "•" if node.type == "bullet_list" else f"{number + offset}."
            content = self._blocks(item, tags, between="\n")
            items.append([Run(f"{marker} ", tags), *_indented(content)])
        return _joined(items, Run("\n", tags))

    def _table(self, node: SyntaxTreeNode, tags: Tags) -> Runs:
        """A line for each row, each cell with its column's name: phones are narrow."""
        head, *rows = (row for section in node.children for row in section.children)
        names = [self._inlines(cell, _with(tags, "b")) for cell in head.children]
        lines = [self._row(names, row, tags) for row in rows]
        return _joined(lines or [_joined(names, Run(" · ", tags))], Run("\n", tags))

    def _row(self, names: list[Runs], row: SyntaxTreeNode, tags: Tags) -> Runs:
        cells = []
        for name, cell in zip_longest(names, row.children, fillvalue=None):
            value = self._inlines(cell, tags) if cell else []
            if value:
                cells.append([*name, Run(": ", tags), *value] if name else value)
        return [Run("• ", tags), *_joined(cells, Run(" · ", tags))]

    def _inlines(self, node: SyntaxTreeNode, tags: Tags) -> Runs:
        return [run for child in node.children for run in self._inline(child, tags) if run.text]

    def _inline(self, node: SyntaxTreeNode, tags: Tags) -> Iterator[Run]:
        match node.type:
            case "text":
                yield Run(node.content, tags)
            case "softbreak":
                yield Run(" ", tags)
            case "hardbreak":
                yield Run("\n", tags)
            case "code_inline":
                yield Run(node.content, _verbatim(tags, "code"))
            case "link":
                yield from self._link(node, tags)
            case style:
                yield from self._inlines(
                    node, _with(tags, STYLES[style]) if style in STYLES else tags
                )

    def _link(self, node: SyntaxTreeNode, tags: Tags) -> Iterator[Run]:
        href = str(node.attrs.get("href", ""))
        tag = link(self._base, href)
        words = self._inlines(node, _with(tags, tag) if tag else tags)
        yield from words
        # Telegram makes addresses and numbers that it sees in the text into links by itself.
        scheme, _, address = href.partition(":")
        if scheme in ("mailto", "tel") and address not in plain(words):
            yield Run(f" ({address})", tags)


def link(base: str, href: str) -> str | None:
    """The tag of a link to a page; None for what is none."""
    try:
        target = urlsplit(urljoin(base, href))
    except ValueError:  # such as "http://[x"
        return None
    is_page = target.scheme in ("http", "https") and target.netloc
    return f'a href="{escape(target.geturl())}"' if is_page else None


def _with(tags: Tags, tag: str) -> Tags:
    return tags if tag in tags else (*tags, tag)


def _verbatim(tags: Tags, tag: str) -> Tags:
    """Telegram lets no style but a quotation be around code."""
    return (*(each for each in tags if each == "blockquote"), tag)


def _joined(parts: Iterable[Runs], between: Run) -> Runs:
    joined: Runs = []
    for part in parts:
        if part:
            joined += [between, *part] if joined else part
    return joined


def _indented(runs: Runs) -> Runs:
    return [Run(run.text.replace("\n", f"\n{INDENT}"), run.tags) for run in runs]
