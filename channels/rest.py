"""Rasa's REST channel: a message in, what the bot says to it out."""

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import bindparam, select

from bot.conversation import MESSAGES, Author, Message, Status
from bot.db import Database
from bot.settings import Settings
from bot.turn import JSON
from channels.inbox import STORABLE, Accepted, Inbound, accept, id_of_sender
from channels.rasa.entries import Said, entries
from handoff.auth import agent_or_none
from handoff.desk import FrontDesk

router = APIRouter()

CHANNEL = "rest"
REPLIES = (
    select(MESSAGES.c.conversation_id, MESSAGES.c.kind, MESSAGES.c.text, MESSAGES.c.content)
    .where(
        MESSAGES.c.conversation_id == bindparam("conversation_id"),
        MESSAGES.c.answers == bindparam("seq"),
        MESSAGES.c.author.in_((Author.BOT.value, Author.SYSTEM.value)),
    )
    .order_by(MESSAGES.c.seq)
)
PATIENCE = 30.0  # seconds that a caller waits for a turn which another worker has begun
LONGEST_SENDER = 150


def _name(sender: Any) -> Any:
    """As Rasa reads it: a number is a name, too, and nobody is "default"."""
    if sender is None:
        return "default"
    return str(sender) if isinstance(sender, int) else sender


Sender = Annotated[
    str,
    BeforeValidator(_name),
    Field(min_length=1, max_length=LONGEST_SENDER, pattern=STORABLE),
]


class Metadata(BaseModel, extra="allow"):
    """What a client may say besides the text. A repeated `message_id` is answered once."""

    desk: str = "customers"
    message_id: str | None = Field(default=None, max_length=150)
    name: str | None = Field(default=None, max_length=200, pattern=STORABLE)


class RestMessage(BaseModel):
    """A message as Rasa's REST channel takes it."""

    sender: Sender = "default"
    message: str
    input_channel: str | None = Field(default=None, max_length=100)
    metadata: Metadata | None = None

    def details(self) -> JSON:
        """What is kept with the message: what its client says of it."""
        said = self.metadata.model_dump(exclude_unset=True) if self.metadata else {}
        found = {"input_channel": self.input_channel, "metadata": said}
        return {name: value for name, value in found.items() if value}


@router.post("/webhooks/rest/webhook", response_model=list[dict[str, Any]], tags=["rasa"])
def rest_webhook(request: Request, body: RestMessage, stream: str = "false") -> Any:
    """Take a message and return what the bot says; nothing while a person has the conversation.

    With `stream=true` the entries come one a line, each a JSON object.
    """
    metadata = body.metadata or Metadata()
    check_desk(request, metadata.desk)
    message_id = metadata.message_id and id_of_sender(body.sender, metadata.message_id)
    accepted = accept(
        request.app.state.database,
        Inbound(
            CHANNEL,
            metadata.desk,
            body.sender,
            body.message,
            message_id,
            name=metadata.name,
            trusted=True,
            details=body.details(),
        ),
        to_answer=True,
    )
    answers = answered(request, accepted, body.sender)
    if stream.lower() == "true":
        lines = (json.dumps(entry) + "\n" for entry in answers)
        return StreamingResponse(lines, media_type="text/event-stream")
    return list(answers)


@router.get("/webhooks/rest/", tags=["rasa"])
def rest_health() -> dict[str, str]:
    """As Rasa's REST channel says that it is there."""
    return {"status": "ok"}


def check_desk(request: Request, desk: str) -> None:
    """404 for a desk that doesn't exist, 403 for a closed one without an agent's token."""
    settings: Settings = request.app.state.settings
    try:
        open_to_all = settings.desk(desk).open
    except KeyError as error:
        raise HTTPException(404, str(error.args[0])) from None
    if not open_to_all and not agent_or_none(request):
        raise HTTPException(
            403, f'The desk "{desk}" is for employees: send `Authorization: Bearer TOKEN`.'
        )


def answered(request: Request, accepted: Accepted, recipient: str) -> Iterator[JSON]:
    """Answer the stored message, or wait until it is; then the entries of what was said."""
    database: Database = request.app.state.database
    front_desk: FrontDesk = request.app.state.front_desk
    if not front_desk.answer(accepted.conversation_id, accepted.lease):
        _wait_until_handled(database, accepted.conversation_id, accepted.seq)
    values = {"conversation_id": accepted.conversation_id, "seq": accepted.seq}
    with database.read() as session:
        lines = session.execute(REPLIES, values).all()
    base = str(request.base_url).rstrip("/")
    for line in lines:
        said = Said(line.conversation_id, line.text, line.content, line.kind)
        yield from entries(said, recipient, base)


def _wait_until_handled(database: Database, conversation_id: int, seq: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with database.read() as session:
            status = session.scalar(
                select(Message.status).where(
                    Message.conversation_id == conversation_id, Message.seq == seq
                )
            )
        if status == Status.HANDLED:
            return
        time.sleep(0.01)
