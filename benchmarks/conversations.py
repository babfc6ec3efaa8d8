"""How fast one message over REST is, bot answer included, and where its time goes.

    python benchmarks/conversations.py [--data DIR] [--seconds 10] [--at-once 16]

Starts `firstline serve` on a copy of DIR (a prepared demo; made when it is missing), asks the
demo's evaluation questions first one after the other and then from several conversations at once
(a new conversation every three questions, so that few are silent because a person has them), and
prints percentiles in milliseconds, messages per second, start-up time and resident memory.
"""

import argparse
import http.client
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADERS = {"Content-Type": "application/json"}
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    arguments = _arguments()
    questions = _questions()
    with tempfile.TemporaryDirectory() as folder:
        data = _copy_of_demo(arguments.data, Path(folder))
        with _server(data) as (process, port, ready):
            print(f"ready after                 {ready:7.2f} s")
            _ask_in_turn(port, questions[:40], "warm-up")
            one = _ask_in_turn(port, questions[40:340], "one")
            _print_percentiles("one at a time", one)
            many, seconds = _ask_at_once(port, questions, arguments.at_once, arguments.seconds)
            _print_percentiles(f"{arguments.at_once} at once", many)
            print(f"{'the same, rate':27} {len(many) / seconds:7.0f} messages/s")
            print(f"resident                    {_resident(process.pid):7.0f} MB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="a data directory made by init --demo")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--at-once", type=int, default=16)
    return parser.parse_args()


def _questions() -> list[str]:
    lines = (ROOT / "training_data" / "evaluation.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    return [each["query"] for each in asked if each["audience"] == "public"] * 2


def _copy_of_demo(data: Path | None, folder: Path) -> Path:
    if data is None:
        _firstline("init", "--data", str(folder / "demo"), "--demo")
        return folder / "demo"
    shutil.copytree(data, folder / "demo", ignore=shutil.ignore_patterns("firstline.db*"))
    return folder / "demo"


def _firstline(*arguments: str) -> None:
    subprocess.run(["firstline", *arguments], check=True, stderr=subprocess.DEVNULL)


@contextmanager
def _server(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    started = time.perf_counter()
    port = 8399
    process = subprocess.Popen(
        ["firstline", "serve", "--data", str(data), "--port", str(port)],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    try:
        _wait_until_ready(port)
        yield process, port, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_ready(port: int) -> None:
    for _ in range(1200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    sys.exit("the server did not become ready")


def _ask_in_turn(port: int, questions: list[str], name: str) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    return [
        _ask(connection, f"{name}-{number // 3}", question)
        for number, question in enumerate(questions)
    ]


def _ask_at_once(
    port: int, questions: list[str], at_once: int, seconds: float
) -> tuple[list[float], float]:
    """Milliseconds of every message, and how long it took in all."""
    taken: list[float] = []
    started = time.perf_counter()

    def converse(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for turn in itertools.count():
            if time.perf_counter() - started > seconds:
                return
            question = questions[(number * 37 + turn) % len(questions)]
            taken.append(_ask(connection, f"many-{number}-{turn // 3}", question))

    threads = [threading.Thread(target=converse, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, time.perf_counter() - started


def _ask(connection: http.client.HTTPConnection, sender: str, question: str) -> float:
    body = json.dumps({"sender": sender, "message": question})
    started = time.perf_counter()
    connection.request("POST", "/webhooks/rest/webhook", body, HEADERS)
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        sys.exit(f"the server answered {response.status}")
    return 1000 * (time.perf_counter() - started)


def _print_percentiles(name: str, taken: list[float]) -> None:
    cuts = statistics.quantiles(taken, n=100)
    print(f"{name:27} p50 {cuts[49]:6.1f} ms   p95 {cuts[94]:6.1f} ms   n {len(taken)}")


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20


if __name__ == "__main__":
    main()
