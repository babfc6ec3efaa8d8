"""Whether no more answers are wrong than `policy.max_wrong_answers` allows:
python -m benchmarks.risk DATA_FOLDER [--draws 10].

DATA_FOLDER holds faq_stackfaq and faq_covidfaq. Of each, a quarter of the articles is held out, so
that nothing answers their questions; half of all questions are the operator's labelled ones, the
other half is asked. The demo is calibrated on questions.jsonl and asked evaluation.jsonl. Each is
shown again without the labelled questions, when the knowledge base has to rehearse.

`calibrated on` counts the questions whose outcome set the threshold. What follows the threshold are
shares of all questions asked, on average over the draws; `oracle` is what somebody could answer
rightly who set the threshold knowing the outcomes, `worst` the most wrong answers of any draw.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.retrieval import SETS
from benchmarks.retrieval import Question as PublicQuestion
from bot.calibration import calibrate, teach
from bot.confidence import HITS, Confidence
from bot.evaluation.metrics import risk_coverage
from bot.evaluation.questions import HELD_OUT, Question, known_questions, read_labelled_questions
from bot.knowledge import Encodes, Knowledge
from bot.settings import PUBLIC
from bot.shipped import shipped_training_data
from kb_index.articles import Article, read_articles
from kb_index.encoder import DEFAULT_MODEL, export_onnx, open_encoder
from kb_index.index import build
from kb_index.search import Hit

LIMITS = (0.01, 0.02, 0.05, 0.10)
PUBLIC_SETS = ("faq_stackfaq", "faq_covidfaq")
ABSENT = 0.25  # of a public set's articles
FIGURES = ("threshold", "answered", "right", "oracle", "wrong", "worst")

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Draw:
    """A knowledge base, its operator's labelled questions, and those that it is asked then."""

    articles: Sequence[Article]
    labelled: Sequence[Question]
    asked: Sequence[Question]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path, help="the folder of the public data sets")
    parser.add_argument("--draws", type=int, default=10, help="of each public set")
    arguments = parser.parse_args()
    print(f"{'set':13} {'calibrated on':20} limit", *(f"{name:>9}" for name in FIGURES))
    with tempfile.TemporaryDirectory() as work:
        export_onnx(DEFAULT_MODEL, Path(work) / "encoder")
        encoder = open_encoder(DEFAULT_MODEL, Path(work) / "encoder")
        for name in PUBLIC_SETS:
            if not (arguments.data / name).is_dir():
                sys.exit(f"{arguments.data / name} is not there; give the folder that holds {name}")
            articles, questions = SETS[name](arguments.data / name)
            draws = [draw(articles, questions, seed) for seed in range(arguments.draws)]
            report(name, draws, encoder, Path(work) / name)
        report("demo", [demo()], encoder, Path(work) / "demo")


def draw(articles: Sequence[Article], questions: Sequence[PublicQuestion], seed: int) -> Draw:
    """A public set, some articles held out at random, its questions parted in two halves."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(articles))[round(ABSENT * len(articles)) :]
    kept = [articles[place] for place in order]
    ids = {article.id for article in kept}
    shuffled = [
        Question(int(place), questions[place].text, PUBLIC, questions[place].answers & ids)
        for place in random.permutation(len(questions))
    ]
    return Draw(kept, shuffled[::2], shuffled[1::2])


def demo() -> Draw:
    """The demo company: the two files were written by different people."""
    data = shipped_training_data()
    articles, _ = read_articles([data / "knowledge"])
    ids = [article.id for article in articles]
    asked = read_labelled_questions(data / HELD_OUT, ids)
    return Draw(articles, known_questions(data, ids), asked)


def report(name: str, draws: Sequence[Draw], encoder: Encodes, work: Path) -> None:
    """Print a line for each limit, with labelled questions and without."""
    tables = np.array([list(measure(each, encoder, work)) for each in draws])
    means, worst = tables.mean(axis=0), tables.max(axis=0)
    for source, *rows in zip(("labelled", "rehearsed"), means, worst, strict=True):
        for limit, (outcomes, *figures), highest in zip(LIMITS, *rows, strict=True):
            shown = " ".join(f"{figure:9.3f}" for figure in (*figures, highest[-1]))
            print(f"{name:13} {f'{outcomes:.0f} {source}':20} {limit:5} {shown}")


def measure(drawn: Draw, encoder: Encodes, work: Path) -> Iterator[Table]:
    """The figures [limits, figures] with the labelled questions, and without them."""
    for labelled in (drawn.labelled, ()):
        build(teach(drawn.articles, labelled), encoder, work)  # what it held isn't encoded again
        knowledge = Knowledge(work, encoder)
        found = [
            knowledge.search(question.text, frozenset({PUBLIC, question.audience}), HITS)
            for question in drawn.asked
        ]
        confidence = calibrate(knowledge.index, encoder, labelled=labelled)
        yield np.array([answers(limit, confidence, drawn.asked, found) for limit in LIMITS])


def answers(
    limit: float, confidence: Confidence, asked: Sequence[Question], found: Sequence[list[Hit]]
) -> tuple[float, ...]:
    """How many outcomes the threshold hangs on, the threshold, and what it gives."""
    threshold = confidence.threshold(limit)
    sure = np.array([confidence.of(hits) for hits in found])
    right = np.array(
        [
            bool(hits) and hits[0].article_id in question.articles
            for question, hits in zip(asked, found, strict=True)
        ]
    )
    given = sure >= threshold
    points = risk_coverage(sure, right)
    oracle = max((each.coverage - each.risk for each in points if each.risk <= limit), default=0.0)
    return (
        len(confidence.right),
        threshold,
        given.mean(),
        (given & right).mean(),
        oracle,
        (given & ~right).mean(),
    )


if __name__ == "__main__":
    main()
