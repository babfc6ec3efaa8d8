"""A conversation as Rasa tracks it: nothing but events, and what they add up to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.dialogue import events
from bot.dialogue.history import applied
from bot.dialogue.state import DialogueState
from bot.domain import Domain, Slot
from bot.turn import JSON

REQUESTED_SLOT = "requested_slot"
MOST_EVENTS = 300  # kept between two messages; of older ones only what they add up to


@dataclass(slots=True)
class OpenLoop:
    """A form that is open: whether it found nothing in the last message, and whether something
    else was talked about, so that it has to ask again without reading that message."""

    name: str
    rejected: bool = False
    interrupted: bool = False


class Tracker:
    """The events of a conversation, oldest first, and the state that they lead to."""

    def __init__(self, domain: Domain, sender: str = "") -> None:
        self.domain = domain
        self.sender = sender
        self.events: list[JSON] = []
        self._reset()

    @classmethod
    def resume(cls, domain: Domain, state: DialogueState, sender: str = "") -> "Tracker":
        """The tracker that a state was taken of."""
        tracker = cls(domain, sender)
        tracker.events = list(state.events) or _summary(
            state.slots, state.active_loop, state.requested_slot
        )
        tracker._replay()
        return tracker

    def state(self, failures: int = 0) -> DialogueState:
        """What is kept until the next message."""
        return DialogueState(
            slots={name: value for name, value in self.slots.items() if name != REQUESTED_SLOT},
            active_loop=self.active_loop,
            requested_slot=self.requested_slot,
            failures=failures,
            events=list(map(_slim, self._newest())),
        )

    def copy(self) -> "Tracker":
        return Tracker.of(self.domain, self.events, self.sender)

    @classmethod
    def of(cls, domain: Domain, happened: Iterable[JSON], sender: str = "") -> "Tracker":
        """A tracker to which these events happened."""
        tracker = cls(domain, sender)
        for event in happened:
            tracker.update(event)
        return tracker

    @property
    def active_loop(self) -> str | None:
        """The form that is open."""
        return self.loop.name if self.loop and self.loop.name != events.NOT_SET else None

    @property
    def requested_slot(self) -> str | None:
        return self.slots.get(REQUESTED_SLOT)

    @property
    def intent(self) -> str:
        """What the last message is taken for; where a story tells its very words, those."""
        words = plain(str(self.latest_message.get("text") or ""))
        if words in self.domain.end_to_end:
            return words
        return str(self.parsed.get("intent", {}).get("name") or "")

    @property
    def parsed(self) -> JSON:
        """What was understood of the last message."""
        found: JSON = self.latest_message.get("parse_data") or {}
        return found

    @property
    def retrieved(self) -> str | None:
        """Of a retrieval intent, the one that fits the last message best: `faq/hours`."""
        selected = self.parsed.get("response_selector", {}).get("default", {})
        key = selected.get("response", {}).get("intent_response_key")
        return str(key) if key else None

    def entity_values(
        self, entity: str | None, role: str | None = None, group: str | None = None
    ) -> list[object]:
        """The values that the last message has for an entity in a role and group."""
        return [
            found.get("value")
            for found in self.parsed.get("entities", [])
            if found.get("entity") == entity
            and found.get("role") == role
            and found.get("group") == group
        ]

    def update(self, event: JSON) -> None:
        """Let one more event happen."""
        self.events.append(event)
        if _takes_back(event):
            self._replay()
        else:
            self._apply(event)

    def back_to(self, events: int) -> None:
        """Forget all but so many of the oldest events."""
        del self.events[events:]
        self._replay()

    def rejected(self) -> set[str]:
        """The actions that didn't want to run since one did."""
        names = set[str]()
        for event in reversed(self.events):
            if event["event"] == "action":
                break
            if event["event"] == "action_execution_rejected":
                names.add(event["name"])
        return names

    def times_said(self, response: str) -> int:
        """How often the response was said in this conversation."""
        return sum(
            event["event"] == "bot" and event.get("metadata", {}).get("utter_action") == response
            for event in self.events
        )

    def as_json(self, proposed: Iterable[JSON] = ()) -> JSON:
        """The conversation as Rasa tells action servers and its HTTP API of it; `proposed` are
        events that may happen."""
        proposed = list(proposed)
        slots = {**self.slots, **{e["name"]: e["value"] for e in proposed if e["event"] == "slot"}}
        message = self.latest_message
        newest = self.events[-1] if self.events else {}
        loop = self.loop
        return {
            "sender_id": self.sender,
            "slots": {REQUESTED_SLOT: None, **slots},
            "latest_message": {**self.parsed, "text": message.get("text"), "metadata": {}},
            "latest_event_time": newest.get("timestamp"),
            "followup_action": self.followup,
            "paused": self.paused,
            "events": [*self.events, *proposed],
            "latest_input_channel": message.get("input_channel"),
            "active_loop": {
                "name": loop.name,
                "is_interrupted": loop.interrupted,
                "rejected": loop.rejected,
                "trigger_message": None,
            }
            if loop
            else {},
            "latest_action": {"action_name": self.latest_action},
            "latest_action_name": self.latest_action,
        }

    def applied_slots(self) -> list[JSON]:
        """The slot events that count."""
        return [event for event in applied(self.events) if event["event"] == "slot"]

    def _replay(self) -> None:
        """What the events add up to: where one was last taken back, only those that count."""
        taken_back = (n for n in range(len(self.events), 0, -1) if _takes_back(self.events[n - 1]))
        start = next(taken_back, 0)
        self._reset()
        for event in (*applied(self.events[:start]), *self.events[start:]):
            self._apply(event)

    def _reset(self) -> None:
        self.slots: JSON = {name: slot.initial_value for name, slot in self.domain.slots.items()}
        self.slots_set: set[str] = set()
        self.loop: OpenLoop | None = None
        self.latest_message: JSON = {}
        self.latest_action: str | None = None
        self.followup: str | None = None
        self.paused = False

    def _apply(self, event: JSON) -> None:
        happen = _HAPPENINGS.get(event["event"])
        if happen:
            happen(self, event)

    def _user(self, event: JSON) -> None:
        self.latest_message = event
        self.followup = None

    def _action(self, event: JSON) -> None:
        self.latest_action = event.get("name") or event.get("action_text")
        if self.loop:
            self.loop.interrupted = False
            if self.latest_action == self.loop.name:
                self.loop.rejected = False

    def _slot(self, event: JSON) -> None:
        name, value = event["name"], event.get("value")
        kind = self.domain.slots.get(name, Slot(name)).type
        if kind == "list" and value and not isinstance(value, list):
            value = [value]
        self.slots[name] = value
        self.slots_set.add(name)

    def _loop(self, event: JSON) -> None:
        self.loop = OpenLoop(event["name"]) if event.get("name") else None

    def _interrupt(self, event: JSON) -> None:
        if self.loop:
            self.loop.interrupted = bool(event.get("is_interrupted"))

    def _stop_interrupting(self, event: JSON) -> None:  # Rasa 1's form_validation
        if self.loop:
            self.loop.interrupted = not event.get("validate", True)

    def _reject(self, event: JSON) -> None:
        if self.loop and self.loop.name == event.get("name"):
            self.loop.rejected = True

    def _follow_up(self, event: JSON) -> None:
        self.followup = event["name"]

    def _restart(self, event: JSON) -> None:
        self._reset()
        self.followup = events.SESSION_START

    def _begin_session(self, event: JSON) -> None:
        self._reset()

    def _forget_slots(self, event: JSON) -> None:
        initial = {name: slot.initial_value for name, slot in self.domain.slots.items()}
        self.slots, self.slots_set = initial, set()

    def _pause(self, event: JSON) -> None:
        self.paused = True

    def _go_on(self, event: JSON) -> None:
        self.paused = False

    def _newest(self) -> list[JSON]:
        """The newest events, cut before a message; what the older ones add up to comes first."""
        if len(self.events) <= MOST_EVENTS:
            return self.events
        start = next(
            (
                place
                for place in range(len(self.events) - MOST_EVENTS // 2, len(self.events) - 1)
                if self.events[place + 1]["event"] == "user"
            ),
            len(self.events),
        )
        older = Tracker(self.domain, self.sender)
        older.events = self.events[:start]
        older._replay()
        slots = {name: older.slots[name] for name in older.slots_set}
        summed = _summary(slots, older.active_loop, older.requested_slot)
        return [*summed, *self.events[start:]]


_HAPPENINGS: dict[str, Callable[[Tracker, JSON], None]] = {
    "user": Tracker._user,
    "action": Tracker._action,
    "slot": Tracker._slot,
    "active_loop": Tracker._loop,
    "form": Tracker._loop,
    "loop_interrupted": Tracker._interrupt,
    "form_validation": Tracker._stop_interrupting,
    "action_execution_rejected": Tracker._reject,
    "followup": Tracker._follow_up,
    "restart": Tracker._restart,
    "session_started": Tracker._begin_session,
    "reset_slots": Tracker._forget_slots,
    "pause": Tracker._pause,
    "resume": Tracker._go_on,
}


def _takes_back(event: JSON) -> bool:
    return event["event"] in ("rewind", "undo")


def plain(text: str) -> str:
    """The words, whatever their case and spacing."""
    return " ".join(text.casefold().split())


def _summary(slots: JSON, active_loop: str | None, requested_slot: str | None) -> list[JSON]:
    """The events that lead to these values."""
    if not slots and not active_loop:
        return []
    summed = [events.slot(name, value) for name, value in slots.items() if name != REQUESTED_SLOT]
    if active_loop:
        summed += [
            events.action(active_loop),
            events.loop(active_loop),
            events.slot(REQUESTED_SLOT, requested_slot),
        ]
    return [*summed, events.action(events.LISTEN)]


def _slim(event: JSON) -> JSON:
    """The event without what only the turn that it belongs to needs."""
    if event["event"] != "user" or "intent_ranking" not in (event.get("parse_data") or {}):
        return event
    parsed = {key: value for key, value in event["parse_data"].items() if key != "intent_ranking"}
    return event | {"parse_data": parsed}
