"""Articles to an index on disk. Texts that the build before has encoded are not encoded again."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from kb_index.articles import Article
from kb_index.dense import EXACT_UP_TO, Kind, build_shelf, recall_at_10, save_shelf
from kb_index.language import language_of
from kb_index.lexicon import Lexicon
from kb_index.manifest import (
    FORMAT,
    IndexUnusable,
    Manifest,
    ShelfManifest,
    file_hashes,
    open_build,
    publish,
)
from kb_index.models import Encoder, Vectors
from kb_index.passages import Passage, plain_text, split
from kb_index.recogniser import save_recogniser, train_recogniser

Progress = Callable[[int, int], None]
_AT_ONCE = 256
RECOGNISER = "recogniser.npz"
LISTS = ("questions", "tags", "asked")


@dataclass(frozen=True, slots=True)
class Row:
    """One searched text, by its vector and its words. `article` and `passage` are places.

    `passage` is the article's first for a title or a question. A body's text begins with the title
    and the heading, without which few passages say what they are about.
    """

    article: int
    passage: int
    field: Literal["title", "question", "body"]
    text: str


def build(
    articles: Iterable[Article],
    encoder: Encoder,
    root: Path,
    progress: Progress | None = None,
    *,
    like: Path | None = None,
) -> Manifest:
    """Build a new index under `root` and point CURRENT at it; servers keep reading the old one.

    `progress(done, all)` counts texts to encode. Texts that the build under `like`, by default
    `root`, holds are not encoded again. One build runs at a time; a second waits.
    """
    (root / "builds").mkdir(parents=True, exist_ok=True)
    with FileLock(root / "build.lock"):
        draft = Path(mkdtemp(prefix="draft-", dir=root / "builds"))
        manifest = _write(draft, articles, encoder, _known_vectors(like or root, encoder), progress)
        (draft / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        draft.chmod(0o755)
        publish(root, draft, f"{manifest.built_at:.19}-{time.time_ns():x}".replace(":", ""))
    return manifest


def _known_vectors(root: Path, encoder: Encoder) -> dict[str, npt.NDArray[np.float32]]:
    """The vectors of the build before by their texts' keys; none if it is of another model."""
    try:
        folder, manifest = open_build(root)
    except IndexUnusable:
        return {}
    if (manifest.model, manifest.dimension) != (encoder.name, encoder.dimension):
        return {}
    keys = [_key(row.text, encoder) for row in read_rows_of(folder)]
    return dict(zip(keys, np.load(folder / "vectors.npy", allow_pickle=False), strict=True))


def _key(text: str, encoder: Encoder) -> str:
    return hashlib.sha256(f"{encoder.name}\0{text}".encode()).hexdigest()


def _write(
    draft: Path,
    articles: Iterable[Article],
    encoder: Encoder,
    known: dict[str, npt.NDArray[np.float32]],
    progress: Progress | None,
) -> Manifest:
    # One audience's articles, passages and vectors lie side by side: a filter is a slice.
    ordered = sorted(articles, key=lambda article: article.audience)
    _check_ids(ordered)
    passages = [passage for article in ordered for passage in split(article)]
    rows = list(_rows(ordered, passages))
    vectors, encoded = _vectors([row.text for row in rows], encoder, known, progress)
    np.save(draft / "vectors.npy", vectors, allow_pickle=False)
    _write_lines(draft / "articles.jsonl", ordered)
    _write_lines(draft / "passages.jsonl", passages)
    _write_lines(draft / "rows.jsonl", rows)
    languages = _languages(ordered)
    lexicon = Lexicon.build([row.text for row in rows], [languages[row.article] for row in rows])
    lexicon.save(draft / "bm25")
    _save_recogniser(draft, rows, vectors)
    return Manifest(
        format=FORMAT,
        model=encoder.name,
        dimension=encoder.dimension,
        articles=len(ordered),
        passages=len(passages),
        vectors=len(rows),
        encoded=encoded,
        shelves=tuple(_write_shelves(draft, ordered, rows, vectors)),
        files=file_hashes(draft),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _save_recogniser(draft: Path, rows: Sequence[Row], vectors: Vectors) -> None:
    about = [place for place, row in enumerate(rows) if row.field != "body"]
    recogniser = train_recogniser(
        vectors[about], [rows[place].text for place in about], [rows[at].article for at in about]
    )
    if recogniser:
        save_recogniser(recogniser, draft / RECOGNISER)


def _languages(articles: Sequence[Article]) -> list[str]:
    """Each article's language; where it isn't clear, the one that most are in."""
    found = [language_of(f"{article.title} {plain_text(article.text)}") for article in articles]
    commonest = Counter(filter(None, found)).most_common(1)
    return [each or (commonest[0][0] if commonest else "en") for each in found]


def _check_ids(articles: Sequence[Article]) -> None:
    counts = Counter(article.id for article in articles)
    twice = [article_id for article_id, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"two articles have one id: {', '.join(twice)}")


def _rows(articles: Sequence[Article], passages: Sequence[Passage]) -> Iterator[Row]:
    parts = groupby(enumerate(passages), key=lambda each: each[1].article_id)
    for place, (article, (_, own)) in enumerate(zip(articles, parts, strict=True)):
        numbered = list(own)
        first = numbered[0][0]
        yield Row(place, first, "title", article.title)
        for question in (*article.questions, *article.asked):
            yield Row(place, first, "question", question)
        for number, passage in numbered:
            text = f"{article.title}\n{passage.heading}\n{plain_text(passage.text)}"
            yield Row(place, number, "body", text)


def _vectors(
    texts: Sequence[str],
    encoder: Encoder,
    known: dict[str, npt.NDArray[np.float32]],
    progress: Progress | None,
) -> tuple[Vectors, int]:
    keys = [_key(text, encoder) for text in texts]
    fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    waiting = list(fresh.items())
    for start in range(0, len(waiting), _AT_ONCE):
        part = waiting[start : start + _AT_ONCE]
        encoded = encoder.encode([text for _, text in part])
        known.update(zip((key for key, _ in part), encoded, strict=True))
        if progress:
            progress(start + len(part), len(waiting))
    vectors = np.array([known[key] for key in keys], dtype=np.float32)
    return vectors.reshape(len(texts), encoder.dimension), len(waiting)


def _write_shelves(
    draft: Path, articles: Sequence[Article], rows: Sequence[Row], vectors: Vectors
) -> Iterator[ShelfManifest]:
    counts = Counter(articles[row.article].audience for row in rows)
    start = 0
    for number, (audience, count) in enumerate(counts.items()):
        own = vectors[start : start + count]
        kind: Kind = "exact" if count <= EXACT_UP_TO else "hnsw"
        shelf = build_shelf(own, kind)
        recall = recall_at_10(shelf, own) if kind == "hnsw" else 1.0
        file = f"dense-{number}.faiss"
        save_shelf(shelf, draft / file)
        yield ShelfManifest(
            audience=audience, file=file, vectors=count, kind=kind, recall_at_10=recall
        )
        start += count


def _write_lines(file: Path, items: Iterable[Article | Passage | Row]) -> None:
    lines = (json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in items)
    file.write_text("".join(lines), encoding="utf-8")


def _read_lines(file: Path) -> Iterator[dict[str, Any]]:
    # not str.splitlines: it would also cut at U+2028 inside a text
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)


def read_articles_of(folder: Path) -> list[Article]:
    """The articles of a build, in its order."""
    return [
        Article(**fields | {name: tuple(fields.get(name, ())) for name in LISTS})
        for fields in _read_lines(folder / "articles.jsonl")
    ]


def read_passages_of(folder: Path) -> list[Passage]:
    """The passages of a build, in its order: those of one article side by side."""
    return [Passage(**fields) for fields in _read_lines(folder / "passages.jsonl")]


def read_rows_of(folder: Path) -> list[Row]:
    """What the vectors of a build stand for, in their order."""
    return [Row(**fields) for fields in _read_lines(folder / "rows.jsonl")]
