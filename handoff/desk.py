"""The front desk: takes each turn of a conversation, and does what agents ask.

Every act is one short transaction followed by a hint to whoever is looking.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.conversation import EXTERNAL, MESSAGES, Author, Conversation, Message, State, Status
from bot.db import Database, now
from bot.engine import Engine, Turn
from bot.failures import failure
from bot.hints import Hints
from bot.hours import describe, is_staffed
from bot.settings import PUBLIC, Desk, Settings
from bot.turn import Kind, Reply
from handoff import queue, reminders
from handoff.agents import Agent
from handoff.commands import is_command, reply_to
from handoff.lease import has_waiting, oldest_waiting, still_holds, take_lease
from handoff.metrics import HANDOFFS, THINKING, TURNS
from handoff.queue import Refused
from handoff.sharing import changed
from handoff.ticket import Reason, Ticket
from handoff.transcript import Line, as_line, printable, write_line

log = structlog.get_logger()

Done = TypeVar("Done")

HANDLED = (
    MESSAGES.update().where(MESSAGES.c.id == bindparam("message_id")).values(status=Status.HANDLED)
)
LONGEST_REPLY = 10_000
READ = 4_000  # characters of a line that the bot reads; an e-mail may be longer
PLAIN_NOTICE = "A colleague will answer you here. Your ticket is {ticket}."


class NotFound(Exception):
    """There is no such conversation or agent."""


class FrontDesk:
    """Who speaks: the bot, until a conversation waits for a person or has one."""

    def __init__(
        self, database: Database, hints: Hints, settings: Settings, engine: Engine
    ) -> None:
        self._database = database
        self._hints = hints
        self._settings = settings
        self._engine = engine

    def answer(self, conversation_id: int, lease: str | None = None) -> bool:
        """Take every turn that waits in the conversation, in order; `lease` if one has it already.

        False when another worker is at it: it takes the turns, or its lease runs out.
        """
        if not lease:
            with self._database.write() as session:
                lease = take_lease(session, conversation_id)
        if not lease:
            return False
        while self.take_turn(conversation_id, lease):
            pass
        return True

    def take_turn(self, conversation_id: int, lease: str) -> bool:
        """Handle the oldest line that waits; gives the lease back when there is none.

        Returns whether there may be more. The bot thinks outside any transaction; what it
        says counts only if the lease still holds and nobody has taken the conversation.
        """
        with self._database.read() as session:
            found = oldest_waiting(session, conversation_id)
        if found is None:
            return self._finish(conversation_id, lease)
        conversation, message = found
        is_ours = conversation.state == State.BOT and not is_command(message)
        turn = self._think(conversation, message) if is_ours else None
        with self._database.write() as session:
            held = still_holds(session, conversation_id, lease)
            if held is None:
                return False
            self._record(session, held, message, turn)
            more = has_waiting(session, conversation_id)
            if not more:
                held.lease = held.lease_until = None
        for each in {conversation_id} | changed(session):
            self._hints.changed(each)
        return more

    def claim(self, conversation_id: int, agent: Agent) -> None:
        self._act(conversation_id, lambda session, it: queue.claim(session, it, agent))

    def release(self, conversation_id: int, agent: Agent) -> None:
        self._act(conversation_id, lambda session, it: queue.release(session, it, agent))

    def reassign(self, conversation_id: int, agent: Agent, to_agent_id: int) -> None:
        def act(session: Session, conversation: Conversation) -> None:
            to = session.get(Agent, to_agent_id)
            if to is None:
                raise NotFound("there is no such agent")
            queue.reassign(session, conversation, agent, to)

        self._act(conversation_id, act)

    def resolve(self, conversation_id: int, agent: Agent) -> None:
        self._act(conversation_id, lambda session, it: queue.resolve(session, it, agent))

    def hand_back(self, conversation_id: int, agent: Agent) -> None:
        self._act(conversation_id, lambda session, it: queue.hand_back(session, it, agent))

    def reply(self, conversation_id: int, agent: Agent, text: str, key: str | None = None) -> Line:
        """Say something to the customer; the agent must have the conversation.

        A line that was stored under the same `key` before is not stored again.
        """
        text = _written(text)

        def act(session: Session, conversation: Conversation) -> Line:
            queue.must_own(session, conversation, agent)
            return _write_once(session, conversation, agent, text, key, private=False)

        return self._act(conversation_id, act)

    def note(self, conversation_id: int, agent: Agent, text: str, key: str | None = None) -> Line:
        """Leave a private note, as `reply` does; any agent may."""
        text = _written(text)

        def act(session: Session, conversation: Conversation) -> Line:
            session.refresh(conversation, with_for_update=True)
            return _write_once(session, conversation, agent, text, key, private=True)

        return self._act(conversation_id, act)

    def typing(self, conversation_id: int, agent: Agent, on: bool) -> None:
        self._show("typing", conversation_id, agent, on=on)

    def looking(self, conversation_id: int, agent: Agent) -> None:
        self._show("looking", conversation_id, agent)

    def _show(self, kind: str, conversation_id: int, agent: Agent, **more: Any) -> None:
        self._hints.publish(
            {
                "kind": kind,
                "conversation": conversation_id,
                "who": "agent",
                "agent": agent.id,
                "name": agent.name,
                **more,
            }
        )

    def _think(self, conversation: Conversation, message: Message) -> Turn:
        if not message.text:
            return Turn.without_words(conversation.memory)
        sender = str(conversation.person_id)
        payload = message.content.get("payload")
        attached = "attachments" in message.content
        try:
            with THINKING.time():
                turn = self._engine.respond(
                    message.text[:READ],
                    payload,
                    conversation.memory,
                    self._desk_of(conversation),
                    sender,
                    channel=message.content.get("input_channel", message.channel),
                    at=message.created_at.timestamp(),
                    attached=attached,
                )
        except Exception as error:
            # Every failure lands on a human.
            log.error("bot failed", conversation=conversation.id, **failure(error))
            return Turn.failed(conversation.memory, type(error).__name__)
        return turn

    def _desk_of(self, conversation: Conversation) -> Desk:
        """The desk, with its public articles only where the customer may not see the others."""
        desk = self._settings.desk(conversation.desk)
        if conversation.trusted:
            return desk
        return desk.model_copy(update={"audiences": desk.audiences & {PUBLIC}})

    def _record(
        self, session: Session, conversation: Conversation, message: Message, turn: Turn | None
    ) -> None:
        session.execute(HANDLED, {"message_id": message.id})
        if is_command(message):
            return self._answer_command(session, conversation, message)
        if turn is None or conversation.state != State.BOT:
            return  # a person owns it, or it waits for one: not one more word from the bot
        TURNS.labels(turn.evidence["act"]).inc()
        if message.kind != EXTERNAL:
            reminders.customer_spoke(session, conversation.id)
        reminders.note(session, conversation.id, turn.reminders)
        conversation.memory = turn.memory
        conversation.frustration = turn.frustration
        collected = message.content.get("collected", False)
        for reply in turn.replies:
            self._say(session, conversation, reply, message.seq, turn.evidence, collected=collected)
        if turn.handoff:
            ticket = queue.escalate(session, conversation, Reason(turn.handoff), turn.evidence)
            HANDOFFS.labels(turn.handoff).inc()
            session.flush()
            notice = self._notice(session, conversation, ticket)
            self._say(session, conversation, notice, message.seq, turn.evidence, ticket.number)

    def _answer_command(
        self, session: Session, conversation: Conversation, message: Message
    ) -> None:
        """Commands work for whoever has the conversation: they are not the bot's to answer."""
        write_line(
            session,
            conversation,
            Author.SYSTEM,
            reply_to(session, conversation, message),
            kind="command",
            answers=message.seq,
        )

    def _say(
        self,
        session: Session,
        conversation: Conversation,
        reply: Reply,
        answers: int,
        evidence: dict[str, Any],
        ticket: str | None = None,
        *,
        collected: bool = False,
    ) -> None:
        """Write a line of the bot; one that is `collected` goes to whoever asked, who fetches it,
        and to nobody else."""
        content = {
            "buttons": [asdict(button) for button in reply.buttons],
            "sources": [asdict(source) for source in reply.sources],
            "markdown": reply.markdown,
            "confidence": evidence["confidence"],
        }
        extras = {"image": reply.image, "custom": reply.custom, "ticket": ticket}
        content |= {name: value for name, value in extras.items() if value}
        write_line(
            session,
            conversation,
            Author.BOT,
            reply.text,
            kind=reply.kind,
            content=content,
            evidence=evidence,
            answers=answers,
            fetched=collected,
        )

    def _notice(self, session: Session, conversation: Conversation, ticket: Ticket) -> Reply:
        position = queue.position(session, conversation)
        try:
            desk = self._settings.desk(conversation.desk)
            text = self._engine.handoff_notice(
                ticket.reason,
                ticket=ticket.number,
                position=position,
                hours=describe(desk),
                staffed=is_staffed(desk, now()),
                foreign=ticket.language.get("code"),
            )
        except Exception as error:  # an assistant without words for it still hands over
            log.error("no notice", conversation=conversation.id, **failure(error))
            text = PLAIN_NOTICE.format(ticket=ticket.number)
        return Reply(Kind.HANDOFF, text)

    def _finish(self, conversation_id: int, lease: str) -> bool:
        """Give the lease back, unless a line came in between the look and now."""
        with self._database.write() as session:
            held = still_holds(session, conversation_id, lease)
            if held is None:
                return False
            if has_waiting(session, conversation_id):
                return True
            held.lease = held.lease_until = None
        return False

    def _act(self, conversation_id: int, act: Callable[[Session, Conversation], Done]) -> Done:
        with self._conversation(conversation_id) as (session, conversation):
            done = act(session, conversation)
        self._hints.changed(conversation_id)
        return done

    @contextmanager
    def _conversation(self, conversation_id: int) -> Iterator[tuple[Session, Conversation]]:
        with self._database.write() as session:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None:
                raise NotFound("there is no such conversation")
            yield session, conversation


def _written(text: str) -> str:
    text = printable(text).strip()
    if not text:
        raise Refused("write something first: the line is empty")
    if len(text) > LONGEST_REPLY:
        raise Refused(f"the line is too long: {len(text):,} of {LONGEST_REPLY:,} characters")
    return text


def _write_once(
    session: Session,
    conversation: Conversation,
    agent: Agent,
    text: str,
    key: str | None,
    *,
    private: bool,
) -> Line:
    external_id = f"agent:{agent.id}:{conversation.id}:{key}" if key else None
    stored = external_id and session.scalar(
        select(Message).where(
            Message.conversation_id == conversation.id,  # whose channel may be another by now
            Message.external_id == external_id,
        )
    )
    if stored:
        return as_line(stored, agent.name)
    return write_line(
        session,
        conversation,
        Author.AGENT,
        text,
        agent=agent,
        private=private,
        external_id=external_id,
    )
