"""Files that customers sent: kept in the database with the conversation, so that every node has
them and a backup is one thing."""

from datetime import datetime

import puremagic
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.db import Base, now

LARGEST = 20 * 1024 * 1024  # bytes; Telegram gives bots no larger file
UNKNOWN = "application/octet-stream"
# What a browser may show by itself; everything else is only ever downloaded.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class Attachment(Base):
    """A file of a line: its `data` (up to LARGEST bytes), or the `refusal` that says why there is
    none. Until it is fetched from the channel, which calls it `source`, both are missing and
    `due_at` says when to try (again)."""

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    source: Mapped[str | None] = mapped_column(String(1000))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    refusal: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)

    def keep(self, data: bytes) -> None:
        """The file has arrived; its type is what its first bytes say, if they say anything."""
        if len(data) > LARGEST:
            return self.refuse(too_large(len(data)))
        self.data, self.size, self.due_at = data, len(data), None
        self.media_type = sniff(data) or self.media_type

    def refuse(self, reason: str) -> None:
        """There will be no file, for a reason that agents are told."""
        self.refusal, self.due_at = reason[:200], None


def attach(
    session: Session,
    conversation_id: int,
    channel: str,
    account: str,
    *,
    name: str,
    media_type: str,
    data: bytes | None,
    source: str | None,
    size: int | None,
) -> Attachment:
    """A new row for a file; one without data is due to be fetched at once."""
    attachment = Attachment(
        conversation_id=conversation_id,
        channel=channel,
        account=account,
        source=source,
        name=_file_name(name),
        media_type=media_type[:127] or UNKNOWN,
        size=size,
        attempts=0,
        due_at=now(),
    )
    if data is not None:
        attachment.keep(data)
    elif size is not None and size > LARGEST:
        attachment.refuse(too_large(size))
    elif not source:
        attachment.refuse("the channel did not say where it is")
    session.add(attachment)
    session.flush()
    return attachment


def url_of(attachment_id: int) -> str:
    """From where agents get the file."""
    return f"/api/v1/attachments/{attachment_id}"


def sniff(data: bytes) -> str | None:
    """The media type that the first bytes show; None when they show none."""
    try:
        found = puremagic.from_string(data[:4096], mime=True)
    except (puremagic.PureError, ValueError):
        return None
    return str(found) or None


def too_large(size: int) -> str:
    return f"too large: {size / 1024 / 1024:.1f} MB, at most {LARGEST // 1024 // 1024} MB are kept"


def _file_name(name: str) -> str:
    """The last part of the name, printable and short enough."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable()).strip()[-255:] or "file"
