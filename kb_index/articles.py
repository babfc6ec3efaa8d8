"""Files to articles. What cannot be read is reported beside what could; nothing good is lost."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slugify import slugify

from kb_index.markdown import first_heading
from kb_index.readers import READERS, ArticleError, Draft

__all__ = ["Article", "ArticleError", "read_articles"]

_ID = re.compile(r"[\w.()+-]+")


@dataclass(frozen=True, slots=True)
class Article:
    """One page of the knowledge base; `text` is Markdown, `source` an absolute file path.

    `questions` are the author's, `asked` those of people, labelled: searched, but not published.
    """

    id: str
    title: str
    text: str
    audience: str = "public"
    questions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    url: str | None = None
    source: str | None = None
    asked: tuple[str, ...] = ()


def read_articles(
    paths: Iterable[Path], audience: str | None = None
) -> tuple[list[Article], list[ArticleError]]:
    """Read files and folders (recursively, sorted) of .md, .txt, .html, .pdf, .docx and .jsonl.

    `audience` holds for files that do not name their own; without it they are "public".
    Of two articles with one id the first is kept and the second reported, naming both.
    """
    articles: dict[str, Article] = {}
    errors: list[ArticleError] = []
    for found in _read_all(paths, audience or "public"):
        if isinstance(found, ArticleError):
            errors.append(found)
        elif found.id in articles:
            errors.append(_taken(found, articles[found.id]))
        else:
            articles[found.id] = found
    return list(articles.values()), errors


def _read_all(paths: Iterable[Path], audience: str) -> Iterator[Article | ArticleError]:
    seen: set[Path] = set()
    for path in paths:
        try:
            files = [file for file in _files(path) if file.resolve() not in seen]
        except ArticleError as error:
            yield error
            continue
        seen.update(file.resolve() for file in files)
        for file in files:
            yield from _read_file(file, audience)


def _files(path: Path) -> list[Path]:
    suffixes = ", ".join(READERS)
    if not path.exists():
        raise ArticleError(path, "no such file or folder")
    if path.is_file():
        if path.suffix.lower() not in READERS:
            raise ArticleError(path, f"{path.suffix or 'no suffix'} is unknown; use {suffixes}")
        return [path]
    files = [file for file in sorted(path.rglob("*")) if _is_article(file.relative_to(path), file)]
    if not files:
        raise ArticleError(path, f"no articles in this folder; it may hold {suffixes}")
    return files


def _is_article(inside: Path, file: Path) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and file.suffix.lower() in READERS and file.is_file()


def _read_file(file: Path, audience: str) -> Iterator[Article | ArticleError]:
    try:
        for draft in READERS[file.suffix.lower()](file):
            if isinstance(draft, ArticleError):
                yield draft
            else:
                yield _article(file, draft, audience)
    except ArticleError as error:
        yield error
    except OSError as error:
        yield ArticleError(file, error.strerror or "cannot be read")


def _article(file: Path, draft: Draft, audience: str) -> Article | ArticleError:
    try:
        return Article(
            id=_id(draft.fields, file),
            title=_title(draft, file),
            text=_body(draft),
            audience=_audience(draft.fields, audience),
            questions=_texts(draft.fields, "questions"),
            tags=_texts(draft.fields, "tags"),
            url=_text(draft.fields, "url"),
            source=str(file.resolve()),
        )
    except ValueError as error:
        return ArticleError(file, str(error), draft.line)


def _id(fields: Mapping[str, object], file: Path) -> str:
    name = _text(fields, "id") or slugify(file.stem)
    if not _ID.fullmatch(name):
        raise ValueError(f"the id {name!r} may hold letters, digits and . _ - + ( ) only")
    return name


def _title(draft: Draft, file: Path) -> str:
    named = _text(draft.fields, "title") or first_heading(draft.text)
    if named:
        return named
    words = re.sub(r"[-_\s]+", " ", file.stem).strip()
    return words[:1].upper() + words[1:]


def _body(draft: Draft) -> str:
    text = draft.text.strip()
    if not text:
        raise ValueError("the article has no text")
    return text


def _audience(fields: Mapping[str, object], default: str) -> str:
    # Left empty is refused rather than defaulted: "public" would be the leak.
    if "audience" in fields and not _text(fields, "audience"):
        raise ValueError("audience is empty; name one, such as public or employees")
    return (_text(fields, "audience") or default).casefold()


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} must be one text; put it in quotes if it holds a colon")
    return " ".join(value.split()) or None


def _texts(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if isinstance(value, str):
        value = value.split(",") if name == "tags" else [value]
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} must be a list of texts; quote those that hold a colon")
    return tuple(" ".join(item.split()) for item in value if item.strip())


def _taken(second: Article, first: Article) -> ArticleError:
    message = f"the id {second.id!r} is taken by {first.source}; give one of them another id"
    return ArticleError(Path(second.source or second.id), message)
