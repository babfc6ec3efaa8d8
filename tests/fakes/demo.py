"""`firstline serve` beside a fake: what `make demo-telegram` and `make demo-slack` share."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

FIRSTLINE = Path(sys.executable).with_name("firstline")


def arguments(about: str, port: int) -> argparse.ArgumentParser:
    """The options of a demo; `port` is where its page is, unless it is told otherwise."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, default=Path("data"), help="a prepared demo")
    parser.add_argument("--port", type=int, default=8000, help="of the server")
    parser.add_argument("--page-port", type=int, default=port, help="of the demo's page")
    return parser


def serve_beside(data: Path, port: int, **settings: str) -> int:
    """Serve the data with these settings until Ctrl-C, or until the server ends; its exit code."""
    environment = {f"FIRSTLINE_{name.upper()}": value for name, value in settings.items()}
    command = [str(FIRSTLINE), "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | environment) as server:
        try:
            return server.wait()
        except KeyboardInterrupt:  # the server got it too
            server.wait()
            return 0
