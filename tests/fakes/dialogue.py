"""Talks to a dialogue as the engine does where nothing but the dialogue is concerned."""

from bot.dialogue.dialogue import Dialogue
from bot.dialogue.state import DialogueState, Step
from bot.turn import Understanding

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
