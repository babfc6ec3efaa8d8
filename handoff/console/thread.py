"""The thread: a page of lines, grouped by author and parted by day and by channel."""

from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation import FETCHED, Author, Message, Status
from bot.db import now
from handoff.channel_moves import moves
from handoff.console.changes import Fate, changed_by, said_later
from handoff.console.evidence import Why, explain
from handoff.console.files import File, files_of, ids_in
from handoff.transcript import PAGE, Line, lines

MOST_NEW = 500  # lines that one look for news brings; the page asks again for more
UNREAD = "unread"  # the kind of an e-mail with replies that nobody looked at (channels.mail)
FAR = 200  # lines before those asked for that are shown again when they have changed


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as the thread shows it.

    `day` is set on a day's first line, `continued` where the customer goes on on another channel,
    and `continues` where the author of the line before goes on. `changes` is the number of the line
    that this one is a change of; `delivery` is set on lines that have to be sent.
    """

    line: Line
    at: datetime
    speaker: str
    day: str | None
    continued: str | None
    continues: bool
    changes: int | None
    fate: Fate
    files: list[File]
    delivery: Status | None
    why: Why | None

    @property
    def headline(self) -> str:
        """What a system line says on one line."""
        if self.line["kind"] == UNREAD:
            return "What was not seen on the web went out by e-mail"
        return self.line["text"].partition("\n")[0]

    @property
    def is_settled(self) -> bool:
        """Whether the line stays as it is unless the customer changes it."""
        on_its_way = self.delivery in (Status.QUEUED, Status.SENDING)
        return not on_its_way and not any(file.is_awaited for file in self.files)


@dataclass(frozen=True, slots=True)
class Part:
    """Lines in order; `earlier` says that there are lines before them, `more` after them."""

    lines: list[Shown]
    earlier: bool = False
    more: bool = False


class Thread:
    """A conversation's lines, as an agent in a time zone sees them."""

    def __init__(
        self, session: Session, conversation_id: int, customer: str, zone: ZoneInfo
    ) -> None:
        self._session = session
        self._conversation_id = conversation_id
        self._customer = customer
        self._zone = zone
        self._later = said_later(session, conversation_id)

    def latest(self, before: int | None = None) -> Part:
        """The last PAGE lines, or those before `before`."""
        found = lines(self._session, self._conversation_id, before=before, limit=PAGE + 1)
        earlier = len(found) > PAGE
        if earlier:  # one too many, and a late line may stand before it
            found.remove(min(found, key=itemgetter("seq")))
        return Part(self._shown(found), earlier)

    def since(self, seq: int) -> Part:
        """The lines from `seq` on, or from the earliest line that one of them is about."""
        start = self._earliest_concerned(seq)
        # with the line before: it tells whether its author goes on
        found = lines(
            self._session, self._conversation_id, after=max(start - 2, 0), limit=MOST_NEW + 1
        )
        shown = [one for one in self._shown(found) if one.line["seq"] >= start]
        return Part(shown, more=len(found) > MOST_NEW)

    def _earliest_concerned(self, seq: int) -> int:
        concerned = (
            about
            for about, later in self._later.items()
            if any(message.seq >= seq for message in later)
        )
        return max(min([seq, *concerned]), seq - FAR)

    def _shown(self, found: list[Line]) -> list[Shown]:
        files = files_of(self._session, found)
        before: list[Line | None] = [None, *found]
        return [
            self._one(line, last, channel, [files[id] for id in ids_in(line) if id in files])
            for line, last, channel in zip(
                found, before, moves(found, self._heard_on(found)), strict=False
            )
        ]

    def _heard_on(self, found: list[Line]) -> str | None:
        """The channel on which the customer wrote last before these lines."""
        first = min((line["seq"] for line in found), default=0)
        return self._session.scalar(
            select(Message.channel)
            .where(
                Message.conversation_id == self._conversation_id,
                Message.author == Author.CUSTOMER,
                Message.seq < first,
            )
            .order_by(Message.seq.desc())
            .limit(1)
        )

    def _one(
        self, line: Line, before: Line | None, continued: str | None, files: list[File]
    ) -> Shown:
        day = self._day(line)
        new_day = before is None or self._day(before) != day
        return Shown(
            line=line,
            at=datetime.fromisoformat(line["at"]),
            speaker=self._speaker(line),
            day=_name_day(day, now().astimezone(self._zone).date()) if new_day else None,
            continued=continued,
            continues=not (new_day or continued) and self._goes_on(line, before),
            changes=changed_by(line["kind"], line["content"]),
            fate=Fate.of(line, self._later.get(line["seq"], ())),
            files=files,
            delivery=_delivery(line),
            why=explain(line["evidence"]),
        )

    def _goes_on(self, line: Line, before: Line | None) -> bool:
        return before is not None and self._author(before) == self._author(line)

    def _author(self, line: Line) -> tuple[str, str, bool, bool]:
        is_change = changed_by(line["kind"], line["content"]) is not None
        return line["author"], self._speaker(line), line["private"], is_change

    def _speaker(self, line: Line) -> str:
        """The line's author; where several people may write, the channel names each."""
        customer = line["content"].get("name") or self._customer
        own = {"customer": customer, "bot": "Bot", "system": "Firstline"}
        return own.get(line["author"]) or line["name"] or "An agent"

    def _day(self, line: Line) -> date:
        return datetime.fromisoformat(line["at"]).astimezone(self._zone).date()


def _delivery(line: Line) -> Status | None:
    if line["author"] == Author.CUSTOMER or line["channel"] in FETCHED:
        return None
    status = Status(line["status"])
    return None if line["private"] and status == Status.SENT else status  # as most are that stay


def _name_day(day: date, today: date) -> str:
    names = {0: "Today", 1: "Yesterday"}
    year = f" {day.year}" if day.year != today.year else ""
    return names.get((today - day).days) or f"{day:%A}, {day.day} {day:%B}{year}"
