"""A throw-away PostgreSQL server for the tests."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg.rows import TupleRow

from bot.db import open_database

TEMPLATE = "with_schema"
on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@dataclass(frozen=True)
class Cluster:
    """A running server; `database` gives an empty database on it, with the newest schema."""

    port: int

    def __post_init__(self) -> None:
        with self._maintenance() as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        open_database(self.url(TEMPLATE)).engine.dispose()

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self) -> Iterator[str]:
        name = f"test_{secrets.token_hex(6)}"
        with self._maintenance() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            try:
                yield self.url(name)
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _maintenance(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(self.url("postgres"), autocommit=True)


def start_cluster() -> Iterator[Cluster]:
    """One server for the session; skips (fails with FIRSTLINE_REQUIRE_ALL) without PostgreSQL."""
    binaries = _find_binaries()
    if binaries is None:
        give_up("PostgreSQL isn't installed: the tests on it don't run")
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
    port = _free_port()
    as_user = _unprivileged(folder)
    log = folder / "log"
    start: list[str | Path] = [binaries / "pg_ctl", "-D", folder / "data", "-l", log, "-w", "-o"]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    initdb: list[str | Path] = [binaries / "initdb", "--no-sync", "-A", "trust", "-U", "postgres"]
    run([*initdb, "-D", folder / "data"], as_user)
    run([*start, options, "start"], as_user)
    try:
        yield Cluster(port)
    finally:
        run([binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], as_user)
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str | Path], user: str | None) -> None:
    subprocess.run(command, check=True, user=user, stdout=subprocess.DEVNULL, cwd="/tmp")


def give_up(why: str) -> NoReturn:
    """Skip loudly; in CI a skip is a failure."""
    if os.environ.get("FIRSTLINE_REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(f"*** {why} ***")


def _find_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _version(initdb: Path) -> int:
    return int(initdb.parents[1].name.partition(".")[0])


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _unprivileged(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root; the folder is given to the user `postgres` then."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return "postgres"
