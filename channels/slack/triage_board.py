"""Keeps the cards and their threads as they should be, in the server's event loop."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from bot.db import Database
from bot.failures import failure
from bot.hints import Hints
from bot.settings import Settings
from channels.base import SendError
from channels.slack import triage_store as store
from channels.slack.triage_pace import Place
from channels.slack.triage_slack import TriageSlack
from channels.slack.triage_steps import Step, next_step
from channels.slack.triage_store import SlackCard
from channels.waking import wait_for_hint

log = structlog.get_logger()

SWEEP = 5.0  # seconds between looks without a hint, which may be lost
GATHER = 0.1  # seconds in which hints are put together
NEW_AT_ONCE = 3  # cards to be posted in a channel
REFRESH = 60.0  # seconds between looks at all cards: how long somebody waits, what was delivered


class Board:
    """All triage channels. One of them that hangs holds up none of the others."""

    def __init__(
        self, settings: Settings, database: Database, hints: Hints, slack: TriageSlack
    ) -> None:
        self._settings = settings
        self._database = database
        self._hints = hints
        self._slack = slack
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._refreshed = 0.0

    async def run(self) -> None:
        """Work until cancelled. A step that was on its way then is taken again."""
        try:
            async with self._hints.subscribe(lambda hint: hint["kind"] == "changed") as heard:
                while True:
                    await self._look()
                    await wait_for_hint(heard, SWEEP)
                    await asyncio.sleep(GATHER)
        finally:
            lanes = list(self._lanes.values())
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _look(self) -> None:
        """A lane for each card that has to change."""
        try:
            places = await self._slack.places()
            await run_in_threadpool(self._reserve, places)
            for ticket_id in await run_in_threadpool(self._unfinished):
                if ticket_id not in self._lanes:
                    self._lanes[ticket_id] = asyncio.create_task(self._lane(ticket_id))
        except SendError as error:
            log.warning("triage waits", reason=str(error))
        except Exception as error:  # the database is away: look again later
            log.error("triage can't look", **failure(error))

    def _reserve(self, places: Mapping[str, Place]) -> None:
        """A row for each card that is to be posted: a few at a time, so that a long queue isn't in
        the way of what agents do."""
        with self._database.read() as session:
            waiting = store.uncarded(session, places)
            unposted = Counter(store.unposted(session))
        for each in waiting:
            place = places[each.desk]
            unposted[place] += 1
            if unposted[place] <= NEW_AT_ONCE:
                store.reserve(self._database, each, *place)

    def _unfinished(self) -> Sequence[int]:
        """The tickets of cards to be looked at: now and then all of them."""
        behind_only = time.monotonic() - self._refreshed < REFRESH
        if not behind_only:
            self._refreshed = time.monotonic()
        with self._database.read() as session:
            return store.unfinished(session, behind_only=behind_only)

    async def _lane(self, ticket_id: int) -> None:
        try:
            while await self._advance(ticket_id):
                pass
        except Exception as error:  # the sweep begins again
            log.error("triage failed", ticket=ticket_id, **failure(error))
        finally:
            del self._lanes[ticket_id]

    async def _advance(self, ticket_id: int) -> bool:
        """Take the card's next step; False when there is none, or it has to wait."""
        shown, step = await run_in_threadpool(self._next, ticket_id)
        if step is None:
            return False
        if step.posting is None:
            return await self._take_step(ticket_id)
        place = (shown.account, shown.channel)
        async with self._slack.pace.turn(place, is_new=step.replaces is None):
            return await self._take_step(ticket_id)

    async def _take_step(self, ticket_id: int) -> bool:
        lease = await run_in_threadpool(store.take, self._database, ticket_id)
        if not lease:  # another process is at it
            return False
        done: dict[str, Any] = {}
        try:
            shown, step = await run_in_threadpool(self._next, ticket_id)
            if step:
                done = await self._slack.carry_out(shown, step)
        finally:
            await run_in_threadpool(store.give_back, self._database, ticket_id, lease, done)
        return bool(done)

    def _next(self, ticket_id: int) -> tuple[SlackCard, Step | None]:
        with self._database.read() as session:
            shown = session.get_one(SlackCard, ticket_id)
            return shown, None if shown.closed else next_step(session, shown, self._settings)
