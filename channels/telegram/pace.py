"""Telegram's limits: 30 messages a second over all, one a second in a chat, 20 a minute in a group.

Each is a window that slides: a leaky bucket would let twice as many through in its first period.
"""

import asyncio
from collections import OrderedDict, deque

ALL = (30, 1.0)
CHAT = (1, 1.0)
GROUP = (20, 60.0)
FORGET = 60.0  # seconds after which a chat's past no longer limits it
TYPING = 4.0  # seconds; the app shows it for five
MOST_TYPING = 20  # chats in that time: it is a courtesy that costs as much as a message


class Window:
    """Lets at most `limit` through in any `seconds`, in the order in which they came."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=limit)
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        async with self._queue:
            if self.is_full():
                await asyncio.sleep(self._times[0] + self._seconds - _now())
            self._times.append(_now())

    def is_full(self) -> bool:
        full = len(self._times) == self._times.maxlen
        return full and self._times[0] + self._seconds > _now()

    def is_idle(self) -> bool:
        """Whether nobody waits here, and what was let through is long past."""
        return not self._queue.locked() and (not self._times or self._times[-1] + FORGET < _now())


class Pace:
    """Whose turn it is to be sent to."""

    def __init__(self) -> None:
        self._all = Window(*ALL)
        self._chats: OrderedDict[int, tuple[Window, ...]] = OrderedDict()
        self._typing: dict[int, float] = {}  # the oldest first

    async def turn(self, chat_id: int) -> None:
        """Wait until one more message may go to the chat; a group's number is negative."""
        for window in self._windows(chat_id):
            await window.turn()
        await self._all.turn()  # last: who waits for their chat keeps nobody else waiting

    @property
    def remembered(self) -> int:
        """How many chats have a past that counts."""
        return len(self._chats)

    def may_type(self, chat_id: int) -> bool:
        """Whether the chat may be shown that somebody types; messages go first."""
        while self._typing and next(iter(self._typing.values())) + TYPING < _now():
            del self._typing[next(iter(self._typing))]
        if chat_id in self._typing or len(self._typing) >= MOST_TYPING or self._all.is_full():
            return False
        self._typing[chat_id] = _now()
        return True

    def _windows(self, chat_id: int) -> tuple[Window, ...]:
        self._forget_idle()
        if chat_id not in self._chats:
            limits = (CHAT, GROUP) if chat_id < 0 else (CHAT,)
            self._chats[chat_id] = tuple(Window(*limit) for limit in limits)
        self._chats.move_to_end(chat_id)
        return self._chats[chat_id]

    def _forget_idle(self) -> None:
        while self._chats:
            chat_id, windows = next(iter(self._chats.items()))
            if not all(window.is_idle() for window in windows):
                return
            del self._chats[chat_id]


def _now() -> float:
    return asyncio.get_running_loop().time()
