"""Frustration, abuse and lost patience on public and our own data: python benchmarks/frustration.py
DATA_FOLDER.

DATA_FOLDER holds abuse_convabuse, escalation_betold and emotion_goemotions; each has a README.txt
with its source and licence. Nothing is trained on them but the plain model of BETOLD, whose calls
have no words: it is cross-validated.
"""

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from bot.evaluation.frustration import figures, follow_all, read_dialogs
from bot.grader import ABUSE, Grader
from bot.knowledge import Encodes
from bot.learning import train_shipped_frustration
from bot.settings import PolicySettings
from bot.shipped import shipped_training_data
from kb_index.encoder import DEFAULT_MODEL, export_onnx, open_encoder

THRESHOLD = PolicySettings().frustration
SEVERE = -2  # ConvAbuse's mean vote, 1 (fine) to -3 (very strong)
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)
UNDERSTOOD_NOTHING = re.compile("not_understand|repeat|negate|clarif|fallback|nomatch|no_input")

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the public data sets")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(DEFAULT_MODEL, Path(folder))
        encoder = open_encoder(DEFAULT_MODEL, Path(folder))
        grader = train_shipped_frustration(encoder)
    report_abuse(read(data / "abuse_convabuse"), grader, encoder)
    report_false_alarms(read(data / "emotion_goemotions"), grader, encoder)
    report_own(grader, encoder)
    report_behaviour(read(data / "escalation_betold"))


def read(folder: Path) -> list[Row]:
    text = (folder / "dev.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def report_abuse(rows: list[Row], grader: Grader, encoder: Encodes) -> None:
    """Every third line was read while the words were chosen; the others were not."""
    alarms, scores = hear([row["text"] for row in rows], grader, encoder)
    abusive = np.array([row["abusive"] for row in rows])
    severe = np.array([row["severity"] <= SEVERE for row in rows])
    seen = np.arange(len(rows)) % 3 == 0
    for name, part in (("lines read", seen), ("lines not read", ~seen), ("all", seen | ~seen)):
        for what, fired in (("alarm", alarms), ("alarm or score", alarms | (scores >= THRESHOLD))):
            print(
                f"ConvAbuse, {name}: {what}: F1 {f1_score(abusive[part], fired[part]):.3f}, "
                f"recall of severe {fired[part & severe].mean():.3f}, "
                f"false alarms {fired[part & ~abusive].mean():.3f}"
            )


def report_false_alarms(rows: list[Row], grader: Grader, encoder: Encodes) -> None:
    alarms, scores = hear([row["text"] for row in rows], grader, encoder)
    frustrated = np.array([row["frustrated"] for row in rows])
    print(
        f"GoEmotions: AUROC {roc_auc_score(frustrated, scores):.3f}, over the threshold "
        f"{(scores[frustrated] >= THRESHOLD).mean():.3f} of the frustrated and "
        f"{(scores[~frustrated] >= THRESHOLD).mean():.3f} of the others, "
        f"abuse alarms {alarms[~frustrated].mean():.3f} of the others"
    )


def hear(texts: list[str], grader: Grader, encoder: Encodes) -> tuple[Any, Any]:
    """Whether each text is taken for abuse, and its score."""
    vectors = encoder.encode(texts)
    sounds = [grader.hear(vector, text) for vector, text in zip(vectors, texts, strict=True)]
    alarms = np.array([ABUSE in sound.signs for sound in sounds])
    return alarms, np.array([sound.grade for sound in sounds])


def report_own(grader: Grader, encoder: Encodes) -> None:
    """Held-out lines and dialogues that were written and graded by somebody else."""
    dialogs = read_dialogs(shipped_training_data() / "frustration_evaluation.jsonl")
    followed = follow_all(dialogs, grader, encoder, lambda done, total: None)
    for figure in figures(followed, THRESHOLD):
        print(f"our own: {figure.name} {figure.value:.3f} ({figure.about})")


def report_behaviour(rows: list[Row]) -> None:
    """BETOLD's calls by what is done in them, without words: two plain models together."""
    late = np.array([row["late_forward_or_hangup"] for row in rows])
    scores = np.zeros(len(rows))
    for fit, held in FOLDS.split(rows, late):
        scores[held] = sum(
            rankdata(model([rows[i] for i in fit], late[fit], [rows[i] for i in held]))
            for model in (by_sequence, by_counts)
        )
    best = max(
        f1_score(late, scores >= cut) for cut in np.quantile(scores, np.arange(0.4, 0.9, 0.02))
    )
    print(f"BETOLD, 5 folds: AUC {roc_auc_score(late, scores):.3f}, best F1 {best:.3f}")


def by_sequence(train: list[Row], late: Any, test: list[Row]) -> Any:
    """Logistic regression on runs of up to three acts, and on the last ones of the call."""
    words = TfidfVectorizer(analyzer=lambda row: list(runs(acts(row))), sublinear_tf=True, min_df=2)
    head = LogisticRegression(C=2, max_iter=500, class_weight="balanced")
    head.fit(words.fit_transform(train), late)
    return head.predict_proba(words.transform(test))[:, 1]


def by_counts(train: list[Row], late: Any, test: list[Row]) -> Any:
    """Boosted trees on how often each act comes, and on behaviour."""
    seen = Counter(act for row in train for act in set(acts(row)))
    known = [act for act, times in seen.items() if times >= 10]
    trees = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, min_samples_leaf=15, random_state=0
    )
    trees.fit([behaviour(row, known) for row in train], late)
    return trees.predict_proba([behaviour(row, known) for row in test])[:, 1]


def acts(row: Row) -> list[str]:
    return [f"{speaker}:{intent}" for speaker, intent, _ in row["turns"]]


def runs(said: Sequence[str]) -> Iterator[str]:
    for size in (1, 2, 3):
        for at in range(len(said) - size + 1):
            yield " ".join(said[at : at + size])
        yield "end " + " ".join(said[-size:])


def behaviour(row: Row, known: list[str]) -> list[float]:
    """Length, repeats, failures, noes and how the call went towards its end."""
    said = acts(row)
    counts = Counter(said)
    customer = [act for act in said if act.startswith("customer")]
    agent = [act for act in said if act.startswith("agent")]
    failed = [at for at, act in enumerate(said) if UNDERSTOOD_NOTHING.search(act)]
    return [
        len(said),
        len(customer),
        len(set(said)) / len(said),
        len(agent) - len(set(agent)),
        sum(first == second for first, second in pairwise(agent)),
        max(counts.values()),
        len(failed),
        len(said) - failed[-1] if failed else -1,
        said[-1].startswith("customer"),
        sum(len(entities) for _, _, entities in row["turns"]),
        *(counts[act] for act in known),
        *(act in said[-4:] for act in known),
    ]


if __name__ == "__main__":
    main()
