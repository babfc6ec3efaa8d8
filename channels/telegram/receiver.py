"""Takes Telegram's updates: stores what they mean, and answers presses of buttons."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from telegram import Update
from telegram.error import TelegramError

from bot.conversation import Author, Conversation, Identity, State
from bot.db import Database, now
from bot.failures import failure
from bot.turn import Button
from channels.inbox import Accepted, Inbound, Inbox, Unacceptable
from channels.telegram.api import Api
from channels.telegram.updates import CHANNEL, Act, Block, Bot, Press, is_in_group, read
from handoff.people import members_of
from handoff.transcript import pressed, write_line

log = structlog.get_logger()

STALE = "That was a while ago. Just write what you need."
FOREIGN = "These buttons are for somebody else. Write to me, and you get your own."
BLOCKED = "The customer has blocked the bot on Telegram: nothing reaches them there."
UNBLOCKED = "The customer lets the bot write on Telegram again."


class Receiver:
    """`take` an update; when it returns, the update may be acknowledged.

    `show_typing` is told the address of a chat that the bot is about to answer in.
    """

    def __init__(
        self,
        api: Api,
        account: str,
        desk: str,
        database: Database,
        inbox: Inbox,
        show_typing: Callable[[str], Awaitable[None]],
    ) -> None:
        self._api = api
        self._account = account
        self._desk = desk
        self._database = database
        self._inbox = inbox
        self._show_typing = show_typing
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, data: object) -> None:
        """Store what the update means. Raises when it isn't stored and has to come again."""
        act = await self._understand(data)
        try:
            match act:
                case Inbound():
                    await self._receive(act)
                case Press():
                    await self._press(act)
                case Block():
                    await run_in_threadpool(self._note_block, act)
        except (Unacceptable, DataError) as error:  # it could never be stored
            log.warning("telegram update refused", **_about(data), **failure(error))

    async def stop(self) -> None:
        """Let go of what nobody waits for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _understand(self, data: object) -> Act | None:
        try:
            update = Update.de_json(data, self._api)  # type: ignore[arg-type]
            username = await self._api.own_name() if is_in_group(update) else ""
            act = read(update, Bot(int(self._account), username), self._desk)
        except TelegramError:
            raise
        except Exception as error:  # no shape that Telegram documents
            log.warning("telegram update not understood", **_about(data), **failure(error))
            return None
        if act is None:
            log.info("telegram update ignored", **_about(data))
        return act

    async def _receive(self, inbound: Inbound) -> None:
        accepted = await run_in_threadpool(self._inbox.receive, inbound)
        if accepted.new and not inbound.change:
            self._later(self._think(accepted, inbound.address))

    async def _think(self, accepted: Accepted, address: str) -> None:
        """Show that the bot is thinking, unless a person has the conversation."""
        if await run_in_threadpool(self._is_the_bots, accepted.conversation_id):
            await self._show_typing(address)

    def _is_the_bots(self, conversation_id: int) -> bool:
        with self._database.read() as session:
            return session.get_one(Conversation, conversation_id).state == State.BOT

    async def _press(self, press: Press) -> None:
        found = await run_in_threadpool(self._find, press)
        if isinstance(found, str):
            self._later(self._answer(press, found))
            return
        await self._receive(replace(press.inbound, text=found.title, payload=found.payload))
        self._later(self._answer(press, None))

    def _find(self, press: Press) -> Button | str:
        """The pressed button, or what to say to whoever pressed it in vain."""
        if not press.token:
            return STALE
        with self._database.read() as session:
            if not self._is_theirs(session, press.inbound, press.token[0]):
                return FOREIGN
            return pressed(session, *press.token) or STALE

    def _is_theirs(self, session: Session, inbound: Inbound, conversation_id: int) -> bool:
        """In a group anybody can press; and an app of one's own can send any token."""
        identity = self._identity(session, inbound.place or inbound.sender)
        conversation = session.get(Conversation, conversation_id)
        return bool(
            identity
            and conversation
            and (
                identity.conversation_id == conversation.id
                or conversation.person_id in members_of(session, identity.person_id)
            )
        )

    async def _answer(self, press: Press, words: str | None) -> None:
        """Stop the button's waiting sign, and take the keyboard away: it is used."""
        with suppress(TelegramError):
            await self._api.answer_callback_query(press.query_id, words)
        if words != FOREIGN:
            with suppress(TelegramError):
                await self._api.edit_message_reply_markup(press.chat_id, press.message_id)

    def _note_block(self, block: Block) -> None:
        with self._database.write() as session:
            identity = self._identity(session, block.sender)
            if not identity or bool(identity.blocked_at) == block.is_blocked:
                return
            identity.blocked_at = now() if block.is_blocked else None
            if identity.conversation_id is None:
                return
            conversation = session.get_one(Conversation, identity.conversation_id)
            words = BLOCKED if block.is_blocked else UNBLOCKED
            write_line(session, conversation, Author.SYSTEM, words, private=True)

    def _identity(self, session: Session, external_id: str) -> Identity | None:
        return session.get(Identity, (CHANNEL, self._account, external_id))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what need not be done before the update is acknowledged, and may be lost."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _about(data: object) -> dict[str, Any]:
    """The update's id and kind, and nothing of what it holds."""
    if not isinstance(data, dict):
        return {"update": None}
    kinds = [str(key)[:40] for key in data if key != "update_id"]
    return {"update": str(data.get("update_id"))[:20], "kind": kinds[:3]}
