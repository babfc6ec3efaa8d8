"""Web API methods that go wrong as they are told to."""

import math
import time
from dataclasses import dataclass

from tests.fakes.slack.world import Json, Team


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a Web API method. `at` is in seconds of time.monotonic(); one that is `early` came
    before a Retry-After was over."""

    method: str
    arguments: Json
    team: Team | None
    token: str | None
    at: float
    early: bool = False

    def get(self, name: str) -> str:
        """A text argument; empty if it isn't given."""
        return str(self.arguments.get(name) or "")


@dataclass
class Fault:
    """What a method does wrong, `times` times, and in one channel only if `channel` is set."""

    method: str
    channel: str | None = None
    times: float = 1
    status: int = 200
    error: str | None = None
    wait: float = 0
    hang: float = 0
    drop: bool = False
    over_at: float | None = None

    def meets(self, call: Call) -> bool:
        in_channel = self.channel in (None, call.get("channel"), call.get("channel_id"))
        return self.method == call.method and in_channel

    def seconds_left(self) -> int:
        return math.ceil((self.over_at or 0) - time.monotonic())


class Faults:
    """The faults in force. Each of its verbs adds one; `recovers` ends them all."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def limits(
        self, method: str, seconds: float, *, channel: str | None = None, times: float = 1
    ) -> None:
        """429 with Retry-After; whoever calls again before the time is over gets another one."""
        self._faults.append(Fault(method, channel, times, 429, wait=seconds))

    def fails(
        self, method: str, status: int = 503, *, channel: str | None = None, times: float = 1
    ) -> None:
        """An HTTP status, and a body that isn't JSON."""
        self._faults.append(Fault(method, channel, times, status))

    def refuses(
        self, method: str, error: str, *, channel: str | None = None, times: float = 1
    ) -> None:
        """`{"ok": false}` with an error of Slack's."""
        self._faults.append(Fault(method, channel, times, error=error))

    def hangs(
        self, method: str, seconds: float = 60, *, channel: str | None = None, times: float = 1
    ) -> None:
        """Nothing is said for so long, then all is done as it should be."""
        self._faults.append(Fault(method, channel, times, hang=seconds))

    def drops(self, method: str, *, channel: str | None = None, times: float = 1) -> None:
        """What was asked for is done, and the connection breaks before the answer."""
        self._faults.append(Fault(method, channel, times, drop=True))

    def recovers(self) -> None:
        self._faults.clear()

    def is_early(self, call: Call) -> bool:
        return any(fault.over_at and fault.seconds_left() > 0 for fault in self._of(call))

    def strike(self, call: Call) -> Fault | None:
        """The fault that meets the call, which has one time less from now on."""
        for fault in self._of(call):
            if fault.over_at:
                if fault.seconds_left() > 0:
                    return fault
                fault.over_at = None
            if fault.times >= 1:
                fault.times -= 1
                fault.over_at = time.monotonic() + fault.wait if fault.wait else None
                return fault
        return None

    def _of(self, call: Call) -> list[Fault]:
        return [fault for fault in self._faults if fault.meets(call)]
