"""What a script may expect of a turn, and where that is found."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.dialogue.responses import PLACEHOLDER
from bot.domain import Domain
from bot.engine import Turn
from bot.memory import Memory

NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Seen:
    """One turn as it went, and what the bot remembered before it."""

    turn: Turn
    before: Memory
    domain: Domain

    @property
    def after(self) -> Memory:
        return Memory.load(self.turn.memory)


def buttons(turn: Turn | None) -> list[str | None]:
    """The titles of the buttons that a turn offers."""
    return [button.title for reply in turn.replies for button in reply.buttons] if turn else []


def _actions(seen: Seen) -> list[str | None]:
    """What ran: actions, forms that were or became active, responses that were worded."""
    loops = (seen.before.dialogue.active_loop, seen.after.dialogue.active_loop)
    return [
        *seen.turn.evidence["actions"],
        *(loop for loop in loops if loop),
        *_responses(seen.domain, [reply.text for reply in seen.turn.replies]),
    ]


def _responses(domain: Domain, said: Sequence[str]) -> Iterator[str]:
    """The responses whose wording, with any values, ends or makes up a line."""
    for name, variations in domain.responses.items():
        wordings = [_wording(variation.text) for variation in variations]
        if any(wording.search(line.strip()) for wording in wordings for line in said):
            yield name


def _wording(text: str) -> re.Pattern[str]:
    fixed = PLACEHOLDER.split(text.strip())[::2]  # the odd ones are the placeholders' names
    if not any(fixed):  # it could be any line
        return NEVER
    return re.compile(r"(?:^|\n\n)" + ".*".join(map(re.escape, fixed)) + "$", re.DOTALL)


def _pairs(values: Mapping[str, object]) -> list[str | None]:
    """Slots as `name` where they are filled, and as `name=value`."""
    filled = [name for name, value in values.items() if value is not None]
    return [*filled, *(f"{name}={value}" for name, value in values.items())]


def _slots(seen: Seen) -> list[str | None]:
    dialogue = seen.after.dialogue
    return _pairs({**dialogue.slots, "requested_slot": dialogue.requested_slot})


FOUND: dict[str, Callable[[Seen], list[str | None]]] = {
    "act": lambda seen: [str(seen.turn.evidence["act"])],
    "reason": lambda seen: [seen.turn.evidence["reason"]],
    "kind": lambda seen: [str(reply.kind) for reply in seen.turn.replies],
    "intent": lambda seen: [seen.turn.evidence["intent"]["name"]],
    "action": _actions,
    "source": lambda seen: [
        source.article_id for reply in seen.turn.replies for source in reply.sources
    ],
    "contains": lambda seen: [reply.text for reply in seen.turn.replies],
    "button": lambda seen: buttons(seen.turn),
    "handoff": lambda seen: [seen.turn.handoff],
    "entity": lambda seen: [
        f"{each['entity']}={each['value']}" for each in seen.turn.evidence["entities"]
    ],
    "slot": _slots,
    "active_loop": lambda seen: [seen.after.dialogue.active_loop],
}
