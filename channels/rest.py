"""Rasa's REST channel and /model/parse, so that clients made for Rasa work as they are."""

import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import Row, bindparam, select

from bot.conversation import MESSAGES, Author, Message, Status
from bot.db import Database
from bot.engine import Engine
from bot.settings import Settings
from channels.inbox import STORABLE, Inbound, accept, clean, id_of_sender
from handoff.auth import agent_or_none
from handoff.desk import FrontDesk

router = APIRouter()

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


class Metadata(BaseModel, extra="allow"):
    """What a client may say besides the text. A repeated `message_id` is answered once."""

    desk: str = "customers"
    message_id: str | None = Field(default=None, max_length=150)
    name: str | None = Field(default=None, max_length=200, pattern=STORABLE)


class RestMessage(BaseModel):
    """A message as Rasa's REST channel takes it."""

    sender: str = Field(default="default", min_length=1, max_length=150, pattern=STORABLE)
    message: str
    metadata: Metadata | None = None


class ParseRequest(BaseModel):
    """A text to be understood; nothing is stored."""

    text: str


@router.post("/webhooks/rest/webhook")
def rest_webhook(request: Request, body: RestMessage) -> list[dict[str, Any]]:
    """Take a message and return what the bot says; nothing while a person has the conversation."""
    metadata = body.metadata or Metadata()
    check_desk(request, metadata.desk)
    database: Database = request.app.state.database
    message_id = metadata.message_id and id_of_sender(body.sender, metadata.message_id)
    accepted = accept(
        database,
        Inbound(
            "rest",
            metadata.desk,
            body.sender,
            body.message,
            message_id,
            name=metadata.name,
            trusted=True,
        ),
        to_answer=True,
    )
    front_desk: FrontDesk = request.app.state.front_desk
    if not front_desk.answer(accepted.conversation_id, accepted.lease):
        _wait_until_handled(database, accepted.conversation_id, accepted.seq)
    url = str(request.base_url).rstrip("/")
    return [
        _as_rasa(message, body.sender, url)
        for message in _replies(database, accepted.conversation_id, accepted.seq)
    ]


@router.get("/webhooks/rest/")
def rest_health() -> dict[str, str]:
    """As Rasa's REST channel says that it is there."""
    return {"status": "ok"}


@router.post("/model/parse")
def parse(request: Request, body: ParseRequest) -> dict[str, Any]:
    """What the bot makes of a text: intent, entities and how frustrated it sounds."""
    engine: Engine = request.app.state.engine
    heard, vector = engine.understand(clean(body.text))
    ranking = [{"name": name, "confidence": confidence} for name, confidence in heard.ranking]
    return {
        "text": heard.text,
        "intent": ranking[0],
        "intent_ranking": ranking,
        "entities": [
            {
                "entity": entity.entity,
                "value": entity.value,
                "start": entity.start,
                "end": entity.end,
                "extractor": entity.extractor,
            }
            for entity in heard.entities
        ],
        "frustration": round(engine.sounds(heard.text, vector), 4),
    }


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


def _replies(
    database: Database, conversation_id: int, seq: int
) -> Sequence[Row[Any, Any, Any, Any]]:
    with database.read() as session:
        return session.execute(REPLIES, {"conversation_id": conversation_id, "seq": seq}).all()


def _as_rasa(message: Row[Any, Any, Any, Any], sender: str, url: str) -> dict[str, Any]:
    sources = [
        source | {"url": url + source["url"] if source["url"].startswith("/") else source["url"]}
        for source in message.content.get("sources", [])
    ]
    custom = {
        "kind": message.kind,
        "confidence": message.content.get("confidence"),
        "sources": sources,
        "conversation_id": str(message.conversation_id),
    }
    if "ticket" in message.content:
        custom["ticket"] = message.content["ticket"]
    reply = {"recipient_id": sender, "text": _with_sources(message.text, sources)}
    if message.content.get("buttons"):
        reply["buttons"] = message.content["buttons"]
    return reply | {"custom": custom}


def _with_sources(text: str, sources: list[dict[str, str]]) -> str:
    """Clients that show only the text see where it comes from, too."""
    return "\n\n".join([text, *(f"Source: {each['title']} ({each['url']})" for each in sources)])
