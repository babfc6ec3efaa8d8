"""Languages: python benchmarks/languages.py DATA_FOLDER.

How often an English line is taken for another language, how often one in another language is
noticed, what that costs in time; and the search within Spanish, French and Chinese articles.
DATA_FOLDER holds the public sets that are read below; each has a README.txt with its source.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.retrieval import Question, measure
from bot.language import LanguageDetector
from bot.shipped import shipped_training_data
from bot.training import read_training
from kb_index.articles import Article
from kb_index.encoder import DEFAULT_MODEL, export_onnx, open_encoder

ENGLISH = ["en"]
LONG = 4  # words; shorter lines are often names and numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the public data sets")
    data = parser.parse_args().data
    examples = read_training(shipped_training_data()).examples
    detector = LanguageDetector(example.text for example in examples)
    print("English lines           lines  taken for foreign  microseconds a line")
    for name, dialogues in english(data):
        alarms, lines, seconds = false_alarms(detector, dialogues)
        print(
            f"{name:22} {lines:6} {alarms:6} {alarms / lines:10.2%} {1e6 * seconds / lines:12.0f}"
        )
    print("\nForeign lines    of 4 words or more  noticed  rightly named  all lines  noticed")
    for code, texts in foreign(data):
        found = [detector.foreign(text, ENGLISH) for text in texts]
        long = [each for each, text in zip(found, texts, strict=True) if _is_long(text)]
        named = sum(each is not None and each.code == code for each in long)
        print(
            f"{code:16} {len(long):18} {_share(long):8.1%} {named / len(long):14.1%}"
            f" {len(texts):10} {_share(found):8.1%}"
        )
    print("\nSearch within one language  articles questions   R@1   R@5 MRR@10")
    search_within_languages(data / "kb_logingov_multilingual")


def english(data: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Sets of dialogues: the customers' lines in order; single questions are dialogues of one."""
    asked = _lines(shipped_training_data() / "evaluation.jsonl")
    yield "our evaluation set", [[each["query"]] for each in asked]
    for part in ("train", "test_dev"):
        lines = _lines(data / "intent_hint3" / f"{part}.jsonl")
        yield f"HINT3 {part}", [[line["text"]] for line in lines]
    yield (
        "MultiDoGO",
        [
            [turn["text"] for turn in dialogue["customer_turns"]]
            for dialogue in _lines(*(data / "replay_multidogo_customers").glob("*.jsonl"))
        ],
    )
    yield "BConTrasT, English", list(_bcontrast(data, "text_en"))


def foreign(data: Path) -> Iterator[tuple[str, list[str]]]:
    yield "de", [line for dialogue in _bcontrast(data, "text_de") for line in dialogue]
    queries = list(_lines(data / "kb_logingov_multilingual" / "queries_dev.jsonl"))
    for code in ("es", "fr", "zh"):
        yield code, [query["query"] for query in queries if query["lang"] == code]


def false_alarms(
    detector: LanguageDetector, dialogues: Sequence[Sequence[str]]
) -> tuple[int, int, float]:
    """Foreign lines (Hindi ones in HINT3 are rightly so), all lines, and seconds."""
    start = time.perf_counter()
    found = [
        detector.foreign(line, ENGLISH, lines[max(0, place - 5) : place])
        for lines in dialogues
        for place, line in enumerate(lines)
    ]
    seconds = time.perf_counter() - start
    return sum(each is not None for each in found), len(found), seconds


def search_within_languages(folder: Path) -> None:
    """Headings as questions to the articles of their language, from which they are left out."""
    with tempfile.TemporaryDirectory() as work:
        export_onnx(DEFAULT_MODEL, Path(work) / "encoder")
        encoder = open_encoder(DEFAULT_MODEL, Path(work) / "encoder")
        pages = list(_lines(folder / "index.jsonl"))
        queries = [each for each in _lines(folder / "queries_dev.jsonl") if each["kind"] != "title"]
        for code in ("en", "es", "fr", "zh"):
            articles = [_page(folder, page) for page in pages if page["lang"] == code]
            questions = [
                Question(each["query"], frozenset([each["article_id"].replace("/", "-")]))
                for each in queries
                if each["lang"] == code
            ]
            score = measure(articles, questions, encoder, Path(work) / code)
            print(
                f"{code:27} {len(articles):8} {score.questions:9} {score.recall_at_1:5.3f}"
                f" {score.recall_at_5:5.3f}  {score.mrr_at_10:5.3f}"
            )


def _page(folder: Path, page: dict[str, Any]) -> Article:
    text = (folder / page["path"]).read_text(encoding="utf-8")
    body = re.sub(r"^---\n.*?\n---\n|^#+ .*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return Article(page["id"].replace("/", "-"), page["title"], body.strip() or page["title"])


def _bcontrast(data: Path, field: str) -> Iterator[list[str]]:
    for dialogue in _lines(*(data / "replay_bcontrast_en_de").glob("*.jsonl")):
        yield [turn[field] for turn in dialogue["turns"] if turn["speaker"] == "customer"]


def _is_long(text: str) -> bool:
    return len(text.split()) >= LONG or not text[0].isascii()


def _share(found: Sequence[object]) -> float:
    return sum(each is not None for each in found) / len(found)


def _lines(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line:
                yield json.loads(line)


if __name__ == "__main__":
    main()
