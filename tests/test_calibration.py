"""The confidence: what it is calibrated on, and the share of wrong answers that it keeps to."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import risk
from bot.calibration import ENOUGH, calibrate
from bot.candidate import build_index
from bot.confidence import CAUTIOUS, DEFAULT, Confidence
from bot.engine import Turn
from bot.evaluation.questions import Question, known_questions
from bot.knowledge import Encodes, Knowledge
from bot.settings import PUBLIC, Desk, PolicySettings, load_settings
from bot.trained import load_engine, open_knowledge
from kb_index.articles import Article
from kb_index.classifier import Floats
from kb_index.encoder import Encoder
from kb_index.index import Index, build

THINGS = {
    "kettle": "It boils a litre of water in three minutes.",
    "bicycle": "The chain wants oil every month.",
    "tent": "It sleeps four, and the pegs are in the side pocket.",
    "piano": "A tuner comes twice a year.",
    "umbrella": "It opens at the press of a button.",
    "violin": "Loosen the bow after playing.",
    "lawnmower": "Empty the basket before it is full.",
    "telescope": "Never point it at the sun.",
    "wheelbarrow": "Pump the tyre to two bar.",
    "sewing machine": "Thread it with the needle up.",
    "aquarium": "Change a third of the water each week.",
    "chess board": "The white corner lies on the right.",
}
WAYS = (
    *("how do I look after my {}", "what should I know about the {}", "{} help please"),
    *("is there a trick to using a {}", "my new {} arrived, what now", "tell me about your {}"),
    *("the {} does not work as I expected", "who can explain the {} to me"),
    *("where is the manual of the {}", "I have never owned a {}", "my {} and I", "{}???"),
    *("any advice on the {}", "a friend gave me her old {}"),
)
ABSENT = ("passport", "mortgage", "football match")


def knowledge_base(*ways: str) -> list[Article]:
    """An article for each thing, with these ways to ask for it as known questions."""
    return [
        Article(name, f"The {name}", text, questions=tuple(way.format(name) for way in ways))
        for name, text in THINGS.items()
    ]


def labelled(things: Sequence[str], ways: Sequence[str] = WAYS) -> list[Question]:
    """A question for each thing in each way, labelled with its article where there is one."""
    return [
        Question(f"{name}-{number}", way.format(name), PUBLIC, frozenset({name} & THINGS.keys()))
        for name, (number, way) in product(things, enumerate(ways))
    ]


def index_of(articles: Sequence[Article], encoder: Encodes, root: Path) -> Index:
    build(articles, encoder, root)
    return Index.open(root, encoder.name, encoder.dimension)


def confidence(*outcomes: tuple[float, bool]) -> Confidence:
    """The default weights, with questions of these confidences that were right or wrong."""
    seen, right = (np.array(column, np.float32) for column in zip(*outcomes, strict=True))
    return replace(DEFAULT, seen=seen, right=right)


# Few different confidences, so that there are ties.
outcomes = st.lists(
    st.tuples(st.sampled_from(np.linspace(0, 1, 21, dtype=np.float32).tolist()), st.booleans()),
    min_size=1,
    max_size=200,
)
percents = st.integers(1, 100)


def arrays(known: list[tuple[float, bool]]) -> tuple[Floats, Floats]:
    sure, right = zip(*known, strict=True)
    return np.array(sure, np.float32), np.array(right, np.float32)


def keeps(threshold: float, known: list[tuple[float, bool]], percent: int) -> bool:
    """Whether (wrong answers + 1) / (n + 1) is within the limit, without rounding."""
    wrong = sum(sure >= threshold and not right for sure, right in known)
    return (wrong + 1) * 100 <= percent * (len(known) + 1)


@given(known=outcomes, percent=percents)
def test_the_threshold_is_the_least_that_keeps_to_the_limit(
    known: list[tuple[float, bool]], percent: int
) -> None:
    just_above = [float(np.nextafter(np.float32(sure), np.float32(2))) for sure, _ in known]
    good = [each for each in (0.0, *just_above) if keeps(each, known, percent)]
    assert risk.threshold(*arrays(known), percent / 100) == min(good, default=None)


@given(known=outcomes, percent=percents, other=percents)
def test_a_stricter_limit_never_answers_more(
    known: list[tuple[float, bool]], percent: int, other: int
) -> None:
    strict, loose = sorted((percent, other))
    least = confidence(*known)
    assert least.threshold(strict / 100) >= least.threshold(loose / 100)


@pytest.mark.parametrize("limit", [0.01, 0.02, 0.05, 0.1])
def test_new_questions_are_answered_wrongly_no_more_often_than_allowed(limit: float) -> None:
    random = np.random.default_rng(0)
    shares, draws, known = [], 2000, 250
    for _ in range(draws):
        sure = random.beta(4, 2, 2 * known).astype(np.float32)
        right = (random.random(2 * known) < sure**3).astype(np.float32)  # it is far too sure
        least = risk.threshold(sure[:known], right[:known], limit)
        assert least is not None
        shares.append(np.mean((sure[known:] >= least) & (right[known:] < 1)))
    error = np.std(shares) / np.sqrt(draws)
    assert limit - 2 / (known + 1) - 3 * error <= np.mean(shares) <= limit + 3 * error


@pytest.mark.parametrize("known", [0, 1, 98])
def test_too_few_outcomes_promise_nothing_and_ask_for_caution(known: int) -> None:
    few = replace(DEFAULT, seen=np.full(known, 0.3, np.float32), right=np.zeros(known, np.float32))
    assert risk.threshold(few.seen, few.right, 0.01) is None
    assert few.threshold(0.01) == CAUTIOUS


def test_a_wrong_outcome_that_was_surer_than_cautious_is_not_answered_again() -> None:
    few = confidence((0.95, False), (0.99, True))
    assert 0.95 < few.threshold(0.01) < 0.9501


def test_a_fixed_threshold_comes_before_the_derived_one() -> None:
    known = confidence((0.4, False), *[(0.9, True)] * 99)
    assert 0.4 < known.answer_from(PolicySettings(max_wrong_answers=0.01)) < 0.4001
    assert known.answer_from(PolicySettings(max_wrong_answers=0.01, answer=0.0)) == 0


@given(known=outcomes)
def test_what_is_saved_is_what_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, known: list[tuple[float, bool]]
) -> None:
    path = tmp_path_factory.mktemp("saved") / "confidence.npz"
    before = replace(confidence(*known), weights=np.array([1.5, -2], np.float32), bias=0.25)
    before.save(path)
    after = Confidence.load(path)
    assert (after.weights == before.weights).all()
    assert after.bias == before.bias
    assert (after.seen == before.seen).all()
    assert (after.right == before.right).all()


def test_titles_alone_change_no_weights_but_tell_how_sure_is_sure_enough(
    encoder: Encoder, tmp_path: Path
) -> None:
    colours = ("red", "blue", "green", "old", "new", "huge", "tiny", "toy", "wooden", "rented")
    titles = [
        Article(f"{colour}-{name}", f"The {colour} {name}", text)
        for (name, text), colour in product(THINGS.items(), (*colours, "broken", "used", "spare"))
    ]
    found = calibrate(index_of(titles, encoder, tmp_path), encoder)
    assert (found.weights == DEFAULT.weights).all()
    assert found.bias == DEFAULT.bias
    assert len(found.seen) == len(titles)
    assert (found.right == 0).sum() == len(titles) / 4  # of which the article was held out
    assert found.threshold(0.02) > found.threshold(0.1) > 0


def test_known_questions_rehearse_when_nothing_is_labelled(
    encoder: Encoder, tmp_path: Path
) -> None:
    index = index_of(knowledge_base(*WAYS), encoder, tmp_path)
    found = calibrate(index, encoder)
    assert (found.weights != DEFAULT.weights).any()
    assert len(found.seen) == len(THINGS) * len(WAYS)
    assert found.seen[found.right == 1].mean() > found.seen[found.right == 0].mean() + 0.3
    again = calibrate(index, encoder)
    assert (again.seen == found.seen).all()


def test_a_rehearsed_question_is_not_found_by_itself(encoder: Encoder, tmp_path: Path) -> None:
    gibberish = [
        replace(article, questions=(f"zyx{number}qwv", f"kjh{number}pfd"))
        for number, article in enumerate(knowledge_base())
    ]
    found = calibrate(index_of(gibberish, encoder, tmp_path), encoder)
    assert found.right.mean() < 0.3


def test_labelled_questions_come_before_rehearsed_ones_if_they_suffice(
    encoder: Encoder, tmp_path: Path
) -> None:
    index = index_of(knowledge_base(*WAYS), encoder, tmp_path)
    rehearsed = calibrate(index, encoder)
    own = labelled([*THINGS, *ABSENT])
    found = calibrate(index, encoder, labelled=own)
    assert len(found.right) == len(own)
    assert found.right.sum() == len(THINGS) * len(WAYS)
    one_too_few = own[: len(THINGS) * len(WAYS) + ENOUGH - 1]
    too_few = calibrate(index, encoder, labelled=one_too_few)
    assert (too_few.seen == rehearsed.seen).all()


def test_an_audiences_labelled_questions_are_asked_of_its_articles(
    encoder: Encoder, tmp_path: Path
) -> None:
    staff = [replace(each, audience="employees") for each in knowledge_base()]
    index = index_of(staff, encoder, tmp_path)
    own = [replace(each, audience="employees") for each in labelled([*THINGS, *ABSENT])]
    assert calibrate(index, encoder, labelled=own).right.sum() > ENOUGH
    public = labelled([*THINGS, *ABSENT])  # nothing is found for them
    assert len(calibrate(index, encoder, labelled=public).right) == len(THINGS)


def test_labels_of_articles_that_are_gone_are_left_out(tmp_path: Path) -> None:
    rows: list[tuple[str, list[str] | None]] = [
        *(("both", ["tent", "kettle"]), ("one", ["tent", "gone"]), ("none", ["gone"])),
        *(("nothing", None), ("nobody", [])),
    ]
    lines = (
        json.dumps({"id": name, "query": name, "article_ids": labels}) for name, labels in rows
    )
    (tmp_path / "questions.jsonl").write_text("\n".join(lines))
    assert {each.id: each.articles for each in known_questions(tmp_path, THINGS.keys())} == {
        "both": {"tent", "kettle"},
        "one": {"tent"},
        "nothing": set(),
        "nobody": set(),
    }


def test_an_installation_without_labelled_questions_has_none(tmp_path: Path) -> None:
    assert known_questions(tmp_path, THINGS.keys()) == []


@pytest.fixture
def shop(data: Path, encoder: Encoder) -> Path:
    """An installation whose knowledge base are the things."""
    build_index(knowledge_base(), data, encoder)
    return data


def ask(data: Path, question: str, calibrated: Confidence | None = None) -> Turn:
    settings = load_settings(data)
    engine = load_engine(settings, open_knowledge(settings), calibrated)
    return engine.respond(question, None, {}, Desk(), "Alice")


def just_around(sure: float) -> Iterator[Confidence]:
    """Calibrations by which a question of this confidence is answered, and isn't."""
    for wrong in (sure - 0.001, sure + 0.001):
        yield confidence((wrong, False), *[(0.9, True)] * 99)


def test_the_engine_answers_from_the_derived_threshold(
    shop: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_POLICY__MAX_WRONG_ANSWERS", "0.01")
    question = "how do I oil the chain of the bicycle"
    hits = Knowledge(shop / "index", encoder).search(question, frozenset({PUBLIC}), 5)
    answered, refused = (ask(shop, question, each) for each in just_around(DEFAULT.of(hits)))
    assert answered.evidence["act"] == "answer"
    assert answered.evidence["reason"] == "confidence_over_threshold"
    assert refused.evidence["act"] != "answer"
    for turn in (answered, refused):
        assert turn.evidence["confidence"] == pytest.approx(DEFAULT.of(hits), abs=1e-3)
        assert turn.evidence["thresholds"]["max_wrong_answers"] == 0.01
    thresholds = [turn.evidence["thresholds"]["answer"] for turn in (answered, refused)]
    assert thresholds[0] < DEFAULT.of(hits) < thresholds[1]
    monkeypatch.setenv("FIRSTLINE_POLICY__ANSWER", "0.1")
    overridden = ask(shop, question, list(just_around(DEFAULT.of(hits)))[1])
    assert overridden.evidence["act"] == "answer"
    assert overridden.evidence["thresholds"]["answer"] == 0.1


def test_what_two_articles_answer_about_equally_is_offered(data: Path, encoder: Encoder) -> None:
    twins = [
        Article(
            place.lower(),
            f"Polish a brass lamp from {place}",
            f"From {place} it takes a soft cloth.",
        )
        for place in ("Berlin", "Madrid")
    ]
    build_index([*knowledge_base(), *twins], data, encoder)
    turn = ask(data, "how do I polish a brass lamp")
    assert turn.evidence["act"] == "choose"
    offered = {button.title for reply in turn.replies for button in reply.buttons}
    assert {twin.title for twin in twins} <= offered
    assert ask(data, "how do I polish a brass lamp from Berlin").evidence["act"] == "answer"
