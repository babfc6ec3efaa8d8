"""Rasa 3 training data: what is read, and what is said of mistakes."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.steps import Loop, Run, UserSays
from bot.domain import Condition, Form, Mapping
from bot.nlu_data import parse_annotations
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
    (rule,) = training.rules
    assert (rule.name, rule.path.name, rule.line) == ("Book", "rules.yml", 3)
    assert rule.steps == (
        UserSays("book", line=5),
        Run("book_form", line=6),
        Loop("book_form", line=7),
    )


def test_sections_are_found_in_any_file(folder: Folder) -> None:
    more = "responses:\n  utter_bye:\n    - text: Bye\nnlu:\n  - synonym: Hull\n    examples:\n"
    training = read_training(folder(more=more + "      - kingston upon Hull\n"))
    assert training.synonyms["kingston upon hull"] == "Hull"
    assert set(training.domain.responses) == {"utter_greet", "utter_bye"}
    warnings = read_training(folder(more=more)).warnings
    assert 'more.yml:5: synonym "Hull" has no examples' in warnings


def test_words_like_no_and_on_stay_words(folder: Folder) -> None:
    slot = "  no:\n    type: text\n    initial_value: off\n    mappings: []\nforms:"
    domain = read_training(folder(domain=DOMAIN.replace("forms:", slot))).domain
    assert domain.slots["no"].initial_value == "off"


@pytest.mark.parametrize(
    ("file", "content", "line", "message"),
    [
        ("nlu", NLU.replace("  - intent: book", "  - intent: [book"), 9, "broken YAML"),
        ("nlu", NLU.replace("[A-Z]{1,2}", "[A-Z"), 17, 'regex "postcode" is broken'),
        ("nlu", NLU.replace("{1,2}", "{99999999999}"), 17, 'regex "postcode" is broken'),
        ("nlu", NLU.replace('"value": "London"}', '"value" London}'), 11, "broken annotation"),
        ("domain", DOMAIN.replace("- city\nresp", "- town\nresp"), 14, 'slot "town"'),
        ("domain", DOMAIN.replace("from_entity", "from_entities"), 11, "no known type"),
        ("domain", DOMAIN.replace("type: text", "type: txt"), 9, 'unknown type "txt"'),
        ("domain", DOMAIN + "actions: []\n", 22, '"actions" is there twice'),
        ("rules", RULES.replace("action: book_form", "action: action_bok"), 6, '"action_bok"'),
        ("rules", RULES.replace("intent: book", "intent: boook"), 5, 'intent "boook"'),
        ("rules", RULES.replace("loop: book_form", "loop: book"), 7, 'form "book" is unknown'),
        ("rules", "rules: {rule: Book}", 1, "must be a list"),
        ("rules", "- rules", 1, "at the top"),
        ("rules", "rules:\n\t- rule: a", 2, "there is a tab; indent with spaces"),
        ("rules", "rules:\n- rule: a\n\tsteps: []", 3, "found a tab character"),
        ("rules", "rules: []\n# \0", 2, r"the character '\x00' can't be here"),
        ("rules", f"rules: {'[' * 600}{']' * 600}", 1, "nested too deeply"),
        ("rules", "rules: !!int many", 1, "this is no int"),
        ("rules", "rules: *those", 1, "undefined alias"),
        ("rules", 'version: "4.0"', 1, 'version "4.0" is unknown'),
        ("nlu", NLU.replace("hello\n", "hello " * 1000 + "\n"), 5, "is a line break missing"),
        ("nlu", NLU.replace("- intent: greet", "- intent:"), 3, 'a name goes after "intent:"'),
        ("nlu", NLU.replace("- Leeds", "- [Leeds]"), 20, "an example is a line of text"),
        ("nlu", "nlu: {intent: greet}", 1, '"nlu" must be a list'),
        ("domain", DOMAIN.replace("responses:", "templates:"), 17, 'write "responses:"'),
        ("domain", DOMAIN + "session_config: [60]\n", 22, '"session_config" must map'),
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


@pytest.mark.parametrize(
    ("file", "content", "warning"),
    [
        (
            "nlu",
            NLU.replace("hello\n", "hello\n      good day\n"),
            'nlu.yml:6: left out, since an example begins with "- "',
        ),
        (
            "nlu",
            NLU + "  - intent: great\n    examples: '- hi'\n",
            'nlu.yml:22: intent "great" isn\'t under "intents:" in the domain; add it',
        ),
        (
            "nlu",
            NLU.replace("(city)", "(town)"),
            'nlu.yml:10: entity "town" isn\'t under "entities:" in the domain; add it',
        ),
        (
            "domain",
            DOMAIN.replace("  - greet", "  - greet\n  - thank"),
            'domain.yml:4: intent "thank" has no examples in any nlu section',
        ),
        (
            "domain",
            DOMAIN.replace("        entity: city", "        entity: city\n        intent: bok"),
            'domain.yml:8: "city" uses the intent "bok", which isn\'t under "intents:"',
        ),
        (
            "domain",
            DOMAIN.replace("  - action_book", "  - utter_bye"),
            'domain.yml:21: there is no response "utter_bye"',
        ),
        (
            "domain",
            DOMAIN,
            'domain.yml:14: "book_form" asks for "city", and there is no "utter_ask_city"',
        ),
    ],
)
def test_what_rasa_only_warns_of_is_a_warning(
    folder: Folder, file: str, content: str, warning: str
) -> None:
    assert warning in read_training(folder(**{file: content})).warnings


def test_an_intent_that_has_only_examples_is_learnt(folder: Folder) -> None:
    more = "  - intent: great\n    examples: '- hi'\n"
    assert read_training(folder(nlu=NLU + more)).domain.intents == ("greet", "book", "great")


def test_a_file_in_another_encoding_is_named_with_the_line(folder: Folder) -> None:
    path = folder()
    (path / "nlu.yml").write_bytes(NLU.replace("good morning", "grüß Gott").encode("latin-1"))
    with pytest.raises(TrainingError, match=r"nlu\.yml:7: not UTF-8"):
        read_training(path)


def test_what_windows_editors_write_is_read(folder: Folder) -> None:
    path = folder()
    (path / "nlu.yml").write_bytes(b"\xef\xbb\xbf" + NLU.replace("\n", "\r\n").encode())
    assert [example.line for example in read_training(path).examples] == [5, 7, 10, 11]


def test_any_language_is_read(folder: Folder) -> None:
    greetings = ["Здравствуйте", "مرحبا", "你好", "नमस्ते", "👋🏽", "Grüß Gott"]
    lines = "\n".join(f"      - {greeting}" for greeting in greetings)
    training = read_training(folder(nlu=NLU.replace("      - hello", lines)))
    assert [example.text for example in training.examples[:6]] == greetings


def test_what_looks_like_a_number_stays_as_it_is_written(folder: Folder) -> None:
    written = ["12:30", "007", "0x1F", "2024-05-01", "1_000", "9" * 3000, "no", "1e9999"]
    lookup = "".join(f"      - {word}\n" for word in written)
    training = read_training(folder(nlu=f"{NLU}  - lookup: odd\n    examples:\n{lookup}"))
    assert training.lookups["odd"] == tuple(written)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "the folder has no YAML files"),
        ({"nlu.yml": ""}, "examples of an intent"),
        ({"domain.yml": DOMAIN}, "examples of an intent"),
        ({"domain.yml": DOMAIN, "nlu.yml": "nlu: []"}, "examples of an intent"),
        ({"domain.yml": DOMAIN, "nlu.md": "## intent:greet\n- hi"}, r"nlu\.md:1: .* convert nlu"),
        ({"domain.yml": DOMAIN, "stories.md": "## story"}, r"stories\.md:1: .* convert core"),
    ],
)
def test_a_folder_that_teaches_nothing_is_named(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(TrainingError, match=message):
        read_training(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no such folder"):
        read_training(tmp_path / "nothing")


def test_a_file_instead_of_a_folder_is_named(folder: Folder) -> None:
    with pytest.raises(TrainingError, match="this is a file"):
        read_training(folder() / "nlu.yml")


def test_a_line_under_two_intents_is_named_with_both_places(folder: Folder) -> None:
    more = "nlu:\n  - intent: book\n    examples:\n      - Good  Morning\n      - a tent\n"
    training = read_training(folder(more=more))
    (contradiction, *_) = training.warnings
    assert '"Good  Morning"' in contradiction
    assert "book (more.yml:4) and greet (nlu.yml:7)" in contradiction
    assert {each.intent for each in training.examples if "orning" in each.text} == {"book", "greet"}


def test_a_line_written_twice_counts_once(folder: Folder) -> None:
    training = read_training(folder(nlu=NLU.replace("good morning", "[Hello](city)")))
    (example,) = (each for each in training.examples if each.intent == "greet")
    assert (example.text, len(example.entities)) == ("Hello", 1)  # the annotated one is kept
    assert '"hello" is 2 times in greet (nlu.yml:5 and nlu.yml:7)' in training.warnings[0]


def test_intents_with_few_examples_are_named_and_large_numbers_of_doubts_are_counted(
    folder: Folder,
) -> None:
    copies = "".join(f"      - line {n}\n" * 2 for n in range(30))
    training = read_training(folder(nlu=NLU.replace("      - hello\n", copies)))
    told = "\n".join(training.warnings)
    assert "10 more lines" in told
    assert "fewer than 5 examples: book (2);" in told


RASA_2_DOMAIN = """\
version: "2.0"
intents: [greet, book]
entities: [city, breakfast, note]
slots:
  city: &text {type: text}
  guests: *text
  breakfast: {type: unfeaturized, auto_fill: false}
  note: {type: text, influence_conversation: false}
forms:
  book_form:
    ignored_intents: greet
    city:
      - type: from_entity
        entity: city
    guests:
      - type: from_text
        not_intent: greet
  breakfast_form:
    required_slots:
      breakfast:
        - type: from_intent
          intent: book
          value: true
responses:
  utter_greet:
    - text: Hello
session_config:
  session_expiration_time: 30
"""


def test_a_rasa_2_domain_is_read_as_rasa_migrates_it(folder: Folder) -> None:
    domain = read_training(folder(domain=RASA_2_DOMAIN)).domain
    assert domain.forms == {
        "book_form": Form("book_form", ("city", "guests"), frozenset({"greet"})),
        "breakfast_form": Form("breakfast_form", ("breakfast",)),
    }
    mappings = {name: slot.mappings for name, slot in domain.slots.items()}
    in_form = (Condition("book_form"),)
    asked = (Condition("book_form", "guests"),)
    assert mappings["city"] == (
        Mapping("from_entity", "city", conditions=in_form),
        Mapping("from_entity", "city"),  # in Rasa 2 an entity fills the slot of its name
    )
    assert mappings["guests"] == (
        Mapping("from_text", not_intents=frozenset({"greet"}), conditions=asked),
    )
    assert [mapping.type for mapping in mappings["breakfast"]] == ["from_intent"]
    assert mappings["note"] == (Mapping("from_entity", "note"),)
    assert domain.slots["breakfast"].type == "any"
    assert domain.raw["forms"]["book_form"] == {
        "required_slots": ["city", "guests"],
        "ignored_intents": "greet",
    }


def test_a_mistake_in_a_rasa_2_form_is_named(folder: Folder) -> None:
    broken = RASA_2_DOMAIN.replace("from_text", "from_txt")
    with pytest.raises(TrainingError, match=r'domain\.yml:16: slot "guests" has a mapping'):
        read_training(folder(domain=broken))


PIECES = (
    *("[", "]", "{", "}", "- ", ":", "\n", "  ", "null", "5", "[a]", "{a: b}", "!!int x", "&a "),
    *(
        "*a",
        "|",
        ">",
        "'",
        '"',
        "\t",
        "#",
        "~",
        "<<: *a",
        "!x ",
        "@",
        "? ",
        "---\n",
        "\0",
        "\u2028",
    ),
)


@given(
    st.sampled_from(["domain", "nlu", "rules", "rasa_2"]),
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 9), st.sampled_from(PIECES)), max_size=3
    ),
)
def test_only_training_errors_come_of_broken_files(
    tmp_path_factory: pytest.TempPathFactory, name: str, edits: list[tuple[int, int, str]]
) -> None:
    contents = {"domain": DOMAIN, "nlu": NLU, "rules": RULES, "rasa_2": RASA_2_DOMAIN}
    for place, length, piece in edits:
        text = contents[name]
        place %= len(text)
        contents[name] = text[:place] + piece + text[place + length :]
    path = tmp_path_factory.mktemp("broken")
    for file, content in contents.items():
        (path / f"{file}.yml").write_text(content, encoding="utf-8")
    with suppress(TrainingError):
        read_training(path)


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
    assert training.warnings == ()
