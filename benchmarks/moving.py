"""Rasa projects, moved in and in Rasa itself, side by side.

    python -m benchmarks.moving PROJECT... [--rasa build/rasa/bin/rasa]

For each project: training (seconds, processor seconds, memory), start-up, memory when idle, latency
of the REST channel, and the project's own end-to-end test stories. Rasa 3.6.21 needs Python 3.8 to
3.10; `make test` puts it into build/rasa where it finds one. Without it that half is left out.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.training import read_training

MESSAGES = 100
PATIENCE = 600.0  # seconds for a server to come up on a busy machine
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "HF_HUB_OFFLINE": "1",
}
CORRECT = re.compile(r"Correct:\s+(\d+) / (\d+)")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds, seconds of the processor, and at most so many MB."""

    wall: float
    processor: float
    memory: float
    output: str
    well: bool


@dataclass(frozen=True, slots=True)
class Assistant:
    """The commands of one of the two, for a project."""

    name: str
    train: list[str]
    serve: list[str]
    folder: Path


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("projects", nargs="+", type=Path)
    options.add_argument("--rasa", type=Path, default=Path("build/rasa/bin/rasa"))
    given = options.parse_args()
    if not given.rasa.exists():
        print(f"no Rasa at {given.rasa}: its half is left out (it needs Python 3.8 to 3.10)")
    for project in given.projects:
        with tempfile.TemporaryDirectory() as room:
            measure(project.resolve(), Path(room), given.rasa.resolve())


def measure(project: Path, room: Path, rasa: Path) -> None:
    """Both, one after the other, so that neither has the machine to itself."""
    print(f"\n== {project.name}")
    data = room / "data"
    firstline = [str(Path(sys.executable).with_name("firstline"))]
    first = run([*firstline, "init", "--data", str(data), "--rasa", str(project)], Path.cwd())
    print(f"firstline init --rasa (once)  {first.wall:6.1f} s  {first.processor:6.1f} s processor")
    port = free_port()
    ours = Assistant(
        "firstline",
        [*firstline, "train", str(project), "--data", str(data)],
        [*firstline, "serve", "--data", str(data), "--port", str(port)],
        Path.cwd(),
    )
    trained = report_training(ours)
    report_serving(ours, port, project)
    if trained:
        evaluate_ours(project, data, firstline)
    if rasa.exists():
        measure_rasa(project, room, rasa)


def measure_rasa(project: Path, room: Path, rasa: Path) -> None:
    folder = room / "project"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("models", ".rasa", "results"))
    port = free_port()
    domain = ["--domain", "domain"] if (folder / "domain").is_dir() else []
    serve = [str(rasa), "run", "--enable-api", "-i", "127.0.0.1", "-p", str(port)]
    theirs = Assistant("rasa", [str(rasa), "train", *domain], serve, folder)
    if report_training(theirs):
        report_serving(theirs, port, project)
        tests = test_files(folder)
        if tests:
            played = run([str(rasa), "test", "core", "--stories", tests, "--e2e"], folder)
            found = CORRECT.search(played.output)
            told = f"{found[1]} of {found[2]}" if found else "none were played"
            print(f"rasa       test stories      {told}")


def report_training(one: Assistant) -> bool:
    cost = run(one.train, one.folder)
    print(
        f"{one.name:10} train        {cost.wall:6.1f} s  {cost.processor:6.1f} s processor  "
        f"{cost.memory:6.0f} MB{'' if cost.well else '  FAILED'}"
    )
    return cost.well


def report_serving(one: Assistant, port: int, project: Path) -> None:
    begun = time.monotonic()
    with serving(one, port) as process:
        ready = time.monotonic() - begun
        times = sorted(ask(port, project))
        memory = resident(process.pid)
    p95 = times[int(len(times) * 0.95) - 1]
    print(
        f"{one.name:10} ready after  {ready:6.1f} s  {memory:6.0f} MB; a message "
        f"p50 {statistics.median(times) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"
    )


def evaluate_ours(project: Path, data: Path, firstline: Sequence[str]) -> None:
    if not test_files(project):
        return
    command = [*firstline, "eval", "conversations", str(project), "--data", str(data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    figures = json.loads(done.stdout)
    passed = figures["conversations"] - figures["failed"]
    print(f"firstline  test stories      {passed} of {figures['conversations']}")


def run(command: Sequence[str], folder: Path) -> Cost:
    """Run it to its end; a failure is told, with the end of what it printed."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=printed, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        printed.seek(0)
        output = printed.read()
    if status:
        print(f"{command[-1]}: exit status {status}\n{output[-1500:]}")
    return Cost(
        wall=time.monotonic() - begun,
        processor=used.ru_utime + used.ru_stime,
        memory=used.ru_maxrss / 1024,
        output=output,
        well=status == 0,
    )


@contextlib.contextmanager
def serving(one: Assistant, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        one.serve,
        cwd=one.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/webhooks/rest/").status_code == 200:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def ask(port: int, project: Path) -> Iterator[float]:
    """Seconds for each of the project's own lines, every one from somebody new."""
    lines = [example.text for example in read_training(project).examples]
    with httpx.Client(timeout=60) as client:
        for number in range(MESSAGES + 5):
            body = {"sender": f"p{number}", "message": lines[number * 7 % len(lines)]}
            begun = time.monotonic()
            client.post(f"http://127.0.0.1:{port}/webhooks/rest/webhook", json=body)
            if number >= 5:  # the first ones warm up
                yield time.monotonic() - begun


def resident(pid: int) -> float:
    """MB that the process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def test_files(project: Path) -> str | None:
    found = sorted(project.rglob("test_*.y*ml"))
    return str(found[0].parent.relative_to(project)) if found else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def environment() -> dict[str, str]:
    return {**os.environ, **QUIET}


if __name__ == "__main__":
    main()
