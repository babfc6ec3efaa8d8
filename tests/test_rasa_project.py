"""A Rasa project is read as its folder lies there."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Condition, Mapping
from bot.project.config import Duckling, NluFallback, RegexEntities, RulePolicy
from bot.project.credentials import Slack, SocketIO, Telegram
from bot.training import Training, TrainingError, read_training
from bot.turn import Button

PROJECTS = Path(__file__).parent / "rasa_projects"


@pytest.fixture(scope="module")
def pizza() -> Training:
    return read_training(PROJECTS / "pizza")


@pytest.fixture(scope="module")
def helpdesk() -> Training:
    return read_training(PROJECTS / "helpdesk")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The pizza project, to change."""
    return Path(shutil.copytree(PROJECTS / "pizza", tmp_path / "pizza"))


def test_a_domain_over_several_files_and_data_in_folders_are_one_project(pizza: Training) -> None:
    assert pizza.warnings == ()
    assert {"greet", "order_pizza"} <= set(pizza.domain.intents)
    assert {"utter_greet", "utter_vegan"} <= set(pizza.domain.responses)
    assert {rule.name for rule in pizza.rules} >= {"Greet at the start"}
    assert {story.name for story in pizza.stories} >= {"Vegans", "Where is it"}
    assert pizza.domain.session_minutes == 0


def test_test_stories_are_no_training_data(pizza: Training, project: Path) -> None:
    (project / "data" / "test_more.yml").write_text("stories: [{story: Odd, steps: [odd]}]")
    (project / "test_stories.yml").write_text("stories: [{story: Odd, steps: [odd]}]")
    names = [story.name for story in read_training(project).stories]
    assert names == [story.name for story in pizza.stories]
    assert not any("Alice" in story.name for story in pizza.stories)


def test_what_is_no_data_of_the_project_is_left_alone(pizza: Training, project: Path) -> None:
    for folder in ("models", "results", ".rasa", "data/.cache", "venv"):
        (project / folder).mkdir()
        (project / folder / "odd.yml").write_text("nlu: odd")
    (project / "venv" / "pyvenv.cfg").touch()
    (project / "docker-compose.yml").write_text("services: [odd]")
    assert read_training(project).examples == tuple(
        example.__class__(
            example.text,
            example.intent,
            example.entities,
            project / example.path.relative_to(PROJECTS / "pizza"),
            example.line,
        )
        for example in pizza.examples
    )


def test_a_domain_file_comes_before_a_domain_folder_as_in_rasa(project: Path) -> None:
    (project / "domain.yaml").write_text("intents: [greet]\n")
    with pytest.raises(TrainingError, match="is unknown"):
        read_training(project)


def test_slots_of_every_type_are_read_with_their_mappings(pizza: Training) -> None:
    slots = pizza.domain.slots
    assert [(slot.name, slot.type, slot.influences) for slot in slots.values()] == [
        ("pizza", "text", False),
        ("second_pizza", "text", False),
        ("size", "categorical", False),
        ("city", "text", False),
        ("quantity", "float", False),
        ("toppings", "list", False),
        ("vegan", "bool", True),
        ("note", "any", False),
        ("ordered", "bool", False),
    ]
    assert slots["size"].values == ("small", "medium", "large")
    assert (slots["quantity"].minimum, slots["quantity"].maximum) == (1, 20)
    assert slots["ordered"].initial_value is False
    assert slots["pizza"].mappings[0] == Mapping("from_entity", "pizza", group="1")
    assert slots["city"].mappings == (
        Mapping("from_entity", "city", role="delivery"),
        Mapping("from_entity", "city", conditions=(Condition("pizza_form", "city"),)),
    )
    assert slots["vegan"].mappings == (
        Mapping(
            "from_intent",
            value=True,
            intents=frozenset({"ask_vegan"}),
            conditions=(Condition(None),),
        ),
    )
    assert slots["ordered"].mappings[0].type == "from_trigger_intent"


def test_what_intents_hear_of_entities_is_read(pizza: Training) -> None:
    every = {"pizza", "size", "city", "topping", "number"}
    unheard = pizza.domain.unheard
    assert unheard["greet"] == every
    assert unheard["ask_vegan"] == {"city", "number"}
    assert unheard["inform"] == unheard["nlu_fallback"] == {"number"}


def test_responses_with_all_that_rasa_has_are_read(pizza: Training) -> None:
    responses = pizza.domain.responses
    assert [each.channel for each in responses["utter_greet"]] == [None, "telegram"]
    assert responses["utter_greet"][0].image == "https://pronto.example/oven.jpg"
    assert responses["utter_confirm"][0].condition == {"size": "large"}
    assert responses["utter_baking"][0].custom == {"type": "timer", "minutes": 20}
    assert responses["utter_vegan"][0].custom == {
        "attachment": {"type": "file", "payload": {"src": "https://pronto.example/menu.pdf"}}
    }
    large = Button("Large", '/inform{"size": "large"}')
    assert responses["utter_ask_size"][0].buttons == (large,)


def test_roles_and_groups_are_read_from_annotations(pizza: Training) -> None:
    (both,) = (each for each in pizza.examples if "the capital" in each.text)
    assert both.text == "bring a pizza from Hamburg to the capital"
    assert [(each.entity, each.role, each.value) for each in both.entities] == [
        ("city", "pickup", "Hamburg"),
        ("city", "delivery", "Berlin"),
    ]
    (two,) = (each for each in pizza.examples if "marinara" in each.text)
    assert [each.group for each in two.entities] == ["1", "1", "2", "2"]


def test_the_configuration_says_what_counts_here(pizza: Training, helpdesk: Training) -> None:
    assert pizza.config is not None
    assert pizza.config.fallback == NluFallback(0.5, 0.1)
    assert pizza.config.max_history == 6
    assert pizza.config.regexes == RegexEntities()
    assert (pizza.config.learned_entities, pizza.config.synonyms) == (True, True)
    assert helpdesk.config is not None
    assert helpdesk.config.rules == RulePolicy(core_fallback_threshold=0.4)
    assert helpdesk.config.regexes == RegexEntities(use_word_boundaries=False)
    assert helpdesk.config.max_history == 5


def test_without_a_pipeline_rasas_default_counts(project: Path) -> None:
    (project / "config.yml").write_text("language: de\npipeline:\npolicies: []\n")
    config = read_training(project).config
    assert config is not None
    assert (config.language, config.fallback, config.max_history) == ("de", NluFallback(), 5)
    assert config.regexes is None
    (project / "config.yml").unlink()
    assert read_training(project).config is None


def test_entity_extractors_are_read_with_their_options(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKLING", "http://127.0.0.1:8000")
    (project / "config.yml").write_text(
        "pipeline:\n"
        "- name: rasa.nlu.classifiers.diet_classifier.DIETClassifier\n"
        "  entity_recognition: false\n"
        "- {name: DucklingEntityExtractor, url: '${DUCKLING}', dimensions: [time, number]}\n"
        "- {name: SpacyEntityExtractor, dimensions: [PERSON]}\n"
        "- {name: sentiment.Analyser, scale: 5}\n"
    )
    config = read_training(project).config
    assert config is not None
    assert config.duckling == Duckling("http://127.0.0.1:8000", ("time", "number"))
    assert (config.spacy, config.learned_entities, config.fallback) == (("PERSON",), False, None)
    assert [each.name for each in config.pipeline if each.is_own] == ["sentiment.Analyser"]


def test_endpoints_and_credentials_take_their_secrets_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HELPDESK_ACTIONS_URL", "http://127.0.0.1:5055/webhook")
    monkeypatch.setenv("HELPDESK_TELEGRAM_TOKEN", "1:secret")
    helpdesk = read_training(PROJECTS / "helpdesk")
    action = helpdesk.endpoints.action_endpoint
    assert action is not None
    assert (action.url, action.headers) == (
        "http://127.0.0.1:5055/webhook",
        {"X-Team": "helpdesk"},
    )
    credentials = helpdesk.credentials
    assert credentials.rest
    assert credentials.callback is not None
    assert credentials.callback.url == "http://127.0.0.1:5034/bot"
    assert credentials.telegram == Telegram(
        "1:secret", "acme_helpdesk_bot", "https://acme.example/webhooks/telegram/webhook"
    )
    assert credentials.slack == Slack("xoxb-acme", "#helpdesk", "signed")
    assert "secret" not in repr(credentials)
    assert helpdesk.warnings == ()


def test_a_variable_that_is_not_set_leaves_its_setting_out(helpdesk: Training) -> None:
    assert helpdesk.endpoints.action_endpoint is None
    warnings = "\n".join(helpdesk.warnings)
    assert "endpoints.yml:2: the environment variable HELPDESK_ACTIONS_URL isn't set" in warnings
    assert "HELPDESK_DATABASE" not in warnings  # the tracker store isn't needed here


def test_socket_io_has_rasas_defaults(pizza: Training) -> None:
    assert pizza.credentials.socketio == SocketIO(session_persistence=True)
    assert pizza.credentials.telegram is None


def test_retrieval_intents_are_read_with_their_responses(helpdesk: Training) -> None:
    assert helpdesk.domain.retrieval == {"faq"}
    assert "faq" in helpdesk.domain.intents
    intents = {each.intent for each in helpdesk.examples}
    assert {"faq/opening_hours", "faq/reset_password"} <= intents
    assert "utter_faq/opening_hours" in helpdesk.domain.responses
    assert "utter_faq" in helpdesk.domain.raw["actions"]
    assert helpdesk.domain.knows_action("utter_faq")


def test_the_actions_are_found(helpdesk: Training, pizza: Training, project: Path) -> None:
    assert helpdesk.actions == PROJECTS / "helpdesk" / "actions"
    assert pizza.actions is None
    (project / "actions.py").touch()
    assert read_training(project).actions == project / "actions.py"


def test_an_action_server_gets_the_domain_as_rasa_sends_it(pizza: Training) -> None:
    raw = pizza.domain.raw
    assert raw["version"] == "3.1"
    assert raw["intents"][0] == "affirm"  # sorted, as Rasa has it
    assert {"ask_vegan": {"ignore_entities": ["city"]}} in raw["intents"]
    assert {"city": {"roles": ["delivery", "pickup"]}} in raw["entities"]
    assert raw["forms"]["pizza_form"]["ignored_intents"] == ["greet", "thank"]
    assert raw["slots"]["quantity"]["min_value"] == 1
    assert raw["session_config"]["session_expiration_time"] == 0
    assert raw["actions"] == ["utter_confirm"]


DOMAIN = """\
version: "3.1"
intents: [greet, {ask: {use_entities: [city]}}]
entities: [city]
slots:
  city:
    type: text
    mappings:
      - type: controlled
  mood:
    type: moods.MoodSlot
    mappings: [{type: custom, action: action_mood}]
  note:
    type: rasa.shared.core.slots.TextSlot
    mappings: []
forms:
  empty_form:
    required_slots: []
responses:
  utter_greet: [{text: Hello}]
actions: [action_hello: {send_domain: true}, action_mood]
e2e_actions: ["Hello there, friend"]
config: {store_entities_as_slots: false}
"""
NLU = "nlu:\n- intent: greet\n  examples: |\n    - hello\n- intent: ask\n  examples: |\n    - why\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of two files."""
    (tmp_path / "data").mkdir()
    (tmp_path / "domain.yml").write_text(DOMAIN)
    (tmp_path / "data" / "nlu.yml").write_text(NLU)
    return tmp_path


def test_the_rarer_parts_of_a_domain_are_read(small: Path) -> None:
    training = read_training(small)
    domain = training.domain
    assert domain.slots["city"].mappings == (Mapping("custom"),)
    assert domain.slots["mood"].mappings == (Mapping("custom", action="action_mood"),)
    assert (domain.slots["mood"].type, domain.slots["mood"].influences) == ("any", False)
    assert (domain.slots["note"].type, domain.slots["note"].influences) == ("text", True)
    assert domain.forms["empty_form"].required_slots == ()
    assert domain.actions == ("action_hello", "action_mood")
    assert domain.raw["e2e_actions"] == ["Hello there, friend"]
    assert domain.raw["config"] == {"store_entities_as_slots": False}
    (own_type,) = (each for each in training.warnings if "moods.MoodSlot" in each)
    assert own_type.startswith("domain.yml:10: ")


def test_responses_may_lie_with_the_data_and_conflicts_name_both_places(small: Path) -> None:
    more = "responses:\n  utter_greet: [{text: Ciao}]\n  utter_bye: [{text: Bye}]\n"
    (small / "data" / "responses.yml").write_text(more)
    training = read_training(small)
    assert training.domain.responses["utter_greet"][0].text == "Ciao"
    assert "utter_bye" in training.domain.responses
    (conflict,) = (each for each in training.warnings if "too" in each)
    assert conflict.startswith('data/responses.yml:2: "utter_greet"')
    assert "domain.yml:19" in conflict


@pytest.mark.parametrize(
    ("wrong", "right", "line", "message"),
    [
        ("required_slots: []", "required_slots: [town]", 16, 'the slot "town"'),
        ("- type: controlled", "- type: from_intent", 8, 'has a "value"'),
        (
            "{type: custom, action",
            "{type: from_text, conditions: [{active_loop: a_form}], action",
            9,
            'the form "a_form"',
        ),
        ("intents: [greet,", "intents: [greet, greet,", 2, '"greet" is there twice'),
        ("actions: [", "actions: [action_mood, ", 20, '"action_mood" is there twice'),
        ("entities: [city]", "entities: [city: ]", 3, "nothing after the colon"),
        ("[{text: Hello}]", "[{channel: slack}]", 19, "without text"),
        ("[{text: Hello}]", "[{custom: [1]}]", 19, '"custom" maps names'),
        ("type: text", "type: any\n    influence_conversation: true", 7, "never influences"),
        ("type: text", "type: float\n    min_value: 9", 5, "less than max_value"),
        ("config: {", "session_config: {session_expiration_time: -1}\nconfig: {", 22, "minutes"),
    ],
)
def test_what_rasa_refuses_is_refused(
    small: Path, wrong: str, right: str, line: int, message: str
) -> None:
    (small / "domain.yml").write_text(DOMAIN.replace(wrong, right))
    with pytest.raises(TrainingError, match=message) as raised:
        read_training(small)
    assert (raised.value.path.name, raised.value.line) == ("domain.yml", line)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.yml", "pipeline: supervised_embeddings\n", '"pipeline" must be a list'),
        ("config.yml", "pipeline: [{epochs: 5}]\n", "begins with"),
        ("config.yml", "pipeline: [{name: FallbackClassifier, threshold: low}]", "is a float"),
        ("endpoints.yml", "action_endpoint: {url: localhost}\n", "must begin with http"),
        ("endpoints.yml", "action_endpoint: [5055]\n", "needs a url"),
        ("credentials.yml", "callback: here\n", "needs a url"),
        ("data/old.md", "Notes\n\n## intent:greet\n- hello\n", "old.md:3: .* convert nlu"),
        ("data/core/old.md", "## happy\n* greet\n  - utter_greet\n", "convert core"),
        ("data/core/old.md", "## ask hours\n* faq/hours\n  - from 8\n", "convert nlg"),
        ("data/old.json", '{"rasa_nlu_data": {}}', "convert nlu"),
        ("domain.yml", "intents: [greet]\ntemplates: {}\n", 'write "responses:"'),
    ],
)
def test_mistakes_beside_the_training_data_are_named(
    small: Path, file: str, content: str, message: str
) -> None:
    (small / file).parent.mkdir(exist_ok=True)
    (small / file).write_text(content)
    with pytest.raises(TrainingError, match=message) as raised:
        read_training(small)
    assert raised.value.path == small / file


def test_a_read_me_with_headings_is_no_old_data(small: Path) -> None:
    (small / "data" / "README.md").write_text("## Files\n* nlu.yml\n  - the examples\n")
    assert read_training(small).examples


DAMAGE = ("", "[", "{", "}", "- ", ": ", "\n", "  ", "null", "5", "[a]", "{a: b}", "!!int x", "\t")
FILES = [
    path.relative_to(PROJECTS)
    for path in sorted(PROJECTS.rglob("*.yml"))
    if path.parent.name != "tests"
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 12), st.sampled_from(DAMAGE)),
        min_size=1,
        max_size=3,
    ),
)
def test_damage_to_a_project_only_ever_gives_training_errors(
    tmp_path_factory: pytest.TempPathFactory, file: Path, edits: list[tuple[int, int, str]]
) -> None:
    project = tmp_path_factory.mktemp("damaged") / file.parts[0]
    shutil.copytree(PROJECTS / file.parts[0], project)
    damaged = project.parent / file
    text = damaged.read_text()
    for place, length, piece in edits:
        place %= max(len(text), 1)
        text = text[:place] + piece + text[place + length :]
    damaged.write_text(text)
    with suppress(TrainingError):
        read_training(project)
    shutil.rmtree(project)
