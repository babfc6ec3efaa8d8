"""The next thing to do for a card, so that Slack shows what is so."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import Message
from bot.settings import Settings
from channels.slack.cards import Posting, card
from channels.slack.threads import EARLIER_LINES, message, opening
from channels.slack.triage_case import Case, read_case
from channels.slack.triage_store import SlackCard
from handoff.agents import Agent
from handoff.transcript import as_line, lines


@dataclass(frozen=True, slots=True)
class Step:
    """What Slack is to be told, if anything, and what is then noted in the card's row.

    The posting becomes a new card, or the one at `replaces`, or a message in the `thread`.
    """

    done: dict[str, Any]
    posting: Posting | None = None
    replaces: str | None = None
    thread: str | None = None


def next_step(session: Session, shown: SlackCard, settings: Settings) -> Step | None:
    """None when all is shown. The thread comes before the card's end, but after its changes."""
    case = read_case(session, shown.ticket_id, settings)
    if shown.ts is None and case.has_ended:
        return Step({"closed": True})
    return (
        _card_step(shown, case, settings)
        or _thread_step(session, shown, case, settings)
        or _last_step(shown, case)
    )


def key_of(channel: str, ts: str) -> str:
    """What makes an agent's line, written in Slack, be stored once."""
    return f"slack:{channel}:{ts}"


def link_to(settings: Settings, conversation_id: int) -> str:
    """Where the console shows the conversation."""
    return f"{settings.public_url.rstrip('/')}/console/conversations/{conversation_id}"


def _card_step(shown: SlackCard, case: Case, settings: Settings) -> Step | None:
    face = card(case, link_to(settings, case.conversation_id))
    digest = _digest(face)
    if shown.ts is None:
        return Step({"shown": digest}, face)
    if shown.shown == digest or (case.has_ended and _has_news(shown, case)):
        return None
    return Step({"shown": digest}, face, replaces=shown.ts)


def _thread_step(session: Session, shown: SlackCard, case: Case, settings: Settings) -> Step | None:
    if shown.thread_seq is None:
        return _opening_step(session, shown, case, settings) if case.owner else None
    row = session.execute(
        select(Message, Agent.name)
        .outerjoin(Agent, Agent.id == Message.agent_id)
        .where(Message.conversation_id == shown.conversation_id, Message.seq > shown.thread_seq)
        .order_by(Message.seq)
        .limit(1)
    ).first()
    if row is None:
        return None
    done = {"thread_seq": row.Message.seq}
    if _was_written_here(row.Message, shown.channel):
        return Step(done)
    posting = message(as_line(row.Message, row.name), case.customer)
    return Step(done, posting, thread=shown.ts)


def _opening_step(session: Session, shown: SlackCard, case: Case, settings: Settings) -> Step:
    last = lines(session, case.conversation_id, limit=EARLIER_LINES)
    link = link_to(settings, case.conversation_id)
    done = {"thread_seq": max((line["seq"] for line in last), default=0)}
    return Step(done, opening(last, case.customer, link), thread=shown.ts)


def _last_step(shown: SlackCard, case: Case) -> Step | None:
    if case.has_ended:
        return Step({"closed": True})
    return Step({"seen_seq": case.last_seq}) if case.last_seq != shown.seen_seq else None


def _has_news(shown: SlackCard, case: Case) -> bool:
    """Whether the thread lacks lines."""
    return shown.thread_seq is not None and shown.thread_seq < case.last_seq


def _was_written_here(line: Message, channel: str) -> bool:
    return f":{key_of(channel, '')}" in (line.external_id or "")


def _digest(face: Posting) -> str:
    shown = [face.text, *(block.to_dict() for block in face.blocks)]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
