"""Rasa itself, in an environment of its own: build/rasa, which `make test` makes."""

from pathlib import Path

from tests.fakes.postgres import give_up

ENVIRONMENT = Path(__file__).parents[2] / "build" / "rasa"


def rasas_python() -> Path:
    """The Python that has Rasa 3.6; skips, loudly, where there is none."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        give_up(
            "build/rasa is missing: the tests with a full Rasa don't run. `make test` makes it "
            "where a Python 3.8, 3.9 or 3.10 is"
        )
    return python
