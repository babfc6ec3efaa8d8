"""Forms: ask for one slot after the other, validate what comes, and end when all are there."""

from collections.abc import Iterable, Iterator
from itertools import takewhile

from bot.dialogue import events
from bot.dialogue.exchange import Exchange, FlowFailedError, Rejected
from bot.dialogue.extraction import extracted
from bot.dialogue.tracker import REQUESTED_SLOT, Tracker
from bot.domain import Form
from bot.turn import JSON

MOST_FAILURES = 3  # invalid answers to one question; then a person helps


def run_form(exchange: Exchange, form: Form, *, interrupted: bool) -> bool:
    """Open the form, or let it read the last message; then ask for what is missing, or end it.

    `interrupted`: the message answered something else. Returns whether the message gave the form a
    valid value. Raises Rejected when the form finds nothing in the message, and FlowFailedError.
    """
    tracker = exchange.tracker
    opening = tracker.active_loop != form.name
    reads = not opening and not interrupted and _has_just_listened(tracker)
    asked = None if opening else tracker.requested_slot
    candidates = dict(_given(tracker, form, asked)) if reads else {}
    if opening:
        happened = _open(exchange, form)
    else:
        happened = _validate(exchange, form, asked, candidates)
        if reads and asked and not candidates and not any(map(_fills, happened)):
            raise Rejected(form.name)
        exchange.happen(events.action(form.name, "RulePolicy"))
    for event in happened:
        exchange.happen(event)
    if any(event["event"] == "action_execution_rejected" for event in happened):
        return False
    filled = _has_filled(tracker, [*candidates, *(e["name"] for e in happened if _fills(e))])
    _go_on(exchange, form, happened)
    if reads:
        _count_failure(exchange, asked, filled)
    return filled


def ask(exchange: Exchange, form: Form, slot: str) -> None:
    """Ask for the slot by the first of Rasa's names for it that the domain has."""
    for end in (f"{form.name}_{slot}", slot):
        if f"action_ask_{end}" in exchange.domain.actions:
            for event in exchange.call(f"action_ask_{end}"):
                exchange.happen(event)
            return
        if f"utter_ask_{end}" in exchange.domain.responses:
            exchange.say(f"utter_ask_{end}")
            return
    if not exchange.replies:
        raise FlowFailedError(f'nothing asks for "{slot}" of {form.name}; add utter_ask_{slot}')


def ask_again(exchange: Exchange, form: Form) -> None:
    """The message was no answer: say what is needed, in other words. Raises FlowFailedError."""
    slot = exchange.tracker.requested_slot or ""
    _count_failure(exchange, slot, filled=False)
    for response in (f"utter_invalid_{form.name}_{slot}", f"utter_invalid_{slot}"):
        if response in exchange.domain.responses:
            exchange.say(response)
            return
    ask(exchange, form, slot)


def _has_just_listened(tracker: Tracker) -> bool:
    loop = tracker.loop
    return tracker.latest_action == events.LISTEN and not (loop and loop.interrupted)


def _given(tracker: Tracker, form: Form, asked: str | None) -> Iterator[tuple[str, object]]:
    """The form's slots that were set since the customer spoke."""
    wanted = {*form.required_slots, asked}
    since: list[JSON] = []
    for event in reversed(tracker.events):
        if event["event"] == "user":
            break
        since.append(event)
    for event in reversed(since):
        if event["event"] == "slot" and event["name"] in wanted:
            yield event["name"], event["value"]


def _open(exchange: Exchange, form: Form) -> list[JSON]:
    """Open the form; returns what the validation of the slots that are known already says."""
    tracker = exchange.tracker
    used_up = _used_up(tracker, form)
    exchange.happen(events.action(form.name, "RulePolicy"))
    exchange.happen(events.loop(form.name))
    exchange.happen(events.slot(REQUESTED_SLOT, None))
    for event in extracted(exchange):
        if event["event"] == "slot" and event["name"] not in used_up:
            exchange.happen(event)
    known = {
        slot: tracker.slots[slot]
        for slot in form.required_slots
        if tracker.slots.get(slot) is not None
    }
    exchange.failures = 0
    return _validate(exchange, form, None, known)


def _used_up(tracker: Tracker, form: Form) -> set[str]:
    """The slots that actions have changed since the form has read the message: what was said
    doesn't fill them once more, or an action that empties them to ask again would never end."""
    since = takewhile(lambda event: event["event"] != "user", reversed(tracker.events))
    later, changed = set[str](), set[str]()
    for event in since:
        if event["event"] == "slot":
            later.add(event["name"])
        elif event["event"] == "action" and event["name"] == form.name:
            return changed
        elif event["event"] == "action":
            changed |= later
            later.clear()
    return set()


def _validate(exchange: Exchange, form: Form, asked: str | None, candidates: JSON) -> list[JSON]:
    action = f"validate_{form.name}"
    if action not in exchange.domain.actions:
        return []
    proposed = [events.slot(name, value) for name, value in candidates.items()]
    opening = [events.slot(REQUESTED_SLOT, asked), events.action(form.name)]
    return exchange.call(action, [*opening, *proposed])


def _fills(event: JSON) -> bool:
    return event["event"] == "slot" and bool(event["name"] != REQUESTED_SLOT)


def _has_filled(tracker: Tracker, slots: Iterable[str]) -> bool:
    return any(tracker.slots.get(slot) is not None for slot in slots)


def _go_on(exchange: Exchange, form: Form, happened: list[JSON]) -> None:
    """Ask for the next slot; without one the form is over. A validation may name the next slot
    itself, or end the form early."""
    named = [e for e in happened if e["event"] == "slot" and e["name"] == REQUESTED_SLOT]
    left = [e for e in happened if e["event"] == "active_loop"]
    over = bool(named and named[-1]["value"] is None) or bool(left and left[-1]["name"] is None)
    slot = None if over else str(named[-1]["value"]) if named else _missing(exchange.tracker, form)
    if named and not over and slot:
        ask(exchange, form, slot)
        return
    exchange.happen(events.slot(REQUESTED_SLOT, slot))
    if slot:
        ask(exchange, form, slot)
    else:
        exchange.happen(events.loop(None))


def _missing(tracker: Tracker, form: Form) -> str | None:
    return next((slot for slot in form.required_slots if tracker.slots.get(slot) is None), None)


def _count_failure(exchange: Exchange, asked: str | None, filled: bool) -> None:
    if filled or exchange.tracker.requested_slot != asked:
        exchange.failures = 0
        return
    exchange.failures += 1
    if exchange.failures >= MOST_FAILURES:
        exchange.replies.clear()
        raise FlowFailedError(f"{MOST_FAILURES} invalid answers to {asked}")
