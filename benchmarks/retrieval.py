"""Recall and speed of the search on public sets: python benchmarks/retrieval.py DATA_FOLDER.

DATA_FOLDER holds faq_stackfaq, faq_covidfaq and kb_arduino_help; each has a README.txt with its
source and licence. Prints Recall@1, Recall@5, MRR@10 and the median search time for each.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from kb_index.articles import Article, read_articles
from kb_index.encoder import DEFAULT_MODEL, Encoder, export_onnx, open_encoder
from kb_index.index import Index, build
from kb_index.search import search

PUBLIC = frozenset({"public"})


@dataclass(frozen=True, slots=True)
class Question:
    """A query and the ids of the articles that answer it."""

    text: str
    answers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """Recall@1, Recall@5 and MRR@10 are fractions; `search_ms` is a median."""

    questions: int
    recall_at_1: float
    recall_at_5: float
    mrr_at_10: float
    search_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the public data sets")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as work:
        export_onnx(DEFAULT_MODEL, Path(work) / "encoder")
        encoder = open_encoder(DEFAULT_MODEL, Path(work) / "encoder")
        print("set              articles questions   R@1   R@5 MRR@10 search ms")
        for name, load in SETS.items():
            if not (data / name).is_dir():
                sys.exit(f"{data / name} is not there; give the folder that holds {name}")
            articles, questions = load(data / name)
            score = measure(articles, questions, encoder, Path(work) / name)
            print(
                f"{name:16} {len(articles):8} {score.questions:9} {score.recall_at_1:5.3f} "
                f"{score.recall_at_5:5.3f}  {score.mrr_at_10:5.3f} {score.search_ms:9.2f}"
            )


def measure(
    articles: Sequence[Article], questions: Sequence[Question], encoder: Encoder, root: Path
) -> Score:
    """Index `articles` under `root` and ask all `questions`."""
    build(articles, encoder, root)
    index = Index.open(root, encoder.name, encoder.dimension)
    vectors = encoder.encode([question.text for question in questions])
    ranks: list[int] = []
    times: list[float] = []
    for question, vector in zip(questions, vectors, strict=True):
        start = time.perf_counter()
        hits = search(index, question.text, vector, audiences=PUBLIC, k=10)
        times.append(1000 * (time.perf_counter() - start))
        ranks.append(_rank([hit.article_id for hit in hits], question.answers))
    return Score(
        questions=len(questions),
        recall_at_1=_recall(ranks, 1),
        recall_at_5=_recall(ranks, 5),
        mrr_at_10=sum(1 / rank for rank in ranks if rank) / len(ranks),
        search_ms=median(times),
    )


def _rank(found: Sequence[str], answers: frozenset[str]) -> int:
    """The place of the first right article, from 1; 0 if there is none."""
    return next((place for place, each in enumerate(found, 1) if each in answers), 0)


def _recall(ranks: Sequence[int], within: int) -> float:
    return sum(0 < rank <= within for rank in ranks) / len(ranks)


def load_stackfaq(folder: Path) -> tuple[list[Article], list[Question]]:
    articles = [
        Article(line["id"], line["title"], "\n\n".join(line["answers"]))
        for line in _lines(folder / "kb.jsonl")
    ]
    queries = _lines(folder / "queries_dev.jsonl")
    return articles, [Question(each["query"], frozenset([each["article_id"]])) for each in queries]


def load_covidfaq(folder: Path) -> tuple[list[Article], list[Question]]:
    articles = [
        Article(line["id"], line["title"], line["answer"], questions=tuple(line["alt_titles"]))
        for line in _lines(folder / "kb.jsonl")
    ]
    queries = _lines(folder / "queries_dev.jsonl")
    return articles, [Question(each["query"], frozenset(each["article_ids"])) for each in queries]


def load_arduino(folder: Path) -> tuple[list[Article], list[Question]]:
    articles, errors = read_articles([folder / "md"])
    for error in errors:
        print(error, file=sys.stderr)
    queries = [each for each in _lines(folder / "anchors_dev.jsonl") if not each["exact_title"]]
    return articles, [Question(each["query"], frozenset([each["article_id"]])) for each in queries]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)


SETS = {
    "faq_stackfaq": load_stackfaq,
    "faq_covidfaq": load_covidfaq,
    "kb_arduino_help": load_arduino,
}

if __name__ == "__main__":
    main()
