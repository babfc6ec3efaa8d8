"""Rasa's HTTP API of a conversation: look at it, add to it, have the bot act in it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, State
from bot.db import Database
from bot.dialogue import events
from bot.engine import Engine
from bot.settings import Settings
from bot.turn import JSON, Kind
from channels.inbox import STORABLE, Inbound, accept, conversation_for
from channels.rasa.api.access import MaySeeAll
from channels.rasa.api.bodies import Event, Events, NewMessage, Parsed, Trigger
from channels.rasa.api.errors import RasaError, RasaRoute
from channels.rasa.api.naming import Named
from channels.rasa.api.trackers import Verbosity, change_tracker, happen, hear, read_tracker, shown
from channels.rest import answered
from handoff.transcript import write_line

router = APIRouter(
    route_class=RasaRoute, prefix="/conversations/{conversation_id:path}", tags=["rasa"]
)

LATEST = "latest"
Name = Annotated[str, Path(min_length=1, max_length=200, pattern=STORABLE)]
IncludeEvents = Annotated[str, Query()]


@router.get("/tracker")
def retrieve_tracker(
    request: Request,
    conversation_id: Name,
    sees_all: MaySeeAll,
    include_events: IncludeEvents = Verbosity.AFTER_RESTART,
    until: Annotated[float | None, Query(allow_inf_nan=False)] = None,
) -> dict[str, Any]:
    """The conversation's tracker; a new one where nobody has written yet."""
    verbosity = _verbosity(include_events)
    with _database(request).read() as session:
        named = Named(session, conversation_id, may_see_all=sees_all)
        tracker = read_tracker(_engine(request), named.conversation, conversation_id)
    return shown(tracker, verbosity, until)


@router.post("/tracker/events")
def append_events(
    request: Request,
    conversation_id: Name,
    body: Events,
    sees_all: MaySeeAll,
    include_events: IncludeEvents = Verbosity.AFTER_RESTART,
    output_channel: str | None = None,
    execute_side_effects: str = "false",
) -> dict[str, Any]:
    """Let events happen. With `execute_side_effects` and an `output_channel` on which the customer
    is, those of the bot are said there."""
    verbosity = _verbosity(include_events)
    inbound = _inbound(request, conversation_id, sees_all)
    number = conversation_for(_database(request), inbound)
    is_said = execute_side_effects.lower() == "true"
    tracker = change_tracker(
        request,
        number,
        conversation_id,
        partial(happen, happened=[event.as_json() for event in body]),
        say=partial(_say, happened=body, channel=output_channel) if is_said else None,
    )
    return shown(tracker, verbosity)


@router.post("/messages")
def add_message(
    request: Request,
    conversation_id: Name,
    body: NewMessage,
    sees_all: MaySeeAll,
    include_events: IncludeEvents = Verbosity.AFTER_RESTART,
) -> dict[str, Any]:
    """Note a message of the user, without an answer."""
    verbosity = _verbosity(include_events)
    if body.sender != "user":
        raise RasaError(
            400,
            "BadRequest",
            "Currently, only user messages can be passed to this endpoint.",
            {"parameter": "sender", "in": "body"},
        )
    inbound = replace(_inbound(request, conversation_id, sees_all, body.text), answered=True)
    accepted = accept(_database(request), inbound, to_answer=True)
    message = _understood(_engine(request), inbound, body.parse_data)
    tracker = change_tracker(
        request,
        accepted.conversation_id,
        conversation_id,
        partial(hear, message=message),
        lease=accepted.lease,
    )
    return shown(tracker, verbosity)


@router.post("/trigger_intent")
def trigger_intent(
    request: Request,
    conversation_id: Name,
    body: Trigger,
    sees_all: MaySeeAll,
    include_events: IncludeEvents = Verbosity.AFTER_RESTART,
    output_channel: str | None = None,
) -> dict[str, Any]:
    """Have the bot act as if the user had meant the intent. What it says goes to the customer with
    an `output_channel` on which they are, else it is in the answer."""
    verbosity = _verbosity(include_events)
    name = _intent(_engine(request), body.name)
    inbound = _inbound(request, conversation_id, sees_all, f"EXTERNAL: {name}")
    is_told = output_channel in (LATEST, inbound.channel)
    accepted = accept(
        _database(request),
        replace(
            inbound,
            payload=f"/{name}{json.dumps(body.slots())}",
            external=True,
            details={} if is_told else {"collected": True},
        ),
        to_answer=True,
    )
    said = list(answered(request, accepted, conversation_id))
    with _database(request).read() as session:
        conversation = session.get_one(Conversation, accepted.conversation_id)
        tracker = read_tracker(_engine(request), conversation, conversation_id)
    return {"tracker": shown(tracker, verbosity)} | ({} if is_told else {"messages": said})


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _verbosity(include_events: str) -> Verbosity:
    try:
        return Verbosity(include_events.upper())
    except ValueError:
        raise RasaError(
            400,
            "BadRequest",
            "Invalid parameter value for 'include_events'. "
            f"Should be one of {', '.join(Verbosity)}",
            {"parameter": "include_events", "in": "query"},
        ) from None


def _inbound(request: Request, name: str, sees_all: bool, text: str = "") -> Inbound:
    settings: Settings = request.app.state.settings
    with _database(request).read() as session:
        return Named(session, name, may_see_all=sees_all).inbound(settings, text)


def _intent(engine: Engine, name: str | None) -> str:
    if not name:
        raise RasaError(
            400,
            "BadRequest",
            "Name of the intent not provided in request body.",
            {"parameter": "name", "in": "body"},
        )
    if name not in engine.domain.intents:
        raise RasaError(404, "NotFound", f"The intent {name} does not exist in the domain.")
    return name


def _understood(engine: Engine, inbound: Inbound, parsed: Parsed | None) -> JSON:
    """The message as an event: as it is said to be understood, or else as the bot does."""
    heard, _ = engine.understand(inbound.text)
    message = events.user(heard, heard.intent, inbound.channel)
    if parsed:
        message["parse_data"] = {"text": inbound.text} | parsed.model_dump()
    return message


def _say(
    session: Session, conversation: Conversation, happened: Sequence[Event], channel: str | None
) -> None:
    """The bot's lines among the events, if the customer is on the channel that they are meant for,
    and no person has the conversation."""
    if conversation.state != State.BOT or channel not in (LATEST, conversation.channel):
        return
    for event in happened:
        if event.event == "bot":
            data = event.data or {}
            content = {
                name: data[name] for name in ("buttons", "image", "custom") if data.get(name)
            }
            write_line(
                session,
                conversation,
                Author.BOT,
                event.text or "",
                kind=Kind.FLOW,
                content=content,
            )
