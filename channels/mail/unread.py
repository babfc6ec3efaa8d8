"""Replies on the web that nobody has looked at go out as one e-mail, to a verified address.

The e-mail is a private line of the conversation with an address of its own: the outbox sends it
like any other, and who answers it goes on with the conversation.
"""

import asyncio
import secrets
from datetime import timedelta

import structlog
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from bot.conversation import Author, Conversation, Identity, Message, Status
from bot.db import Database, now
from bot.failures import failure
from bot.hints import Hints
from channels.mail.threads import CHANNEL, place_in
from channels.mail.writing import UNREAD
from handoff.agents import Agent
from handoff.people import profiles
from handoff.transcript import insert_message, next_seq

log = structlog.get_logger()

WEB = "web"
SWEEP = 60.0  # seconds between looks
QUIET = timedelta(minutes=10)  # since the last line, before an e-mail is written
FORGOTTEN = timedelta(hours=6)  # later it would only surprise, as after a long outage


SAID = select(func.max(Message.seq)).where(
    Message.conversation_id == Conversation.id,
    or_(Message.author == Author.CUSTOMER, Message.kind == UNREAD),
)
UNSEEN = (
    Message.conversation_id == Conversation.id,
    Message.author.in_((Author.BOT, Author.AGENT)),
    Message.private.is_(False),
    Message.seq > Conversation.seen_seq,
    # Who writes has read what stands above; and nobody is told twice.
    Message.seq > SAID.correlate(Conversation).scalar_subquery(),
)


class UnreadReplies:
    """Looks once a minute, in every process; the conversation's row lets one of them write."""

    def __init__(self, company: str, account: str, database: Database, hints: Hints) -> None:
        self._company = company
        self._account = account
        self._database = database
        self._hints = hints

    async def run(self) -> None:
        while True:
            try:
                await run_in_threadpool(self.sweep)
            except Exception as error:  # the database is away: look again later
                log.error("unread replies can't be looked for", **failure(error))
            await asyncio.sleep(SWEEP)

    def sweep(self) -> None:
        """Queue an e-mail for each conversation on the web with replies that were left unread."""
        with self._database.read() as session:
            left = session.execute(
                select(Conversation.id, Conversation.person_id).where(
                    Conversation.channel == WEB,
                    Conversation.updated_at.between(now() - FORGOTTEN, now() - QUIET),
                    exists(Message.id).where(*UNSEEN),
                )
            ).all()
            known = profiles(session, {row.person_id for row in left})
        for row in left:
            profile = known[row.person_id]
            if profile.email and profile.email_verified and self._write(row.id, profile.email):
                self._hints.changed(row.id)

    def _write(self, conversation_id: int, email: str) -> bool:
        """Whether there is still something to tell, and an e-mail is queued now."""
        with self._database.write() as session:
            conversation = session.get_one(Conversation, conversation_id, with_for_update=True)
            unseen = session.execute(
                select(Message.text, Agent.name)
                .outerjoin(Agent, Agent.id == Message.agent_id)
                .where(Conversation.id == conversation_id, *UNSEEN)
                .order_by(Message.seq)
            ).all()
            if not unseen:
                return False
            said = [f"{row.name or self._company}:\n{row.text}" for row in unseen]
            text = "\n\n".join([*said, "Answer this e-mail to go on with the conversation."])
            self._queue(session, conversation, email, text)
            return True

    def _queue(self, session: Session, conversation: Conversation, email: str, text: str) -> None:
        thread = f"<{secrets.token_hex(16)}@{self._account.rpartition('@')[2]}>"
        reply = Identity(
            channel=CHANNEL,
            account=self._account,
            external_id=place_in(thread, email),
            person_id=conversation.person_id,
            conversation_id=conversation.id,
            is_place=True,
        )
        session.add(reply)
        moment = now()
        message = Message(
            conversation_id=conversation.id,
            seq=next_seq(session, conversation.id),
            author=Author.SYSTEM,
            private=True,
            kind=UNREAD,
            text=text,
            content={"thread": thread},
            channel=CHANNEL,
            account=self._account,
            reference=thread,
            address=email,
            status=Status.QUEUED,
            due_at=moment,
            attempts=0,
            doubtful=False,
            created_at=moment,
        )
        insert_message(session, message)
