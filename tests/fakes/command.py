"""The `firstline` command, run in the test's own process."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from channels import cli


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Firstline = Callable[..., Outcome]


@pytest.fixture
def firstline(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Firstline]:
    """The command in this process, which saves the seconds that starting Python takes."""

    def run(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["firstline", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        outcome = Outcome(int(ended.value.code or 0), *capfd.readouterr())
        assert "Traceback" not in outcome.out + outcome.err
        return outcome

    yield run
    structlog.reset_defaults()  # `serve` sends its logs to this test's standard error


def fails(outcome: Outcome, code: int, *words: str | Path) -> None:
    """One clear message on standard error, nothing else."""
    assert outcome.code == code
    assert outcome.out == ""
    for word in words:
        assert str(word) in outcome.err.replace("\n", "")
