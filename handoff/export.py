"""A whole transcript, for keeping or printing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conversation import Status
from handoff.channel_moves import moves
from handoff.channel_names import way_of
from handoff.pictures import picture
from handoff.transcript import Line

CHANGES = {"edit": "edits", "deletion": "deletes"}
UNDELIVERED = {Status.FAILED: "not delivered", Status.UNCERTAIN: "may have arrived twice"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the transcript. `continued` says where the conversation goes on, if that is on
    another channel than before; `marks` what has to be known of the line besides its text."""

    line: Line
    continued: str | None
    marks: list[str]

    @property
    def who(self) -> str:
        """The author, and their name where there may be several."""
        line = self.line
        return line["name"] or " ".join(filter(None, (line["author"], line["content"].get("name"))))

    @property
    def picture(self) -> str | None:
        return picture(self.line["content"])

    @property
    def files(self) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = self.line["content"].get("attachments", [])
        return files


def entries(lines: Sequence[Line]) -> list[Entry]:
    written = {line["seq"]: line["at"] for line in lines}
    return [
        Entry(line, way_of(channel) if channel else None, list(_marks(line, written)))
        for line, channel in zip(lines, moves(lines), strict=True)
    ]


def as_text(transcript: Iterable[Entry]) -> str:
    """One line a line, with what belongs to it indented below: nobody can write a forged line."""
    return "".join(_text_of(entry) for entry in transcript)


def _text_of(entry: Entry) -> str:
    line = entry.line
    continued = f"--- continued {entry.continued} ---\n" if entry.continued else ""
    marks = f" ({', '.join(entry.marks)})" if entry.marks else ""
    reason = (line["evidence"] or {}).get("reason")
    subject = line["content"].get("subject", "")
    told = line["text"].startswith(subject)
    text = "\n    ".join(
        [
            *(line["text"].splitlines() or [""]),
            *([] if told else [f"subject: {subject}"]),
            *([f"picture: {entry.picture}"] if entry.picture else []),
            *(f"file: {file['name']} ({file['type']}), {file['url']}" for file in entry.files),
            *([f"because: {reason}"] if reason else []),
        ]
    )
    return f"{continued}[{line['at']}] {entry.who}{marks}: {text}\n"


def _marks(line: Line, written: dict[int, str]) -> Iterable[str]:
    if line["private"]:
        yield "private"
    if does := CHANGES.get(line["kind"] or ""):
        changed = written.get(line["content"].get("changes", 0))
        yield f"{does} the line of {changed}" if changed else f"{does} a line that is not here"
    if line["status"] in UNDELIVERED:
        yield UNDELIVERED[Status(line["status"])]
