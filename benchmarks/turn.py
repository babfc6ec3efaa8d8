"""Where the time of one turn goes: python benchmarks/turn.py DATA_DIR.

DATA_DIR is a prepared demo (firstline init --demo); it is copied, not touched. Prints medians in
milliseconds over the evaluation questions, one conversation each, without HTTP: to encode the
text, to search, to decide and word the reply, and to store message and reply in SQLite.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bot.settings import load_settings
from channels.app import create_app
from channels.inbox import Inbound, accept

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    data: Path = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "demo"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("firstline.db*"))
        measure(copy)


def measure(data: Path) -> None:
    """Time each part by itself; what is left of a whole turn is what isn't timed directly."""
    state = create_app(load_settings(data)).state
    desk = state.settings.desk("customers")
    encoder = state.knowledge.encoder
    questions = _questions()

    # A suffix of its own for each part, since the encoder remembers recent texts.
    def encode(question: str) -> None:
        encoder.encode([f"{question} 1"])

    def search(question: str) -> None:
        vector = encoder.encode([f"{question} 1"])[0]
        state.knowledge.find(question, vector, desk.audiences, 5)

    def respond(question: str) -> None:
        state.engine.respond(f"{question} 2", None, {}, desk, "0")

    def whole(question: str) -> None:
        inbound = Inbound("rest", "customers", question[:100], f"{question} 3", trusted=True)
        accepted = accept(state.database, inbound, to_answer=True)
        state.front_desk.answer(accepted.conversation_id, accepted.lease)

    encoding, searching, responding, all_of_it = (
        _median(part, questions) for part in (encode, search, respond, whole)
    )
    parts = {
        "encode": encoding,
        "search": searching,
        "decide and word": responding - encoding - searching,
        "store": all_of_it - responding,
    }
    for name, taken in parts.items():
        print(f"{name:16} {taken:6.2f} ms   {taken / all_of_it:4.0%}")
    print(f"{'the whole turn':16} {all_of_it:6.2f} ms")


def _questions() -> list[str]:
    lines = (ROOT / "training_data" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["query"] for line in lines]


def _median(part: Callable[[str], None], questions: list[str]) -> float:
    part("warm-up")
    taken = []
    for question in questions:
        started = time.perf_counter()
        part(question)
        taken.append(time.perf_counter() - started)
    return 1000 * median(taken)


if __name__ == "__main__":
    main()
