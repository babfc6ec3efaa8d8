"""Telegram as a channel: what comes in by webhook or polling, and what is sent."""

import asyncio
from contextlib import suppress

import httpx
from fastapi import APIRouter
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.db import Database
from bot.settings import Settings
from channels.base import Outgoing, SendError
from channels.inbox import Inbox
from channels.telegram.address import parse_address
from channels.telegram.api import account, open_api, webhook_secret
from channels.telegram.downloads import Downloads
from channels.telegram.errors import send_error
from channels.telegram.pace import Pace
from channels.telegram.poller import poll
from channels.telegram.receiver import Receiver
from channels.telegram.sender import Sender
from channels.telegram.updates import CHANNEL
from channels.telegram.webhook import webhook


class TelegramChannel:
    """One bot. `account` is its number: lines for another bot's chats can't be sent by it."""

    name = CHANNEL

    def __init__(self, settings: Settings, database: Database, inbox: Inbox) -> None:
        self._account = account(settings)
        self._api = open_api(settings)
        self._pace = Pace()
        self._sender = Sender(self._api, self._pace, settings.public_url)
        self._downloads = Downloads(self._api)
        self._receiver = Receiver(
            self._api, self._account, settings.telegram_desk, database, inbox, self._show_typing
        )
        self._polls = settings.telegram_mode == "poll"
        self._poller: asyncio.Task[None] | None = None
        self.router: APIRouter | None = None
        if not self._polls:
            self.router = webhook(webhook_secret(settings), self._receiver.take)

    async def start(self) -> None:
        if self._polls:
            self._poller = asyncio.create_task(poll(self._api, self._receiver.take))

    async def stop(self) -> None:
        if self._poller:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        await self._receiver.stop()
        await self._downloads.stop()
        await self._api.disconnect()

    async def turn(self, account: str, address: str) -> None:
        await self._pace.turn(parse_address(address).chat_id)

    async def send(self, line: Outgoing) -> str | None:
        self._must_be_ours(line.account)
        try:
            return await self._sender.send(line)
        except TelegramError as error:
            raise send_error(error) from None

    async def typing(self, account: str, address: str) -> None:
        if account == self._account:
            await self._show_typing(address)

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        self._must_be_ours(account)
        try:
            return await self._downloads.fetch(source, limit)
        except TelegramError as error:
            raise send_error(error) from None
        except httpx.HTTPError:
            raise SendError("Telegram could not be reached") from None

    async def _show_typing(self, address: str) -> None:
        chat_id, thread_id = parse_address(address)
        if self._pace.may_type(chat_id):
            with suppress(TelegramError):
                await self._api.send_chat_action(
                    chat_id, ChatAction.TYPING, thread_id, read_timeout=5
                )

    def _must_be_ours(self, account: str) -> None:
        if account != self._account:
            raise SendError("The customer wrote to another Telegram bot", permanent=True)
