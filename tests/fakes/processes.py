"""Servers in processes of their own, which a test may kill."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from bot.conversation import Conversation
from bot.db import Database, now
from tests.fakes.browser import until


@contextmanager
def serving(data: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A real server in a process of its own, and its address."""
    firstline = Path(sys.executable).with_name("firstline")
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [firstline, "serve", "--data", data, "--port", "0"], stderr=stderr
        )
    try:
        until(lambda: "API" in log.read_text() or process.poll() is not None, 30)
        address = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        assert address, log.read_text()
        yield process, address.group()
    finally:
        process.kill()
        process.wait()


def leases_run_out(database: Database) -> None:
    """Half a minute passes."""
    with database.write() as session:
        session.execute(update(Conversation).values(lease_until=now() - timedelta(seconds=1)))
