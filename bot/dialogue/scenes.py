"""What rules and stories see of a conversation: a scene for each moment that an action follows.

As in Rasa a scene holds the message (intent and entities), the action before, the slots that
influence conversations (not their values, but what rules may tell apart of them) and the form.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.dialogue import events
from bot.dialogue.events import NOT_SET
from bot.dialogue.history import applied
from bot.dialogue.tracker import Tracker
from bot.domain import Slot

Features = tuple[float, ...] | str
Entities = frozenset[str]


@dataclass(frozen=True, slots=True)
class Scene:
    """`action` is None at the very beginning of a conversation."""

    action: str | None = None
    intent: str = ""
    entities: Entities = frozenset()
    slots: Mapping[str, Features] = field(default_factory=dict)
    loop: str | None = None

    @property
    def listened(self) -> bool:
        """Whether the message is what happened last."""
        return self.action == events.LISTEN


def scenes(tracker: Tracker, *, set_only: bool = False, hide_rules: bool = False) -> list[Scene]:
    """The scene before each action of the conversation, and the one now.

    `set_only` leaves out slots that still have their initial values. `hide_rules` leaves out the
    turns that only rules know of, as stories don't tell them.
    """
    return list(_hiding(tracker, set_only) if hide_rules else _all(tracker, set_only))


def _all(tracker: Tracker, set_only: bool) -> Iterator[Scene]:
    for before, _ in _moments(tracker):
        yield scene(before, set_only)


def _hiding(tracker: Tracker, set_only: bool) -> Iterator[Scene]:
    hidden, action = False, None
    last: Scene | None = None
    for before, hides in _moments(tracker):
        if not hidden:
            action = before.latest_action
        if not before.followup and before.latest_action != before.active_loop:
            hidden = hides
        if hidden:
            continue
        now = scene(before, set_only)
        if last and not now.listened:  # as it was heard before what only rules know of
            now = Scene(action, last.intent, last.entities, now.slots, now.loop)
        else:
            now = Scene(action, now.intent, now.entities, now.slots, now.loop)
        yield now
        last = now


def _moments(tracker: Tracker) -> Iterator[tuple[Tracker, bool]]:
    """The tracker before each action, whether that action is hidden, and the tracker now."""
    before = Tracker(tracker.domain, tracker.sender)
    for event in applied(tracker.events):
        if event["event"] == "action":
            yield before, bool(event.get("hide_rule_turn"))
        before.update(event)
    yield before, False


def scene(tracker: Tracker, set_only: bool = False) -> Scene:
    """What there is to see now."""
    return Scene(
        tracker.latest_action,
        tracker.intent,
        _entities(tracker),
        dict(_slots(tracker, set_only)),
        tracker.loop.name if tracker.loop else None,
    )


def _entities(tracker: Tracker) -> Entities:
    """The entities that count with the intent: `city`, and `city#from` in a role."""
    unheard = tracker.domain.unheard.get(tracker.intent, frozenset())
    found = tracker.parsed.get("entities", [])
    return frozenset(
        name for each in found if each["entity"] not in unheard for name in _names(each)
    )


def _names(entity: Mapping[str, object]) -> Iterator[str]:
    yield str(entity["entity"])
    for more in ("role", "group"):
        if entity.get(more):
            yield f"{entity['entity']}#{entity[more]}"


def _slots(tracker: Tracker, set_only: bool) -> Iterator[tuple[str, Features]]:
    for name, slot in tracker.domain.slots.items():
        if not slot.influences or (set_only and name not in tracker.slots_set):
            continue
        value = tracker.slots.get(name)
        if value == NOT_SET:
            yield name, NOT_SET
        elif any(features := slot_features(slot, value)):
            yield name, features


def slot_features(slot: Slot, value: object) -> tuple[float, ...]:
    """What rules and stories can tell of a value; nothing but zeros for one that is empty."""
    if value is None:
        return ()
    match slot.type:
        case "bool":
            return _bool_features(value)
        case "float":
            return _float_features(slot, value)
        case "categorical":
            return _categorical_features(slot, value)
        case "list":
            return (1.0,) if value else ()
        case _:
            return (1.0,)


def _bool_features(value: object) -> tuple[float, ...]:
    text = str(value).strip().lower()
    if text in ("true", "1", "1.0"):
        return (1.0, 1.0)
    return (1.0, 0.0) if not isinstance(value, str) or text in ("false", "0", "0.0") else ()


def _float_features(slot: Slot, value: object) -> tuple[float, ...]:
    try:
        number = float(str(value))
    except ValueError:
        return ()
    capped = max(slot.minimum, min(slot.maximum, number))
    return (1.0, (capped - slot.minimum) / ((slot.maximum - slot.minimum) or 1.0))


def _categorical_features(slot: Slot, value: object) -> tuple[float, ...]:
    """One for each value, and one for any other."""
    values = [str(each).lower() for each in slot.values]
    chosen = str(value).lower()
    others = [] if "__other__" in values else ["__other__"]
    known = chosen if chosen in values else "__other__"
    return tuple(float(each == known) for each in [*values, *others])
