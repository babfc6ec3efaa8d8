"""Which slots a message fills, by the mappings that the domain gives them (Rasa's
`action_extract_slots`)."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple

from bot.dialogue import events
from bot.dialogue.exchange import Exchange, Rejected
from bot.dialogue.tracker import Tracker
from bot.domain import Mapping, Slot
from bot.turn import JSON

VALIDATE_MAPPINGS = "action_validate_slot_mappings"


def extract_slots(exchange: Exchange) -> None:
    """Fill slots from the last message. Raises FlowFailedError."""
    for event in extracted(exchange):
        exchange.happen(event)


def extracted(exchange: Exchange) -> list[JSON]:
    """The slots that the last message fills, and what is said of that; nothing of it has happened
    yet. Raises FlowFailedError."""
    tracker = exchange.tracker
    found = [events.slot(name, value) for name, value in fillable(tracker)]
    for action in _custom_actions(tracker):
        found += filter(_is_slot, _called(exchange, action))
    if VALIDATE_MAPPINGS not in exchange.domain.actions:
        return found
    validated = _called(exchange, VALIDATE_MAPPINGS, found)
    names = {event["name"] for event in validated if _is_slot(event)}
    return [*validated, *(event for event in found if event["name"] not in names)]


def _called(exchange: Exchange, action: str, candidates: Iterable[JSON] = ()) -> list[JSON]:
    try:
        happened = exchange.call(action, candidates)
    except Rejected:
        return []
    return [event for event in happened if _is_slot(event) or event["event"] == "bot"]


def _is_slot(event: JSON) -> bool:
    return bool(event["event"] == "slot")


def fillable(tracker: Tracker) -> Iterator[tuple[str, object]]:
    """Slots and values that the last message gives. The first mapping of a slot that has a value
    wins; what a pressed button carries counts as entities."""
    for slot in tracker.domain.slots.values():
        values = (
            values
            for mapping in slot.mappings
            if _applies(mapping, slot, tracker) and (values := _values(mapping, tracker))
        )
        found = next(values, None)
        if found and slot.type == "list":
            yield slot.name, found
        elif found and found[-1] is not None:  # "not LH-1, it's LH-2": the last one is meant
            yield slot.name, found[-1]


def _custom_actions(tracker: Tracker) -> list[str]:
    """The actions that fill slots by mappings of their own, each once."""
    named = (
        mapping.action
        for slot in tracker.domain.slots.values()
        for mapping in slot.mappings
        if mapping.type == "custom" and mapping.action and _applies(mapping, slot, tracker)
    )
    return list(dict.fromkeys(named))


def _applies(mapping: Mapping, slot: Slot, tracker: Tracker) -> bool:
    return (
        _intent_allowed(mapping, tracker)
        and _in_the_right_form(mapping, slot, tracker)
        and not _may_be_another_slots(mapping, slot, tracker)
    )


def _intent_allowed(mapping: Mapping, tracker: Tracker) -> bool:
    if mapping.intents:
        return tracker.intent in mapping.intents
    return tracker.intent not in mapping.not_intents | _ignored(mapping, tracker)


def _ignored(mapping: Mapping, tracker: Tracker) -> frozenset[str]:
    """The intents that the open form doesn't listen to."""
    form = tracker.domain.forms.get(tracker.active_loop or "")
    loops = [condition.active_loop for condition in mapping.conditions]
    if not form or (loops and form.name not in loops):
        return frozenset()
    return form.ignored_intents


def _in_the_right_form(mapping: Mapping, slot: Slot, tracker: Tracker) -> bool:
    if mapping.type == "from_trigger_intent":
        return _is_triggered(mapping, tracker)
    if not mapping.conditions:
        return True
    if tracker.loop and tracker.loop.rejected and tracker.requested_slot == slot.name:
        return False
    return any(
        condition.active_loop == tracker.active_loop
        and (
            condition.active_loop is None
            or condition.requested_slot in (None, tracker.requested_slot)
        )
        for condition in mapping.conditions
    )


def _is_triggered(mapping: Mapping, tracker: Tracker) -> bool:
    """Whether the message has just opened the form."""
    loops = [condition.active_loop for condition in mapping.conditions]
    return tracker.active_loop is not None and (not loops or tracker.active_loop in loops)


def _may_be_another_slots(mapping: Mapping, slot: Slot, tracker: Tracker) -> bool:
    """Whether the entity could as well be meant for another slot of the open form, which hasn't
    asked for this one."""
    form = tracker.domain.forms.get(tracker.active_loop or "")
    if not form or mapping.type != "from_entity" or tracker.requested_slot == slot.name:
        return False
    if slot.name not in form.required_slots:
        return False
    alike = [
        other
        for name in form.required_slots
        if name in tracker.domain.slots
        for other in tracker.domain.slots[name].mappings
        if astuple(other) == astuple(mapping)
    ]
    return len(alike) > 1


def _values(mapping: Mapping, tracker: Tracker) -> list[object]:
    match mapping.type:
        case "from_entity":
            return tracker.entity_values(mapping.entity, mapping.role, mapping.group)
        case "from_intent" | "from_trigger_intent":
            return [mapping.value]
        case "from_text":
            text = str(tracker.latest_message.get("text") or "").strip()
            return [text] if text else []
        case _:
            return []
