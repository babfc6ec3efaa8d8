"""What was acknowledged is stored, once, and answered, once; and every failure lands on a human."""

import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.candidate import build_index
from bot.conversation import Conversation, Message
from bot.db import Database
from bot.engine import Engine, Turn
from bot.settings import load_settings
from bot.trained import open_batching_encoder
from channels.app import create_app
from handoff.desk import FrontDesk
from tests.fakes.people import Customer, Visitor, is_problem, transcript
from tests.fakes.postgres import Cluster, on_both_databases
from tests.fakes.processes import leases_run_out, serving

Headers = dict[str, str]
WORDS = "my sister's card is 4111-1111"


def soon(holds: Callable[[], Any], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(holds())


def write_until_it_dies(address: str, visitor: Visitor, lines: list[str]) -> list[str]:
    """The lines that were acknowledged."""
    acknowledged = []
    with httpx.Client(base_url=address, timeout=5) as client:
        visitor.client = client
        for line in lines:
            try:
                response = visitor.writes(line, id=f"id of {line}", payload="/greet")
            except httpx.TransportError:
                break
            if response.status_code == 202:
                acknowledged.append(line)
    return acknowledged


def answers(database: Database) -> tuple[Counter[str], Counter[tuple[int, int]]]:
    """How often each line of customers is stored, and how often each is answered."""
    with database.read() as session:
        said = session.execute(select(Message).where(Message.author == "customer")).scalars().all()
        bots = session.execute(select(Message).where(Message.author == "bot")).scalars().all()
    answered = Counter((line.conversation_id, line.answers or 0) for line in bots)
    assert answered.keys() <= {(line.conversation_id, line.seq) for line in said}
    return Counter(line.text for line in said), answered


@on_both_databases
@pytest.mark.timeout(120)
def test_a_server_that_is_killed_loses_and_doubles_nothing_that_it_acknowledged(
    data: Path, tmp_path: Path
) -> None:
    visitors = [Visitor(None) for _ in range(4)]
    lines = {
        visitor.token: [f"line {number} of {visitor.token}" for number in range(15)]
        for visitor in visitors
    }
    database = Database(load_settings(data).database)
    with (
        serving(data, tmp_path / "first.log") as (server, address),
        ThreadPoolExecutor(len(visitors)) as threads,
    ):
        posting = [
            threads.submit(write_until_it_dies, address, visitor, lines[visitor.token])
            for visitor in visitors
        ]
        soon(lambda: sum(answers(database)[0].values()) > 12)
        server.send_signal(signal.SIGKILL)
        acknowledged = [line for each in posting for line in each.result()]
    assert acknowledged
    assert len(acknowledged) < 60, "it was killed in the middle"
    stored, _ = answers(database)
    assert {line: stored[line] for line in acknowledged} == dict.fromkeys(acknowledged, 1)

    leases_run_out(database)
    with serving(data, tmp_path / "second.log") as (server, address):
        assert soon(lambda: len(answers(database)[1]) == len(stored)), "without being asked again"
        for visitor in visitors:  # as widgets do: send again what wasn't acknowledged
            again = write_until_it_dies(address, visitor, lines[visitor.token])
            assert again == lines[visitor.token]
        assert soon(lambda: len(answers(database)[1]) == 60)
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) in (0, -signal.SIGTERM)
    stored, answered = answers(database)
    assert set(stored.values()) == {1}
    assert set(answered.values()) == {1}
    assert len(stored) == len(answered) == 60
    database.close()
    for log in ("first.log", "second.log"):
        written = (tmp_path / log).read_text()
        assert "Traceback" not in written
        assert "line 1" not in written


@on_both_databases
def test_a_bot_that_raises_hands_over_and_tells_its_reason_to_nobody(
    client: TestClient,
    alice: Headers,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(engine: Engine, text: str, *_: Any, **__: Any) -> Turn:
        raise ValueError(f"can't parse {text}, api_key=hunter2")

    Customer(client, "Dave").is_handed_over()
    monkeypatch.setattr(Engine, "respond", fail)
    (notice,) = Customer(client, "Carol").says(WORDS)
    assert notice["custom"]["kind"] == "handoff"
    assert notice["custom"]["ticket"] in notice["text"]
    logged = "".join(capfd.readouterr())
    assert "bot failed" in logged
    for kept_quiet in ("hunter2", "4111", "parse"):
        assert kept_quiet not in logged + str(notice)
    first, _ = client.get("/api/v1/conversations?state=queued", headers=alice).json()[
        "conversations"
    ]
    assert first["ticket"]["reason"] == "bot_error"
    assert WORDS in str(transcript(client, alice, first["id"]))


def test_a_notice_that_cannot_be_worded_is_given_in_plain_words(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise KeyError("utter_handoff_queued")

    monkeypatch.setattr(Engine, "handoff_notice", fail)
    (notice,) = Customer(client, "Carol").says("/talk_to_human")
    assert notice["custom"]["ticket"] in notice["text"]


@on_both_databases
def test_an_error_that_nobody_foresaw_is_logged_without_its_text(
    live: httpx.Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(WORDS)

    monkeypatch.setattr("channels.inbox._store", fail)
    assert is_problem(Visitor(live).writes(WORDS), 500)
    time.sleep(0.1)
    logged = "".join(capfd.readouterr())
    assert "RuntimeError" in logged
    assert "4111" not in logged


def test_with_an_empty_knowledge_base_a_question_goes_to_a_person(data: Path) -> None:
    settings = load_settings(data)
    build_index([], data, open_batching_encoder(settings))
    with TestClient(create_app(settings)) as client:
        carol = Customer(client, "Carol")
        assert carol.says("/greet")[0]["custom"]["kind"] == "smalltalk"
        (notice,) = carol.says("How long is the warranty on a Lark Plug?")
        assert notice["custom"]["kind"] == "handoff"


def test_without_a_retailer_no_flow_begins_that_would_need_one(data: Path) -> None:
    (data / "shop.db").unlink()
    with TestClient(create_app(load_settings(data))) as client:
        carol = Customer(client, "Carol")
        kinds = [each["custom"]["kind"] for _ in range(3) for each in carol.says("/order_status")]
    assert "flow" not in kinds
    assert kinds[-1] == "handoff"


def test_a_retailer_that_is_away_sends_the_flow_to_a_person(
    client: TestClient,
    alice: Headers,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: Any) -> None:
        raise ConnectionError(WORDS)

    carol = Customer(client, "Carol")
    carol.says("where is my order LH-204518?")
    monkeypatch.setattr("bot.shop.DemoShop.order", fail)
    *_, notice = carol.says("alice@web.example")
    assert notice["custom"]["kind"] == "handoff"
    url = f"/api/v1/conversations/{notice['custom']['conversation_id']}"
    assert client.get(url, headers=alice).json()["ticket"]["reason"] == "flow_failed"
    assert "4111" not in "".join(capfd.readouterr()) + str(notice)


def test_a_line_for_a_desk_that_is_gone_goes_to_a_person(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(FrontDesk, "answer", lambda *_: True)  # it stops before it answers
        with TestClient(create_app(load_settings(data))) as client:
            number = Visitor(client).says("hello", desk="employees").split("-")[0]
    toml = (data / "firstline.toml").read_text()
    (data / "firstline.toml").write_text(toml.partition("[desks.employees]")[0])
    app = create_app(load_settings(data))

    def state() -> str:
        with app.state.database.read() as session:
            return str(session.get_one(Conversation, int(number)).state)

    with TestClient(app):
        assert soon(lambda: state() == "queued")


def test_a_turn_that_breaks_off_is_taken_up_again(
    data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("channels.worker.SWEEP", 0.05)
    monkeypatch.setattr("handoff.lease.LEASE", timedelta(milliseconds=100))
    take = FrontDesk.take_turn
    broken = iter([True])

    def break_off_once(desk: FrontDesk, *turn: Any) -> bool:
        if next(broken, False):
            raise ConnectionError(WORDS)
        return take(desk, *turn)

    monkeypatch.setattr(FrontDesk, "take_turn", break_off_once)
    with TestClient(create_app(load_settings(data))) as client:
        carol = Visitor(client)
        carol.says("hello")
        assert soon(lambda: len(carol.reads()) == 2)
    assert "4111" not in "".join(capfd.readouterr())


@on_both_databases
def test_a_worker_that_was_too_slow_says_nothing(
    client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease ran out and another worker has answered."""
    state = client.app.state  # type: ignore[attr-defined]
    think = Engine.respond
    slow = iter([True])

    def overtaken(engine: Engine, *case: Any, **more: Any) -> Turn:
        if next(slow, False):
            leases_run_out(state.database)
            state.front_desk.answer(1)
        return think(engine, *case, **more)

    monkeypatch.setattr(Engine, "respond", overtaken)
    Customer(client, "Carol").says("hello")
    assert [line["author"] for line in transcript(client, alice, 1)] == ["customer", "bot"]


def test_while_the_database_is_away_the_answer_is_to_try_again(
    cluster: Cluster, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster.database() as url:
        monkeypatch.setenv("FIRSTLINE_DATABASE_URL", url)
        app = create_app(load_settings(data))
        client = TestClient(app)
        assert client.get("/readyz").status_code == 200
    refused = Customer(client, "Carol").writes(WORDS)
    assert is_problem(refused, 503)
    assert "4111" not in refused.text
    assert is_problem(client.get("/readyz"), 503)
    assert client.get("/healthz").status_code == 200
    app.state.database.close()


def test_a_new_index_is_used_and_a_damaged_one_refused_while_the_server_runs(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels.importing import import_articles

    settings = load_settings(data)
    build_index([], data, open_batching_encoder(settings))
    monkeypatch.setattr("bot.knowledge.LOOK_AGAIN", 0.0)
    article = data / "polish.md"
    article.write_text("---\ntitle: Which polish does a Zorblatt need?\n---\nBeeswax.\n")
    with TestClient(create_app(settings)) as client:

        def finds() -> list[str]:
            hits = client.get("/api/v1/kb/search?q=zorblatt polish").json()["hits"]
            return [hit["article_id"] for hit in hits]

        assert finds() == []
        import_articles(settings, [article], None, lambda done, total: None)
        assert finds() == ["polish"]
        (data / "index" / "CURRENT").write_text(f"{secrets.token_hex(4)}\n")
        assert finds() == ["polish"]
