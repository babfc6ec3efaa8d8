"""One chat hangs, or is told to wait: what do the others notice?"""

import time
from pathlib import Path

from benchmarks.telegram.rig import HELLO, Result, Rig, p95, rig
from tests.fakes.telegram import Person

CHATS = 20
PER_SECOND = 10.0
RISE = 1.2
PATIENCE = 5.0  # seconds for the last replies


def hanging(prepared: Path, folder: Path, quick: bool) -> list[Result]:
    """The time from a message to its reply, over all chats but the troubled one: Carol's hangs,
    and Dave's, later, is told to wait."""
    seconds = 10 if quick else 60
    with rig(prepared, folder) as here:
        here.server.start()
        people, carol = here.people(CHATS), here.telegram.user("Carol")
        dave = here.telegram.user("Dave")
        _replies(here, people, 3)  # warm
        calm = _replies(here, people, seconds)
        here.telegram.hangs("sendMessage", seconds, at=carol, times=1000)
        hung = _replies(here, [*people, carol], seconds)
        here.telegram.faults.planned.clear()
        here.telegram.refuses(
            "sendMessage", 429, "Too Many Requests", at=dave, times=1000, retry_after=3
        )
        told = _replies(here, [*people, dave], seconds)
        early = len(here.telegram.faults.too_early)
        asked = sum(call.chat_id == dave.id for call in here.telegram.calls("sendMessage"))
    aim = f"at most {calm * RISE * 1000:.0f} ms (undisturbed {calm * 1000:.0f} ms + 20%)"
    return [
        Result("p95 to the reply while one chat hangs", aim, _ms(hung), hung <= calm * RISE),
        Result("p95 to the reply while one chat gets 429", aim, _ms(told), told <= calm * RISE),
        Result("Retry-After kept", "0 early", f"{early} early of {asked}", early == 0),
    ]


def _replies(here: Rig, people: list[Person], seconds: float) -> float:
    """p95 in seconds of all but whoever comes after the first CHATS."""
    begun = time.monotonic()
    known = len(here.updates())
    for number in range(int(seconds * PER_SECOND)):
        people[number % len(people)].says(HELLO)
    updates = here.updates()[known:]
    here.bring(updates, PER_SECOND)
    time.sleep(PATIENCE)
    replies: dict[int | None, list[float]] = {person.id: [] for person in people}
    for call in here.telegram.calls("sendMessage"):
        if call.at >= begun and call.chat_id in replies:
            replies[call.chat_id].append(call.at - begun)
    taken = []
    for number in range(len(updates)):
        turn, place = divmod(number, len(people))
        if place < CHATS:
            theirs = replies[people[place].id]
            answered = theirs[turn] if turn < len(theirs) else seconds + PATIENCE
            taken.append(answered - number / PER_SECOND)
    return p95(taken)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
