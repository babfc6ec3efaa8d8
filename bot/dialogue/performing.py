"""Runs an action by its name: a response, a form, one of Rasa's own actions, or a custom one."""

from collections.abc import Callable

from bot.dialogue import events
from bot.dialogue.exchange import Exchange, Rejected
from bot.dialogue.extraction import extract_slots
from bot.dialogue.fallback import TWO_STAGE, ask_affirmation, run_two_stage_fallback
from bot.dialogue.forms import run_form
from bot.dialogue.prediction import Prediction
from bot.domain import Domain
from bot.turn import Kind, Reply


def perform(exchange: Exchange, prediction: Prediction) -> bool:
    """Run the action; says whether it gave an open form a valid value.

    Raises FlowFailedError, and Rejected when the action doesn't want to run now: then nothing has
    happened.
    """
    before, said = len(exchange.tracker.events), len(exchange.replies)
    try:
        filled = _perform(exchange, prediction)
    except Rejected:
        exchange.tracker.back_to(before)
        del exchange.replies[said:]
        exchange.happen(events.rejected(prediction.action))
        raise
    if prediction.action != events.LISTEN:
        exchange.ran.append(prediction.action)
    return filled


def _perform(exchange: Exchange, prediction: Prediction) -> bool:
    domain, name = exchange.domain, prediction.action
    if name in domain.forms:
        return run_form(exchange, domain.forms[name], interrupted=prediction.interrupts)
    if name == TWO_STAGE and name not in domain.actions:
        run_two_stage_fallback(exchange, _run_own)
        if exchange.tracker.events[-1]["event"] == "user":  # now it is clear what was meant
            extract_slots(exchange)
        return False
    if name in OWN and name not in domain.actions:
        _executed(exchange, prediction)
        OWN[name](exchange)
    elif response := _response(exchange, name):
        _executed(exchange, prediction)
        exchange.say(response)
    elif domain.knows_action(name):
        _run_custom(exchange, prediction)
    else:
        _executed(exchange, prediction)
        exchange.happen(events.bot(Reply(Kind.FLOW, name)))  # an end-to-end story's own words
    return False


def _executed(exchange: Exchange, prediction: Prediction) -> None:
    policy = {"story": "MemoizationPolicy", "followup": None}.get(prediction.source, "RulePolicy")
    exchange.happen(events.action(prediction.action, policy, hidden=prediction.hidden))


def _run_custom(exchange: Exchange, prediction: Prediction) -> None:
    happened = exchange.call(prediction.action)
    if not any(event["event"] == "action_execution_rejected" for event in happened):
        _executed(exchange, prediction)
    for event in happened:
        exchange.happen(event)
    if any(event["event"] == "user" for event in happened):
        extract_slots(exchange)


def _run_own(exchange: Exchange, name: str) -> None:
    """Run one of Rasa's own actions as part of another; the project may have its own of it."""
    if name in exchange.domain.actions:
        for event in exchange.call(name):
            exchange.happen(event)
    else:
        OWN[name](exchange)


def _response(exchange: Exchange, name: str) -> str | None:
    """The response of that name; of a retrieval intent's, the one that fits the message."""
    if name in exchange.domain.responses:
        return name
    if name.removeprefix("utter_") in exchange.domain.retrieval and exchange.tracker.retrieved:
        return f"utter_{exchange.tracker.retrieved}"
    return None


def begin_session(exchange: Exchange) -> None:
    """A new session; what is known is taken along, if the domain says so."""
    carried = [
        event for event in exchange.tracker.applied_slots() if exchange.domain.carry_over_slots
    ]
    exchange.happen({"event": "session_started"})
    for event in carried:
        exchange.happen(event)
    exchange.happen(events.action(events.LISTEN))


def _restart(exchange: Exchange) -> None:
    exchange.say_if_worded("utter_restart")
    exchange.happen({"event": "restart"})


def _back(exchange: Exchange) -> None:
    exchange.say_if_worded("utter_back")
    exchange.happen(events.rewound())
    exchange.happen(events.rewound())


def _fall_back(exchange: Exchange) -> None:
    exchange.say_if_worded("utter_default")
    exchange.happen(events.rewound())


def _deactivate_loop(exchange: Exchange) -> None:
    exchange.happen(events.loop(None))
    exchange.happen(events.slot("requested_slot", None))


def _nothing(exchange: Exchange) -> None:
    """For actions of Rasa's that have no part here."""


OWN: dict[str, Callable[[Exchange], None]] = {
    events.LISTEN: _nothing,
    events.SESSION_START: begin_session,
    "action_restart": _restart,
    "action_back": _back,
    "action_default_fallback": _fall_back,
    "action_deactivate_loop": _deactivate_loop,
    "action_default_ask_affirmation": ask_affirmation,
    "action_default_ask_rephrase": lambda exchange: exchange.say_if_worded("utter_ask_rephrase"),
    "action_extract_slots": extract_slots,
    "action_unlikely_intent": _nothing,
    "action_revert_fallback_events": _nothing,
}


def is_response(domain: Domain, action: str) -> bool:
    """Whether the action does nothing but say something."""
    return action in domain.responses or action.removeprefix("utter_") in domain.retrieval
