"""The dialogue's state as Rasa's trackers, read and changed while nobody else can change it."""

import time
from collections.abc import Callable, Sequence
from enum import StrEnum

from fastapi import Request
from sqlalchemy.orm import Session

from bot.conversation import Conversation
from bot.db import Database
from bot.dialogue import events
from bot.dialogue.extraction import fillable
from bot.dialogue.history import applied
from bot.dialogue.tracker import Tracker
from bot.engine import Engine
from bot.memory import Memory
from bot.turn import JSON
from channels.rasa.api.errors import RasaError
from handoff.desk import FrontDesk
from handoff.lease import still_holds, take_lease

PATIENCE = 30.0  # seconds to wait for a turn that a worker is at


class Verbosity(StrEnum):
    """Which events a tracker is shown with."""

    NONE = "NONE"
    APPLIED = "APPLIED"
    AFTER_RESTART = "AFTER_RESTART"
    ALL = "ALL"


def shown(tracker: Tracker, verbosity: Verbosity, until: float | None = None) -> JSON:
    """The tracker as Rasa's API gives it, as it was at the time `until` (seconds since 1970)."""
    if until is not None:
        earlier = [event for event in tracker.events if (event.get("timestamp") or 0.0) <= until]
        tracker = Tracker.of(tracker.domain, earlier, tracker.sender)
    state = tracker.as_json()
    return state | {"events": _events(tracker.events, verbosity)}


def read_tracker(engine: Engine, conversation: Conversation | None, name: str) -> Tracker:
    """The tracker of a conversation, or a new one where there is none."""
    memory = Memory.load(conversation.memory if conversation else {})
    tracker = Tracker.resume(engine.domain, memory.dialogue, name)
    _begin_session(tracker)
    return tracker


def change_tracker(
    request: Request,
    conversation_id: int,
    name: str,
    change: Callable[[Tracker], None],
    *,
    lease: str | None = None,
    say: Callable[[Session, Conversation], None] | None = None,
) -> Tracker:
    """Change a conversation's tracker and store it, with what there is to `say`; returns it.

    Waits for the turn that is being taken, if any, unless the caller has the `lease` already.
    Raises RasaError.
    """
    database: Database = request.app.state.database
    front_desk: FrontDesk = request.app.state.front_desk
    lease = lease or _wait_for_lease(database, conversation_id)
    try:
        tracker = _changed(request, conversation_id, name, change, lease, say)
    finally:
        _give_back(database, conversation_id, lease)
        front_desk.answer(conversation_id)  # what came in meanwhile
    request.app.state.hints.changed(conversation_id)
    return tracker


def hear(tracker: Tracker, message: JSON) -> None:
    """Let the user's message happen, and fill the slots that it gives."""
    happen(tracker, [message])
    for slot, value in list(fillable(tracker)):
        happen(tracker, [events.slot(slot, value)])


def happen(tracker: Tracker, happened: Sequence[JSON]) -> None:
    """Let events happen, now unless they say when. Raises RasaError for one that can't."""
    if happened[0].get("name") != events.SESSION_START:
        _begin_session(tracker)
    try:
        for event in happened:
            tracker.update({"timestamp": time.time()} | event)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RasaError(
            400, "BadRequest", "Couldn't extract a proper event from the request body."
        ) from error


def _begin_session(tracker: Tracker) -> None:
    """As a conversation begins in which nothing has happened yet."""
    if not tracker.events:
        for event in (
            events.action(events.SESSION_START),
            {"event": "session_started"},
            events.action(events.LISTEN),
        ):
            tracker.update({"timestamp": time.time()} | event)


def _events(happened: list[JSON], verbosity: Verbosity) -> list[JSON] | None:
    match verbosity:
        case Verbosity.NONE:
            return None
        case Verbosity.APPLIED:
            return applied(happened)
        case Verbosity.AFTER_RESTART:
            restarts = [place for place, each in enumerate(happened) if each["event"] == "restart"]
            return happened[restarts[-1] + 1 :] if restarts else happened
        case Verbosity.ALL:
            return happened


def _wait_for_lease(database: Database, conversation_id: int) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with database.write() as session:
            lease = take_lease(session, conversation_id)
        if lease:
            return lease
        time.sleep(0.01)
    raise RasaError(409, "Conflict", "A turn of the conversation takes too long; try again.")


def _changed(
    request: Request,
    conversation_id: int,
    name: str,
    change: Callable[[Tracker], None],
    lease: str,
    say: Callable[[Session, Conversation], None] | None,
) -> Tracker:
    database: Database = request.app.state.database
    with database.read() as session:
        conversation = session.get_one(Conversation, conversation_id)
    memory = Memory.load(conversation.memory)
    tracker = Tracker.resume(request.app.state.engine.domain, memory.dialogue, name)
    change(tracker)
    memory.dialogue = tracker.state(memory.dialogue.failures)
    with database.write() as session:
        held = still_holds(session, conversation_id, lease)
        if held is None:
            raise RasaError(409, "Conflict", "A turn was taken meanwhile; try again.")
        held.memory = memory.dump()
        if say:
            say(session, held)
    return tracker


def _give_back(database: Database, conversation_id: int, lease: str) -> None:
    with database.write() as session:
        held = still_holds(session, conversation_id, lease)
        if held:
            held.lease = held.lease_until = None
