"""Which slots a message fills, by the mappings that the domain gives them."""

from collections.abc import Iterator

from bot.dialogue_state import DialogueState
from bot.domain import Domain, Mapping, Slot
from bot.turn import JSON, Understanding


def fillable(domain: Domain, state: DialogueState, heard: Understanding) -> JSON:
    """Candidate values by slot, not validated yet.

    The first mapping of a slot that yields a value wins. What a pressed button carries counts
    as entities, so it goes through the mappings and the validation like typed text.
    """
    candidates: JSON = {}
    for slot in domain.slots.values():
        values = (
            value
            for mapping in slot.mappings
            if _applies(mapping, state, heard)
            for value in _values(slot, mapping, heard)
        )
        for value in values:
            candidates[slot.name] = value
            break
    return candidates


def trigger_values(domain: Domain, form: str, heard: Understanding) -> JSON:
    """The slots that the intent which opened the form fills (`from_trigger_intent`)."""
    return {
        slot.name: mapping.value
        for slot in domain.slots.values()
        for mapping in slot.mappings
        if mapping.type == "from_trigger_intent"
        and _intent_allowed(mapping, heard.intent)
        and any(condition.active_loop == form for condition in mapping.conditions)
    }


def _applies(mapping: Mapping, state: DialogueState, heard: Understanding) -> bool:
    if not _intent_allowed(mapping, heard.intent):
        return False
    return not mapping.conditions or any(
        condition.active_loop == state.active_loop
        and condition.requested_slot in (None, state.requested_slot)
        for condition in mapping.conditions
    )


def _intent_allowed(mapping: Mapping, intent: str) -> bool:
    if mapping.intents and intent not in mapping.intents:
        return False
    return intent not in mapping.not_intents


def _values(slot: Slot, mapping: Mapping, heard: Understanding) -> Iterator[object]:
    if mapping.type == "from_entity":
        found = [entity.value for entity in heard.entities if entity.entity == mapping.entity]
        pressed = heard.slots.get(mapping.entity or "")
        if pressed is not None and not isinstance(pressed, (dict, list)):
            found.append(str(pressed))
        if found and slot.type == "list":
            yield found
        elif found:
            yield found[-1]  # "not LH-1, it's LH-2": the last one is meant
    elif mapping.type == "from_text" and heard.text.strip():
        yield heard.text.strip()
    elif mapping.type == "from_intent":
        yield mapping.value
