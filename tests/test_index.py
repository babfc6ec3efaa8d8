"""Build and open: incremental, atomic, and never an index that should not be served."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kb_index import build as building
from kb_index.articles import Article
from kb_index.encoder import Vectors
from kb_index.index import Index, IndexUnusable, build, current_build
from kb_index.search import search

ARTICLES = [
    Article("lamp", "Return a lamp", "Post it.\n\n## Fees\n\nFree.", questions=("lamp back",)),
    Article("hub", "Reset the hub", "Hold the button."),
    Article("leave", "Parental leave", "Ask the team.", audience="employees"),
]


class HashEncoder:
    """Random unit vectors, the same for the same text; counts what it encodes."""

    dimension = 8

    def __init__(self, name: str = "hash") -> None:
        self.name = name
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Vectors:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).normal(size=self.dimension)
        return (vector / np.linalg.norm(vector)).astype(np.float32)


def open_index(root: Path) -> Index:
    return Index.open(root, "hash", 8)


def test_a_build_says_what_it_holds(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    manifest = build(ARTICLES, HashEncoder(), tmp_path, lambda *at: progress.append(at))
    assert (manifest.model, manifest.dimension) == ("hash", 8)
    assert (manifest.articles, manifest.passages, manifest.vectors) == (3, 4, 8)
    assert [(each.audience, each.kind, each.vectors) for each in manifest.shelves] == [
        ("employees", "exact", 2),
        ("public", "exact", 6),
    ]
    assert progress[-1] == (8, 8)
    index = open_index(tmp_path)
    assert index.manifest == manifest
    assert {article.id: article for article in index.articles} == {
        article.id: article for article in ARTICLES
    }


def test_only_changed_texts_are_encoded_again(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    encoder = HashEncoder()
    assert build(ARTICLES, encoder, tmp_path).encoded == 0
    changed = [replace(ARTICLES[1], text="Press it twice."), *ARTICLES[:1]]
    build(changed, encoder, tmp_path)
    assert encoder.encoded == ["Reset the hub\n\nPress it twice."]
    index = open_index(tmp_path)
    np.testing.assert_array_equal(
        index.vectors, HashEncoder().encode([row.text for row in index.rows])
    )


def test_another_model_encodes_everything_anew(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    assert build(ARTICLES, HashEncoder("other"), tmp_path).encoded == 8


def test_the_build_before_is_kept_and_older_ones_go(tmp_path: Path) -> None:
    names: list[str | None] = [current_build(tmp_path)]
    for _ in range(3):
        build(ARTICLES, HashEncoder(), tmp_path)
        names.append(current_build(tmp_path))
    assert names[0] is None
    assert len(set(names)) == 4
    assert {folder.name for folder in (tmp_path / "builds").iterdir()} == set(names[2:])


def test_an_open_index_outlives_its_build(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    index = open_index(tmp_path)
    for _ in range(2):
        build([], HashEncoder(), tmp_path)
    vector = HashEncoder().encode(["lamp"])[0]
    assert len(search(index, "lamp", vector, audiences=frozenset({"public"}))) == 2


def test_a_build_that_fails_leaves_the_old_one_current(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    before = current_build(tmp_path)

    class Failing(HashEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            raise OSError("no memory")

    with pytest.raises(OSError, match="no memory"):
        build([Article("new", "New", "text")], Failing(), tmp_path)
    assert current_build(tmp_path) == before
    assert len(open_index(tmp_path).articles) == 3
    build(ARTICLES, HashEncoder(), tmp_path)
    assert len(list((tmp_path / "builds").iterdir())) == 2


def test_an_empty_knowledge_base_is_an_index_without_hits(tmp_path: Path) -> None:
    build([], HashEncoder(), tmp_path)
    index = open_index(tmp_path)
    vector = HashEncoder().encode(["lamp"])[0]
    assert search(index, "lamp", vector, audiences=frozenset({"public"})) == []


def test_two_articles_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two articles have one id: hub"):
        build([ARTICLES[1], ARTICLES[1]], HashEncoder(), tmp_path)


def test_no_index_yet(tmp_path: Path) -> None:
    with pytest.raises(IndexUnusable, match=r"no knowledge base index in .*firstline kb import"):
        open_index(tmp_path)


@pytest.mark.parametrize(
    ("model", "dimension", "message"),
    [("other", 8, "built with the model hash, not other"), ("hash", 9, "vectors of 8 .* not 9")],
)
def test_an_index_of_other_vectors(
    tmp_path: Path, model: str, dimension: int, message: str
) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    with pytest.raises(IndexUnusable, match=message):
        Index.open(tmp_path, model, dimension)


def current_folder(root: Path) -> Path:
    return root / "builds" / str(current_build(root))


def test_every_file_is_checked(tmp_path: Path) -> None:
    manifest = build(ARTICLES, HashEncoder(), tmp_path)
    assert {"articles.jsonl", "vectors.npy", "dense-0.faiss", "bm25/words.json"} <= set(
        manifest.files
    )
    for name in manifest.files:
        file = current_folder(tmp_path) / name
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(IndexUnusable, match=f"{name} is damaged; run `firstline kb import`"):
            open_index(tmp_path)
        file.unlink()
        with pytest.raises(IndexUnusable, match=f"{name} is missing"):
            open_index(tmp_path)
        file.write_bytes(content)
    open_index(tmp_path)


def test_another_format_and_a_broken_manifest(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    file = current_folder(tmp_path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(manifest | {"format": 99}), encoding="utf-8")
    with pytest.raises(IndexUnusable, match="has format 99"):
        open_index(tmp_path)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(IndexUnusable, match="no readable manifest"):
        open_index(tmp_path)


def test_a_damaged_build_is_replaced_by_building_again(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    (current_folder(tmp_path) / "vectors.npy").write_bytes(b"")
    assert build(ARTICLES, HashEncoder(), tmp_path).encoded == 8
    open_index(tmp_path)


def test_nothing_is_pickled(tmp_path: Path) -> None:
    build(ARTICLES, HashEncoder(), tmp_path)
    for file in current_folder(tmp_path).rglob("*.npy"):
        np.load(file, allow_pickle=False)


def test_many_vectors_are_searched_approximately(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "EXACT_UP_TO", 100)
    articles = [Article(f"a{number}", f"Title {number}", f"Text {number}") for number in range(300)]
    manifest = build(articles, HashEncoder(), tmp_path)
    (shelf,) = manifest.shelves
    assert shelf.kind == "hnsw"
    assert shelf.recall_at_10 > 0.9
    vector = HashEncoder().encode(["Title 7"])[0]
    hits = search(open_index(tmp_path), "Title 7", vector, audiences=frozenset({"public"}))
    assert hits[0].article_id == "a7"
