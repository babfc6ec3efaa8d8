"""What becomes of an e-mail: a customer's line, a note on one of ours, or nothing."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversation import Author, Conversation, Identity, Message, Status
from bot.db import Database, now
from bot.hints import Hints
from bot.settings import Settings
from bot.speech import PERSON
from bot.turn import Button
from channels.inbox import Inbound, Inbox, Unacceptable, id_of_sender
from channels.mail.authentication import verified_address
from channels.mail.automatic import Bounce, read_bounce, why_automatic
from channels.mail.reading import NOBODY, Mail
from channels.mail.reply import new_words
from channels.mail.threads import CHANNEL, Thread, find_line, find_thread, place_in
from channels.mail.writing import PERSON_WORD
from handoff import delivery
from handoff.metrics import EMAILS_IGNORED
from handoff.transcript import pressed, write_line

log = structlog.get_logger()

MOST_ANSWERS = 10  # lines that the bot writes to one sender within an hour


class Intake:
    """Stores what came in. `take` returns once it is committed; a repeated one changes nothing."""

    def __init__(
        self, settings: Settings, account: str, database: Database, inbox: Inbox, hints: Hints
    ) -> None:
        self._settings = settings
        self._account = account
        self._database = database
        self._inbox = inbox
        self._hints = hints

    def take(self, mail: Mail) -> None:
        why = why_automatic(mail, self._account)
        if why is None:
            return self._receive(mail)
        bounce = read_bounce(mail)
        conversation_id = (bounce and self._fail(bounce)) or self._note(mail, why)
        if conversation_id:
            self._hints.changed(conversation_id)
        else:
            self._ignore(why)

    def _receive(self, mail: Mail) -> None:
        with self._database.read() as session:
            thread = find_thread(session, self._account, mail)
            words = new_words(mail.text)
            button = thread and _pressed(
                session, self._account, place_in(thread.name, mail.sender), words
            )
            if _answers_lately(session, self._account, mail.sender) >= MOST_ANSWERS:
                button = PERSON
        try:
            self._inbox.receive(self._inbound(mail, thread, words, button or None))
        except Unacceptable:
            self._ignore("empty")

    def _inbound(
        self, mail: Mail, thread: Thread | None, words: str, button: Button | None
    ) -> Inbound:
        name = thread.name if thread else mail.message_id
        return Inbound(
            channel=CHANNEL,
            desk=self._settings.email_desk,
            sender=mail.sender,
            text=words if thread else _with_subject(mail.subject, words),
            external_id=id_of_sender(mail.sender, mail.message_id),
            payload=button.payload if button else None,
            name=mail.name,
            account=self._account,
            place=place_in(name, mail.sender),
            address="" if mail.sender == NOBODY else mail.sender,
            reference=mail.message_id,
            files=mail.files,
            email=verified_address(mail, self._settings.email_authserv),
            details=_details(mail, name, words),
        )

    def _fail(self, bounce: Bounce) -> int | None:
        """The line that didn't arrive is marked so; returns its conversation."""
        with self._database.write() as session:
            line = find_line(session, self._account, bounce.message_id)
            if line is None or line.author == Author.CUSTOMER:
                return None
            if line.status != Status.FAILED:
                why = bounce.explanation or "the customer's mail server sent it back"
                reason = f"{why} ({bounce.status})" if bounce.status else why
                delivery.failed(session, line, reason, blocked=bounce.nobody_there)
            return line.conversation_id

    def _note(self, mail: Mail, why: str) -> int | None:
        """A private line in the conversation that it answers; None if it answers none."""
        with self._database.write() as session:
            thread = find_thread(session, self._account, mail)
            conversation = thread and session.get(Conversation, thread.conversation_id)
            if not conversation or why == "our own":
                return None
            external_id = id_of_sender(mail.sender, mail.message_id)
            if not _is_noted(session, conversation.id, external_id):
                write_line(
                    session,
                    conversation,
                    Author.SYSTEM,
                    f"{mail.sender} sent {why}: {mail.subject}\n\n{new_words(mail.text)}".strip(),
                    private=True,
                    kind="automatic",
                    external_id=external_id,
                )
            return conversation.id

    def _ignore(self, why: str) -> None:
        EMAILS_IGNORED.labels(why).inc()
        log.info("e-mail ignored", because=why)


def _with_subject(subject: str, words: str) -> str:
    """A first e-mail's text: the subject is often half of the question. A command stands alone."""
    return words if words.startswith("/") else f"{subject}\n\n{words}".strip()


def _details(mail: Mail, thread: str, words: str) -> dict[str, Any]:
    """What is kept for agents, and to answer in the thread."""
    details = {"subject": mail.subject, "thread": thread}
    full = mail.linked.strip()
    return details | ({"full": full} if full != words else {})


def _pressed(session: Session, account: str, place: str, words: str) -> Button | None:
    """The button whose title somebody wrote back."""
    line = session.scalar(
        select(Message)
        .join(Identity, Identity.conversation_id == Message.conversation_id)
        .where(
            Identity.channel == CHANNEL,
            Identity.account == account,
            Identity.external_id == place,
            Message.author == Author.BOT,
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )
    said = words.strip(" .!'\"“”‘’").replace("’", "'").casefold()
    for index, button in enumerate(line.content.get("buttons", []) if line else ()):
        is_person = button["payload"] == PERSON.payload and said == PERSON_WORD
        if line and (is_person or button["title"].casefold() == said):
            return pressed(session, line.conversation_id, line.seq, index)
    return None


def _answers_lately(session: Session, account: str, sender: str) -> int:
    """How many e-mails the bot has written to the sender within the hour."""
    identity = session.get(Identity, (CHANNEL, account, sender))
    if identity is None:
        return 0
    count = session.scalar(
        select(func.count())
        .select_from(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Conversation.person_id == identity.person_id,
            Message.channel == CHANNEL,
            Message.author == Author.BOT,
            Message.created_at > now() - timedelta(hours=1),
        )
    )
    return count or 0


def _is_noted(session: Session, conversation_id: int, external_id: str) -> bool:
    noted = select(Message.id).where(
        Message.conversation_id == conversation_id, Message.external_id == external_id
    )
    return session.scalar(noted.limit(1)) is not None
