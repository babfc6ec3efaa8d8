"""Telegram's side of a webhook: updates of one chat in order, tried again until they are taken."""

import asyncio
import random
from collections import deque
from datetime import UTC, datetime
from http import HTTPStatus

import httpx

from tests.fakes.telegram.world import Json, Updates

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST_PAUSE = 5.0


class Webhook:
    """Posts waiting updates to `url`, `max_connections` at a time.

    An update is done at the first 2xx. `copies` are posted of each at once, `shuffled` gives up the
    order within chats, `pause` is the seconds before the second try (each later one takes twice as
    long). `answers` are the statuses that came back.
    """

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self.url = ""
        self.copies = 1
        self.shuffled = False
        self.pause = 0.1
        self.answers: list[int] = []
        self._secret = ""
        self._max_connections = 40
        self._slots = asyncio.Semaphore(40)
        self._error: Json = {}
        self._lanes: dict[int, deque[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def set(self, url: str, secret: str = "", max_connections: int = 40) -> None:
        self.url, self._secret, self._max_connections = url, secret, max_connections
        self._slots = asyncio.Semaphore(max_connections)
        self._error = {}
        for update in list(self._updates.waiting.values()):
            self.offer(update)

    def info(self) -> Json:
        about = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.waiting),
        }
        if self.url:
            about |= {"max_connections": self._max_connections}
        if self._updates.allowed:
            about |= {"allowed_updates": self._updates.allowed}
        return about | self._error

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        limits = httpx.Limits(max_connections=None)
        self._client = httpx.AsyncClient(timeout=60, limits=limits, trust_env=False)

    async def stop(self) -> None:
        self._loop = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def note_error(self, reason: str, at: datetime | None = None) -> None:
        """What `info` tells of the last delivery that failed."""
        moment = int((at or datetime.now(UTC)).timestamp())
        self._error = {"last_error_date": moment, "last_error_message": reason}

    def offer(self, update: Json) -> None:
        """Have it posted, if there is a webhook; from any thread."""
        if self._loop and self.url:
            self._loop.call_soon_threadsafe(self._enqueue, update)

    def _enqueue(self, update: Json) -> None:
        lane = update["update_id"] if self.shuffled else _chat_of(update)
        if lane in self._lanes:
            self._lanes[lane].append(update)
            return
        self._lanes[lane] = deque([update])
        task = asyncio.create_task(self._empty(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _empty(self, lane: int) -> None:
        waiting = self._lanes[lane]
        if self.shuffled:
            await asyncio.sleep(random.uniform(0, 0.2))
        while waiting and self.url:
            await self._deliver(waiting[0])
            waiting.popleft()
        del self._lanes[lane]

    async def _deliver(self, update: Json) -> None:
        pause = self.pause
        while self.url and update["update_id"] in self._updates.waiting:
            async with self._slots:
                posts = (self._post(update) for _ in range(self.copies))
                taken = any(await asyncio.gather(*posts))
            if taken:
                self._updates.waiting.pop(update["update_id"], None)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _post(self, update: Json) -> bool:
        headers = {SECRET_HEADER: self._secret} if self._secret else {}
        try:
            response = await self._client.post(self.url, json=update, headers=headers)
        except httpx.HTTPError:
            self.note_error("Connection refused")
            return False
        self.answers.append(response.status_code)
        if not response.is_success:
            phrase = HTTPStatus(response.status_code).phrase
            self.note_error(f"Wrong response from the webhook: {response.status_code} {phrase}")
        return response.is_success


def _chat_of(update: Json) -> int:
    content = next(value for key, value in update.items() if key != "update_id")
    chat = content.get("chat") or content.get("message", {}).get("chat") or content.get("from", {})
    return int(chat.get("id", 0))
