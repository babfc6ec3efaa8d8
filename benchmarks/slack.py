"""What the Slack channel promises: python -m benchmarks.slack DATA [--quick] [MEASURE ...]

DATA is a prepared demo (firstline init --demo); it is copied, not touched. Slack is the fake of
the tests, over loopback. All measures take some minutes, with --quick one, in which the sizes are
too small for the figures to count.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.telegram.rig import Result, p95, shuffled
from bot.conversation import Author, Message
from bot.db import Database
from bot.settings import load_settings
from tests.fakes.browser import Server
from tests.fakes.slack import Delivery, FakeSlack
from tests.fakes.slack.sending import PATH

QUESTIONS = Path(__file__).parents[1] / "training_data" / "evaluation.jsonl"
HELLO = "Hello"
AT_ONCE = 20  # requests that are on their way
TO_A_CHANNEL = 10  # people who ask in one channel, each in a thread
PER_SECOND = 100
SOON_ENOUGH = 0.050  # seconds


@dataclass
class Rig:
    """The server on a copy of a prepared demo, with an empty database."""

    slack: FakeSlack
    server: Server

    def bring(self, deliveries: Sequence[Delivery], per_second: float | None = None) -> list[float]:
        """Post them until each is taken; the seconds that each took to be acknowledged."""
        return asyncio.run(self._bring(deliveries, per_second))

    async def _bring(self, deliveries: Sequence[Delivery], per_second: float | None) -> list[float]:
        slots = asyncio.Semaphore(AT_ONCE)
        begun = time.monotonic()
        async with httpx.AsyncClient(base_url=self.server.url, timeout=60) as client:

            async def bring(number: int, delivery: Delivery) -> float:
                if per_second:
                    await asyncio.sleep(begun + number / per_second - time.monotonic())
                async with slots:
                    return await self._post(client, delivery)

            return await asyncio.gather(*map(bring, range(len(deliveries)), deliveries))

    async def _post(self, client: httpx.AsyncClient, delivery: Delivery) -> float:
        body, media_type = delivery.body()
        while True:
            headers = self.slack.sender.signed(body) | {"Content-Type": media_type}
            begun = time.perf_counter()
            try:
                response = await client.post(PATH, content=body, headers=headers)
            except httpx.TransportError:
                response = None
            if response and response.is_success:
                return time.perf_counter() - begun
            await asyncio.sleep(0.2)

    def answered(self) -> int:
        """How many messages the bot has sent."""
        posted = ("chat.postMessage", "chat.postEphemeral")
        return sum(len(self.slack.calls(method)) for method in posted)

    def lines(self) -> list[Message]:
        database = Database(load_settings(self.server.data).database)
        with database.read() as session:
            found = list(session.scalars(select(Message)))
        database.close()
        return found


@contextmanager
def rig(prepared: Path) -> Iterator[Rig]:
    """The server is started by whoever has made the events."""
    with tempfile.TemporaryDirectory() as folder, FakeSlack() as slack:
        data = Path(folder) / "data"
        shutil.copytree(prepared, data, ignore=shutil.ignore_patterns("firstline.db*"))
        settings = {
            "BOT_TOKEN": slack.bot_token,
            "SIGNING_SECRET": slack.signing_secret,
            "API_URL": slack.api_url,
        }
        server = Server(data, {f"FIRSTLINE_SLACK_{key}": each for key, each in settings.items()})
        slack.deliver_to(server.url)
        try:
            yield Rig(slack, server)
        finally:
            server.kill()


def once(prepared: Path, quick: bool) -> list[Result]:
    """Each event comes three times, twice at once and again after a crash; a mention in a channel
    is two events of one message."""
    count = 200 if quick else 10_000
    with rig(prepared) as here:
        deliveries = _hellos(here.slack, count)
        here.server.start()
        here.bring(shuffled([*deliveries, *deliveries]))
        here.server.kill()
        here.server.start()
        here.bring(shuffled(deliveries))
        _wait_for(lambda: here.answered() >= count, 60 + count / 10)
        lines = here.lines()
        sent = here.answered()
    rows = sum(line.author == Author.CUSTOMER for line in lines)
    answers = [line for line in lines if line.author == Author.BOT]
    each = Counter((line.conversation_id, line.answers) for line in answers)
    uncertain = sum(line.status == "uncertain" for line in answers)
    holds = len(each) == len(answers) == count and 0 <= sent - count <= uncertain
    what = f"{count:,} messages ({len(deliveries):,} events) three times, a kill -9 between: "
    answered = f"{len(each):,} ({sent:,} sent, {uncertain} marked uncertain)"
    return [
        Result(f"{what}rows", f"{count:,}", f"{rows:,}", rows == count),
        Result(f"{what}answered once", f"{count:,}", answered, holds),
    ]


def acknowledging(prepared: Path, quick: bool) -> list[Result]:
    """How soon Slack hears that an event is stored, while the bot is busy answering."""
    seconds = 8 if quick else 60
    questions = [json.loads(line)["query"] for line in QUESTIONS.read_text().splitlines()]
    with rig(prepared) as here:
        people = [here.slack.person(f"Person {number}") for number in range(500)]
        with here.slack.sender.held() as held:
            for number in range(PER_SECOND * seconds):
                asker = people[number % len(people)]
                asker.says(asker.dm, questions[number % len(questions)])
        here.server.start()
        found = p95(here.bring(held, PER_SECOND))
    what = f"event acknowledged, {PER_SECOND} questions/s for {seconds} s: p95"
    return [Result(what, "under 50 ms", f"{found * 1000:.1f} ms", found < SOON_ENOUGH)]


MEASURES = {each.__name__: each for each in (once, acknowledging)}


def _hellos(slack: FakeSlack, count: int) -> list[Delivery]:
    """From as many people, half of them in channels."""
    with slack.sender.held() as held:
        for number in range(count):
            person = slack.person(f"Person {number}")
            if number % (2 * TO_A_CHANNEL) == 0:
                channel = slack.channel(f"help-{number}")
            if number % 2:
                person.says(person.dm, HELLO)
            else:
                channel.members.append(person)
                person.mentions(channel, HELLO)
    return held


def _wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """And a moment longer, for what shouldn't follow; or until the time is over."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("measures", nargs="*", default=list(MEASURES), metavar="MEASURE")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_intermixed_args()
    table = Table("measure", "aim", "measured", "holds", title="python -m benchmarks.slack")
    results = [
        result for name in chosen.measures for result in MEASURES[name](chosen.data, chosen.quick)
    ]
    for result in results:
        table.add_row(*result[:3], "yes" if result.holds else "NO")
    Console(width=140).print(table)
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
