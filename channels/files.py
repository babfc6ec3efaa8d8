"""Files that customers sent and that still have to be fetched from their channel."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from bot.db import Database, now
from bot.failures import failure
from bot.hints import Hints
from channels.base import Channel, SendError
from channels.waking import wait_for_hint
from handoff.attachments import LARGEST, Attachment

log = structlog.get_logger()

SWEEP = 5.0  # seconds between looks without a hint
AT_ONCE = 4
LONGEST_FETCH = 60.0  # seconds
MOST_ATTEMPTS = 6


class Files:
    """Fetches files until they are kept, or the channel or patience says no."""

    def __init__(self, database: Database, hints: Hints, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._hints = hints
        self._channels = channels

    async def run(self) -> None:
        """Fetch until cancelled. Another process may fetch the same file: nothing comes of it."""
        async with self._hints.subscribe(lambda hint: hint["kind"] == "changed") as heard:
            while True:
                await self._fetch_due()
                await wait_for_hint(heard, SWEEP)

    async def _fetch_due(self) -> None:
        try:
            due = await run_in_threadpool(self._due)
            await asyncio.gather(*(self._fetch(each) for each in due))
        except Exception as error:  # the database is away: look again later
            log.error("files can't be fetched", **failure(error))

    def _due(self) -> list[Attachment]:
        """Those to be fetched now; if they aren't by the next look, somebody else may try."""
        with self._database.write() as session:
            found = session.scalars(
                select(Attachment)
                .where(Attachment.due_at <= now(), Attachment.channel.in_(self._channels))
                .order_by(Attachment.due_at)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            for attachment in found:
                attachment.due_at = now() + timedelta(seconds=LONGEST_FETCH)
                attachment.attempts += 1
            return list(found)

    async def _fetch(self, attachment: Attachment) -> None:
        channel = self._channels[attachment.channel]
        source = attachment.source or ""
        try:
            async with asyncio.timeout(LONGEST_FETCH):
                data = await channel.fetch(attachment.account, source, LARGEST)
        except SendError as error:
            await run_in_threadpool(self._postpone, attachment, error)
        except Exception as error:  # a mistake of a library, or time ran out: another try may do
            log.error("fetch failed", channel=channel.name, **failure(error))
            await run_in_threadpool(
                self._postpone, attachment, SendError("it could not be fetched")
            )
        else:
            await run_in_threadpool(self._keep, attachment.id, data)
        self._hints.changed(attachment.conversation_id)

    def _keep(self, attachment_id: int, data: bytes) -> None:
        with self._database.write() as session:
            if stored := session.get(Attachment, attachment_id):  # or it was erased meanwhile
                stored.keep(data)

    def _postpone(self, attachment: Attachment, error: SendError) -> None:
        with self._database.write() as session:
            stored = session.get(Attachment, attachment.id)
            if stored is None:  # erased meanwhile
                return
            if error.permanent or attachment.attempts >= MOST_ATTEMPTS:
                stored.refuse(str(error))
            else:
                pause = error.retry_after or 2.0**attachment.attempts
                stored.due_at = now() + timedelta(seconds=pause)
