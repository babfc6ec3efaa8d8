"""`firstline kb check` and what it keeps from going live."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from bot.candidate import build_index
from bot.db import open_database
from bot.regression.past import past_questions
from bot.regression.question import PastQuestion, Verdict
from bot.regression.report import CHANCE, Shift
from bot.settings import Desk, load_settings
from bot.trained import open_batching_encoder
from channels.app import create_app
from tests.fakes.command import Firstline, Outcome, fails
from tests.fakes.people import Customer
from tests.fakes.postgres import on_both_databases

ARTICLES = {
    "pegs": ("Which pegs does the mountain tent need?", "Eight steel pegs of 20 centimetres."),
    "stove": ("Which cartridge fits the camping stove?", "The blue one with butane."),
    "boots": ("How do I wax leather boots?", "Rub beeswax in with a soft cloth."),
    "kayak": ("How much weight does the kayak carry?", "Up to 140 kilograms."),
    "rope": ("When must a climbing rope be retired?", "After ten years, or after a hard fall."),
    "compass": ("Why does my compass point south?", "A magnet has reversed its needle."),
}
QUESTIONS = [title for title, _ in ARTICLES.values()]


@dataclass
class Outdoors:
    """A shop with a small knowledge base, the folder that it is kept in, and its customers."""

    data: Path
    folder: Path
    firstline: Firstline

    def write(self, name: str, title: str, text: str, audience: str = "public") -> None:
        content = f"---\ntitle: {title}\naudience: {audience}\n---\n{text}\n"
        (self.folder / f"{name}.md").write_text(content)

    def lose(self, *names: str) -> None:
        for name in names:
            (self.folder / f"{name}.md").unlink()

    def kb(self, command: str, *options: str | Path) -> Outcome:
        return self.firstline("kb", command, self.folder, *options, "--data", self.data)

    def checks(self, *options: str | Path) -> dict[str, Any]:
        outcome = self.kb("check", "--json", *options)
        report: dict[str, Any] = json.loads(outcome.out)
        assert outcome.code == int(report["refused"]), outcome.err
        return report

    def history(self) -> list[dict[str, Any]]:
        outcome = self.firstline("kb", "history", "--json", "--data", self.data)
        changes: list[dict[str, Any]] = json.loads(outcome.out)
        return changes

    def live(self) -> tuple[str, bytes]:
        """Which build is live, and its calibration."""
        current = (self.data / "index" / "CURRENT").read_text()
        return current, (self.data / "models" / "confidence.npz").read_bytes()

    def open(self) -> TestClient:
        return TestClient(create_app(load_settings(self.data)))

    def are_asked(self, *questions: str, then: str | None = None, desk: str = "customers") -> None:
        """Somebody asks each question in a conversation of its own, then says whether it helped."""
        with self.open() as client:
            for question in questions:
                customer = Customer(client, f"Carol: {question} {then}", desk)
                customer.says(question)
                if then:
                    customer.says(then)


@pytest.fixture
def outdoors(
    data: Path, firstline: Firstline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outdoors]:
    monkeypatch.setenv("FIRSTLINE_POLICY__ANSWER", "0.8")
    shop = Outdoors(data, tmp_path / "articles", firstline)
    shop.folder.mkdir()
    for name, (title, text) in ARTICLES.items():
        shop.write(name, title, text)
    build_index([], data, open_batching_encoder(load_settings(data)))
    assert shop.kb("import").code == 0
    yield shop
    assert not list((data / "index" / "builds").glob("candidate-*"))


def effects(report: dict[str, Any]) -> dict[str, str]:
    return {change["question"]: change["effect"] for change in report["changes"]}


def test_what_the_index_was_taught_is_no_change_of_an_article(outdoors: Outdoors) -> None:
    label = {"id": "1", "query": "is my kayak too heavy for me", "article_ids": ["kayak"]}
    (outdoors.data / "questions.jsonl").write_text(json.dumps(label) + "\n")
    for _ in range(2):
        assert outdoors.kb("import").code == 0
    assert [change["changed"] for change in outdoors.history()[:2]] == [0, 0]


def test_without_past_questions_nothing_is_compared_and_nothing_refused(
    outdoors: Outdoors,
) -> None:
    outdoors.lose("pegs", "stove")
    before = outdoors.live()
    outcome = outdoors.kb("check")
    assert outcome.code == 0
    assert "No question was replayed" in outcome.out
    assert "Once customers have asked" in outcome.out
    assert outdoors.live() == before
    imported = outdoors.kb("import")
    assert imported.code == 0
    assert imported.err.strip() == "4 articles imported, 0 problems."
    assert outdoors.live() != before


def test_an_import_that_takes_helpful_answers_away_is_refused_and_changes_nothing(
    outdoors: Outdoors,
) -> None:
    outdoors.are_asked(*QUESTIONS, then="/helped")
    outdoors.lose("pegs", "stove", "boots", "kayak", "rope")
    before = outdoors.live()
    report = outdoors.checks()
    assert report["recall"] == {"of": 6, "before": 1.0, "after": pytest.approx(1 / 6)}
    assert effects(report) == dict.fromkeys(QUESTIONS[:5], "broken")
    assert report["removed"]["boots"] == 1
    imported = outdoors.kb("import")
    fails(imported, 1, "Recall falls", "Nothing was published", "--force", "boots is removed")
    assert "leather boots" in imported.err
    assert outdoors.live() == before
    assert len(outdoors.history()) == 1
    with outdoors.open() as client:
        assert Customer(client, "Dave").says(QUESTIONS[2])[0]["custom"]["kind"] == "answer"


def test_a_refused_import_can_be_forced_which_is_recorded(outdoors: Outdoors) -> None:
    outdoors.are_asked(*QUESTIONS, then="/helped")
    outdoors.lose("pegs", "stove", "boots", "kayak", "rope")
    fails(outdoors.kb("import", "--force", " "), 2, "reason")
    forced = outdoors.kb("import", "--force", "We only sell compasses now", "--by", "bob@x.example")
    assert forced.code == 0
    newest, first = outdoors.history()
    assert (newest["who"], newest["reason"]) == ("bob@x.example", "We only sell compasses now")
    assert newest["removed"] == 5
    assert newest["figures"]["effects"]["broken"] == 5
    assert (first["added"], first["reason"], first["figures"]) == (6, None, {})
    assert "mountain tent" not in json.dumps(newest), "a customer's words aren't kept twice"
    shown = outdoors.firstline("kb", "history", "--data", outdoors.data)
    assert "bob@x.example  +0 ~0 -5  recall 100.0% -> 16.7%" in shown.out


def test_one_question_that_breaks_is_told_but_may_be_chance(outdoors: Outdoors) -> None:
    outdoors.are_asked(*QUESTIONS, then="/helped")
    outdoors.lose("compass")
    report = outdoors.checks()
    assert effects(report) == {QUESTIONS[5]: "broken"}
    assert "chance" in report["remarks"][0]
    imported = outdoors.kb("import")
    assert imported.code == 0
    assert "1 broken" in imported.err
    assert "compass is removed; it answered 1" in imported.err


def test_limits_are_the_operators(outdoors: Outdoors) -> None:
    outdoors.are_asked(*QUESTIONS, then="/helped")
    outdoors.lose("pegs", "stove", "boots", "kayak", "rope")
    assert not outdoors.checks("--max-recall-loss", "0.9")["refused"]
    assert outdoors.kb("check", "--max-recall-loss", "7").code == 2


def test_it_says_what_is_answered_differently_and_what_newly(outdoors: Outdoors) -> None:
    asked = "Do you repair violins?"
    outdoors.are_asked(asked, QUESTIONS[0], QUESTIONS[1])
    outdoors.write("pegs", QUESTIONS[0], "Ten pegs of aluminium.")
    outdoors.write("violins", asked, "Yes, in our workshop in Leeds.")
    report = outdoors.checks()
    assert effects(report) == {asked: "answered", QUESTIONS[0]: "changed"}
    changed = next(each for each in report["changes"] if each["question"] == QUESTIONS[0])
    assert "Eight steel pegs" in changed["before"]["text"]
    assert "aluminium" in changed["after"]["text"]
    table = outdoors.kb("check")
    assert table.code == 0
    assert "(new text)" in " ".join(table.out.split())


def test_an_answer_that_did_not_help_is_known_to_be_wrong(outdoors: Outdoors) -> None:
    outdoors.are_asked(*QUESTIONS[:2], then="/not_helped")
    report = outdoors.checks()
    assert report["wrong"] == {"of": 2, "before": 1.0, "after": 1.0}
    assert report["recall"]["of"] == 0
    outdoors.lose("pegs")
    assert outdoors.checks()["wrong"]["after"] == 0.5


def test_labelled_questions_are_the_truth(outdoors: Outdoors) -> None:
    labels = outdoors.data / "questions.jsonl"
    rows = [
        {"id": number, "query": title, "article_ids": [name]}
        for number, (name, (title, _)) in enumerate(ARTICLES.items())
    ]
    asked = "Do you repair violins?"
    nothing = {"id": "x", "query": asked, "article_ids": None}
    labels.write_text("".join(json.dumps(row) + "\n" for row in [*rows, nothing]))
    outdoors.write("violins", asked, "Yes, in our workshop in Leeds.")
    report = outdoors.checks()
    assert report["questions"] == 7
    assert effects(report) == {asked: "broken"}
    labels.rename(elsewhere := outdoors.data / "labels.jsonl")
    assert outdoors.checks()["questions"] == 0
    assert outdoors.checks("--questions", elsewhere)["questions"] == 7
    elsewhere.write_text('{"id": "1", "query": "hub", "article_ids": ["no-such-article"]}\n')
    for command in ("check", "import"):
        wrong = outdoors.kb(command, "--questions", elsewhere)
        fails(wrong, 2, "labels.jsonl:1", "no-such-article")
    fails(outdoors.kb("check", "--questions", outdoors.data / "none.jsonl"), 2, "none.jsonl")


def test_a_question_is_replayed_with_the_articles_of_its_desk_only(outdoors: Outdoors) -> None:
    asked = "What is the safe's code?"
    outdoors.are_asked(asked)
    outdoors.write("safe", asked, "It is 4711.", audience="employees")
    assert outdoors.checks()["changes"] == []
    outdoors.are_asked(asked, desk="employees")
    (change,) = outdoors.checks()["changes"]
    assert change["effect"] == "answered"


def test_an_article_that_cannot_be_read_is_told_and_the_rest_checked(outdoors: Outdoors) -> None:
    (outdoors.folder / "broken.md").write_text("---\ntitle: [unclosed\n---\nText.\n")
    outcome = outdoors.kb("check")
    assert outcome.code == 2
    assert "broken.md" in outcome.err
    nowhere = outdoors.firstline("kb", "check", outdoors.folder / "no", "--data", outdoors.data)
    fails(nowhere, 2, "no such file")


def test_the_first_import_of_all_has_nothing_to_compare_with(outdoors: Outdoors) -> None:
    outdoors.are_asked(*QUESTIONS, then="/helped")
    (outdoors.data / "index" / "CURRENT").unlink()
    imported = outdoors.kb("import")
    assert imported.code == 0
    assert "no live knowledge base" in imported.err


@on_both_databases
def test_past_questions_are_those_of_customers_with_what_they_said_of_the_answers(
    outdoors: Outdoors,
) -> None:
    outdoors.are_asked(QUESTIONS[0], then="/helped")
    outdoors.are_asked(QUESTIONS[0].upper() + " ", "gibberish qwpoeiru", "hello")
    outdoors.are_asked(QUESTIONS[1], then="/not_helped")
    outdoors.are_asked("/talk_to_human", "where is my order?", QUESTIONS[2])
    outdoors.are_asked(QUESTIONS[3], then="/order_status")
    settings = load_settings(outdoors.data)
    database = open_database(settings.database)
    with database.read() as session:
        found = past_questions(session, settings.desks, 100)
        newest = past_questions(session, settings.desks, 1)
        elsewhere = past_questions(session, {"sales": Desk()}, 100)
    database.close()
    known = {each.text: (each.right, each.unhelpful) for each in found}
    assert known == {
        QUESTIONS[3]: (None, frozenset()),
        QUESTIONS[2]: (None, frozenset()),
        QUESTIONS[1]: (None, frozenset({"stove"})),
        "gibberish qwpoeiru": (None, frozenset()),
        QUESTIONS[0]: (frozenset({"pegs"}), frozenset()),
    }
    assert [each.text for each in newest] == [QUESTIONS[3]]
    assert elsewhere == []


def test_an_article_chosen_after_all_is_the_right_one(outdoors: Outdoors) -> None:
    with outdoors.open() as client:
        carol = Customer(client, "Carol")
        for said in (QUESTIONS[0], "/not_helped", '/answer{"article": "stove"}', "/helped"):
            carol.says(said)
    report = outdoors.checks()
    assert report["wrong"] == {"of": 1, "before": 1.0, "after": 1.0}
    assert report["recall"] == {"of": 1, "before": 0.0, "after": 0.0}


@given(better=st.integers(0, 40), worse=st.integers(0, 40))
def test_chance_is_a_probability_that_falls_with_what_gets_worse(better: int, worse: int) -> None:
    def chance(worse: int) -> float:
        return Shift(of=100, before=50, after=50, better=better, worse=worse).chance

    assert 0 <= chance(worse + 1) <= chance(worse) <= 1


def test_five_that_only_get_worse_are_more_than_chance() -> None:
    chances = [Shift(100, 50, 50 - worse, 0, worse).chance for worse in (1, 4, 5)]
    assert chances == [0.5, 1 / 16, 1 / 32]
    assert chances[1] > CHANCE > chances[2]


@pytest.mark.parametrize(
    ("right", "unhelpful", "given", "verdict"),
    [
        ({"a"}, (), {"a"}, Verdict.RIGHT),
        ({"a"}, (), {"b"}, Verdict.WRONG),
        ({"a"}, (), {"a", "b"}, Verdict.RIGHT),
        ({"a"}, (), (), Verdict.REFUSED),
        ((), (), (), Verdict.RIGHT),
        ((), (), {"a"}, Verdict.WRONG),
        (None, {"a"}, {"a"}, Verdict.WRONG),
        (None, {"a"}, {"b"}, Verdict.UNKNOWN),
        (None, (), {"b"}, Verdict.UNKNOWN),
        (None, (), (), Verdict.REFUSED),
    ],
)
def test_a_verdict_needs_somebody_who_judged(
    right: set[str] | None, unhelpful: set[str], given: set[str], verdict: Verdict
) -> None:
    known = None if right is None else frozenset(right)
    question = PastQuestion("?", Desk(), known, frozenset(unhelpful))
    assert question.verdict(frozenset(given)) is verdict
