"""`firstline serve` in a process of its own, and a Telegram that brings it updates."""

import asyncio
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple, TypeVar

import httpx

from bot.db import Database
from bot.settings import load_settings
from tests.fakes.browser import Server
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram.webhook import SECRET_HEADER
from tests.fakes.telegram.world import Json

Thing = TypeVar("Thing")

SECRET = "benchmark"
HELLO = "/start"  # one reply, and little to think about
AT_ONCE = 40  # connections that Telegram opens, unless it is told otherwise


class Result(NamedTuple):
    """A line of the table."""

    measure: str
    aim: str
    measured: str
    holds: bool


@dataclass
class Rig:
    """The server on a copy of a prepared demo, with an empty database."""

    telegram: FakeTelegram
    server: Server

    def people(self, count: int) -> list[Person]:
        return [self.telegram.user(f"Person {number}") for number in range(count)]

    def updates(self) -> list[Json]:
        """What people have done so far, as Telegram would bring it."""
        return list(self.telegram.world.updates.waiting.values())

    def bring(self, updates: Sequence[Json], per_second: float | None = None) -> list[float]:
        """Post the updates until each is taken; the seconds that each took to be acknowledged."""
        return asyncio.run(self._bring(updates, per_second))

    async def _bring(self, updates: Sequence[Json], per_second: float | None) -> list[float]:
        slots = asyncio.Semaphore(AT_ONCE)
        begun = time.monotonic()
        limits = httpx.Limits(max_connections=AT_ONCE)
        headers = {SECRET_HEADER: SECRET}
        async with httpx.AsyncClient(timeout=60, headers=headers, limits=limits) as client:

            async def bring(number: int, update: Json) -> float:
                if per_second:
                    await asyncio.sleep(begun + number / per_second - time.monotonic())
                async with slots:
                    return await self._post(client, update)

            return await asyncio.gather(*map(bring, range(len(updates)), updates))

    async def _post(self, client: httpx.AsyncClient, update: Json) -> float:
        url = f"{self.server.url}/webhooks/telegram/webhook"
        while True:
            begun = time.perf_counter()
            try:
                response = await client.post(url, json=update)
            except httpx.TransportError:
                response = None
            if response and response.is_success:
                return time.perf_counter() - begun
            await asyncio.sleep(0.2)

    def sent(self) -> int:
        """How many messages the bot has sent."""
        return sum(len(chat.sent) for chat in self.telegram.world.chats.values())

    def wait_for_replies(self, count: int, seconds: float) -> None:
        """Until that many came and no more follow, or the time is over."""
        deadline = time.monotonic() + seconds
        while self.sent() < count and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(3)

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = Database(load_settings(self.server.data).database)
        yield database
        database.close()


@contextmanager
def rig(prepared: Path, folder: Path, mode: str = "webhook") -> Iterator[Rig]:
    """A rig in a folder that doesn't exist yet; the server is not started."""
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns("firstline.db*"))
    with FakeTelegram() as telegram:
        settings = {
            "TELEGRAM_TOKEN": telegram.token,
            "TELEGRAM_API_URL": telegram.url,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_MODE": mode,
        }
        server = Server(folder, {f"FIRSTLINE_{name}": value for name, value in settings.items()})
        try:
            yield Rig(telegram, server)
        finally:
            server.kill()


def shuffled(things: Sequence[Thing]) -> list[Thing]:
    return random.Random(7).sample(things, len(things))


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]
