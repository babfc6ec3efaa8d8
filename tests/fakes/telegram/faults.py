"""What the fake is told to do wrong, and the record of what it was asked."""

import math
import time
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.telegram.refusal import Refusal, too_many_requests
from tests.fakes.telegram.world import Json

Kind = Literal["refuse", "hang", "drop"]


@dataclass(frozen=True)
class Call:
    """A method that the bot called; `at` is a monotonic time in seconds."""

    method: str
    parameters: Json
    at: float

    @property
    def chat_id(self) -> int | None:
        chat = self.parameters.get("chat_id")
        return int(chat) if chat is not None else None


@dataclass
class Fault:
    """Goes wrong `times` times, for a method in a chat (None: in any)."""

    kind: Kind
    method: str
    chat_id: int | None
    times: int
    refusal: Refusal | None = None
    seconds: float = 0

    def concerns(self, call: Call) -> bool:
        return (
            self.times > 0
            and self.method.lower() == call.method.lower()
            and self.chat_id in (None, call.chat_id)
        )


@dataclass
class Faults:
    """`too_early` are the calls that came before the Retry-After which they had been told."""

    planned: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    too_early: list[Call] = field(default_factory=list)
    _shut_until: dict[tuple[str, int | None], float] = field(default_factory=dict)

    def next(self, call: Call) -> Fault | None:
        """What goes wrong with this call; raises Refusal while its chat is shut."""
        place = (call.method.lower(), call.chat_id)
        remaining = self._shut_until.get(place, 0) - call.at
        if remaining > 0:
            self.too_early.append(call)
            raise too_many_requests(math.ceil(remaining))
        fault = next((fault for fault in self.planned if fault.concerns(call)), None)
        if not fault:
            return None
        fault.times -= 1
        if fault.refusal and (wait := fault.refusal.parameters.get("retry_after")):
            self._shut_until[place] = time.monotonic() + wait
        return fault
