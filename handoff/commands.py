"""What customers can tell us to do on any channel, whoever has the conversation.

`/link` and `/link 483920` join channels, `/forget` and `/forget yes` erase.
"""

import re

from sqlalchemy.orm import Session

from bot.conversation import Conversation, Message
from handoff import forgetting, linking

COMMAND = re.compile(r"\s*/(link|forget)(?![a-z_])(.*)", re.IGNORECASE | re.DOTALL)
# Elsewhere anybody can write under any name: over REST they choose it, an e-mail's can be forged.
PROVEN = frozenset({"web", "telegram", "slack"})
UNPROVEN = "I can't do that here, where I can't be sure who is writing. Ask me in the chat."
OVERHEARD = "Others may read along here. Send me that in a direct message."


def is_command(message: Message) -> bool:
    """Whether the customer's line is for `reply_to`."""
    return message.kind is None and COMMAND.fullmatch(message.text) is not None


def reply_to(session: Session, conversation: Conversation, message: Message) -> str:
    """Do what the line, which is a command, tells us to; returns what to say about it."""
    command = COMMAND.fullmatch(message.text)
    assert command
    if message.channel not in PROVEN:
        return UNPROVEN
    if "place" in message.content and not message.content.get("direct"):
        return OVERHEARD
    obey = {"link": linking.link, "forget": forgetting.forget}[command[1].lower()]
    return obey(session, conversation, message, command[2].strip())
