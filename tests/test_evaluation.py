"""`firstline eval`: what it reads, writes and prints, its gates, and what it says of bad files."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.metrics import (
    expected_calibration_error,
    mean_reciprocal_rank,
    ranks,
    recall_at,
    refused_keeping,
    reliability,
    risk_coverage,
)
from bot.shipped import shipped_training_data
from tests.fakes.command import Firstline, fails

TRAINING = {
    "refund": ["I want my money back", "refund me please", "can I get a refund", "give it back"],
    "delivery": ["where is my parcel", "has it been sent", "when will it arrive", "track my order"],
    None: ["what is the weather like", "tell me a joke", "who won the match", "sing a song"],
}
KNOWLEDGE = [
    {"id": "refunds", "title": "How long do refunds take?", "text": "Five days after we get it."},
    {"id": "delivery(uk)", "title": "Delivery", "answers": ["It takes two days.", "Or three."]},
    {"id": "tents", "title": "Tents", "content": "Put it up.", "alt_titles": ["Pitch a tent?"]},
]


def write(file: Path, rows: Sequence[object]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def training(tmp_path: Path) -> Path:
    rows = [{"text": text, "intent": name} for name, texts in TRAINING.items() for text in texts]
    return write(tmp_path / "train.jsonl", rows)


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    return write(tmp_path / "kb.jsonl", KNOWLEDGE)


def test_intents_are_judged_line_by_line(
    firstline: Firstline, data: Path, tmp_path: Path, training: Path
) -> None:
    asked = [
        {"id": "a", "text": "I would like a refund", "intent": "refund"},
        {"text": "where's my parcel now", "intent": "delivery"},
        {"id": 7, "text": "tell me another joke", "intent": None},
    ]
    test, out = write(tmp_path / "test.jsonl", asked), tmp_path / "new" / "out.jsonl"
    files = ("--train", training, "--test", test, "--predictions", out)
    done = firstline("eval", "intents", *files, "--json", "--data", data)
    assert done.code == 0
    written = read(out)
    assert [row["id"] for row in written] == ["a", 2, 7]
    assert [row["intent"] for row in written[:2]] == ["refund", "delivery"]
    for row in written:
        assert row.keys() == {"id", "intent", "confidence", "in_scope", "refused"}
        assert row["intent"] in ("refund", "delivery")
        assert 0 <= row["confidence"] <= 1
        assert 0 <= row["in_scope"] <= 1
    figures = json.loads(done.out)
    assert figures["lines"] == 3
    assert figures["accuracy"] == 1


def test_intents_of_unlabelled_lines_are_written_without_figures(
    firstline: Firstline, data: Path, tmp_path: Path, training: Path
) -> None:
    test, out = write(tmp_path / "test.jsonl", [{"text": "refund me"}]), tmp_path / "out.jsonl"
    files = ("--train", training, "--test", test, "--predictions", out)
    done = firstline("eval", "intents", *files, "--data", data)
    assert (done.code, done.out) == (0, "")
    assert len(read(out)) == 1


def test_intents_are_read_from_rasas_files(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    sections = "\n".join(
        f"- intent: {name or 'out_of_scope'}\n  examples: |\n"
        + "".join(f"    - {text}\n" for text in texts)
        for name, texts in TRAINING.items()
    )
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu" / "nlu.yml").write_text(f'version: "3.1"\nnlu:\n{sections}')
    out = tmp_path / "out.jsonl"
    files = ("--train", tmp_path / "nlu", "--test", tmp_path / "nlu/nlu.yml", "--predictions", out)
    done = firstline("eval", "intents", *files, "--json", "--data", data)
    assert done.code == 0
    assert [row["id"] for row in read(out)] == [*range(1, 13)]
    assert {row["intent"] for row in read(out)} <= {"refund", "delivery"}
    assert "scope_auroc" in json.loads(done.out)


def test_retrieval_finds_refuses_and_is_measured(
    firstline: Firstline, data: Path, tmp_path: Path, knowledge: Path
) -> None:
    asked = [
        {"id": "q1", "query": "how long does a refund take", "article_id": "refunds"},
        {"id": "q2", "query": "how do I pitch a tent", "article_ids": ["tents", "refunds"]},
        {"id": "q3", "query": "do you sell bananas", "article_ids": None},
    ]
    queries, out = write(tmp_path / "queries.jsonl", asked), tmp_path / "out.jsonl"
    files = ("--kb", knowledge, "--queries", queries, "--predictions", out)
    done = firstline("eval", "retrieval", *files, "--json", "--data", data)
    assert done.code == 0
    written = {row["id"]: row for row in read(out)}
    assert written["q1"]["hits"][0]["article_id"] == "refunds"
    assert written["q2"]["hits"][0]["article_id"] == "tents"
    for row in written.values():
        assert row.keys() == {"id", "hits", "confidence", "refused"}
        scores = [hit["score"] for hit in row["hits"]]
        assert scores == sorted(scores, reverse=True)
    figures = json.loads(done.out)
    assert figures["recall_at_1"] == figures["mrr_at_10"] == 1
    assert 0 <= figures["wrong"] <= figures["answered"] <= 1


def test_frustration_is_scored_after_each_line_of_the_customer(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    cross = [
        {"speaker": "customer", "text": "My hub is offline", "grade": 0},
        {"speaker": "bot", "text": "I didn't get that, could you put it another way?"},
        {"speaker": "customer", "text": "This is useless, nobody ever listens to me!", "grade": 2},
        {"speaker": "customer", "text": "Get me a person, you stupid thing!!", "grade": 3},
    ]
    calm = [{"speaker": "customer", "text": "thanks, that helped", "grade": 0}]
    rows = [
        {"id": "cross", "turns": cross, "escalate": True, "asks": 3},
        {"id": "calm", "turns": calm, "escalate": False, "asks": None},
    ]
    dialogs, out = write(tmp_path / "dialogs.jsonl", rows), tmp_path / "out.jsonl"
    files = ("--dialogs", dialogs, "--predictions", out)
    done = firstline("eval", "frustration", *files, "--json", "--data", data)
    assert done.code == 0
    written = read(out)
    assert [(row["id"], row["turn"]) for row in written] == [
        *(("cross", 0), ("cross", 2), ("cross", 3), ("calm", 0))
    ]
    scores = [row["score"] for row in written]
    assert scores[0] < scores[1] <= scores[2]
    assert scores[3] < scores[1]
    assert "useless" in " ".join(written[1]["evidence"])
    figures = json.loads(done.out)
    assert (figures["recall"], figures["false_escalations"]) == (1, 0)
    assert figures["turns_before_asking"] >= 1


def test_without_a_data_directory_the_shipped_lines_teach(
    firstline: Firstline, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(model: str, folder: Path) -> None:  # instead of exporting it, which takes seconds
        shutil.copytree(prepared / "encoder", folder, dirs_exist_ok=True)

    monkeypatch.setattr("kb_index.encoder.export_onnx", copy)
    lines = ("where is my order", "this is useless, I am sick of you")
    rows = [{"id": text, "turns": [{"speaker": "customer", "text": text}]} for text in lines]
    dialogs, out = write(tmp_path / "dialogs.jsonl", rows), tmp_path / "out.jsonl"
    files = ("--dialogs", dialogs, "--predictions", out)
    done = firstline("eval", "frustration", *files)
    assert done.code == 0
    calm, cross = (row["score"] for row in read(out))
    assert calm < 0.3 < 0.7 < cross


def test_answers_come_with_figures_and_confusions(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    asked = {"id": "q1", "audience": "public", "query": "why does my lark smoke alarm chirp"}
    questions = write(tmp_path / "q.jsonl", [asked | {"article_ids": ["smoke-alarm-chirps"]}])
    done = firstline("eval", "answers", questions, "--json", "--data", data)
    assert done.code == 0
    figures = json.loads(done.out)
    assert (figures["answerable"], figures["unanswerable"]) == (1, 0)
    assert figures["recall_at_1"] == 1
    assert figures["confusions"] == []


def test_an_installations_own_questions_come_before_the_demos(
    firstline: Firstline, data: Path
) -> None:
    write(data / "questions.jsonl", [{"id": "q", "query": "hub", "article_ids": None}])
    done = firstline("eval", "answers", "--json", "--data", data)
    assert json.loads(done.out)["unanswerable"] == 1


QUESTION = {"id": "q1", "query": "my hub is offline", "article_ids": ["hub-offline"]}


@pytest.mark.parametrize(
    ("gate", "code", "words"),
    [
        (("--fail-under", "recall_at_1=0.5"), 0, []),
        (("--fail-under", "recall_at_1=1.5"), 1, ["recall_at_1 is 1", "1.5"]),
        (("--fail-over", "answerable=0"), 1, ["answerable is 1"]),
        (("--fail-under", "beauty=1"), 2, ["beauty", "recall_at_1", "ece"]),
        (("--fail-under", "recall_at_1"), 2, ["NAME=VALUE"]),
        (("--fail-under", "recall_at_1=high"), 2, ["NAME=VALUE"]),
        (("--fail-under", "recall_at_1=1", "--fail-over", "wrong=-1"), 1, ["wrong is 0"]),
    ],
)
def test_gates_fail_a_run_with_the_figure(
    firstline: Firstline,
    data: Path,
    tmp_path: Path,
    gate: tuple[str, ...],
    code: int,
    words: list[str],
) -> None:
    questions = write(tmp_path / "q.jsonl", [QUESTION])
    done = firstline("eval", "answers", questions, *gate, "--data", data)
    assert done.code == code
    assert all(word in done.err for word in words)


BROKEN = [
    ("", "empty"),
    ("not json\n", ":1"),
    ('{"id": 1, "query": "a", "article_ids": null}\n\n[1]\n', ":3"),
    ('{"query": "a", "article_ids": null}\n', '"id" is missing'),
    ('{"id": "a", "article_ids": null}\n', '"query" is missing'),
    ('{"id": "a", "query": " ", "article_ids": null}\n', '"query" is missing'),
    ('{"id": "a", "query": "a", "article_ids": ["no-such"]}\n', "no-such"),
    ('{"id": "a", "query": "a", "article_ids": {"a": 1}}\n', "must be a list"),
    ('{"id": "a", "query": "a"}\n{"id": "b", "query": "b", "article_ids": []}\n', ":1"),
    ('{"id": "a", "query": "a", "article_ids": []}\n' * 2, "line 1"),
]


@pytest.mark.parametrize(("content", "words"), BROKEN)
@pytest.mark.parametrize("command", ["answers", "retrieval"])
def test_bad_questions_are_named_with_file_and_line(
    firstline: Firstline,
    data: Path,
    tmp_path: Path,
    knowledge: Path,
    command: str,
    content: str,
    words: str,
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(content)
    retrieval = ("--kb", knowledge, "--predictions", tmp_path / "out.jsonl", "--queries")
    files = (*(retrieval if command == "retrieval" else ()), bad)
    fails(firstline("eval", command, *files, "--data", data), 2, "bad.jsonl", words)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": 1, "intent": null}\n', '"text" is missing'),
        ('{"text": "a", "intent": null}\n{"text": "b"}\n', ":2"),
        ('{"text": "a", "intent": 3}\n', '"intent"'),
        ('{"text": "a", "intent": null}\n', "nothing to train on"),
        ('{"text": "a"}\n', "nothing to train on"),
    ],
)
def test_bad_lines_for_intents_are_named(
    firstline: Firstline, data: Path, tmp_path: Path, content: str, words: str
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(content)
    files = ("--train", bad, "--test", bad, "--predictions", tmp_path / "out.jsonl")
    fails(firstline("eval", "intents", *files, "--data", data), 2, words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"turns": [{"speaker": "customer", "text": "a"}]}, '"id"'),
        ({"id": "a", "turns": []}, '"turns"'),
        ({"id": "a", "turns": [{"speaker": "robot", "text": "a"}]}, "turns.0.speaker"),
        ({"id": "a", "turns": [{"speaker": "bot"}]}, "turns.0.text"),
        ({"id": "a", "turns": [{"speaker": "bot", "text": "a", "grade": 9}]}, "turns.0.grade"),
    ],
)
def test_bad_dialogs_are_named(
    firstline: Firstline, data: Path, tmp_path: Path, row: dict[str, object], words: str
) -> None:
    files = ("--dialogs", write(tmp_path / "bad.jsonl", [row]), "--predictions", tmp_path / "out")
    fails(firstline("eval", "frustration", *files, "--data", data), 2, "bad.jsonl:1", words)


def test_a_knowledge_base_that_is_partly_broken_is_measured_but_fails(
    firstline: Firstline, data: Path, tmp_path: Path, knowledge: Path
) -> None:
    knowledge.write_text(knowledge.read_text() + "not json\n")
    queries = write(tmp_path / "q.jsonl", [{"id": 1, "query": "tents", "article_id": "tents"}])
    files = ("--kb", knowledge, "--queries", queries, "--predictions", tmp_path / "out.jsonl")
    done = firstline("eval", "retrieval", *files, "--data", data)
    assert done.code == 2
    assert "kb.jsonl:4" in done.err
    assert len(read(tmp_path / "out.jsonl")) == 1


def test_the_demos_conversations_go_as_scripted(firstline: Firstline, data: Path) -> None:
    scripts = shipped_training_data() / "conversations"
    done = firstline("eval", "conversations", scripts, "--json", "--data", data)
    results = json.loads(done.out)
    assert [each for each in results["results"] if not each["passed"]] == []
    assert done.code == 0


def test_a_conversation_that_goes_differently_is_shown_with_its_line(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "ours.yml").write_text(
        "conversations:\n"
        "- name: Alice is answered\n"
        "  turns:\n"
        "  - say: My hub is offline\n"
        "    expect:\n"
        "      source: gift-cards\n"
        "      contains: no such words\n"
        "  - press: It helped\n"
        "    expect: {act: helped}\n"
    )
    (scripts / "test_stories.yml").write_text(
        'version: "3.1"\n'
        "stories:\n"
        "- story: Bob greets\n"
        "  steps:\n"
        "  - user: hello\n"
        "    intent: greet\n"
        "  - action: utter_goodbye\n"
    )
    done = firstline("eval", "conversations", scripts, "--data", data)
    assert done.code == 1
    for words in ("ours.yml:6", "hub-offline", "ours.yml:7", "test_stories.yml:7", "utter_greet"):
        assert words in done.out.replace("\n", "")
    assert "ours.yml:9" not in done.out


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("conversations:\n- name: a\n", ":2"),
        ("conversations:\n- name: a\n  turns:\n  - expect: {act: answer}\n", ":4"),
        ("conversations:\n- name: a\n  turns:\n  - say: b\n    expect: {mood: good}\n", ":5"),
        ("conversations:\n- name: a\n  desk: sales\n  turns:\n  - say: b\n", "sales"),
        ('version: "3.1"\nstories:\n- story: a\n  steps:\n  - action: utter_nothing\n', ":5"),
        ("conversations: [\n", "test_bad.yml"),
        ("", "no conversations"),
    ],
)
def test_bad_scripts_are_named_with_file_and_line(
    firstline: Firstline, data: Path, tmp_path: Path, script: str, words: str
) -> None:
    (tmp_path / "test_bad.yml").write_text(script)
    fails(firstline("eval", "conversations", tmp_path / "test_bad.yml", "--data", data), 2, words)


def learn_little(training: Path) -> None:
    """Leave two intents in the training data, which keeps the cross-validation short."""
    sections = "".join(
        f"- intent: {name}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for name, texts in TRAINING.items()
        if name
    )
    shutil.rmtree(training)
    training.mkdir()
    names = 'version: "3.1"\nintents: [refund, delivery]\n'
    (training / "all.yml").write_text(f"{names}nlu:\n{sections}")


def test_a_report_is_one_page_that_tells_what_changed(
    firstline: Firstline, data: Path, tmp_path: Path
) -> None:
    learn_little(data / "training")
    out = tmp_path / "reports" / "report.html"
    rows = [QUESTION, {"id": "<b>", "query": "<script>alert(1)</script>", "article_ids": None}]
    questions = write(tmp_path / "q.jsonl", rows)
    done = firstline("eval", "report", questions, "--out", out, "--json", "--data", data)
    assert done.code == 0
    assert json.loads(out.with_suffix(".json").read_text())["figures"] == json.loads(done.out)
    page = out.read_text()
    assert "first report" in page
    assert "<script>alert" not in page
    assert "http://" not in page
    assert "https://" not in page

    write(questions, [QUESTION | {"article_ids": ["gift-cards"]}])
    assert firstline("eval", "report", questions, "--out", out, "--data", data).code == 0
    page = out.read_text()
    assert "Compared with" in page
    assert "Worse: 1 questions" in page


chances = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(chances)
def test_calibration_and_risk_are_shares_whatever_the_cases(
    cases: list[tuple[float, bool]],
) -> None:
    confidences, right = [case[0] for case in cases], [case[1] for case in cases]
    assert sum(each.count for each in reliability(confidences, right)) == len(cases)
    error = expected_calibration_error(confidences, right)
    assert error is not None
    assert 0 <= error <= 1
    points = risk_coverage(confidences, right)
    assert points[-1].coverage == 1
    assert points[-1].risk == pytest.approx(right.count(False) / len(cases))
    assert [point.threshold for point in points] == sorted({*confidences}, reverse=True)
    assert all(0 <= point.risk <= point.coverage <= 1 for point in points)


@given(chances)
def test_keeping_95_percent_refuses_no_more_than_all(cases: list[tuple[float, bool]]) -> None:
    refused = refused_keeping(0.95, [case[0] for case in cases], [case[1] for case in cases])
    assert (refused is None) == (len({case[1] for case in cases}) < 2)
    assert refused is None or 0 <= refused <= 1


def test_ranks_and_their_measures() -> None:
    placed = ranks([["a", "b"], ["c"], []], [frozenset("b"), frozenset("c"), frozenset("d")])
    assert placed == [2, 1, 0]
    assert recall_at(1, placed) == pytest.approx(1 / 3)
    assert mean_reciprocal_rank(placed) == pytest.approx(0.5)
    assert recall_at(1, []) is None
