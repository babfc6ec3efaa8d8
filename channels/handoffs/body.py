"""What another assistant tells of a conversation."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from bot.conversation import Author
from bot.db import now
from channels.inbox import STORABLE
from handoff.ticket import Reason
from handoff.transcript import printable

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SKEW = timedelta(days=1)  # by which the assistant's clock may be ahead


def _plausible(at: datetime) -> datetime:
    """The time in UTC, which it is taken to be if it doesn't say."""
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not EARLIEST <= at <= now() + SKEW:
        raise ValueError("the time is before the year 2000 or in the future")
    return at.astimezone(UTC)


At = Annotated[datetime, AfterValidator(_plausible)]
Name = Annotated[str, Field(max_length=200, pattern=STORABLE)]


class Pressable(BaseModel):
    """A button that the assistant showed."""

    title: Name
    payload: str = Field(max_length=1000)


class Said(BaseModel):
    """A line of the other assistant's conversation; `at` is ISO 8601, or seconds since 1970."""

    author: Literal[Author.CUSTOMER, Author.BOT]
    text: str = Field(min_length=1, max_length=4000)
    at: At
    buttons: list[Pressable] = Field(default=[], max_length=20)


class Meant(BaseModel):
    """What the assistant took the customer's last line for."""

    name: Name
    confidence: float = Field(ge=0, le=1)


class Handoff(BaseModel):
    """A conversation for a person.

    Each wish for one has a `key`, and repeated it opens no second ticket. A line with the same
    author, time and text is stored once.
    """

    sender: str = Field(min_length=1, max_length=200, pattern=STORABLE)
    key: str | None = Field(default=None, max_length=100)
    name: Name | None = None
    reason: Reason = Reason.ASKED_FOR_PERSON
    desk: str = "customers"
    lines: list[Said] = Field(default=[], max_length=500)
    slots: dict[Name, Annotated[str, Field(max_length=500)]] = Field(default={}, max_length=50)
    intent: Meant | None = None

    def id_of(self, *parts: Any) -> str:
        """An id of something in this sender's conversation, the same whenever it comes again."""
        return hashlib.sha256(json.dumps([self.sender, *parts]).encode()).hexdigest()

    def evidence(self) -> dict[str, Any]:
        """Why a person is needed, as agents see it."""
        intent = {"intent": self.intent.model_dump()} if self.intent else {}
        slots = {name: printable(value) for name, value in self.slots.items()}
        return {"act": "hand_over", "assistant": "Rasa", **intent, "slots": slots}
