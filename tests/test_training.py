"""Rasa 3 training data: what is read, and what is said of mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu_data import parse_annotations
from bot.story_data import Loop, Run, UserSays
from bot.training import TrainingError, read_training

DEMO = Path(__file__).parent.parent / "training_data"
DOMAIN = """\
version: "3.1"
intents:
  - greet
  - book: {use_entities: [city]}
entities:
  - city: {roles: [from, to]}
slots:
  city:
    type: text
    mappings:
      - type: from_entity
        entity: city
forms:
  book_form:
    required_slots:
      - city
responses:
  utter_greet:
    - text: Hello
actions:
  - action_book
"""
NLU = """\
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hello
      # a comment
      - good morning
  - intent: book
    examples: |
      - a room in [Leeds](city)
      - somewhere in [the Big Smoke]{"entity": "city", "value": "London"}
  - synonym: York
    examples: |
      - old York
  - regex: postcode
    examples: |
      - [A-Z]{1,2}\\d
  - lookup: city
    examples:
      - Leeds
      - Hull
"""
RULES = """\
version: "3.1"
rules:
  - rule: Book
    steps:
      - intent: book
      - action: book_form
      - active_loop: book_form
"""
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A project of these files."""

    def write(**files: str) -> Path:
        contents = {"domain": DOMAIN, "nlu": NLU, "rules": RULES} | files
        for name, content in contents.items():
            (tmp_path / f"{name}.yml").write_text(content, encoding="utf-8")
        return tmp_path

    return write


def test_everything_of_a_project_is_read(folder: Folder) -> None:
    training = read_training(folder())
    assert [(example.text, example.intent) for example in training.examples] == [
        ("hello", "greet"),
        ("good morning", "greet"),
        ("a room in Leeds", "book"),
        ("somewhere in the Big Smoke", "book"),
    ]
    assert training.synonyms == {"the big smoke": "London", "old york": "York"}
    assert training.regexes == {"postcode": (r"[A-Z]{1,2}\d",)}
    assert training.lookups == {"city": ("Leeds", "Hull")}
    assert training.domain.intents == ("greet", "book")
    assert training.domain.forms["book_form"].required_slots == ("city",)
    assert training.rules[0].steps == (
        UserSays(frozenset({"book"})),
        Run("book_form"),
        Loop("book_form"),
    )


def test_sections_are_found_in_any_file(folder: Folder) -> None:
    more = "responses:\n  utter_bye:\n    - text: Bye\nnlu:\n  - synonym: Hull\n    examples:\n"
    training = read_training(folder(more=more + "      - kingston upon Hull\n"))
    assert training.synonyms["kingston upon hull"] == "Hull"
    assert set(training.domain.responses) == {"utter_greet", "utter_bye"}
    with pytest.raises(TrainingError, match=r'more\.yml:5: synonym "Hull" has no examples'):
        read_training(folder(more=more))


def test_words_like_no_and_on_stay_words(folder: Folder) -> None:
    slot = "  no:\n    type: text\n    initial_value: off\n    mappings: []\nforms:"
    domain = read_training(folder(domain=DOMAIN.replace("forms:", slot))).domain
    assert domain.slots["no"].initial_value == "off"


@pytest.mark.parametrize(
    ("file", "content", "line", "message"),
    [
        ("nlu", NLU.replace("  - intent: book", "  - intent: [book"), 9, "broken YAML"),
        ("nlu", NLU.replace("hello\n", "hello\n      good day\n"), 6, 'begins with "- "'),
        ("nlu", NLU.replace("[A-Z]{1,2}", "[A-Z"), 17, 'regex "postcode" is broken'),
        ("nlu", NLU.replace('"value": "London"}', '"value" London}'), 11, "broken annotation"),
        ("nlu", NLU + "  - intent: great\n    examples: '- hi'\n", 22, 'intent "great" is unknown'),
        (
            "domain",
            DOMAIN.replace("  - greet", "  - greet\n  - thank"),
            4,
            '"thank" has no examples',
        ),
        ("domain", DOMAIN.replace("- city\nresp", "- town\nresp"), 14, 'slot "town"'),
        ("domain", DOMAIN.replace("from_entity", "from_entities"), 11, "no known type"),
        ("domain", DOMAIN.replace("type: text", "type: txt"), 9, 'unknown type "txt"'),
        ("domain", DOMAIN + "actions: []\n", 22, '"actions" is there twice'),
        ("rules", RULES.replace("action: book_form", "action: action_bok"), 6, '"action_bok"'),
        ("rules", RULES.replace("intent: book", "intent: boook"), 5, 'intent "boook"'),
        ("rules", RULES.replace("loop: book_form", "loop: book"), 7, 'form "book" is unknown'),
        ("rules", "rules: {rule: Book}", 1, "must be a list"),
        ("rules", "- rules", 1, "at the top"),
        (
            "stories",
            "stories:\n- story: Alice\n  steps:\n  - intent: greet\n  - action: utter_gret\n",
            5,
            '"utter_gret" is unknown; add it under "responses:"',
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    folder: Folder, file: str, content: str, line: int, message: str
) -> None:
    with pytest.raises(TrainingError) as raised:
        read_training(folder(**{file: content}))
    assert raised.value.path.name == f"{file}.yml"
    assert raised.value.line == line
    assert message in str(raised.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no such folder"):
        read_training(tmp_path / "nothing")


words = st.text("abc xyz", min_size=1, max_size=12).filter(str.strip)


@given(words, words, words)
def test_an_annotation_marks_the_text_it_stands_on(before: str, marked: str, after: str) -> None:
    text, entities = parse_annotations(Path("nlu.yml"), 1, f"{before}[{marked}](city){after}")
    assert text == before + marked + after
    assert [text[found.start : found.end] for found in entities] == [marked]


def test_the_demo_is_sound() -> None:
    training = read_training(DEMO)
    assert len(training.domain.intents) > 60
    assert {example.intent for example in training.examples} == set(training.domain.intents)
    assert len(training.stories) >= 5
