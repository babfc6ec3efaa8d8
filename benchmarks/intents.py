"""Intents and scope on public sets: python benchmarks/intents.py DATA_FOLDER [SET ...].

DATA_FOLDER holds intent_hint3, intent_clinc150 and intent_banking77. Each set is written as JSON
Lines and goes through `firstline eval intents`, in which nothing is chosen on the test lines.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

Line = tuple[str, str | None]  # a text and its intent, None out of scope
SHOWN = (
    "accuracy",
    "kept",
    "oos_recall",
    "oos_recall_at_95",
    "scope_auroc",
    "macro_f1",
    "mcc",
    "ece",
)
FEW = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the public data sets")
    parser.add_argument("sets", nargs="*", help=f"of: {', '.join(SETS)}")
    arguments = parser.parse_args()
    print(f"{'set':20}", *(f"{name:>16}" for name in SHOWN))
    for name in arguments.sets or SETS:
        train, test = SETS[name](arguments.data)
        figures = evaluate(train, test)
        print(f"{name:20}", *(f"{figures.get(figure, float('nan')):16.3f}" for figure in SHOWN))


def evaluate(train: Iterable[Line], test: Iterable[Line]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.jsonl" for name in ("train", "test", "predictions")}
        write(files["train"], train)
        write(files["test"], test)
        options = [part for name, file in files.items() for part in (f"--{name}", str(file))]
        command = [str(Path(sys.executable).with_name("firstline")), "eval", "intents", "--json"]
        done = subprocess.run([*command, *options], stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def write(file: Path, lines: Iterable[Line]) -> None:
    rows = (json.dumps({"text": text, "intent": intent}) for text, intent in lines)
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


def hint3(bot: str) -> Callable[[Path], tuple[list[Line], list[Line]]]:
    def load(data: Path) -> tuple[list[Line], list[Line]]:
        folder = data / "intent_hint3"
        return list(read(folder / "train.jsonl")), list(read(folder / "test_dev.jsonl"))

    def read(file: Path) -> Iterator[Line]:
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            if row["bot"] == bot:
                yield row["text"], row["intent"]

    return load


def clinc150(data: Path) -> tuple[list[Line], list[Line]]:
    """With the 100 out-of-scope lines that its training part has, as published."""
    parts = json.loads((data / "intent_clinc150" / "data_full.json").read_text(encoding="utf-8"))

    def lines(name: str) -> list[Line]:
        outside: list[Line] = [(text, None) for text, _ in parts[f"oos_{name}"]]
        return [*((text, intent) for text, intent in parts[name]), *outside]

    return lines("train"), lines("test")


def banking77(data: Path) -> tuple[list[Line], list[Line]]:
    folder = data / "intent_banking77"
    return list(read_csv(folder / "train.csv")), list(read_csv(folder / "test.csv"))


def banking77_few(data: Path) -> tuple[list[Line], list[Line]]:
    """The first ten lines of each intent, in the order of the file."""
    train, test = banking77(data)
    seen: Counter[str | None] = Counter()
    few = []
    for text, intent in train:
        seen[intent] += 1
        if seen[intent] <= FEW:
            few.append((text, intent))
    return few, test


def read_csv(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield row["text"].strip(), row["category"]


SETS = {
    "hint3-sofmattress": hint3("sofmattress"),
    "hint3-curekart": hint3("curekart"),
    "hint3-powerplay11": hint3("powerplay11"),
    "banking77-10": banking77_few,
    "banking77": banking77,
    "clinc150": clinc150,
}

if __name__ == "__main__":
    main()
