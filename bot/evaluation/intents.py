"""Intents and scope: train on one file, judge the lines of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.evaluation.files import EvaluationError, Id, Row, read_rows
from bot.evaluation.metrics import (
    Figure,
    auroc,
    expected_calibration_error,
    known,
    refused_keeping,
    share,
)
from bot.evaluation.vectors import Progress, encode
from bot.intent import IntentModel, Verdict, name_vectors
from bot.knowledge import Encodes
from bot.marked_yaml import read_yaml
from bot.nlu_data import read_nlu
from bot.turn import JSON

YAML = (".yml", ".yaml")
OUT_OF_SCOPE = "out_of_scope"  # what Rasa calls it
KEPT = 0.95  # the share of in-scope lines that `oos_recall_at_95` keeps


@dataclass(frozen=True, slots=True)
class Utterances:
    """Lines in the order of their file; an intent of None is out of scope. `intents` is None
    where the file doesn't tell them."""

    ids: list[Id]
    texts: list[str]
    intents: list[str | None] | None


def read_utterances(path: Path) -> Utterances:
    """Read Rasa's nlu.yml, a folder of it, or JSON Lines `{"id"?,"text","intent"|null}`.

    A line without an id has its place as one: the line in JSON Lines, else the how-manyeth
    example it is. Raises EvaluationError, TrainingError.
    """
    if path.is_dir() or path.suffix.lower() in YAML:
        return _read_nlu(path)
    rows = read_rows(path)
    ids = [row.number if row.id is None else row.id for row in rows]
    return Utterances(ids, [row.text("text") for row in rows], _intents(rows))


def _read_nlu(path: Path) -> Utterances:
    inside = path.iterdir() if path.is_dir() else [path]
    files = sorted(each for each in inside if each.suffix.lower() in YAML)
    examples = read_nlu([(file, read_yaml(file)) for file in files]).examples
    if not examples:
        raise EvaluationError(f"{path} has no examples in any nlu section")
    numbers: list[Id] = [*range(1, len(examples) + 1)]
    intents = [None if each.intent == OUT_OF_SCOPE else each.intent for each in examples]
    return Utterances(numbers, [each.text for each in examples], intents)


def _intents(rows: Sequence[Row]) -> list[str | None] | None:
    labelled = [row for row in rows if "intent" in row.fields]
    if not labelled:
        return None
    for row in rows:
        if "intent" not in row.fields:
            raise row.error('"intent" is missing; write null for a line that is out of scope')
    return [None if row.fields["intent"] is None else row.text("intent") for row in rows]


def train(source: Utterances, encoder: Encodes, seed: int, progress: Progress) -> IntentModel:
    """A classifier of the lines. Raises EvaluationError where no line has an intent."""
    if not source.intents or not any(source.intents):
        raise EvaluationError("nothing to train on: no line of the training file has an intent")
    vectors = encode(encoder, source.texts, progress)
    names = name_vectors(source.intents, encoder)
    return IntentModel.train(vectors, source.texts, source.intents, names, seed)


def judge(
    model: IntentModel, asked: Utterances, encoder: Encodes, progress: Progress
) -> list[Verdict]:
    """The classifier's verdict on each line."""
    return model.judge(encode(encoder, asked.texts, progress), asked.texts)


def predictions(asked: Utterances, verdicts: Sequence[Verdict]) -> list[JSON]:
    """`{"id","intent","confidence","in_scope","refused"}` for each line."""
    return [
        {
            "id": number,
            "intent": verdict.intent,
            "confidence": verdict.confidence,
            "in_scope": verdict.in_scope,
            "refused": verdict.refused,
        }
        for number, verdict in zip(asked.ids, verdicts, strict=True)
    ]


def figures(wanted: Sequence[str | None], verdicts: Sequence[Verdict]) -> list[Figure]:
    """How right the verdicts are on lines with these intents."""
    from sklearn.metrics import f1_score, matthews_corrcoef

    in_scope = np.array([intent is not None for intent in wanted])
    right = np.array([each.intent == intent for each, intent in zip(verdicts, wanted, strict=True)])
    refused = np.array([each.refused for each in verdicts])
    scope = [each.in_scope for each in verdicts]
    # The classes as they are decided: out of scope is one of them.
    labels = [intent or OUT_OF_SCOPE for intent in wanted]
    decided = [OUT_OF_SCOPE if each.refused else each.intent for each in verdicts]
    return known(
        ("lines", len(wanted), "lines"),
        ("accuracy", share(right[in_scope]), "right intents, of the lines in scope"),
        ("kept", share(~refused[in_scope]), "not refused, of the lines in scope"),
        ("oos_recall", share(refused[~in_scope]), "refused, of the lines out of scope"),
        (
            "oos_recall_at_95",
            refused_keeping(KEPT, scope, in_scope),
            "the same at the threshold that keeps 95% in scope",
        ),
        ("scope_auroc", auroc(scope, in_scope), "AUROC of in scope against out of scope"),
        (
            "macro_f1",
            float(f1_score(labels, decided, average="macro", zero_division=0)),
            "F1 averaged over the intents and out of scope",
        ),
        (
            "mcc",
            float(matthews_corrcoef(labels, decided)),
            "Matthews correlation, out of scope being one class",
        ),
        (
            "ece",
            expected_calibration_error([each.confidence for each in verdicts], right),
            "expected calibration error: confidence against the share that is right",
        ),
    )
