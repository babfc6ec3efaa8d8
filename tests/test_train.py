"""An installation learns from a folder of one's own."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.knowledge import Encodes
from bot.learning import train
from bot.settings import load_settings
from bot.training import TrainingError
from channels.app import create_app
from channels.setup import initialise
from tests.conftest import run_firstline

NLU = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
    - good morning
- intent: rent_tent
  examples: |
    - I want to rent a tent
    - tent rental please
"""
DOMAIN = """
version: "3.1"
intents: [greet, rent_tent]
responses:
  utter_greet:
  - text: "Hello, camper."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Training data that words only one line, and grades none."""
    folder = tmp_path / "camp"
    folder.mkdir()
    (folder / "nlu.yml").write_text(NLU)
    (folder / "domain.yml").write_text(DOMAIN)
    return folder


def test_own_words_come_first_and_the_shipped_ones_fill_the_gaps(
    data: Path, folder: Path, encoder: Encodes
) -> None:
    trained = train(folder, data, encoder)
    assert trained.examples > 5
    with TestClient(create_app(load_settings(data))) as client:
        assert says(client, "hello") == ["Hello, camper."]
        (answer,) = says(client, "how long is the warranty of a lark device")
        assert "2" in answer
        assert answer.count("Did that help?") == 1


def test_asking_for_a_person_and_danger_are_understood_whatever_one_trains_on(
    data: Path, folder: Path, encoder: Encodes
) -> None:
    train(folder, data, encoder)
    with TestClient(create_app(load_settings(data))) as client:
        for line in ("can I speak to a human please", "there is smoke coming out of the plug"):
            replies = asks(client, line)
            assert replies[-1]["custom"]["kind"] == "handoff"


@pytest.mark.parametrize(
    ("nlu", "domain"),
    [
        ("version: '3.1'\nnlu:\n- intent: [greet\n", DOMAIN),
        ("", DOMAIN),
        ("", ""),
        (NLU, DOMAIN.replace("3.1", "4.0")),
    ],
    ids=["broken", "without examples", "empty", "of another version"],
)
def test_broken_training_data_changes_nothing(
    data: Path, folder: Path, encoder: Encodes, nlu: str, domain: str
) -> None:
    before = (data / "models" / "intents.npz").read_bytes()
    (folder / "nlu.yml").write_text(nlu)
    (folder / "domain.yml").write_text(domain)
    with pytest.raises(TrainingError):
        train(folder, data, encoder)
    assert (data / "models" / "intents.npz").read_bytes() == before
    assert (data / "training" / "rules.yml").exists()


def test_one_intent_with_one_example_is_enough_and_is_warned_of(
    data: Path, folder: Path, encoder: Encodes
) -> None:
    (folder / "nlu.yml").write_text("nlu:\n- intent: greet\n  examples: |\n    - ahoy\n")
    (folder / "domain.yml").write_text(DOMAIN.replace(", rent_tent", ""))
    (warning,) = train(folder, data, encoder).warnings
    assert "greet (1)" in warning
    with TestClient(create_app(load_settings(data))) as client:
        assert says(client, "ahoy") == ["Hello, camper."]


def test_contradictions_are_printed_and_training_goes_on(data: Path, folder: Path) -> None:
    (folder / "more.yml").write_text("nlu:\n- intent: greet\n  examples: ['Tent rental  please']\n")
    ended = run_firstline("train", str(folder), "--data", str(data))
    assert ended.returncode == 0
    assert "greet (more.yml:3) and rent_tent (nlu.yml:12)" in ended.stderr
    assert "Trained on" in ended.stderr


def says(client: TestClient, text: str) -> list[str]:
    return [reply["text"] for reply in asks(client, text)]


def asks(client: TestClient, text: str) -> list[dict[str, Any]]:
    body = {"sender": f"Carol {text}", "message": text}
    replies: list[dict[str, Any]] = client.post("/webhooks/rest/webhook", json=body).json()
    return replies


def test_without_the_demo_a_bot_begins_with_small_talk_people_and_tickets(
    tmp_path: Path, prepared: Path
) -> None:
    data = tmp_path / "fresh"
    data.mkdir()
    (data / "encoder").symlink_to(prepared / "encoder")
    shutil.copytree(prepared / "models", data / "models")  # saves encoding the same lines again
    settings = initialise(data, False, lambda done, total: None)
    assert (settings.demo, settings.company) == (False, "My company")
    with TestClient(create_app(settings)) as client:
        (greeting,) = asks(client, "hello")
        assert greeting["custom"]["kind"] == "smalltalk"
        (asked,) = asks(client, "how is my ticket")
        assert "ticket number" in asked["text"]
        replies = asks(client, "where is my order LH-204518?")
        assert replies[-1]["custom"]["kind"] == "handoff"  # there is no article to answer from
