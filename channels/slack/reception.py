"""Takes in what people say in Slack: stored first, then it is found out who they are."""

import asyncio
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from bot.conversation import CONVERSATIONS, Conversation, Identity, Message, State
from bot.db import Database
from bot.failures import failure
from bot.settings import Settings
from channels.inbox import Accepted, Inbound, Inbox, Unacceptable
from channels.slack.assistant import Assistant, is_pane
from channels.slack.chores import Chores
from channels.slack.events import parse_message
from channels.slack.profiles import Profile, Profiles
from channels.slack.web_api import WebApi
from handoff.people import record_profile

log = structlog.get_logger()

PATIENCE = 2.0  # seconds that an answer waits to learn who asked
THINKING = "is thinking…"


class Reception:
    """Thread-safe; nothing here waits for Slack before the message is stored."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        inbox: Inbox,
        api: WebApi,
        assistant: Assistant,
        chores: Chores,
    ) -> None:
        self._desk = settings.slack_desk
        self._is_private = settings.desk(settings.slack_desk).private_answers
        self._database = database
        self._inbox = inbox
        self._api = api
        self._assistant = assistant
        self._chores = chores
        self._profiles = Profiles()

    def hear(self, body: dict[str, Any], account: str) -> None:
        """Take in a `message` or an `app_mention` event, if it is for us."""
        heard = parse_message(body, account, self._desk, private=self._is_private)
        if heard and not (heard.unasked and not self._is_ours(heard.inbound)):
            self.receive(heard.inbound, is_shared=heard.is_shared)

    def receive(self, inbound: Inbound, *, is_shared: bool = False) -> None:
        """Store the message, unless it says nothing, then have it answered.

        Whoever isn't known yet is answered once Slack has said who they are, or after PATIENCE,
        with public articles only. `is_shared` says that outsiders are where it was written.
        """
        profile = self._profiles.known(inbound.account or "", inbound.sender)
        if profile:
            inbound = _introduced(inbound, profile, is_shared)
        try:
            accepted = self._inbox.receive(inbound, wake=False)
        except Unacceptable:
            return
        if not accepted.new:
            return  # the first delivery is being prepared, or the sweep finds it
        if profile and not is_pane(inbound.address):
            self._inbox.wake(accepted)
        else:
            self._chores.add(self._prepare(inbound, accepted, profile, is_shared))
        self._assistant.name_thread(inbound, accepted)

    async def profile(self, account: str, user: str) -> Profile | None:
        """What is known of somebody, asked for if need be; None if Slack doesn't say in time."""
        known = self._profiles.known(account, user)
        if known:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                client = await self._api.client(account)
                return await self._profiles.look_up(client, account, user)
        except Exception as error:
            log.warning("no profile", **failure(error))
            return None

    def _is_ours(self, inbound: Inbound) -> bool:
        """Whether the thread is a conversation of ours."""
        with self._database.read() as session:
            key = (inbound.channel, inbound.account, inbound.place)
            return inbound.place is not None and session.get(Identity, key) is not None

    async def _prepare(
        self, inbound: Inbound, accepted: Accepted, known: Profile | None, is_shared: bool
    ) -> None:
        """What has to be done before the bot begins."""
        try:
            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
                tasks.create_task(self._show_thinking(inbound, accepted))
                if not known:
                    tasks.create_task(self._introduce(inbound, accepted, is_shared))
        finally:
            self._inbox.wake(accepted)

    async def _show_thinking(self, inbound: Inbound, accepted: Accepted) -> None:
        """Unless a person has the conversation, who takes longer than the sign should be there."""
        if is_pane(inbound.address) and await run_in_threadpool(self._is_the_bots, accepted):
            await self._assistant.show(inbound.account or "", inbound.address, THINKING)

    def _is_the_bots(self, accepted: Accepted) -> bool:
        with self._database.read() as session:
            conversation = session.get_one(Conversation, accepted.conversation_id)
            return conversation.state == State.BOT

    async def _introduce(self, inbound: Inbound, accepted: Accepted, is_shared: bool) -> None:
        profile = await self.profile(inbound.account or "", inbound.sender)
        if profile:
            introduced = _introduced(inbound, profile, is_shared)
            await run_in_threadpool(self._note, introduced, accepted, profile)

    def _note(self, inbound: Inbound, accepted: Accepted, profile: Profile) -> None:
        with self._database.write() as session:
            identity = session.get(Identity, (inbound.channel, inbound.account, inbound.sender))
            if identity:  # who has only written in another's thread has none
                record_profile(
                    session,
                    identity,
                    name=profile.name,
                    email=profile.email,
                    trusted=profile.is_member,
                )
            _trust(session, inbound, accepted)
            if "name" in inbound.details:
                _name_line(session, accepted, inbound.details)


def _introduced(inbound: Inbound, profile: Profile, is_shared: bool) -> Inbound:
    """The message with what is known of its writer. In a thread, where several people may write,
    it names them."""
    is_shared_place = inbound.place and not inbound.details.get("direct")
    details = {"name": profile.name} if is_shared_place and profile.name else {}
    return replace(
        inbound,
        name=profile.name,
        email=profile.email,
        trusted=profile.is_member and not is_shared,
        details=inbound.details | details,
    )


def _trust(session: Session, inbound: Inbound, accepted: Accepted) -> None:
    """Let the conversation be answered by what its writer may see; in a thread only if nobody else
    has written there since."""
    present = (
        CONVERSATIONS.c.id == accepted.conversation_id,
        CONVERSATIONS.c.channel == inbound.channel,
        CONVERSATIONS.c.account == inbound.account,
        CONVERSATIONS.c.address == inbound.address,
    )
    alone = (CONVERSATIONS.c.last_seq == accepted.seq,) if inbound.place else ()
    session.execute(update(CONVERSATIONS).where(*present, *alone).values(trusted=inbound.trusted))


def _name_line(session: Session, accepted: Accepted, details: dict[str, Any]) -> None:
    line = session.scalars(
        select(Message).where(
            Message.conversation_id == accepted.conversation_id, Message.seq == accepted.seq
        )
    ).one()
    line.content = line.content | details
