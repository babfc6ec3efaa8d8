"""Where a dialogue stands between two messages, and what one message made of it."""

from dataclasses import dataclass, field
from typing import Literal

from bot.turn import JSON, Reply

Outcome = Literal["listening", "done", "cancelled", "paused", "gave_up", "failed"]


@dataclass(frozen=True, slots=True)
class DialogueState:
    """JSON-able. `events` are the newest, as Rasa writes them; `slots` holds the values known so
    far, `active_loop` the form that is open, `requested_slot` what it asked for, `failures` the
    invalid answers to that in a row."""

    slots: JSON = field(default_factory=dict)
    active_loop: str | None = None
    requested_slot: str | None = None
    failures: int = 0
    events: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """What a message led to: "listening" when a form waits for a value, "paused" when the flow asks
    for a person, "gave_up" when it doesn't understand, "failed" when a person must help. `actions`
    are those that ran, in order; `reminders` the events that set or cancel one."""

    state: DialogueState
    replies: tuple[Reply, ...]
    outcome: Outcome
    actions: tuple[str, ...] = ()
    reminders: tuple[JSON, ...] = ()
