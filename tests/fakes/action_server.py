"""A real action server, `python -m rasa_sdk`, on a free port of 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

LONGEST_START = 60.0  # seconds


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def action_server(
    folder: Path, actions: str = "actions", python: str | Path = sys.executable, **more: str
) -> Iterator[str]:
    """The URL of a server that was started in the folder; `more` is for its environment."""
    port = free_port()
    command = [python, "-m", "rasa_sdk", "--actions", actions, "--port", str(port)]
    with running(command, folder, SANIC_HOST="127.0.0.1", **more) as process:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/webhook"


@contextmanager
def running(
    command: list[str | Path], folder: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The command and all that it starts, until the end of the block; it logs to folder/log."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its workers, too
            process.wait(10)


def wait_for(url: str, process: subprocess.Popen[bytes], patience: float = LONGEST_START) -> None:
    """Until the address answers. Fails when the process ends first, or is too slow."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        try:
            httpx.get(url, timeout=5, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} doesn't answer after {patience:g} seconds")
