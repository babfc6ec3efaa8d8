"""Every event that an action can return: those that the dialogue applies, and those it refuses."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.action_runner.ran import UnsupportedEventError
from bot.turn import JSON

Check = Callable[[Any], bool]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _may_be(*types: type) -> Check:
    return lambda value: value is None or isinstance(value, types)


def _is_moment(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_parsed(value: Any) -> bool:
    """What was understood of a message: an intent and entities, where they are there."""
    if not isinstance(value, dict):
        return value is None
    intent, entities = value.get("intent"), value.get("entities")
    return _is_named(intent) and (
        entities is None
        or (
            isinstance(entities, list)
            and all(isinstance(each, dict) and _is_name(each.get("entity")) for each in entities)
        )
    )


def _is_named(intent: Any) -> bool:
    return intent is None or (isinstance(intent, dict) and _may_be(str)(intent.get("name")))


TEXT, PARTS, NUMBER = _may_be(str), _may_be(dict), _may_be(int, float)
WORDS = {"text": TEXT, "data": PARTS}
EVERY = {"timestamp": NUMBER, "metadata": PARTS}  # what any event may carry

# What the dialogue applies: an event's fields, each with the check that its value must pass. The
# value of a field that isn't there is None.
APPLIED: Mapping[str, Mapping[str, Check]] = {
    "slot": {"name": _is_name},
    "reset_slots": {},
    "active_loop": {"name": TEXT},
    "loop_interrupted": {"is_interrupted": _is_flag},
    "followup": {"name": _is_name},
    "action": {"name": _is_name, "policy": TEXT, "confidence": NUMBER},
    "action_execution_rejected": {"name": _is_name},
    "user": {"text": TEXT, "parse_data": _is_parsed, "input_channel": TEXT},
    "bot": WORDS,
    "agent": WORDS,
    "rewind": {},
    "undo": {},
    "restart": {},
    "session_started": {},
    "pause": {},
    "resume": {},
    "reminder": {
        "intent": _is_name,
        "date_time": _is_moment,
        "entities": _may_be(list, dict),
        "name": TEXT,
        "kill_on_user_msg": _may_be(bool),
    },
    "cancel_reminder": {"name": TEXT, "intent": TEXT, "entities": _may_be(list, dict)},
}
# Rasa 1's words for two of them; an action server may still send these.
RENAMED: Mapping[str, Callable[[JSON], JSON]] = {
    "form": lambda event: event | {"event": "active_loop"},
    "form_validation": lambda event: (
        event | {"event": "loop_interrupted", "is_interrupted": event.get("validate") is False}
    ),
}
REFUSED: Mapping[str, str] = {
    "export": "conversations are exported from the console and by the API",
    "session_ended": "it ends a conversation for good, which only an agent does here, by resolving",
    "entities": "Rasa writes it for its own policies",
    "user_featurization": "Rasa writes it for its own policies",
}


def checked_events(action: str, events: Any) -> tuple[JSON, ...]:
    """The events that an action returned, each known and whole. Raises UnsupportedEventError."""
    if not isinstance(events, list):
        raise UnsupportedEventError(f"{action} must return a list of events")
    return tuple(_checked(action, event) for event in events)


def _checked(action: str, event: Any) -> JSON:
    name = event.get("event") if isinstance(event, dict) else None
    if not isinstance(name, str):
        raise UnsupportedEventError(
            f'{action} returned something without an "event": use the functions of rasa_sdk.events'
        )
    if name in REFUSED:
        raise UnsupportedEventError(
            f'{action} returned the event "{name}", which is not applied here: {REFUSED[name]}'
        )
    renamed: JSON = RENAMED[name](event) if name in RENAMED else event
    if renamed["event"] not in APPLIED:
        known = ", ".join(APPLIED)
        raise UnsupportedEventError(
            f'{action} returned the unknown event "{name[:40]}"; known are: {known}'
        )
    _check_fields(action, renamed)
    return renamed


def _check_fields(action: str, event: JSON) -> None:
    name = event["event"]
    if name == "slot" and "value" not in event:
        raise UnsupportedEventError(f'{action} returned the event "slot" without its "value"')
    for field, is_right in {**APPLIED[name], **EVERY}.items():
        if is_right(event.get(field)):
            continue
        wrong = "with a wrong" if field in event else "without its"
        raise UnsupportedEventError(f'{action} returned the event "{name}" {wrong} "{field}"')
