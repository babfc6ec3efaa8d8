"""The outbox and the files, against a channel that does what the test says."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.conversation import Author, Conversation, Identity, Message, State, Status
from bot.db import Database, now, open_database
from bot.hints import Hints
from channels.base import Outgoing, SendError
from channels.files import Files
from channels.inbox import File, Inbound, Unacceptable, accept
from channels.outbox import Outbox
from handoff.attachments import LARGEST, Attachment
from handoff.transcript import in_order, lines, write_line
from tests.fakes.postgres import on_both_databases

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@dataclass
class Post:
    """A channel called "post": it notes what it is given, and fails as it is told to."""

    name: str = "post"
    errors: dict[str, list[SendError]] = field(default_factory=lambda: defaultdict(list))
    hangs: set[str] = field(default_factory=set)
    slow: float = 0.0
    sent: list[Outgoing] = field(default_factory=list)
    files: dict[str, bytes | SendError] = field(default_factory=dict)

    async def turn(self, account: str, address: str) -> None:
        return

    async def send(self, line: Outgoing) -> str | None:
        if line.address in self.hangs:
            await asyncio.sleep(3600)
        await asyncio.sleep(self.slow)
        self.sent.append(line)
        if self.errors[line.address]:
            raise self.errors[line.address].pop(0)
        return f"ref-{line.seq}"

    async def typing(self, account: str, address: str) -> None:
        return

    async def fetch(self, account: str, source: str, limit: int) -> bytes:
        found = self.files[source]
        if isinstance(found, SendError):
            raise found
        return found

    def texts(self, address: str) -> list[str]:
        return [line.text for line in self.sent if line.address == address]


@pytest.fixture
def database(database_url: str | None, tmp_path: Path) -> Iterator[Database]:
    database = open_database(database_url or f"sqlite:///{tmp_path / 'outbox.db'}")
    yield database
    database.close()


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setattr("channels.outbox.GRACE", 1.0)
    return Post()


def begin(database: Database, who: str = "Alice", **more: object) -> int:
    inbound = Inbound("post", "customers", who, "hello", account="us", address=who, **more)  # type: ignore[arg-type]
    return accept(database, inbound).conversation_id


def say(database: Database, conversation_id: int, *texts: str) -> None:
    with database.write() as session:
        conversation = session.get_one(Conversation, conversation_id)
        for text in texts:
            write_line(session, conversation, Author.BOT, text)


def statuses(database: Database, conversation_id: int) -> list[str]:
    with database.read() as session:
        return [
            line["status"]
            for line in lines(session, conversation_id)
            if line["author"] != Author.CUSTOMER
        ]


def run(
    database: Database,
    post: Post,
    done: Callable[[], bool],
    run_it: Callable[[Hints], Awaitable[None]] | None = None,
) -> None:
    """Run the outbox (or something else) until `done`."""
    hints = Hints(database)
    hints.start()

    async def main() -> None:
        task = asyncio.ensure_future(
            run_it(hints) if run_it else Outbox(database, hints, {"post": post}).run()
        )
        deadline = asyncio.get_running_loop().time() + 20
        while not done():
            assert asyncio.get_running_loop().time() < deadline, "it doesn't come to an end"
            await asyncio.sleep(0.01)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
    hints.stop()


@on_both_databases
def test_lines_go_out_in_order_and_say_that_they_did(database: Database, post: Post) -> None:
    alice = begin(database)
    say(database, alice, "one", "two", "three")
    run(database, post, lambda: statuses(database, alice) == ["sent"] * 3)
    assert post.texts("Alice") == ["one", "two", "three"]
    with database.read() as session:
        references = session.scalars(
            select(Message.reference).where(Message.author == Author.BOT).order_by(Message.seq)
        ).all()
    assert references == ["ref-2", "ref-3", "ref-4"]


@on_both_databases
def test_a_chat_that_hangs_holds_up_nobody_else(database: Database, post: Post) -> None:
    alice, bob = begin(database), begin(database, "Bob")
    post.hangs.add("Alice")
    say(database, alice, "hanging")
    say(database, bob, "one", "two")
    run(database, post, lambda: statuses(database, bob) == ["sent", "sent"])
    assert statuses(database, alice) == ["sending"]


@on_both_databases
def test_a_wait_that_the_channel_asks_for_is_kept(database: Database, post: Post) -> None:
    alice = begin(database)
    post.errors["Alice"] = [SendError("slow down", retry_after=0.4)]
    say(database, alice, "one", "two")
    begun = now()
    run(database, post, lambda: statuses(database, alice) == ["sent", "sent"])
    assert now() - begun >= timedelta(seconds=0.4)
    assert post.texts("Alice") == ["one", "one", "two"]


@on_both_databases
def test_what_is_on_its_way_when_the_server_stops_arrives(database: Database, post: Post) -> None:
    alice = begin(database)
    post.slow = 0.3
    say(database, alice, "one", "two")
    run(database, post, lambda: statuses(database, alice) == ["sending", "queued"])
    assert statuses(database, alice) == ["sent", "queued"]
    assert post.texts("Alice") == ["one"]


@on_both_databases
def test_a_send_that_a_crash_cut_off_is_doubled_once_and_is_uncertain(
    database: Database, post: Post
) -> None:
    alice = begin(database)
    say(database, alice, "one", "two")
    crashed(database, "one")
    run(database, post, lambda: statuses(database, alice) == ["uncertain", "sent"])
    assert post.texts("Alice") == ["one", "two"]


@on_both_databases
def test_a_second_crash_leaves_the_line_uncertain(database: Database, post: Post) -> None:
    alice = begin(database)
    say(database, alice, "one", "two")
    crashed(database, "one", doubtful=True)
    run(database, post, lambda: statuses(database, alice) == ["uncertain", "sent"])
    assert post.texts("Alice") == ["two"]


def crashed(database: Database, text: str, doubtful: bool = False) -> None:
    with database.write() as session:
        session.execute(
            update(Message)
            .where(Message.text == text)
            .values(status=Status.SENDING, due_at=now() - timedelta(seconds=1), doubtful=doubtful)
        )


@on_both_databases
def test_who_blocks_us_is_left_alone_and_the_agent_is_told(database: Database, post: Post) -> None:
    alice = begin(database)
    post.errors["Alice"] = [SendError("Alice has blocked the bot", blocked=True)]
    say(database, alice, "one", "two")
    run(database, post, lambda: statuses(database, alice)[:2] == ["failed", "failed"])
    assert post.texts("Alice") == ["one"]
    with database.read() as session:
        note = lines(session, alice)[-1]
        assert note["private"]
        assert note["text"] == "Not delivered: Alice has blocked the bot"
        identity = session.scalars(select(Identity)).one()
        assert identity.blocked_at
        assert session.get_one(Conversation, alice).state == State.BOT
    begin(database)  # writes again
    with database.read() as session:
        assert session.scalars(select(Identity.blocked_at)).one() is None


@on_both_databases
def test_what_cannot_be_delivered_lands_on_a_human(database: Database, post: Post) -> None:
    alice = begin(database)
    post.errors["Alice"] = [SendError("chat not found", permanent=True)]
    say(database, alice, "one")
    run(database, post, lambda: statuses(database, alice)[:1] == ["failed"])
    with database.read() as session:
        assert session.get_one(Conversation, alice).state == State.QUEUED


@on_both_databases
def test_an_unknown_outcome_is_tried_once_more(database: Database, post: Post) -> None:
    alice = begin(database)
    post.errors["Alice"] = [SendError("no answer", uncertain=True) for _ in range(2)]
    say(database, alice, "one")
    run(database, post, lambda: statuses(database, alice) == ["uncertain"])
    assert post.texts("Alice") == ["one", "one"]


@on_both_databases
def test_two_outboxes_on_one_database_send_each_line_once(database: Database, post: Post) -> None:
    people = [begin(database, f"customer {number}") for number in range(10)]
    for person in people:
        say(database, person, "one", "two")

    async def both(hints: Hints) -> None:
        pair = [Outbox(database, hints, {"post": post}).run() for _ in range(2)]
        await asyncio.gather(*pair)

    def done() -> bool:
        return all(statuses(database, person) == ["sent", "sent"] for person in people)

    run(database, post, done, both)
    for number in range(10):
        assert post.texts(f"customer {number}") == ["one", "two"]


@on_both_databases
def test_files_are_fetched_kept_and_known_by_their_first_bytes(
    database: Database, post: Post
) -> None:
    files = (
        File("photo.exe", "application/octet-stream", source="a"),
        File("gone.txt", "text/plain", source="b"),
        File("film.mp4", "video/mp4", source="c", size=LARGEST + 1),
    )
    begin(database, files=files)
    post.files = {"a": PNG, "b": SendError("it is gone", permanent=True)}

    def stored() -> list[Attachment]:
        with database.read() as session:
            return list(session.scalars(select(Attachment).order_by(Attachment.id)))

    run(
        database,
        post,
        lambda: all(each.due_at is None for each in stored()),
        lambda hints: Files(database, hints, {"post": post}).run(),
    )
    photo, gone, film = stored()
    assert (photo.media_type, photo.size) == ("image/png", len(PNG))
    assert gone.refusal == "it is gone"
    assert film.refusal
    assert film.refusal.startswith("too large")


def test_a_line_of_nothing_is_refused_but_a_file_is_not(database: Database) -> None:
    with pytest.raises(Unacceptable):
        accept(database, Inbound("post", "customers", "Alice", "  ", account="us"))
    begin(database, files=(File("a.txt", "text/plain", data=b"hello"),))


@on_both_databases
def test_replies_go_to_where_the_customer_wrote_last(database: Database, post: Post) -> None:
    alice = begin(database)
    elsewhere = Inbound("post", "customers", "Alice", "hello", account="us", address="new place")
    assert accept(database, elsewhere).conversation_id == alice
    say(database, alice, "found you")
    run(database, post, lambda: statuses(database, alice) == ["sent"])
    assert post.texts("new place") == ["found you"]


@given(st.permutations(range(12)))
def test_lines_that_come_out_of_order_are_read_in_order(order: list[int]) -> None:
    moment = now()
    arrived = [
        Message(seq=seq, origin=origin, channel="post", account="us", created_at=moment)
        for seq, origin in enumerate(order)
    ]
    assert [message.origin for message in in_order(arrived)] == list(range(12))


@on_both_databases
def test_an_edit_that_overtakes_its_message_is_still_its_edit(database: Database) -> None:
    def deliver(text: str, number: int, **more: object) -> int:
        inbound = Inbound(
            "post", "customers", "Alice", text, str(number), account="us", reference="m1",
            origin=number, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return accept(database, inbound).conversation_id

    deliver("where is my parcel?", 2, change="edit")
    alice = deliver("where is my parcle?", 1)
    with database.read() as session:
        first, second = lines(session, alice)
    assert (first["text"], second["text"]) == ("where is my parcle?", "where is my parcel?")
    assert second["content"]["changes"] == first["seq"]
    assert first["status"] == Status.HANDLED  # the edit is what the bot answers
    assert second["status"] == Status.RECEIVED
