"""The Assistant's pane: its threads have titles, and show that the bot is thinking."""

from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from bot.settings import Desk
from channels.inbox import Accepted, Inbound
from channels.slack.address import Address
from channels.slack.chores import Chores
from channels.slack.events import Id, Ts
from channels.slack.mrkdwn import from_plain
from channels.slack.web_api import WebApi

MOST_PROMPTS = 4  # Slack's limit
LONGEST_TITLE = 60


class Thread(BaseModel):
    """A new thread of the pane."""

    channel_id: Id
    thread_ts: Ts


class Assistant:
    """Nothing here is needed for an answer: what fails is left out."""

    def __init__(self, desk: Desk, api: WebApi, chores: Chores) -> None:
        self._desk = desk
        self._api = api
        self._chores = chores

    def open(self, body: dict[str, Any], account: str) -> None:
        """Somebody has opened the pane: greet them and suggest what to ask."""
        thread = Thread.model_validate(body["event"].get("assistant_thread"))
        self._chores.add(self._greet(account, thread))

    def name_thread(self, inbound: Inbound, accepted: Accepted) -> None:
        """Call a new thread by its first words."""
        title = " ".join(inbound.text.split())[:LONGEST_TITLE]
        if accepted.seq == 1 and title and is_pane(inbound.address):
            self._chores.add(self._name(inbound.account or "", inbound.address, title))

    async def show(self, account: str, address: str, status: str) -> None:
        """Such as "is thinking…", until the next answer. Never raises."""
        if not is_pane(address):
            return
        to = Address.parse(address)
        with suppress(Exception):
            client = await self._api.client(account)
            await client.assistant_threads_setStatus(
                channel_id=to.channel, thread_ts=to.thread or "", status=status
            )

    async def _greet(self, account: str, thread: Thread) -> None:
        client = await self._api.client(account)
        await client.chat_postMessage(
            channel=thread.channel_id,
            thread_ts=thread.thread_ts,
            text=from_plain(self._desk.greeting),
        )
        prompts = [{"title": each, "message": each} for each in self._desk.suggestions]
        if prompts:
            await client.assistant_threads_setSuggestedPrompts(
                channel_id=thread.channel_id,
                thread_ts=thread.thread_ts,
                prompts=prompts[:MOST_PROMPTS],
            )

    async def _name(self, account: str, address: str, title: str) -> None:
        to = Address.parse(address)
        client = await self._api.client(account)
        await client.assistant_threads_setTitle(
            channel_id=to.channel, thread_ts=to.thread or "", title=title
        )


def is_pane(address: str) -> bool:
    """Whether it is a thread of somebody's direct messages, which is what the pane shows."""
    to = Address.parse(address)
    return to.is_direct and to.thread is not None
