"""Asking by command or shortcut, where the app isn't spoken to: only the asker sees the answer."""

from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints

from channels.inbox import Inbound
from channels.slack.address import Address
from channels.slack.chores import Chores
from channels.slack.events import CHANNEL, Id, Named, Post, Ts, microseconds
from channels.slack.mrkdwn import escape
from channels.slack.plain import plain
from channels.slack.reception import Reception
from channels.slack.responses import say

ASK_COMMAND = "/ask"
# Slack takes what begins with a slash for a command of an app's: these are the desk's own.
DESK_COMMANDS = ("/link", "/forget")
ASK_SHORTCUT = "ask_firstline"
TICKET_SHORTCUT = "make_ticket"

HELP = f"Ask like this: `{ASK_COMMAND} how do I reset my password?` Only you see the answer."
WORDLESS = "There are no words in that message that I could read."
QUOTE = 200  # characters of a question that are said back


class Command(BaseModel):
    """A slash command. `trigger_id` is new for each."""

    user_id: Id
    channel_id: Id
    trigger_id: Annotated[str, StringConstraints(pattern=r"^[\w.]{1,150}$")]
    command: str
    text: str = ""


class Workspace(Named):
    domain: str = ""


class Shortcut(BaseModel):
    """An entry of a message's menu that was chosen."""

    user: Named
    team: Workspace
    channel: Named
    message: Post
    message_ts: Ts
    action_ts: Ts
    response_url: str

    @property
    def text(self) -> str:
        return plain(self.message.text or "") or plain(self.message.forwarded)

    @property
    def link(self) -> str:
        """Where the message can be read, by those who may."""
        place = f"archives/{self.channel.id}/p{self.message_ts.replace('.', '')}"
        return f"https://{self.team.domain}.slack.com/{place}"


class Asking:
    def __init__(self, desk: str, reception: Reception, chores: Chores) -> None:
        self._desk = desk
        self._reception = reception
        self._chores = chores

    def ask(self, body: dict[str, Any], account: str) -> str:
        """A question by `/ask`; returns what to say at once."""
        command = Command.model_validate(body)
        text = plain(command.text)
        if not text:
            return HELP
        self._take(command, account, text)
        return f"You asked: {escape(text[:QUOTE])}"

    def pass_on(self, body: dict[str, Any], account: str) -> None:
        """A command of the desk's, as if it had been written."""
        command = Command.model_validate(body)
        self._take(command, account, f"{command.command} {plain(command.text)}".strip())

    def about_message(self, body: dict[str, Any], account: str) -> None:
        """The text of a message as one's own question."""
        shortcut = Shortcut.model_validate(body)
        if not shortcut.text:
            return self._chores.add(say(shortcut.response_url, WORDLESS))
        self._act_on(shortcut, account, shortcut.text)

    def make_ticket(self, body: dict[str, Any], account: str) -> None:
        """A message for a person to look at."""
        shortcut = Shortcut.model_validate(body)
        text = f"{shortcut.text}\n\n{shortcut.link}".strip()
        self._act_on(shortcut, account, text, "/talk_to_human")

    def _take(self, command: Command, account: str, text: str) -> None:
        where = Address(command.channel_id, user=command.user_id)
        self._receive(account, where, text, f"command:{command.trigger_id}")

    def _act_on(
        self, shortcut: Shortcut, account: str, text: str, payload: str | None = None
    ) -> None:
        where = Address(shortcut.channel.id, user=shortcut.user.id)
        key = f"shortcut:{shortcut.user.id}:{shortcut.action_ts}"
        origin = microseconds(shortcut.action_ts)
        self._receive(account, where, text, key, payload=payload, origin=origin)

    def _receive(self, account: str, where: Address, text: str, key: str, **more: Any) -> None:
        """It belongs to the person's own conversation, wherever they asked."""
        assert where.user
        self._reception.receive(
            Inbound(
                channel=CHANNEL,
                desk=self._desk,
                sender=where.user,
                text=text,
                external_id=key,
                account=account,
                address=str(where),
                **more,
            )
        )
