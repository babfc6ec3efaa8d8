"""What Rasa's own dialogue makes of conversations. Runs in Rasa's Python, for benchmarks.dialogue.

    python rasa_dialogue.py JOB.json PLAYED.json

A job has a project's domain and training data, the policies, and conversations: of each message
what is understood of it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.model_training import train
from rasa.shared.utils.io import write_yaml


class Silent:
    """In place of an action server; validations accept everything."""

    url = "nowhere"
    kwargs: dict[str, Any] = {}  # noqa: RUF012 - as Rasa's EndpointConfig has it

    async def request(self, **call: Any) -> dict[str, Any]:
        name = call["json"]["next_action"]
        if name == "action_session_start":
            began = [{"event": "session_started"}, {"event": "action", "name": "action_listen"}]
            return {"events": began, "responses": []}
        validates = name.startswith(("validate_", "action_validate_"))
        return {"events": [], "responses": [] if validates else [{"text": f"[{name}]"}]}


def main() -> None:
    asked, played = map(Path, sys.argv[1:])
    job = json.loads(asked.read_text())
    agent = Agent.load(learn(job), action_endpoint=Silent())
    turns = asyncio.run(play_all(agent, job["conversations"]))
    played.write_text(json.dumps(turns, default=str))


def learn(job: dict[str, Any]) -> str:
    config = {
        "recipe": "default.v1",
        "assistant_id": "benchmark",
        "language": "en",
        "pipeline": [{"name": "WhitespaceTokenizer"}],
        "policies": job["policies"],
    }
    write_yaml(config, "config.yml")
    return str(train(job["domain"], "config.yml", job["files"], output=".").model)


async def play_all(agent: Agent, conversations: list[Any]) -> list[Any]:
    return [await play(agent, str(n), messages) for n, messages in enumerate(conversations)]


async def play(agent: Agent, sender: str, messages: list[Any]) -> list[dict[str, Any]]:
    """It ends where Rasa falls back since no rule and no story is sure."""
    turns: list[dict[str, Any]] = []
    seen = 0
    for message in messages:
        said = UserMessage(message["text"], sender_id=sender, parse_data=message)
        await agent.handle_message(said)
        tracker = await agent.tracker_store.retrieve_full_tracker(sender)
        events = [event.as_dict() for event in tracker.events][seen:]
        seen += len(events)
        lost = next((place for place, event in enumerate(events) if is_unsure(event)), None)
        turn = {"events": events[:lost], "lost": lost is not None}
        turn |= {"slots": tracker.current_slot_values(), "form": tracker.active_loop_name}
        turns.append(turn)
        if lost is not None:
            break
    return turns


def is_unsure(event: dict[str, Any]) -> bool:
    return event["event"] == "action" and event["confidence"] not in (None, 1.0)


if __name__ == "__main__":
    main()
