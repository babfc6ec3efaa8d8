"""How the index, training and transcripts grow: python benchmarks/scale.py DATA_FOLDER.

DATA_FOLDER holds kb_tau2_banking and kb_arduino_help. Builds an index of 1,000 of their articles,
again with nothing changed, and opens it; trains on the demo's data; compares exact and approximate
search on 100,000 random vectors; and opens the last page of transcripts of 10 and 10,000 lines.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from bot.conversation import Author, Conversation, Person
from bot.db import Database
from bot.learning import train
from handoff.transcript import lines, write_line
from kb_index.articles import Article, read_articles
from kb_index.dense import Kind, build_shelf, nearest, recall_at_10
from kb_index.encoder import DEFAULT_MODEL, BatchingEncoder, Encoder, export_onnx, open_encoder
from kb_index.index import Index, build
from kb_index.models import Vectors

ROOT = Path(__file__).parents[1]
KINDS: tuple[Kind, ...] = ("exact", "hnsw")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    data: Path = parser.parse_args().data
    if not (data / "kb_tau2_banking").is_dir():
        sys.exit(f"{data} doesn't hold kb_tau2_banking and kb_arduino_help: nothing measured")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        export_onnx(DEFAULT_MODEL, here / "encoder")
        encoder = open_encoder(DEFAULT_MODEL, here / "encoder")
        measure_index(_articles(data)[:1000], encoder, here / "index")
        training = ROOT / "training_data"
        once("train the demo", lambda: train(training, here, BatchingEncoder(encoder)))
        measure_transcripts(here)
    measure_shelves()


def measure_index(articles: list[Article], encoder: Encoder, root: Path) -> None:
    """Build, build again, open."""
    once(f"index {len(articles)} articles", lambda: build(articles, encoder, root))
    once("again, nothing changed", lambda: build(articles, encoder, root))
    once("open it", lambda: Index.open(root, encoder.name, encoder.dimension))
    rows = Index.open(root, encoder.name, encoder.dimension).rows
    print(f"{'its vectors':32} {len(rows):9,}")


def measure_transcripts(folder: Path) -> None:
    """The last page of a short and of a long transcript."""
    database = Database(f"sqlite:///{folder / 'transcripts.db'}")
    database.migrate()
    for count in (10, 10_000):
        conversation_id = _write_transcript(database, count)

        def open_last_page(conversation_id: int = conversation_id) -> None:
            with database.read() as session:
                lines(session, conversation_id, limit=100)

        often(f"last page of {count:,} lines", open_last_page)
    database.close()


def measure_shelves() -> None:
    """Exact and approximate search on random vectors around 2,000 centres."""
    random = np.random.default_rng(0)
    for count in (1_000, 10_000, 100_000):
        vectors = _clustered(random, count)
        for kind in KINDS:
            measure_shelf(kind, vectors)


def measure_shelf(kind: Kind, vectors: Vectors) -> None:
    """Build time, median time of a search, and recall against the exact answer."""
    started = time.perf_counter()
    shelf = build_shelf(vectors, kind)
    built = time.perf_counter() - started
    often(f"{kind}, {len(vectors):,} vectors", lambda: nearest(shelf, vectors[7], 10))
    print(f"{'  built in':32} {built:9.2f} s, recall@10 {recall_at_10(shelf, vectors):.3f}")


def _clustered(random: np.random.Generator, count: int) -> Vectors:
    centres = random.normal(size=(2_000, 384))
    vectors = centres[random.integers(0, 2_000, count)] + random.normal(size=(count, 384)) / 2
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def once(what: str, do: Callable[[], object]) -> None:
    started = time.perf_counter()
    do()
    print(f"{what:32} {time.perf_counter() - started:9.2f} s")


def often(what: str, do: Callable[[], object]) -> None:
    taken = []
    for _ in range(50):
        started = time.perf_counter()
        do()
        taken.append(time.perf_counter() - started)
    print(f"{what:32} {1000 * median(taken):9.2f} ms")


def _articles(data: Path) -> list[Article]:
    text_lines = (data / "kb_tau2_banking" / "kb.jsonl").read_text(encoding="utf-8").split("\n")
    bank = [json.loads(line) for line in text_lines if line]
    found = [
        Article(id=f"bank-{each['id']}", title=each["title"], text=each["content"]) for each in bank
    ]
    pages, _ = read_articles([data / "kb_arduino_help" / "md"])
    return [*found, *pages]


def _write_transcript(database: Database, count: int) -> int:
    with database.write() as session:
        person = Person()
        session.add(person)
        session.flush()
        conversation = Conversation(
            desk="customers", channel="web", account="customers", person_id=person.id
        )
        session.add(conversation)
        session.flush()
        for number in range(count):
            write_line(session, conversation, Author.BOT, f"Line {number} of the conversation.")
        return conversation.id


if __name__ == "__main__":
    main()
