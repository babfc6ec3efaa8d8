"""Updates and edits of many conversations come in any order."""

from pathlib import Path

from sqlalchemy import select

from benchmarks.telegram.rig import Result, Rig, rig, shuffled
from bot.conversation import Conversation
from handoff.transcript import Line, lines
from tests.fakes.telegram import Person

LINES = [f"Line {number} of what I have to say" for number in range(1, 6)]
EDITED = (1, 3)  # the second and the fourth


def order(prepared: Path, folder: Path, quick: bool) -> list[Result]:
    """Every conversation reads as it was written, and each edit names the line that it changes."""
    count = 30 if quick else 1000
    with rig(prepared, folder) as here:
        for person in here.people(count):
            _writes(person)
        here.server.start()
        here.bring(shuffled(here.updates()))
        right = _right(here)
    what = f"{count:,} conversations shuffled: in the right order"
    return [Result(what, f"{count:,}", f"{right:,}", right == count)]


def _writes(person: Person) -> None:
    said = [person.says(line) for line in LINES]
    for place in EDITED:
        person.edits(said[place], f"{LINES[place]}, corrected")


def _right(here: Rig) -> int:
    with here.database() as database, database.read() as session:
        conversations = session.scalars(select(Conversation.id)).all()
        return sum(_is_right(lines(session, each)) for each in conversations)


def _is_right(record: list[Line]) -> bool:
    theirs = [line for line in record if line["author"] == "customer"]
    said = {line["seq"]: line["text"] for line in theirs if not line["kind"]}
    edits = [line for line in theirs if line["kind"] == "edit"]
    return list(said.values()) == LINES and [
        (said.get(edit["content"]["changes"]), edit["text"]) for edit in edits
    ] == [(LINES[place], f"{LINES[place]}, corrected") for place in EDITED]
