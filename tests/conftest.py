"""One prepared demo installation for all tests; a fresh data directory and database for each."""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import certifi
import fastapi.dependencies.models
import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from filelock import FileLock
from pwdlib import PasswordHash

from bot.db import Database, open_database
from bot.settings import load_settings
from bot.training import Training, read_training
from channels.app import create_app
from channels.setup import initialise
from handoff.agents import Agent, Role, issue_token
from kb_index.encoder import Encoder, open_encoder
from tests.fakes.command import firstline
from tests.fakes.postgres import Cluster, start_cluster

__all__ = ["firstline"]  # a fixture

os.environ["HF_HUB_OFFLINE"] = "1"
for name in [name for name in os.environ if name.startswith("FIRSTLINE_")]:
    if name != "FIRSTLINE_REQUIRE_ALL":
        del os.environ[name]  # an operator's settings must not change what is tested


def one_certificate() -> str:
    """A file with one authority's certificate.

    An HTTP client that reads all of them takes a tenth of a second to make, and nothing in the
    tests is asked over TLS.
    """
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text(encoding="ascii").partition(end)[0]
    file = Path(tempfile.gettempdir()) / f"firstline-certificate-{os.getpid()}.pem"
    file.write_text(first + end, encoding="ascii")
    atexit.register(file.unlink, missing_ok=True)
    return str(file)


os.environ.setdefault("SSL_CERT_FILE", one_certificate())

PREPARED = ("index", "models", "training", "firstline.toml", "shop.db")
PASSWORD = "correct horse"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--prepared",
        metavar="DIR",
        help="a directory left by `firstline init --demo`; saves the minute that making one takes",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs no demo comes first: one worker makes it, which takes a minute or two."""
    items.sort(key=lambda item: "prepared" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def prepared(shared: Path, request: pytest.FixtureRequest) -> Path:
    """The demo, as `firstline init --demo` leaves it. Nothing may be written there."""
    if given := request.config.getoption("--prepared"):
        return Path(given)
    data = shared / "prepared"
    with FileLock(shared / "prepared.lock"):
        if not (data / "demo-sign-in.txt").exists():
            initialise(data, True, lambda done, total: None)
    return data


@pytest.fixture(scope="session")
def encoder(prepared: Path) -> Encoder:
    """The demo's encoder, loaded once."""
    return open_encoder("all-MiniLM-L6-v2", prepared / "encoder")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away PostgreSQL; skipped, loudly, where it isn't installed."""
    yield from start_cluster()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the newest schema and nothing in it, to copy: quicker than to make
    one."""
    file = tmp_path_factory.mktemp("empty") / "firstline.db"
    open_database(f"sqlite:///{file}").engine.dispose()
    return file


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for the embedded default; on PostgreSQL, too, where a test is `on_both_databases`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as url:
            yield url


@pytest.fixture
def data(
    prepared: Path,
    encoder: Encoder,
    tmp_path: Path,
    database_url: str | None,
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The demo's data directory with an empty database, to do anything with.

    In this process the encoder is the one that is loaded already.
    """
    directory = lay_out(prepared, encoder, tmp_path / "data", monkeypatch)
    if database_url:
        monkeypatch.setenv("FIRSTLINE_DATABASE_URL", database_url)
    else:
        shutil.copy(empty, directory)
    return directory


def lay_out(prepared: Path, encoder: Encoder, directory: Path, patch: pytest.MonkeyPatch) -> Path:
    """`data` for tests that share one."""

    def loaded(model: str, folder: Path) -> Encoder:
        return encoder if model == encoder.name else open_encoder(model, folder)

    patch.setattr("bot.trained.open_encoder", loaded)
    for room in ("bot.trained", "bot.learning", "bot.every_desk"):
        patch.setattr(f"{room}.read_training", _read_training)
    directory.mkdir()
    for name in PREPARED:
        copy = shutil.copytree if (prepared / name).is_dir() else shutil.copy
        copy(prepared / name, directory / name)
    (directory / "encoder").symlink_to(prepared / "encoder")  # large, and never written again
    return directory


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """FastAPI remembers every route's function, and by it every test's server: gigabytes."""
    yield
    for each in vars(fastapi.dependencies.models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    """A customer's or an agent's HTTP client of a running server."""
    with TestClient(create_app(load_settings(data))) as client:
        yield client


@pytest.fixture
def live(client: TestClient) -> Iterator[httpx.Client]:
    """`client`'s server on a real socket, for streams."""
    config = uvicorn.Config(
        client.app, log_level="error", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    port = listener.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as on_socket:
        yield on_socket
    server.should_exit = True
    thread.join()


@pytest.fixture
def alice(client: TestClient) -> dict[str, str]:
    """Headers of the agent Alice."""
    return agent_headers(client, "Alice", Role.AGENT)


@pytest.fixture
def bob(client: TestClient) -> dict[str, str]:
    """Headers of the supervisor Bob."""
    return agent_headers(client, "Bob", Role.SUPERVISOR)


def agent_headers(client: TestClient, name: str, role: Role) -> dict[str, str]:
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.write() as session:
        email = f"{name.lower()}@larkhome.example"
        agent = Agent(name=name, email=email, role=role, password=_hashed(PASSWORD))
        session.add(agent)
        session.flush()
        return {"Authorization": f"Bearer {issue_token(session, agent)}"}


def _read_training(source: Path) -> Training:
    """The same training data is read once for all tests; a Rasa project, which has paths, anew."""
    if (source / "config.yml").exists():
        return read_training(source)
    content = frozenset((file.name, file.read_bytes()) for file in source.glob("*.yml"))
    if content not in _known_training:
        _known_training[content] = read_training(source)
    return _known_training[content]


_known_training: dict[frozenset[tuple[str, bytes]], Training] = {}


@cache
def _hashed(password: str) -> str:
    return PasswordHash.recommended().hash(password)


def run_firstline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as an operator runs it."""
    return subprocess.run(
        [Path(sys.executable).with_name("firstline"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )
