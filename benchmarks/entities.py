"""Entities of Rasa projects, learned from their annotated examples: five folds over the examples.

    python -m benchmarks.entities PROJECT... [--rasa build/rasa/bin/python] [--diet]

For each project: precision, recall and F1 of exact spans with their entity, F1 with roles and
groups
where there are any, recall of values that the lines learned from don't have, seconds to learn, and
milliseconds for a message. Beside them a plain dictionary of the annotated values and, with Rasa's
Python, its CRFEntityExtractor on the same folds; with --diet its DIETClassifier, too. Regexes and
lookup tables are features, as with Rasa's RegexFeaturizer.
"""

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.entities.extractor import EntityExtractor
from bot.entities.known import wording_of
from bot.entities.options import EntityOptions
from bot.entities.teaching import learn_entities
from bot.entities.tokens import tokens_of
from bot.project.config import ProjectConfig
from bot.training import Example, Training, TrainingError, read_training

FOLDS = 5
LEARNS = ProjectConfig(Path(), learned_entities=True)
RASA = Path(__file__).with_name("rasa_entities.py")

Fold = tuple[Training, Sequence[Example]]  # what is learned from, and the lines that are read
Mark = tuple[int, int, str, str | None, str | None]  # start, end, entity, role, group


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in the lines of a fold, seconds to learn, and to read a line."""

    marks: list[set[Mark]]
    learning: float
    reading: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("projects", nargs="+", type=Path)
    options.add_argument("--rasa", type=Path, default=Path("build/rasa/bin/python"))
    options.add_argument("--diet", action="store_true", help="takes minutes for each project")
    given = options.parse_args()
    systems: dict[str, Callable[[Sequence[Fold]], Iterator[Found]]] = {
        "dictionary": in_dictionary,
        "firstline": by_firstline,
    }
    if given.rasa.exists():
        for name in ("CRFEntityExtractor", *(["DIETClassifier"] if given.diet else [])):
            systems[f"Rasa's {name}"] = by_rasa(given.rasa, name)
    else:
        print(f"no Rasa at {given.rasa}: its half is left out (it needs Python 3.8 to 3.10)")
    print(f"{'':42} precision recall    F1  roles    new  learns    reads")
    for project in given.projects:
        for name, system in systems.items():
            measure(project, name, system)


def measure(project: Path, name: str, system: Callable[[Sequence[Fold]], Iterator[Found]]) -> None:
    try:
        folds = list(folds_of(read_training(project)))
    except TrainingError as error:
        return print(f"{project.name:20} can't be read: {error}")
    right = wrong = missed = right_roles = new = new_right = has_roles = 0
    learning, reading = [], []
    for (training, lines), found in zip(folds, system(folds), strict=True):
        learned = wordings(training.examples)
        learning.append(found.learning)
        reading.append(found.reading)
        for line, marks in zip(lines, found.marks, strict=True):
            gold = marks_of(line)
            spans, found_spans = ({mark[:3] for mark in each} for each in (gold, marks))
            right += len(spans & found_spans)
            wrong += len(found_spans - spans)
            missed += len(spans - found_spans)
            right_roles += len(gold & marks)
            has_roles += any(mark[3] or mark[4] for mark in gold)
            unknown = {span for span in spans if wording(line, *span[:2]) not in learned}
            new += len(unknown)
            new_right += len(unknown & found_spans)
    roles = f"{f1(right_roles, right + wrong, right + missed):6.3f}" if has_roles else "     -"
    print(
        f"{project.resolve().name:20} {name:21} {share(right, right + wrong):9.3f} "
        f"{share(right, right + missed):6.3f} {f1(right, right + wrong, right + missed):6.3f} "
        f"{roles} {share(new_right, new):6.3f} {sum(learning) / FOLDS:6.1f}s "
        f"{1000 * sum(reading) / FOLDS:6.2f}ms",
        flush=True,
    )


def folds_of(training: Training) -> Iterator[Fold]:
    """Each line is read in one fold and learned from in the others."""
    order = list(training.examples)
    random.Random(0).shuffle(order)
    for fold in range(FOLDS):
        learned = tuple(line for place, line in enumerate(order) if place % FOLDS != fold)
        yield replace(training, examples=learned, config=LEARNS), order[fold::FOLDS]


def in_dictionary(folds: Sequence[Fold]) -> Iterator[Found]:
    """The annotated values as a lookup table, and nothing else."""
    for training, lines in folds:
        values: dict[str, set[str]] = {}
        for line in training.examples:
            for each in line.entities:
                values.setdefault(each.entity, set()).add(line.text[each.start : each.end])
        tables = {name: tuple(sorted(each)) for name, each in values.items()}
        table = replace(training, lookups=tables, regexes={}, config=None)
        yield read(EntityExtractor(table), lines, 0.0)


def by_firstline(folds: Sequence[Fold]) -> Iterator[Found]:
    for training, lines in folds:
        begun = time.perf_counter()
        model = learn_entities(training)
        learning = time.perf_counter() - begun
        extractor = EntityExtractor(training, model, EntityOptions.of(LEARNS))
        yield read(extractor, lines, learning)


def by_rasa(python: Path, extractor: str) -> Callable[[Sequence[Fold]], Iterator[Found]]:
    def find(folds: Sequence[Fold]) -> Iterator[Found]:
        jobs = [job(*fold, extractor) for fold in folds]
        with tempfile.TemporaryDirectory() as folder:
            asked, answered = Path(folder) / "jobs.json", Path(folder) / "found.json"
            asked.write_text(json.dumps(jobs))
            command = [str(python.absolute()), str(RASA), str(asked), str(answered)]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            for each in json.loads(answered.read_text()):
                marks = [set(map(mark_of, entities)) for entities in each["entities"]]
                yield Found(marks, each["training"], each["reading"])

    return find


def job(training: Training, lines: Sequence[Example], extractor: str) -> dict[str, Any]:
    learned = [
        {
            "text": line.text,
            "intent": line.intent,
            "entities": [
                {"value": line.text[start:end], "start": start, "end": end, "entity": entity}
                | ({"role": role} if role else {})
                | ({"group": group} if group else {})
                for start, end, entity, role, group in sorted(marks_of(line), key=str)
            ],
        }
        for line in training.examples
    ]
    return {
        "extractor": extractor,
        "lines": learned,
        "texts": [line.text for line in lines],
        "regexes": training.regexes,
        "lookups": training.lookups,
    }


def read(extractor: EntityExtractor, lines: Sequence[Example], learning: float) -> Found:
    begun = time.perf_counter()
    found = [extractor.extract(line.text) for line in lines]
    reading = (time.perf_counter() - begun) / len(lines)
    marks = [
        {(each.start, each.end, each.entity, each.role, each.group) for each in entities}
        for entities in found
    ]
    return Found(marks, learning, reading)


def marks_of(line: Example) -> set[Mark]:
    return {(each.start, each.end, each.entity, each.role, each.group) for each in line.entities}


def mark_of(entity: dict[str, Any]) -> Mark:
    """Of an entity as Rasa writes it."""
    labels = entity.get("role"), entity.get("group")
    return (entity["start"], entity["end"], entity["entity"], *labels)


def wordings(lines: Sequence[Example]) -> set[str]:
    return {wording(line, each.start, each.end) for line in lines for each in line.entities}


def wording(line: Example, start: int, end: int) -> str:
    return wording_of(tokens_of(line.text[start:end]))


def share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def f1(right: int, found: int, there: int) -> float:
    return 2 * right / (found + there) if found + there else float("nan")


if __name__ == "__main__":
    main()
