"""Rasa's two-stage fallback: "did you mean ...?", then "please say it in other words", then give
up."""

from collections.abc import Callable, Iterator

from bot.dialogue import events
from bot.dialogue.exchange import Exchange
from bot.dialogue.tracker import Tracker
from bot.turn import Button, Kind, Reply

TWO_STAGE = "action_two_stage_fallback"
NOT_UNDERSTOOD = "nlu_fallback"
DENIED = "out_of_scope"

RunOwn = Callable[[Exchange, str], None]


def run_two_stage_fallback(exchange: Exchange, run_own: RunOwn) -> None:
    """One round; `run_own` runs one of Rasa's own actions, or the project's instead of it."""
    tracker = exchange.tracker
    opening = tracker.active_loop != TWO_STAGE
    message = tracker.latest_message
    exchange.happen(events.action(TWO_STAGE, "RulePolicy"))
    if opening:
        exchange.happen(events.loop(TWO_STAGE))
    if _has_failed(tracker):
        exchange.happen(events.loop(None))
        run_own(exchange, "action_default_fallback")
        exchange.gave_up = True
    elif tracker.intent not in (NOT_UNDERSTOOD, DENIED):
        exchange.happen(events.loop(None))
        exchange.happen(events.rewound())
        exchange.happen(events.action(events.LISTEN))
        exchange.happen(message)
    elif opening or tracker.intent == NOT_UNDERSTOOD:
        run_own(exchange, "action_default_ask_affirmation")
    else:
        run_own(exchange, "action_default_ask_rephrase")


def ask_affirmation(exchange: Exchange) -> None:
    """Offer what was understood best as something to press."""
    ranking = exchange.tracker.parsed.get("intent_ranking") or []
    meant = next((each["name"] for each in ranking if each["name"] != NOT_UNDERSTOOD), "")
    buttons = (Button("Yes", f"/{meant}"), Button("No", f"/{DENIED}"))
    said = f"Did you mean '{meant.replace('_', ' ')}'?"
    exchange.happen(events.bot(Reply(Kind.FLOW, said, buttons), "action_default_ask_affirmation"))


def _has_failed(tracker: Tracker) -> bool:
    newest = list(_newest_intents(tracker))
    twice = newest[:2] == [NOT_UNDERSTOOD, NOT_UNDERSTOOD]
    return twice or newest[:3] == [DENIED, NOT_UNDERSTOOD, DENIED]


def _newest_intents(tracker: Tracker) -> Iterator[str]:
    """What the last messages were taken for, newest first; "" for one that was taken back."""
    for event in reversed(tracker.events):
        if event["event"] in ("restart", "session_started"):
            return
        if event["event"] == "rewind":
            yield ""
        elif event["event"] == "user":
            yield str((event.get("parse_data") or {}).get("intent", {}).get("name") or "")
