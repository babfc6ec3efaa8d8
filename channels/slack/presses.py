"""Buttons below our lines: a press is a message of the person who pressed."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Message
from bot.db import Database
from bot.speech import PERSON
from bot.turn import Button
from channels.base import Outgoing
from channels.inbox import Inbound
from channels.outbox import outgoing
from channels.slack.address import Address
from channels.slack.blocks import PRESS, TO_A_PERSON, answered, titles
from channels.slack.chores import Chores
from channels.slack.events import CHANNEL, Named, Ts, microseconds
from channels.slack.reception import Reception
from channels.slack.responses import replace, say
from channels.slack.site import Site
from handoff.transcript import pressed

PRESSED = re.compile(f"^{PRESS}")
TOO_LATE = "That was about an earlier question. Write what you need, and I'll look again."


class Action(BaseModel):
    """A button that was pressed; `value` says which, as `channels.slack.blocks` wrote it."""

    value: Annotated[
        str, StringConstraints(pattern=rf"^\d{{1,18}}:\d{{1,9}}:(\d{{1,3}}|{TO_A_PERSON})$")
    ]
    action_ts: Ts


class Press(BaseModel):
    """What Slack says of a press."""

    user: Named
    actions: list[Action]
    response_url: str = ""


class Presses:
    """Takes presses in, and shows below the line what was pressed."""

    def __init__(
        self, desk: str, database: Database, reception: Reception, site: Site, chores: Chores
    ) -> None:
        self._desk = desk
        self._database = database
        self._reception = reception
        self._site = site
        self._chores = chores

    def take(self, body: dict[str, Any], account: str) -> None:
        """Store what was pressed, unless it means nothing any more: then say so."""
        press = Press.model_validate(body)
        conversation_id, seq, place = press.actions[0].value.split(":")
        found = self._find(int(conversation_id), int(seq), place)
        if found is None:
            return self._chores.add(say(press.response_url, TOO_LATE))
        line, button, is_shared = found
        self._reception.receive(self._inbound(press, line, button), is_shared=is_shared)
        title = titles(line).get(place, button.title)
        self._chores.add(replace(press.response_url, answered(line, self._site, title)))

    def _find(
        self, conversation_id: int, seq: int, place: str
    ) -> tuple[Outgoing, Button, bool] | None:
        """The line, its button, and whether outsiders may see what comes of it: of a press Slack
        doesn't say so, and a thread stays what it was."""
        below = (
            select(Message, Conversation.trusted)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(
                Message.conversation_id == conversation_id,
                Message.seq == seq,
                Message.author == Author.BOT,
                Message.channel == CHANNEL,
            )
        )
        with self._database.read() as session:
            row = session.execute(below).first()
            button = _button(session, conversation_id, seq, place)
        if not row or not button:
            return None
        line = outgoing(row.Message, None, None)
        in_thread = Address.parse(line.address).place is not None
        return line, button, in_thread and not row.trusted

    def _inbound(self, press: Press, line: Outgoing, button: Button) -> Inbound:
        """It is said where the line was."""
        action = press.actions[0]
        return Inbound(
            channel=CHANNEL,
            desk=self._desk,
            sender=press.user.id,
            text=button.title,
            external_id=f"press:{action.value}:{action.action_ts}",
            payload=button.payload,
            account=line.account,
            place=Address.parse(line.address).place,
            address=line.address,
            origin=microseconds(action.action_ts),
        )


def _button(session: Session, conversation_id: int, seq: int, place: str) -> Button | None:
    """The button at that place below the line; None when it means nothing any more."""
    if place == TO_A_PERSON:
        return PERSON
    return pressed(session, conversation_id, seq, int(place))
