"""`firstline rasa check`: what becomes of a project, line by line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes.command import Firstline

PROJECTS = Path(__file__).parent / "rasa_projects"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The pizza project, to change."""
    return Path(shutil.copytree(PROJECTS / "pizza", tmp_path / "pizza"))


def test_what_becomes_of_each_part_is_told_with_its_place(firstline: Firstline) -> None:
    checked = firstline("rasa", "check", PROJECTS / "helpdesk")
    assert (checked.code, checked.err) == (0, "")
    blocks = checked.out.split("\n  ")
    for line in (
        "domain.yml:16: slots: 5 entries",
        "data/faq.yml:2: nlu: 2 entries",
        "config.yml:21: FallbackClassifier: its thresholds count",
        "config.yml:26: RulePolicy: rules and forms run as Rasa defines them",
        "config.yml:13: DIETClassifier: by Firstline's intent classifier and its learned entity "
        "extractor, which train in seconds",
        "config.yml:5: WhitespaceTokenizer: the installation's encoder reads texts as they are",
        "endpoints.yml:2: the environment variable HELPDESK_ACTIONS_URL isn't set, so this is "
        "left out",
        "actions: custom actions: they run in this process, or on the action server",
        "tests/test_stories.yml: test stories: `firstline eval conversations` runs them",
    ):
        assert any(block.split("\n")[0] == line for block in blocks), line
    assert "0 not supported; 2 warnings, 0 errors." in checked.out


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        (
            "config.yml",
            "pipeline:\n- name: SpacyEntityExtractor\n",
            "config.yml:2: SpacyEntityExtractor: annotate these entities in the examples",
        ),
        (
            "config.yml",
            "pipeline:\n- name: moods.Sentiment\n",
            "config.yml:2: moods.Sentiment: code of your own in the pipeline isn't run",
        ),
        (
            "config.yml",
            "policies:\n- name: RulePolicy\n- name: ours.Policy\n",
            "config.yml:3: ours.Policy: policies of your own aren't run",
        ),
        (
            "config.yml",
            "policies: [{name: RulePolicy}, {name: TwoStageFallbackPolicy}]\n",
            "config.yml:1: TwoStageFallbackPolicy: Rasa 3 has none: take FallbackClassifier",
        ),
        ("config.yml", "importers: [{name: ours.Importer}]\n", "config.yml:1: importers: "),
        (
            "endpoints.yml",
            "nlg:\n  url: http://127.0.0.1:5056/nlg\n",
            "endpoints.yml:1: nlg: write the responses into the domain",
        ),
        (
            "credentials.yml",
            "rest:\nours.Fax:\n  number: 5\n",
            "credentials.yml:2: ours.Fax: there is no such channel",
        ),
        ("data/flows.yml", "flows:\n  pay: {}\n", "data/flows.yml:1: flows: flows are of Rasa Pro"),
        (
            "domain/moods.yml",
            "slots:\n  mood:\n    type: moods.MoodSlot\n    mappings: [{type: custom}]\n",
            'domain/moods.yml:3: slot "mood": types of your own',
        ),
        (
            "data/stories/unlikely.yml",
            "stories:\n- story: Odd\n  steps:\n  - intent: track_order\n"
            "  - action: action_unlikely_intent\n  - action: utter_where\n",
            "config.yml:1: UnexpecTEDIntentPolicy: action_unlikely_intent never comes",
        ),
        (
            "data/old.md",
            "## intent:greet\n- hello\n",
            "data/old.md:1: old.md: Rasa 1's format isn't read; `rasa data convert nlu -f yaml`",
        ),
    ],
)
def test_what_is_not_supported_is_told_with_the_mend(
    project: Path, firstline: Firstline, file: str, content: str, told: str
) -> None:
    if "unlikely" in file:
        (project / "config.yml").write_text("language: en\n")
    (project / file).write_text(content)
    checked = firstline("rasa", "check", project)
    assert checked.code == 1
    unsupported = checked.out.partition("Isn't supported\n")[2]
    assert unsupported.startswith(f"  {told}")


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        (
            "data/rules.yml",
            "rules:\n- rule: Odd\n  steps:\n  - intent: greet\n  - action: utter_odd\n",
            "data/rules.yml:5: ",
        ),
        (
            "data/stories/odd.yml",
            "stories:\n- story: Odd\n  steps:\n  - intent: goodbye\n  - action: utter_where\n",
            'data/stories/odd.yml:5: story "Odd" has utter_where come here, but the rule "Say',
        ),
        ("config.yml", "pipeline: pretrained\n", 'config.yml:1: "pipeline" must be a list'),
        ("actions.py", "import rasa_sdk\n\n1 / 0\n", "actions.py:3: "),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_looked_at_all_the_same(
    project: Path, firstline: Firstline, file: str, content: str, told: str
) -> None:
    (project / file).write_text(content)
    checked = firstline("rasa", "check", project)
    assert checked.code == 2
    assert f"Errors\n  {told}" in checked.out
    assert "endpoints.yml:2: tracker_store: by Firstline's database" in checked.out


def test_a_policy_without_any_effect_is_not_needed(project: Path, firstline: Firstline) -> None:
    (project / "config.yml").write_text("language: en\n")  # Rasa's default has it
    checked = firstline("rasa", "check", project)
    assert checked.code == 0
    assert "UnexpecTEDIntentPolicy: no rule or story has action_unlikely_intent" in checked.out


def test_the_same_is_told_as_json(firstline: Firstline) -> None:
    checked = firstline("rasa", "check", PROJECTS / "pizza", "--json")
    told = json.loads(checked.out)
    assert (checked.code, told["warnings"], told["errors"]) == (0, [], [])
    assert {
        "place": "config.yml:20",
        "what": "TEDPolicy",
        "verdict": "replaced",
        "how": "by the longest history that matches; where none does, the knowledge base answers, "
        "and then a person",
    } in told["parts"]


def test_a_folder_without_a_project_is_named(tmp_path: Path, firstline: Firstline) -> None:
    checked = firstline("rasa", "check", tmp_path / "nothing")
    assert checked.code == 2
    assert "there is no such folder" in checked.out


def test_rules_that_contradict_stories_are_not_trained_on(
    project: Path, firstline: Firstline, data: Path
) -> None:
    more = "stories:\n- story: Odd\n  steps:\n  - intent: goodbye\n  - action: utter_where\n"
    (project / "data" / "odd.yml").write_text(more)
    trained = firstline("train", project, "--data", data)
    assert trained.code == 2
    assert 'odd.yml:5: story "Odd" has utter_where come here' in trained.err
    assert (data / "training" / "shop.yml").exists()  # what was learnt before
