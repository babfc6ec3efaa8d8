"""The files of lines: those that are kept, and what became of the others."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from handoff.attachments import SHOWN, Attachment, url_of
from handoff.console.json_values import mappings
from handoff.transcript import Line


@dataclass(frozen=True, slots=True)
class File:
    """`size` is in bytes. While it `is_awaited`, it is being fetched from the channel; a `refusal`
    says why there is none."""

    id: int
    name: str
    media_type: str
    size: int | None
    is_awaited: bool
    refusal: str | None

    @property
    def url(self) -> str:
        return url_of(self.id)

    @property
    def is_picture(self) -> bool:
        return self.media_type in SHOWN


def files_of(session: Session, lines: Iterable[Line]) -> dict[int, File]:
    """The files of all the lines, by their ids."""
    wanted = [id for line in lines for id in ids_in(line)]
    if not wanted:
        return {}
    rows = session.execute(
        select(
            Attachment.id,
            Attachment.name,
            Attachment.media_type,
            Attachment.size,
            Attachment.due_at.is_not(None),
            Attachment.refusal,
        ).where(Attachment.id.in_(wanted))
    )
    return {row.id: File(*row) for row in rows}


def ids_in(line: Line) -> list[int]:
    attached = mappings(line["content"].get("attachments"))
    return [id for one in attached if isinstance(id := one.get("id"), int)]
