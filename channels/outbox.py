"""The outbox: sends what is queued; the lines of a conversation in order, conversations at once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from bot.conversation import Author, Message
from bot.db import Database, now
from bot.failures import failure
from bot.hints import Hints
from bot.turn import Button, Source
from channels.base import Channel, Outgoing, SendError
from channels.waking import wait_for_hint
from handoff import delivery
from handoff.agents import Agent
from handoff.pictures import picture

log = structlog.get_logger()

SWEEP = 5.0  # seconds between looks without a hint, which may be lost
LONGEST_SEND = 75.0  # seconds; less than delivery.SENDING
MOST_ATTEMPTS = 12  # about an hour of trying
LONGEST_PAUSE = 600.0  # seconds between two attempts
GRACE = 5.0  # seconds for what is on its way when the server stops


@dataclass(frozen=True, slots=True)
class Claimed:
    """A line that this process has the right to send."""

    id: int
    channel: str
    outgoing: Outgoing


class Outbox:
    """Runs in the server's event loop. A channel or a chat that hangs holds up nobody else."""

    def __init__(self, database: Database, hints: Hints, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._hints = hints
        self._channels = channels
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._missed: set[int] = set()
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._is_ending = False

    async def run(self) -> None:
        """Send until cancelled. What is on its way then has GRACE to arrive."""
        try:
            async with self._hints.subscribe(lambda hint: hint["kind"] == "changed") as heard:
                while True:
                    pause = await self._start_lanes()
                    await wait_for_hint(heard, pause)
        finally:
            await self._come_to_an_end()

    async def _come_to_an_end(self) -> None:
        """Nothing more goes out; what doesn't arrive in time is doubtful after the next start."""
        self._is_ending = True
        lanes = set(self._lanes.values())
        for lane in lanes - self._on_their_way:
            lane.cancel()
        if on_their_way := set(self._on_their_way):
            _, late = await asyncio.wait(on_their_way, timeout=GRACE)
            for lane in late:
                lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    async def _start_lanes(self) -> float:
        """A lane for each conversation that has something due; returns when to look again."""
        try:
            due, pause = await run_in_threadpool(self._look)
        except Exception as error:  # the database is away: look again later
            log.error("outbox can't look", **failure(error))
            return SWEEP
        for conversation_id in due:
            if conversation_id in self._lanes:
                self._missed.add(conversation_id)  # its lane may have looked a moment too early
            else:
                lane = asyncio.create_task(self._lane(conversation_id))
                self._lanes[conversation_id] = lane
        return pause

    def _look(self) -> tuple[list[int], float]:
        moment = now()
        with self._database.read() as session:
            due = delivery.due(session, self._channels, moment)
            later = delivery.next_due(session, self._channels, moment)
        pause = (later - now()).total_seconds() if later else SWEEP
        return due, min(max(pause, 0.0), SWEEP)

    async def _lane(self, conversation_id: int) -> None:
        try:
            while await self._send_next(conversation_id) or conversation_id in self._missed:
                if self._is_ending:
                    return
                self._missed.discard(conversation_id)
        except Exception as error:  # the sweep begins again
            log.error("sending failed", conversation=conversation_id, **failure(error))
        finally:
            del self._lanes[conversation_id]

    async def _send_next(self, conversation_id: int) -> bool:
        """Send the next line; False when there is none that may go out now."""
        where = await run_in_threadpool(self._next_place, conversation_id)
        if not where:
            return False
        channel, account, address = where
        await self._channels[channel].turn(account, address)
        lane = self._lanes[conversation_id]
        self._on_their_way.add(lane)
        try:
            claimed = await run_in_threadpool(self._claim, conversation_id)
            if not claimed:
                return False
            await self._send(claimed)
        finally:
            self._on_their_way.discard(lane)
        self._hints.changed(conversation_id)
        return True

    def _next_place(self, conversation_id: int) -> tuple[str, str, str] | None:
        with self._database.read() as session:
            line = delivery.next_line(session, conversation_id)
            if line is None or line.channel not in self._channels:
                return None
            return line.channel, line.account, line.address or ""

    def _claim(self, conversation_id: int) -> Claimed | None:
        with self._database.write() as session:
            line = delivery.claim(session, conversation_id)
            if line is None:
                return None
            agent = session.get(Agent, line.agent_id) if line.agent_id else None
            answered = select(Message.reference).where(
                Message.conversation_id == conversation_id, Message.seq == line.answers
            )
            reply_to = session.scalar(answered) if line.answers else None
            return Claimed(line.id, line.channel, outgoing(line, agent, reply_to))

    async def _send(self, claimed: Claimed) -> None:
        try:
            async with asyncio.timeout(LONGEST_SEND):
                reference = await self._channels[claimed.channel].send(claimed.outgoing)
        except SendError as error:
            await run_in_threadpool(self._note_failure, claimed.id, error)
        except TimeoutError:
            timeout = SendError("the channel did not answer in time", uncertain=True)
            await run_in_threadpool(self._note_failure, claimed.id, timeout)
        except Exception as error:  # a mistake of ours, or of a library: another try may do
            log.error("channel failed", channel=claimed.channel, **failure(error))
            unknown = SendError(f"sending failed ({type(error).__name__})")
            await run_in_threadpool(self._note_failure, claimed.id, unknown)
        else:
            await run_in_threadpool(self._note_delivery, claimed.id, reference)

    def _note_delivery(self, message_id: int, reference: str | None) -> None:
        with self._database.write() as session:
            delivery.delivered(session, session.get_one(Message, message_id), reference)

    def _note_failure(self, message_id: int, error: SendError) -> None:
        with self._database.write() as session:
            line = session.get_one(Message, message_id)
            if error.retry_after is not None:
                line.attempts -= 1  # the channel asked for it: that isn't held against the line
                delivery.postponed(session, line, timedelta(seconds=error.retry_after))
            elif error.uncertain and line.doubtful:
                delivery.delivered(session, line, None)  # twice is enough: uncertain it stays
            elif error.permanent or line.attempts >= MOST_ATTEMPTS:
                delivery.failed(session, line, str(error), blocked=error.blocked)
            else:
                pause = min(2.0 ** (line.attempts - 1), LONGEST_PAUSE)
                again = timedelta(seconds=pause)
                delivery.postponed(session, line, again, doubtful=error.uncertain)


def outgoing(line: Message, agent: Agent | None, reply_to: str | None) -> Outgoing:
    """The stored line as a channel sends it."""
    content = line.content
    return Outgoing(
        conversation_id=line.conversation_id,
        seq=line.seq,
        account=line.account,
        address=line.address or "",
        author=Author(line.author),
        text=line.text,
        kind=line.kind,
        name=agent.name if agent else None,
        markdown=content.get("markdown", False),
        buttons=tuple(Button(**button) for button in content.get("buttons", [])),
        sources=tuple(Source(**source) for source in content.get("sources", [])),
        ticket=content.get("ticket"),
        reply_to=reply_to,
        image=picture(content),
        content=content,
    )
