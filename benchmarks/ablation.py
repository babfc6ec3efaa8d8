"""What each part of the intent classifier brings: python -m benchmarks.ablation DATA_FOLDER.

The parts are left out one at a time, on HINT3's three bots and BANKING77 with ten lines an intent
(DATA_FOLDER holds intent_hint3 and intent_banking77). "plain" is multinomial logistic regression
on the frozen embeddings, its highest probability as the scope.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.intents import SETS, Line
from bot import scope
from bot.evaluation.intents import figures
from bot.intent import IntentModel, Verdict, name_vectors
from kb_index import classifier
from kb_index.classifier import Classifier, Floats, Scores
from kb_index.encoder import DEFAULT_MODEL, Encoder, export_onnx, open_encoder

ASKED = ("hint3-sofmattress", "hint3-curekart", "hint3-powerplay11", "banking77-10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the public data sets")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(DEFAULT_MODEL, Path(folder))
        encoder = open_encoder(DEFAULT_MODEL, Path(folder))
        print(f"{'':22}", *(f"{name:>20}" for name in ASKED), "  accuracy / scope AUROC / MCC")
        tasks = [Task(SETS[name](data), encoder) for name in ASKED]
        for name, judge in VARIANTS.items():
            print(f"{name:22}", *(f"{task.score(judge):>20}" for task in tasks), flush=True)


class Task:
    """The encoded lines of a set."""

    def __init__(self, lines: tuple[list[Line], list[Line]], encoder: Encoder) -> None:
        train, test = lines
        self.texts = [text for text, _ in train]
        self.intents = [intent for _, intent in train]
        self.asked = [text for text, _ in test]
        self.wanted = [intent for _, intent in test]
        self.vectors = encoder.encode(self.texts)
        self.asked_vectors = encoder.encode(self.asked)
        self.names = name_vectors(self.intents, encoder)

    def score(self, judge: Callable[["Task"], list[Verdict]]) -> str:
        found = {each.name: each.value for each in figures(self.wanted, judge(self))}
        shown = (found.get(name) for name in ("accuracy", "scope_auroc", "mcc"))
        return "/".join("-" if value is None else f"{value:.3f}" for value in shown)


def ours(task: Task) -> list[Verdict]:
    model = IntentModel.train(task.vectors, task.texts, task.intents, task.names)
    return model.judge(task.asked_vectors, task.asked)


def without(place: object, name: str, value: object) -> Callable[[Task], list[Verdict]]:
    def judge(task: Task) -> list[Verdict]:
        with patch.object(place, name, value):
            return ours(task)

    return judge


def without_names(task: Task) -> list[Verdict]:
    model = IntentModel.train(task.vectors, task.texts, task.intents, {})
    return model.judge(task.asked_vectors, task.asked)


def without_sign(*left_out: int) -> Callable[[Task], list[Verdict]]:
    """Without some of what trust hangs on."""

    def judge(task: Task) -> list[Verdict]:
        scores = Classifier.scores

        def blind(self: Classifier, vectors: Floats, texts: Sequence[str]) -> Scores:
            seen = scores(self, vectors, texts)
            signs = seen.signs.copy()
            signs[:, left_out] = 0
            return replace(seen, signs=signs)

        with patch.object(Classifier, "scores", blind):
            return ours(task)

    return judge


def plain(task: Task) -> list[Verdict]:
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=20, max_iter=1000).fit(task.vectors, task.intents)
    verdicts = []
    for row in head.predict_proba(task.asked_vectors):
        best, most = head.classes_[int(np.argmax(row))], float(row.max())
        verdicts.append(Verdict(str(best), most, most, most < 0.5, ((str(best), most),)))
    return verdicts


VARIANTS: dict[str, Callable[[Task], list[Verdict]]] = {
    "ours": ours,
    "without wording": without(classifier, "WORDING", 0.0),
    "without the SVM": without(classifier, "MOST", 0),
    "without names": without_names,
    "no margins in scope": without_sign(0, 1),
    "no nearest in scope": without_sign(2),
    "no rehearsal": without(scope, "ENOUGH", 10**9),
    "plain": plain,
}

if __name__ == "__main__":
    main()
