"""A Rasa project moves into an installation: `init --rasa`, `train PATH`, what becomes of it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.every_desk import examples_every_desk_needs
from bot.knowledge import Floats
from bot.remembered import Remembering
from bot.settings import Settings, load_settings
from bot.trained import load_training
from bot.training import TrainingError, read_training
from channels.setup import initialise_from
from channels.teaching import Taught, teach
from kb_index.build import read_articles_of
from kb_index.manifest import open_build
from tests.fakes.command import Firstline, fails

PROJECTS = Path(__file__).parent / "rasa_projects"
HELPDESK = PROJECTS / "helpdesk"
READ_BY_ACTIONS = {Path("devices.json"), Path("inventory/__init__.py"), Path("actions/models/a.py")}
BESIDE = READ_BY_ACTIONS | {Path("models/rasa.tar.gz"), Path(".git/HEAD"), Path("venv/pyvenv.cfg")}


@pytest.fixture(scope="module")
def moved(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Taught]:
    """The help desk, in German, moved in. Nothing may be written there."""
    project = Path(shutil.copytree(HELPDESK, tmp_path_factory.mktemp("german") / "helpdesk"))
    config = project / "config.yml"
    config.write_text(config.read_text().replace("language: en", "language: de"))
    for file in BESIDE:
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).touch()
    data = tmp_path_factory.mktemp("moved")
    (data / "encoder").symlink_to(prepared / "encoder")
    (data / "models").mkdir()
    with_lines = prepared / "models" / "lines.npz"
    if with_lines.exists():  # encoded once for all tests
        shutil.copy(with_lines, data / "models")
    return initialise_from(project, data)


@pytest.fixture
def settings(moved: tuple[Settings, Taught], tmp_path: Path) -> Settings:
    """The help desk, moved in, to do anything with."""
    data = shutil.copytree(moved[0].data, tmp_path / "data", symlinks=True)
    return load_settings(Path(data))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The help desk's project, to change."""
    return Path(shutil.copytree(HELPDESK, tmp_path / "helpdesk"))


def articles(settings: Settings) -> dict[str, tuple[str, str]]:
    folder, _ = open_build(settings.data / "index")
    return {each.id: (each.title, each.text) for each in read_articles_of(folder)}


def test_everything_that_was_trained_on_is_kept_where_it_lay(
    moved: tuple[Settings, Taught],
) -> None:
    kept = moved[0].data / "training"
    files = {path.relative_to(HELPDESK) for path in HELPDESK.rglob("*") if path.is_file()}
    files = {path for path in files if "__pycache__" not in path.parts}
    assert {path.relative_to(kept) for path in kept.rglob("*") if path.is_file()} == {
        *files,
        *READ_BY_ACTIONS,
        Path("frustration.yml"),
    }
    before, after = read_training(HELPDESK), read_training(kept)
    assert [each.text for each in after.examples] == [each.text for each in before.examples]
    assert after.domain.raw == before.domain.raw
    assert after.actions == kept / "actions"
    assert after.warnings == before.warnings


def test_files_with_secrets_are_for_their_owner_only(moved: tuple[Settings, Taught]) -> None:
    kept = moved[0].data / "training"
    for name in ("credentials.yml", "endpoints.yml"):
        assert (kept / name).stat().st_mode & 0o777 == 0o600
    assert (kept / "domain.yml").stat().st_mode & 0o044


def test_retrieval_intents_become_articles(moved: tuple[Settings, Taught]) -> None:
    assert articles(moved[0]) == {
        "faq.opening_hours": (
            "When are you open",
            "The help desk is open from 8 to 18, Monday to Friday.",
        ),
        "faq.reset_password": (
            "How do I reset my password",
            "Choose **Forgot password** on the sign-in page.",
        ),
    }


def test_a_project_says_its_own_lines_and_asks_nothing_in_the_demos_words(
    moved: tuple[Settings, Taught],
) -> None:
    responses = load_training(moved[0]).domain.responses
    assert responses["utter_greet"][1].text == "Hello, this is the help desk."
    assert "utter_handoff_queued" in responses
    assert "utter_ask_which_order" not in responses


def test_the_operator_is_told_what_to_set_and_sees_no_secret(
    moved: tuple[Settings, Taught],
) -> None:
    taught = moved[1]
    advice = "\n".join(taught.advice)
    assert "FIRSTLINE_TELEGRAM_TOKEN (its access_token)" in advice
    assert "FIRSTLINE_SLACK_SIGNING_SECRET (its slack_signing_secret)" in advice
    assert "xoxb-acme" not in advice + "".join(taught.warnings)
    assert taught.articles == 2


def test_training_again_updates_and_forgets_articles_of_the_project_only(
    settings: Settings, project: Path, firstline: Firstline, tmp_path: Path
) -> None:
    own = tmp_path / "own.md"
    own.write_text("---\nid: faq.printers\n---\n# Printers\n\nThey are on floor 2.\n")
    assert firstline("kb", "import", own, "--data", settings.data).code == 0
    faq = project / "data" / "faq.yml"
    text = faq.read_text().replace("8 to 18", "9 to 17")
    text = text.replace("faq/reset_password", "faq/printers").replace("password", "printer")
    faq.write_text(text)
    assert firstline("train", project, "--data", settings.data).code == 0
    assert articles(settings) == {
        "faq.opening_hours": (
            "When are you open",
            "The help desk is open from 9 to 17, Monday to Friday.",
        ),
        "faq.printers": ("Printers", "# Printers\n\nThey are on floor 2."),
    }


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (
            "data/rules.yml",
            "rules:\n- rule: Odd\n  steps:\n  - intent: greet\n  - action: utter_x\n",
        ),
        ("data/old.md", "## intent:greet\n- hello\n"),
        ("config.yml", "pipeline: supervised_embeddings\n"),
    ],
)
def test_a_broken_project_leaves_what_served_before(
    settings: Settings, project: Path, file: str, content: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in settings.data.rglob("*")}
    (project / file).write_text(content)
    with pytest.raises(TrainingError):
        teach(settings, project)
    assert {path: path.stat().st_mtime_ns for path in settings.data.rglob("*")} == before


def test_a_broken_project_prepares_nothing(
    project: Path, tmp_path: Path, firstline: Firstline
) -> None:
    (project / "domain.yml").write_text("intents: greet\n")
    outcome = firstline("init", "--rasa", project, "--data", tmp_path / "fresh")
    fails(outcome, 2, "domain.yml:1", '"intents" must be a list')
    assert not (tmp_path / "fresh").exists()


@pytest.mark.parametrize("inside", ["data", "data/firstline", "actions"])
def test_the_projects_own_folders_are_no_data_directory(
    project: Path, firstline: Firstline, inside: str
) -> None:
    before = sorted(project.rglob("*"))
    fails(firstline("init", "--rasa", project, "--data", project / inside), 2, "another --data")
    assert sorted(project.rglob("*")) == before


def test_the_demo_and_a_project_exclude_each_other(tmp_path: Path, firstline: Firstline) -> None:
    command = ("init", "--demo", "--rasa", HELPDESK, "--data", tmp_path / "fresh")
    fails(firstline(*command), 2, "--rasa", "--demo")


def test_the_desk_speaks_the_projects_language(moved: tuple[Settings, Taught]) -> None:
    settings, taught = moved
    assert settings.desks["customers"].languages == ["de"]
    assert any('for "de" set a multilingual model' in each for each in taught.advice)


def test_small_talk_is_no_part_of_a_project_and_its_lines_stay_its_own(project: Path) -> None:
    needed = examples_every_desk_needs(read_training(project))
    assert {each.intent for each in needed} == {"talk_to_human", "safety_emergency"}
    taken = next(each.text for each in needed if each.intent == "talk_to_human")
    nlu = project / "data" / "more.yml"
    nlu.write_text(f"nlu:\n- intent: inform\n  examples: ['{taken.upper()}']\n")
    assert taken not in {each.text for each in examples_every_desk_needs(read_training(project))}


class Counting:
    """An encoder that counts what it encodes."""

    name, dimension = "counting", 2

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.encoded += texts
        return np.array([[len(text), 1] for text in texts], np.float32)


def test_training_again_encodes_only_what_is_new(tmp_path: Path) -> None:
    encoder, path = Counting(), tmp_path / "lines.npz"
    first = Remembering(encoder, path)
    first.encode(["hello", "ciao", "hello"])
    first.save()
    again = Remembering(encoder, path)
    assert again.encode(["ciao", "bye"]).tolist() == [[4, 1], [3, 1]]
    again.save()
    Remembering(encoder, path).encode(["hello"])  # nobody asked for it the last time
    assert encoder.encoded == ["hello", "ciao", "bye", "hello"]
    path.write_bytes(b"damaged")
    assert Remembering(encoder, path).encode(["bye"]).tolist() == [[3, 1]]


def test_what_is_logged_meanwhile_does_not_disturb_results(
    settings: Settings, firstline: Firstline
) -> None:
    config = settings.data / "training" / "config.yml"
    away = "- name: DucklingEntityExtractor\n    url: http://127.0.0.1:9\npolicies:"
    config.write_text(config.read_text().replace("policies:", f"  {away}", 1))
    done = firstline("eval", "conversations", HELPDESK / "tests", "--data", settings.data, "--json")
    assert json.loads(done.out)["conversations"] > 0
    assert "duckling doesn't answer" in done.err
