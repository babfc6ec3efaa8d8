"""Talks to a dialogue as the engine does where nothing but the dialogue is concerned."""

import json
from dataclasses import asdict
from pathlib import Path

import yaml

from bot.action_runner.ran import Ran
from bot.dialogue.dialogue import Dialogue
from bot.dialogue.state import DialogueState, Step
from bot.training import Training, read_training
from bot.turn import JSON, Entity, Understanding

SURE = 0.5


def advance(
    dialogue: Dialogue,
    state: DialogueState,
    heard: Understanding,
    sender: str = "alice",
    desk: str = "customers",
) -> Step:
    """Take a message in and go where it leads."""
    course = dialogue.hear(state, heard, sender=sender, desk=desk)
    return course.follow(heard.confidence >= SURE)


def training_of(folder: Path, project: str) -> Training:
    """What a project written in one file is read as; each intent has its name as an example."""
    (folder / "all.yml").write_text(project, encoding="utf-8")
    intents: list[str] = yaml.safe_load(project)["intents"]
    examples = "".join(f"- {{intent: {name}, examples: ['{name}']}}\n" for name in intents)
    (folder / "nlu.yml").write_text(f"nlu:\n{examples}", encoding="utf-8")
    return read_training(folder)


def heard(intent: str, text: str = "", confidence: float = 1.0, **entities: str) -> Understanding:
    """A message that was understood like this."""
    found = tuple(Entity(name, value, 0, 1, "test") for name, value in entities.items())
    return Understanding(text or intent, intent, confidence, (), found)


def texts(step: Step) -> list[str]:
    """What is said in a step."""
    return [reply.text for reply in step.replies]


class Nothing:
    """Actions that do nothing."""

    def run(self, name: str, tracker: JSON) -> Ran:
        return Ran((), ())


class Talk:
    """One customer's conversation. Its state goes through JSON between the messages."""

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue
        self.state = DialogueState()

    def says(self, intent: str, text: str = "", **entities: str) -> list[str]:
        """Say something that is surely understood as `intent`; returns the answers."""
        return texts(self.step(heard(intent, text, 1.0, **entities)))

    def step(self, message: Understanding) -> Step:
        step = advance(self.dialogue, self.state, message)
        self.state = DialogueState(**json.loads(json.dumps(asdict(step.state))))
        return step
