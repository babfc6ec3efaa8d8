"""Hints: everyone who listens is told to look again; a lost hint does no harm."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.db import Database
from bot.hints import Hint, Hints
from tests.fakes.postgres import Cluster, on_both_databases

CHANGED = {"kind": "changed", "conversation": 7}


def told(hints: Hints, heard: list[Hint]) -> bool:
    """Whether a hint arrives; until the other side listens, it doesn't."""
    hints.publish(CHANGED)
    return bool(heard)


def soon(holds: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(holds())


@pytest.fixture
def database(database_url: str | None, tmp_path: Any) -> Iterator[Database]:
    database = Database(database_url or f"sqlite:///{tmp_path / 'hints.db'}")
    yield database
    database.close()


@pytest.fixture
def hints(database: Database) -> Iterator[Hints]:
    hints = Hints(database)
    hints.start()
    if not database.is_sqlite:  # until LISTEN has begun
        heard: list[Hint] = []
        end = hints.listen(heard.append)
        assert soon(lambda: told(hints, heard))
        hints.changed(0)
        assert soon(lambda: heard[-1]["conversation"] == 0)  # no earlier one is on its way
        end()
    yield hints
    hints.stop()


@on_both_databases
def test_each_listener_hears_each_hint_until_it_ends(hints: Hints) -> None:
    first: list[Hint] = []
    second: list[Hint] = []
    end_first, end_second = hints.listen(first.append), hints.listen(second.append)
    hints.changed(7)
    assert soon(lambda: first and second)
    end_first()
    hints.changed(8)
    assert soon(lambda: len(second) == 2)
    assert first == [CHANGED]
    end_second()


def test_processes_on_one_postgresql_hear_each_other(cluster: Cluster) -> None:
    with cluster.database() as url:
        here, there = Database(url), Database(url)
        speaking, listening = Hints(here), Hints(there)
        listening.start()
        heard: list[Hint] = []
        listening.listen(heard.append)
        assert soon(lambda: told(speaking, heard))
        assert heard[0] == CHANGED
        listening.stop()
        here.close()
        there.close()


@on_both_databases
def test_a_coroutine_hears_only_what_it_wants(hints: Hints) -> None:
    async def listen() -> Hint:
        async with hints.subscribe(lambda hint: bool(hint["conversation"] == 7)) as heard:
            for conversation in (6, 7):
                await asyncio.to_thread(hints.changed, conversation)
            return await asyncio.wait_for(heard.get(), 5)

    assert asyncio.run(listen()) == CHANGED


def test_a_listener_that_is_gone_or_full_disturbs_nobody(hints: Hints) -> None:
    async def leave() -> None:
        subscription = hints.subscribe(lambda hint: True)
        await subscription.__aenter__()  # and its loop closes without leaving

    asyncio.run(leave())
    heard: list[Hint] = []
    hints.listen(heard.append)
    for _ in range(3):
        hints.changed(7)
    assert heard == [CHANGED] * 3


def test_a_hint_never_raises_even_when_the_database_is_away(cluster: Cluster) -> None:
    with cluster.database() as url:
        database = Database(url)
        hints = Hints(database)
    heard: list[Hint] = []
    hints.listen(heard.append)
    hints.changed(7)
    assert heard == [CHANGED]
    database.close()
