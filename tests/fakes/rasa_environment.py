"""An environment of its own for Rasa 3.6.21: build/rasa. `make test` makes it, once.

Rasa needs a Python before 3.11, and packages that don't go together with ours.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.postgres import give_up

ENVIRONMENT = Path(__file__).parents[2] / "build" / "rasa"
STAMP = ENVIRONMENT / ".installed"
PYTHONS = ("3.10", "3.9", "3.8")
PACKAGES = ("setuptools<81", "rasa==3.6.21")
SKIPPED = "the tests with a full Rasa don't run"


def rasas_python() -> Path:
    """The Python that has Rasa; skips, loudly, where none can have it."""
    if not STAMP.exists():
        if not find_python():
            pytest.skip(f"*** no Python {', '.join(PYTHONS)} is here: {SKIPPED} ***")
        give_up(f"build/rasa is missing, though `make test` can make it: {SKIPPED}")
    return ENVIRONMENT / "bin" / "python"


def find_python() -> Path | None:
    """A Python that Rasa runs on: one on the PATH, or pyenv's."""
    return next(filter(_works, _candidates()), None)


def _candidates() -> Iterator[Path]:
    for version in PYTHONS:
        if on_path := shutil.which(f"python{version}"):
            yield Path(on_path)
        yield from sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))


def _works(python: Path) -> bool:
    """pyenv puts names on the PATH of Pythons that it doesn't let one run."""
    tried = subprocess.run([python, "-c", "import ensurepip"], capture_output=True, check=False)
    return tried.returncode == 0


def install() -> None:
    """Make the environment, unless it is there. Says loudly what will be skipped if it can't."""
    if STAMP.exists():
        return
    python = find_python()
    if not python:
        return _shout(f"no Python {', '.join(PYTHONS)} is here")
    print(f"Installing Rasa 3.6.21 into {ENVIRONMENT}: once, some minutes and 2 GB", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    try:
        subprocess.run([python, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([*pip, "install", "-qq", *PACKAGES], check=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        return _shout("Rasa 3.6.21 can't be installed")
    STAMP.touch()


def _shout(why: str) -> None:
    print(f"!!!!  {why}: SKIPPING the tests with a full Rasa  !!!!", file=sys.stderr)


if __name__ == "__main__":
    install()
