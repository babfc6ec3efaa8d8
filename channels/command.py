"""What the commands share: common options, standard error, progress bars, giving up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from bot.settings import Settings, load_settings

err = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[Path, typer.Option("--data", envvar="FIRSTLINE_DATA", help="The data directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def prepared(data: Path) -> Settings:
    """The settings of a prepared data directory; gives up on any other."""
    if not (data / "firstline.toml").exists():
        stop(f"{data} is not prepared: run `firstline init --data {data}` first", 2)
    return load_settings(data)


def stop(message: str, code: int) -> NoReturn:
    """Give up: the message on standard error, and the exit code."""
    err.print(message, style="red", markup=False)
    raise typer.Exit(code)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; what it yields is told (done, all)."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
