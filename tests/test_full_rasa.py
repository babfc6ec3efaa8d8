"""A full Rasa 3.6.21 uses Firstline's actions, and hands its customers to our people."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.fakes.action_server import action_server
from tests.fakes.full_rasa import full_rasa
from tests.fakes.people import transcript
from tests.fakes.rasa_environment import rasas_python

PROJECT = {
    "config.yml": """
recipe: default.v1
language: en
assistant_id: firstline-test
pipeline: [{name: KeywordIntentClassifier}]
policies: [{name: RulePolicy}]
""",
    "domain.yml": """
version: "3.1"
intents: [greet, ask_person, order_status]
entities: [order_number, email]
slots:
  ticket: {type: any, mappings: [{type: custom}]}
  last_order: {type: any, mappings: [{type: custom}]}
  order_number: {type: any, mappings: [{type: from_entity, entity: order_number}]}
  email: {type: any, mappings: [{type: from_entity, entity: email}]}
responses:
  utter_greet: [{text: "Hello, what can I do?"}]
  utter_handed_over: [{text: "A person takes over. Your ticket is {ticket}."}]
  utter_order_shipped: [{text: "{order} is on its way as {tracking}."}]
actions: [action_hand_over, action_order_status]
""",
    "nlu.yml": """
version: "3.1"
nlu:
- {intent: greet, examples: "- hello\\n- hi"}
- {intent: ask_person, examples: "- person please\\n- a human"}
- {intent: order_status, examples: "- where is my order\\n- track it"}
""",
    "rules.yml": """
version: "3.1"
rules:
- {rule: greet, steps: [{intent: greet}, {action: utter_greet}]}
- {rule: person, steps: [{intent: ask_person}, {action: action_hand_over}]}
- {rule: order, steps: [{intent: order_status}, {action: action_order_status}]}
""",
}
ORDER = '/order_status{"order_number": "LH-204518", "email": "alice@web.example"}'


@pytest.mark.timeout(400)  # Rasa imports TensorFlow twice, on a busy machine
def test_a_full_rasa_runs_our_actions_and_hands_over_once(
    client: TestClient, live: httpx.Client, alice: dict[str, str], data: Path, tmp_path: Path
) -> None:
    rasas_python()
    folder = tmp_path / "assistant"
    folder.mkdir()
    surroundings = {
        "FIRSTLINE_URL": str(live.base_url),
        "FIRSTLINE_TOKEN": alice["Authorization"].removeprefix("Bearer "),
        "FIRSTLINE_DATA": str(data),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    with (
        action_server(folder, "bot.actions", **surroundings) as actions,
        full_rasa(folder, PROJECT, actions) as rasa,
    ):
        [answer] = rasa.says("dave", ORDER)
        assert answer["text"] == "LH-204518 is on its way as SP6308786135GB."

        assert [each["text"] for each in rasa.says("carol", "hello")] == ["Hello, what can I do?"]
        [notice] = rasa.says("carol", "person please")
        assert rasa.says("carol", "person please") == []  # while it waits for a person

        [found] = queued(client, alice)
        assert notice["text"] == f"A person takes over. Your ticket is {found['ticket']['number']}."
        begun = ["hello", "Hello, what can I do?", "person please"]
        assert said(client, alice, found) == begun

        rasa.adds("carol", "resume")
        [again] = rasa.says("carol", "a human")
        assert again["text"] == notice["text"]
        assert queued(client, alice) == [
            found | {"updated_at": queued(client, alice)[0]["updated_at"]}
        ]
        assert said(client, alice, found) == [*begun, notice["text"], "person please", "a human"]


def queued(client: TestClient, agent: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(
        "/api/v1/conversations?state=queued", headers=agent
    ).json()["conversations"]
    return found


def said(client: TestClient, agent: dict[str, str], conversation: dict[str, Any]) -> list[str]:
    """What customer and bot have said."""
    lines = transcript(client, agent, conversation["id"])
    return [line["text"] for line in lines if line["author"] in ("customer", "bot")]
