"""One prepared demo installation for all tests; a fresh database for each."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from filelock import FileLock
from pytest import FixtureRequest, TempPathFactory

os.environ["HF_HUB_OFFLINE"] = "1"
for name in [name for name in os.environ if name.startswith("FIRSTLINE_")]:
    if name != "FIRSTLINE_REQUIRE_ALL":
        del os.environ[name]  # an operator's settings must not change what is tested

from bot.db import Database
from bot.settings import load_settings
from channels.app import create_app
from channels.setup import initialise
from handoff.agents import Role, add_agent, issue_token
from tests.fakes.postgres import Cluster, start_cluster

PREPARED = ("index", "models", "training", "encoder", "firstline.toml", "shop.db")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def prepared(shared: Path) -> Path:
    """The demo, as `firstline init --demo` leaves it."""
    data = shared / "prepared"
    with FileLock(shared / "prepared.lock"):
        if not (data / "demo-sign-in.txt").exists():
            initialise(data, True, lambda done, total: None)
    return data


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away PostgreSQL; skipped, loudly, where it isn't installed."""
    yield from start_cluster()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """Each database that we promise; None stands for the embedded default."""
    if request.param == "sqlite":
        yield None
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as url:
            yield url


@pytest.fixture
def data(
    prepared: Path, tmp_path: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A data directory of the demo's own, on an empty database."""
    if database_url:
        monkeypatch.setenv("FIRSTLINE_DATABASE_URL", database_url)
    directory = tmp_path / "data"
    directory.mkdir()
    for name in PREPARED:
        source = prepared / name
        if source.is_dir():
            shutil.copytree(source, directory / name)
        else:
            shutil.copy(source, directory / name)
    return directory


@pytest.fixture
def client(data: Path) -> Iterator[TestClient]:
    """A customer's or an agent's HTTP client of a running server."""
    with TestClient(create_app(load_settings(data))) as client:
        yield client


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
        agent = add_agent(session, name, f"{name.lower()}@larkhome.example", role, "correct horse")
        return {"Authorization": f"Bearer {issue_token(session, agent)}"}


def run_firstline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as an operator runs it."""
    return subprocess.run(
        ["firstline", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )
