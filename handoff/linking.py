"""One-time codes: who is given one on one channel and writes it on another is one person."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversation import Author, Conversation, Message, State
from bot.db import Base, now
from handoff.channel_names import way_of
from handoff.people import join, members_of
from handoff.sharing import changed, own_identities
from handoff.transcript import write_line

LIFE = timedelta(minutes=10)
HOUR = timedelta(hours=1)
PERSONAL_TRIES = 5  # wrong codes by a person in an hour
ALL_TRIES = 50  # wrong codes by anybody in the life of a code: somebody is guessing

CODE = "Your code is {code}. Within 10 minutes, where else you talk to us, write: /link {code}"
MALFORMED = "A code has six digits: write /link 483920 with yours, or just /link to get one."
WRONG = "That code is wrong or no longer valid. Write /link where you got it to get another."
OWN = "That code is your own. Write it where I don't know you yet."
EXHAUSTED = "Those were too many wrong codes. Try again in an hour."
LINKED = "Done: you are the same person {there} and {here} to me now, and we can go on on either."


class LinkCode(Base):
    """A code that was given to a person and not used yet, as a hash."""

    __tablename__ = "link_codes"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    expires_at: Mapped[datetime]


class LinkAttempt(Base):
    """A wrong code that a person wrote."""

    __tablename__ = "link_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)


def link(session: Session, conversation: Conversation, message: Message, written: str) -> str:
    """Give a code to who writes just /link; join who writes a code with whom it was given to."""
    _tidy(session)
    if not written:
        return CODE.format(code=_issue(session, conversation.person_id))
    code = re.sub(r"[\s-]", "", written)
    if not re.fullmatch("[0-9]{6}", code):
        return MALFORMED
    return _redeem(session, conversation, message, code)


def drop_codes(session: Session, people: list[int]) -> None:
    """Forget the codes that the people were given."""
    session.execute(delete(LinkCode).where(LinkCode.person_id.in_(people)))


def _tidy(session: Session) -> None:
    session.execute(delete(LinkCode).where(LinkCode.expires_at <= now()))
    session.execute(delete(LinkAttempt).where(LinkAttempt.at <= now() - HOUR))


def _issue(session: Session, person_id: int) -> str:
    """A new code, in place of an earlier one."""
    drop_codes(session, members_of(session, person_id))
    code = _random_code()
    while session.get(LinkCode, _hash(code)):
        code = _random_code()
    session.add(LinkCode(hash=_hash(code), person_id=person_id, expires_at=now() + LIFE))
    session.flush()
    return code


def _redeem(session: Session, conversation: Conversation, message: Message, code: str) -> str:
    people = members_of(session, conversation.person_id)
    if _wrong_ones(session, LinkAttempt.person_id.in_(people)) >= PERSONAL_TRIES:
        return EXHAUSTED
    giver = session.scalar(select(LinkCode.person_id).where(LinkCode.hash == _hash(code)))
    if giver in people:
        return OWN
    used = session.execute(delete(LinkCode).where(LinkCode.hash == _hash(code)))
    if giver is None or used.rowcount == 0:  # type: ignore[attr-defined]
        _note_wrong_one(session, conversation.person_id)
        return WRONG
    there = _tell_giver(session, giver, message.channel)
    join(session, giver, conversation.person_id, "a code given to one was written by the other")
    return LINKED.format(here=way_of(message.channel), there=there)


def _tell_giver(session: Session, giver: int, channel: str) -> str:
    """Say on the giver's side that the code was used, while replies still go there.

    Returns where that is: "on Telegram", or "on your other channel".
    """
    own = own_identities(session, members_of(session, giver))
    for conversation_id in {each.conversation_id for each in own if each.conversation_id}:
        conversation = session.get_one(Conversation, conversation_id)
        if conversation.state != State.RESOLVED:
            text = LINKED.format(here=way_of(conversation.channel), there=way_of(channel))
            write_line(session, conversation, Author.SYSTEM, text, kind="command")
            changed(session).add(conversation_id)
    channels = {each.channel for each in own}
    return way_of(channels.pop()) if len(channels) == 1 else "elsewhere"


def _note_wrong_one(session: Session, person_id: int) -> None:
    session.add(LinkAttempt(person_id=person_id))
    session.flush()
    if _wrong_ones(session, LinkAttempt.at > now() - LIFE) >= ALL_TRIES:
        session.execute(delete(LinkCode))


def _wrong_ones(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(LinkAttempt).where(which)) or 0


def _random_code() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
