"""Forms: ask for one slot after the other, validate what comes, and submit when all are there."""

from bot.domain import Form
from bot.exchange import Exchange, FlowFailedError
from bot.rules import Trace
from bot.slot_mapping import fillable, trigger_values
from bot.story_data import Loop, Run
from bot.turn import JSON

MOST_FAILURES = 3


def follow_rules(exchange: Exchange, trace: Trace, loop: str | None) -> bool:
    """Run what the rules say comes after the trace, until they say no more.

    `loop` is the form that is, or until just now was, active. Returns whether anything ran.
    """
    ran = False
    while action := exchange.next_action(trace, loop):
        ran = True
        if action == "action_listen":
            break
        if action in exchange.domain.forms:
            start_form(exchange, action)
            break
        before = exchange.active_loop
        exchange.run(action)
        trace = [*trace, Run(action)]
        if exchange.active_loop != before:
            trace.append(Loop(exchange.active_loop))
    return ran


def start_form(exchange: Exchange, name: str) -> None:
    """Open the form; what is known already is validated, and only the rest is asked."""
    form = exchange.domain.forms[name]
    exchange.active_loop, exchange.requested_slot, exchange.failures = name, None, 0
    exchange.slots.update(trigger_values(exchange.domain, name, exchange.heard))
    known = {
        slot: exchange.slots[slot]
        for slot in form.required_slots
        if exchange.slots.get(slot) is not None
    }
    _validate(exchange, form, known)
    _ask_or_submit(exchange, form)


def fill_form(exchange: Exchange, form: Form, candidates: JSON) -> bool:
    """Take the message's values into the open form and go on; False when it held none."""
    for_form = {slot: value for slot, value in candidates.items() if slot in form.required_slots}
    exchange.slots.update({k: v for k, v in candidates.items() if k not in for_form})
    if not for_form:
        return False
    before = exchange.requested_slot
    if _validate(exchange, form, for_form):
        exchange.failures = 0
    else:
        exchange.requested_slot = before
        count_failure(exchange)
    _ask_or_submit(exchange, form)
    return True


def would_fill(exchange: Exchange, form: Form) -> bool:
    """Whether the message holds a valid value for the form. Validation actions run for it."""
    candidates = fillable(exchange.domain, exchange.state, exchange.heard)
    for_form = {slot: value for slot, value in candidates.items() if slot in form.required_slots}
    return bool(for_form) and _validate(exchange, form, for_form)


def ask_again(exchange: Exchange, form: Form) -> None:
    """The message was no answer: say what is needed, in other words."""
    count_failure(exchange)
    slot = exchange.requested_slot or ""
    for response in (f"utter_invalid_{form.name}_{slot}", f"utter_invalid_{slot}"):
        if response in exchange.domain.responses:
            exchange.say(response, seed=exchange.failures - 1)
            return
    ask(exchange, form, slot)


def ask(exchange: Exchange, form: Form, slot: str) -> None:
    """Ask for the slot by the first of Rasa's names for it that the domain has."""
    for end in (f"{form.name}_{slot}", slot):
        if f"action_ask_{end}" in exchange.domain.actions:
            exchange.call(f"action_ask_{end}")
            return
        if f"utter_ask_{end}" in exchange.domain.responses:
            exchange.say(f"utter_ask_{end}")
            return
    raise FlowFailedError(f'nothing asks for "{slot}" of {form.name}; add utter_ask_{slot}')


def count_failure(exchange: Exchange) -> None:
    exchange.failures += 1
    if exchange.failures >= MOST_FAILURES:
        exchange.replies.clear()
        raise FlowFailedError(f"{MOST_FAILURES} invalid answers to {exchange.requested_slot}")


def _validate(exchange: Exchange, form: Form, candidates: JSON) -> bool:
    """Set the candidates that are valid; true when there is one.

    `requested_slot` becomes the next slot to ask for, None when nothing is missing.
    """
    action = f"validate_{form.name}"
    if action in exchange.domain.actions:
        events = exchange.call(action, candidates).events
        found = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    else:
        exchange.slots.update(candidates)
        found = dict(candidates)
    if "requested_slot" not in found:
        missing = (slot for slot in form.required_slots if exchange.slots.get(slot) is None)
        exchange.requested_slot = next(missing, None)
    found.pop("requested_slot", None)
    return any(value is not None for value in found.values())


def _ask_or_submit(exchange: Exchange, form: Form) -> None:
    if exchange.requested_slot:
        ask(exchange, form, exchange.requested_slot)
        return
    exchange.leave_form()
    follow_rules(exchange, [Run(form.name), Loop(None)], form.name)
