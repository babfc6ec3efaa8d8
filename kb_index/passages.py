"""Articles to passages: one a section, long ones cut between blocks, rows or items."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slugify import slugify

from kb_index.articles import Article
from kb_index.markdown import Block, Section, plain_text, sections

__all__ = ["Passage", "plain_text", "split"]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of an article that makes sense when quoted alone.

    `id` is "article-id#heading-slug" ("#top" before the first heading; ".2", ".3" for the
    further parts of a long section), so it stays when other sections change. `heading` is plain
    text, "" at the top; `text` is Markdown without the heading.
    """

    id: str
    article_id: str
    heading: str
    text: str


def split(article: Article, max_words: int = 180) -> list[Passage]:
    """The passages of an article in order; only a single row, item or code block exceeds
    `max_words`."""
    passages: list[Passage] = []
    slugs: Counter[str] = Counter()
    for section in sections(article.text):
        heading = "" if section.heading == article.title else section.heading
        parts = _parts(section, max_words)
        if parts:
            name = _name(article.id, heading, slugs)
            passages += [
                Passage(name if part == 1 else f"{name}.{part}", article.id, heading, text)
                for part, text in enumerate(parts, start=1)
            ]
    # A page of headings only is still an article that can be found.
    return passages or [Passage(f"{article.id}#top", article.id, "", article.text)]


def _name(article_id: str, heading: str, slugs: Counter[str]) -> str:
    slug = slugify(heading) or "top"
    slugs[slug] += 1
    return f"{article_id}#{slug}" + (f"-{slugs[slug]}" if slugs[slug] > 1 else "")


def _parts(section: Section, max_words: int) -> list[str]:
    pieces = [piece for block in section.blocks for piece in _pieces(block, max_words)]
    return ["\n\n".join(part) for part in _pack(pieces, max_words)]


def _pieces(block: Block, max_words: int) -> list[str]:
    if _words(block.text) <= max_words:
        return [block.text]
    if block.kind == "table":
        return _table_pieces(block, max_words)
    if block.units:
        return ["\n".join(items) for items in _pack(_items(block), max_words)]
    if block.kind == "paragraph":
        # Text from a PDF often comes as one endless paragraph.
        return [" ".join(part) for part in _pack(_SENTENCE_END.split(block.text), max_words)]
    return [block.text]


def _table_pieces(block: Block, max_words: int) -> list[str]:
    head, rows = "\n".join(block.lines[:2]), block.lines[2:]
    room = max_words - _words(head)
    return [head + "\n" + "\n".join(part) for part in _pack(rows, room)]


def _items(block: Block) -> Iterator[str]:
    ends = [*block.units[1:], len(block.lines)]
    for position, (start, end) in enumerate(zip(block.units, ends, strict=True)):
        lines = block.lines[start:end]
        if block.numbers:
            lines = _numbered(lines, block.numbers[position])
        yield "\n".join(lines).rstrip()


def _numbered(lines: list[str], number: int) -> list[str]:
    """Steps written "1. 1. 1." keep their true numbers when the list is cut."""
    first = re.sub(r"\d+", str(number), lines[0], count=1)
    indent = " " * (len(first) - len(lines[0]))
    return [first, *(indent + line if line.strip() else line for line in lines[1:])]


def _pack(pieces: Iterable[str], max_words: int) -> list[list[str]]:
    """Fill each part up to `max_words`; a piece ending in ":" goes with what it announces."""
    parts: list[list[str]] = []
    room = 0
    for piece in pieces:
        if parts and _words(piece) <= room:
            parts[-1].append(piece)
        else:
            announced = [parts[-1].pop()] if parts and _announces(parts[-1]) else []
            parts.append([*announced, piece])
            room = max_words - _words(*announced)
        room -= _words(piece)
    return parts


def _announces(part: list[str]) -> bool:
    return len(part) > 1 and part[-1].endswith(":")


def _words(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)
