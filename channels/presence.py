"""Shows customers on every channel that an agent is typing."""

import asyncio
from collections.abc import Mapping

import structlog
from starlette.concurrency import run_in_threadpool

from bot.conversation import Conversation
from bot.db import Database
from bot.failures import failure
from bot.hints import Hint, Hints
from channels.base import Channel

log = structlog.get_logger()


class Presence:
    """Passes on the hints; one may be lost."""

    def __init__(self, database: Database, hints: Hints, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._channels = channels
        self._hints = hints

    async def run(self) -> None:
        """Pass on until cancelled. A channel that hangs holds up nobody else's sign."""
        async with self._hints.subscribe(_is_agent_typing) as heard, asyncio.TaskGroup() as tasks:
            while True:
                hint = await heard.get()
                tasks.create_task(self._show(hint["conversation"]))

    async def _show(self, conversation_id: int) -> None:
        try:
            conversation = await run_in_threadpool(self._find, conversation_id)
            channel = conversation and self._channels.get(conversation.channel)
            if conversation and channel:
                await channel.typing(conversation.account, conversation.address)
        except Exception as error:  # nobody misses the sign
            log.warning("typing not shown", **failure(error))

    def _find(self, conversation_id: int) -> Conversation | None:
        with self._database.read() as session:
            return session.get(Conversation, conversation_id)


def _is_agent_typing(hint: Hint) -> bool:
    return bool(hint["kind"] == "typing" and hint["who"] == "agent" and hint["on"])
