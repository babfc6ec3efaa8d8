"""Telegram's limits, on a clock that the test turns."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from channels.telegram.pace import Pace

Result = TypeVar("Result")


class Clock(asyncio.SelectorEventLoop):
    """An event loop that doesn't wait: when all sleep, the time is that of the first to wake."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0.0

    def time(self) -> float:
        return super().time() + self._skipped

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._skipped += max(0.0, self._scheduled[0]._when - self.time())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(work)


async def sends(pace: Pace, chats: list[int]) -> list[tuple[float, int]]:
    """When each of the messages may go out."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    sent = []

    async def send(chat: int) -> None:
        await pace.turn(chat)
        sent.append((loop.time() - begun, chat))

    await asyncio.gather(*(send(chat) for chat in chats))
    return sent


def most_in(seconds: float, moments: list[float]) -> int:
    return max(
        sum(1 for other in moments if moment <= other < moment + seconds) for moment in moments
    )


def test_thirty_a_second_over_all() -> None:
    moments = [moment for moment, _ in run(sends(Pace(), list(range(1, 151))))]
    assert most_in(0.999, moments) == 30
    assert max(moments) < 4.2


def test_one_a_second_in_a_chat_and_nobody_waits_for_anothers_chat() -> None:
    sent = run(sends(Pace(), [1] * 5 + [2, 3]))
    assert most_in(0.999, [moment for moment, chat in sent if chat == 1]) == 1
    assert [chat for _, chat in sent][:3] == [1, 2, 3]


def test_twenty_a_minute_in_a_group() -> None:
    sent = run(sends(Pace(), [-100] * 45))
    assert most_in(59.99, [moment for moment, _ in sent]) == 20
    assert max(moment for moment, _ in sent) < 125


def test_typing_is_shown_once_in_four_seconds_and_never_before_messages() -> None:
    async def types() -> list[bool]:
        pace = Pace()
        shown = [pace.may_type(1), pace.may_type(1), pace.may_type(2)]
        await asyncio.sleep(4.1)
        shown.append(pace.may_type(1))
        await sends(pace, list(range(10, 40)))
        shown.append(pace.may_type(3))
        return shown

    assert run(types()) == [True, False, True, True, False]


def test_chats_are_forgotten_once_they_are_quiet() -> None:
    async def quiet() -> int:
        pace = Pace()
        await sends(pace, [*range(1, 500), *range(-500, 0)])
        await asyncio.sleep(61)
        await pace.turn(1)
        return pace.remembered

    assert run(quiet()) == 1
