"""The commands that customers may type, and what they mean to the desk."""

import json
import re
from typing import NamedTuple

COMMANDS = (
    ("start", "Say hello"),
    ("help", "What I can do"),
    ("human", "Talk to a person"),
    ("status", "How a ticket stands: /status FL-123456"),
    ("link", "Continue a conversation from elsewhere, or get a code for that"),
    ("forget", "Delete what we know about you"),
)
PAYLOADS = {"start": "/greet", "help": "/what_can_you_do", "human": "/talk_to_human"}

_COMMAND = re.compile(r"/(?P<name>\w{1,32})(?:@(?P<bot>\w+))?(?:\s+(?P<argument>.*))?", re.DOTALL)
_LINK_CODE = re.compile(r"[0-9]{6}")


class Command(NamedTuple):
    """A command, and the bot that it is addressed to, if it says so."""

    name: str
    argument: str
    bot: str | None

    @property
    def text(self) -> str:
        """The command as the desk reads it; the link to the bot may carry a code."""
        if self.name == "start" and _LINK_CODE.fullmatch(self.argument):
            return f"/link {self.argument}"
        return f"/{self.name} {self.argument}".strip()

    @property
    def payload(self) -> str | None:
        """What a button that means the same would send; None if the text itself is understood."""
        if self.text.startswith("/link"):
            return None
        if self.name == "status":
            number = json.dumps({"ticket_number": self.argument[:100]}) if self.argument else ""
            return f"/ticket_status{number}"
        return PAYLOADS.get(self.name)


def parse_command(text: str) -> Command | None:
    """The command that the text is; None for any other text."""
    match = _COMMAND.fullmatch(text.strip())
    if not match:
        return None
    return Command(match["name"].lower(), (match["argument"] or "").strip(), match["bot"])
