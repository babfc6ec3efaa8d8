"""Each update comes three times, twice at once and again after a crash."""

from collections import Counter
from pathlib import Path

from sqlalchemy import select

from benchmarks.telegram.rig import HELLO, Result, Rig, rig, shuffled
from bot.conversation import Author, Message

EACH = 10  # updates of one person
LOST = 180.0  # seconds; what was being sent at a crash is sent again after some two minutes


def once(prepared: Path, folder: Path, quick: bool) -> list[Result]:
    """One row and one reply for each update."""
    count = 200 if quick else 10_000
    with rig(prepared, folder) as here:
        for person in here.people(count // EACH):
            for _ in range(EACH):
                person.says(HELLO)
        updates = here.updates()
        here.server.start()
        here.bring(shuffled([*updates, *updates]))
        here.server.kill()
        here.server.start()
        here.bring(shuffled(updates))
        here.wait_for_replies(count, LOST + count / 10)
        return _count(here, count)


def _count(here: Rig, count: int) -> list[Result]:
    with here.database() as database, database.read() as session:
        stored = session.scalars(select(Message).where(Message.author == Author.CUSTOMER)).all()
        replies = session.scalars(select(Message).where(Message.author == Author.BOT)).all()
    answered = Counter((reply.conversation_id, reply.answers) for reply in replies)
    once_each = sum(number == 1 for number in answered.values())
    uncertain = sum(reply.status == "uncertain" for reply in replies)
    what = f"{count:,} updates three times, a kill -9 between: "
    return [
        Result(f"{what}rows", f"{count:,}", f"{len(stored):,}", len(stored) == count),
        Result(
            f"{what}answered once",
            f"{count:,}",
            f"{once_each:,} ({here.sent():,} sent, {uncertain} marked uncertain)",
            once_each == len(answered) == count and 0 <= here.sent() - count <= uncertain,
        ),
    ]
