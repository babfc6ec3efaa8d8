"""File formats: each reader turns one file into drafts, which `articles` checks and names."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class ArticleError(ValueError):
    """Why a file, or one line of it, did not become an article."""

    def __init__(self, path: Path, message: str, line: int | None = None) -> None:
        super().__init__(path, message, line)
        self.path = path
        self.message = message
        self.line = line

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A text and what its file says about it (`fields`, names in lower case)."""

    fields: Mapping[str, object]
    text: str
    line: int | None = None


Reader = Callable[[Path], "Iterator[Draft | ArticleError]"]

# What other programs call an article's fields in JSON Lines.
OTHER_NAMES = {"text": ("content", "answer", "answers"), "questions": ("alt_titles",)}


def read_markdown(path: Path) -> Iterator[Draft]:
    """Markdown or plain text, with or without YAML front matter."""
    text = _decode(path)
    if not text.startswith("---\n"):
        yield Draft({}, text)
        return
    # An unclosed block is refused rather than read as text: it may hold `audience: employees`.
    front, closed, body = text[4:].partition("\n---\n")
    if not closed:
        raise ArticleError(path, "the front matter is not closed; end it with a line of ---", 1)
    yield Draft(_front_matter(path, front), body)


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ArticleError(path, "not UTF-8; save the file as UTF-8", line) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else lines + "\n"


def _front_matter(path: Path, front: str) -> Mapping[str, object]:
    try:
        # BaseLoader keeps every value as it is written: id 0012 stays "0012", title No stays "No".
        fields = yaml.load(front, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        message = f"broken front matter: {error.problem}; put values with a colon in quotes"
        raise ArticleError(path, message, line) from None
    except yaml.YAMLError:
        raise ArticleError(path, "broken front matter: not YAML", 1) from None
    if fields in (None, ""):
        return {}
    if not isinstance(fields, dict):
        raise ArticleError(path, "broken front matter: lines of `name: value` are needed", 1)
    return {str(name).lower(): value for name, value in fields.items()}


def read_html(path: Path) -> Iterator[Draft]:
    """The main text of a saved page, without its navigation (trafilatura)."""
    import trafilatura

    page = path.read_bytes()
    about = trafilatura.extract_metadata(page)
    title = about.title if about else None
    text = _markdown(page) or trafilatura.html2txt(page)
    yield Draft({"title": title} if title else {}, text)


def _markdown(page: str | bytes) -> str:
    import trafilatura

    # Without favor_precision short pages come back as bare lines, navigation included.
    text = trafilatura.extract(
        page, output_format="markdown", include_comments=False, favor_precision=True
    )
    return text or ""


def read_pdf(path: Path) -> Iterator[Draft]:
    """The text of a PDF, page by page; a scan without text is an error."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        text = "\n\n".join(page.extract_text() for page in PdfReader(path).pages)
    except (PyPdfError, ValueError, KeyError, TypeError) as error:
        message = f"the PDF cannot be read ({type(error).__name__}); export it again, unencrypted"
        raise ArticleError(path, message) from None
    if not text.strip():
        raise ArticleError(path, "the PDF has no text; it may be a scan, so run OCR on it first")
    yield Draft({}, text)


def read_docx(path: Path) -> Iterator[Draft]:
    """A Word document (mammoth), its tables as Markdown tables headed by their first rows."""
    from zipfile import BadZipFile

    import mammoth

    try:
        with path.open("rb") as file:
            markup = mammoth.convert_to_html(file).value
    except (BadZipFile, KeyError, ValueError):
        raise ArticleError(path, "not a Word document; save it as .docx again") from None
    page = f"<html><body><article>{_with_table_heads(markup)}</article></body></html>"
    yield Draft({}, _markdown(page))


def _with_table_heads(markup: str) -> str:
    return re.sub(
        "<table><tr>.*?</tr>",
        lambda row: row[0].replace("<td", "<th").replace("</td>", "</th>"),
        markup,
        flags=re.DOTALL,
    )


def read_jsonl(path: Path) -> Iterator[Draft | ArticleError]:
    """One article a line; a bad line is reported and the others are read."""
    for number, line in enumerate(_decode(path).split("\n"), start=1):
        if line.strip():
            yield _draft_from_json(path, line, number)


def _draft_from_json(path: Path, line: str, number: int) -> Draft | ArticleError:
    try:
        fields = json.loads(line)
    except ValueError as error:
        return ArticleError(path, f"not JSON: {error}", number)
    if not isinstance(fields, dict):
        return ArticleError(path, "a JSON object is needed on each line", number)
    fields = _under_our_names({name.lower(): value for name, value in fields.items()})
    for name in ("id", "title", "text"):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            return ArticleError(path, f"the field {name!r} is missing or is not text", number)
    return Draft(fields, fields.pop("text"), number)


def _under_our_names(fields: dict[str, Any]) -> dict[str, Any]:
    """FAQ collections say `answer`, `answers` or `content`, and `alt_titles` for the questions."""
    for ours, theirs in OTHER_NAMES.items():
        given = next((fields[name] for name in theirs if name in fields), None)
        fields.setdefault(ours, given)
    text = fields["text"]
    if isinstance(text, list) and all(isinstance(part, str) for part in text):
        fields["text"] = "\n\n".join(text)
    return fields


READERS: Mapping[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".jsonl": read_jsonl,
}
