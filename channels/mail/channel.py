"""The e-mail channel: a mailbox that is read, and a mail server that is handed what we write."""

import asyncio
from email.errors import MessageError

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from bot.db import Database
from bot.hints import Hints
from bot.settings import Settings
from channels.base import Outgoing, SendError
from channels.inbox import Inbox
from channels.mail.intake import Intake
from channels.mail.mailbox import Mailbox
from channels.mail.servers import imap_server, own_address, smtp_server
from channels.mail.smtp import deliver
from channels.mail.threads import CHANNEL, look_up
from channels.mail.unread import UnreadReplies
from channels.mail.writing import compose

AT_ONCE = 4  # connections to the mail server


class EmailChannel:
    """Either half may be missing: without IMAP nothing comes in, without SMTP nothing goes out."""

    name = CHANNEL
    router: APIRouter | None = None

    def __init__(self, settings: Settings, database: Database, inbox: Inbox, hints: Hints) -> None:
        self._settings = settings
        self._database = database
        self._account = own_address(settings)
        self._smtp = smtp_server(settings)
        self._connections = asyncio.Semaphore(AT_ONCE)
        intake = Intake(settings, self._account, database, inbox, hints)
        imap = imap_server(settings)
        self._mailbox = Mailbox(imap, intake.take) if imap else None
        unread = UnreadReplies(settings.company, self._account, database, hints)
        self._unread = unread if self._smtp else None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        if self._mailbox:
            self._mailbox.start()
        if self._unread:
            self._tasks.append(asyncio.create_task(self._unread.run()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._mailbox:
            await run_in_threadpool(self._mailbox.stop)

    async def turn(self, account: str, address: str) -> None:
        """Mail servers say by themselves when it is too much, and the outbox tries again."""

    async def send(self, line: Outgoing) -> str:
        async with self._connections:
            return await run_in_threadpool(self._send, line)

    async def typing(self, account: str, address: str) -> None:
        """Nobody sees that in an e-mail."""

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        raise SendError("an e-mail brings its files along", permanent=True)

    def _send(self, line: Outgoing) -> str:
        if self._smtp is None:
            raise SendError("no server to send e-mail is set up (smtp_url)", permanent=True)
        if not line.address:
            raise SendError("the e-mail named no address to answer to", permanent=True)
        with self._database.read() as session:
            letterhead = look_up(session, line)
        settings = self._settings
        try:
            email = compose(line, letterhead, settings.company, settings.public_url)
        except (ValueError, MessageError) as error:
            raise SendError("no e-mail can be written to this address", permanent=True) from error
        deliver(self._smtp, email, self._account, line.address)
        return letterhead.message_id
