"""Figures of an evaluation: printed, as JSON, and as gates that fail a run."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.evaluation.metrics import Figure
from channels.command import stop

if TYPE_CHECKING:
    from bot.evaluation.conversations import Played

console = Console(highlight=False)

FailUnder = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-under", metavar="NAME=VALUE", help="Fail if a figure is less. Repeatable."
    ),
]
FailOver = Annotated[
    list[str] | None,
    typer.Option("--fail-over", metavar="NAME=VALUE", help="Fail if a figure is more. Repeatable."),
]


def publish(
    figures: Sequence[Figure],
    as_json: bool,
    fail_under: Sequence[str] | None,
    fail_over: Sequence[str] | None,
    **more: object,
) -> None:
    """Print the figures, with `more` in the JSON, and give up if a gate is missed."""
    if as_json:
        print(json.dumps({each.name: each.value for each in figures} | more, indent=1))
    elif figures:
        console.print(_table(figures))
    missed = [
        *_missed(figures, fail_under, operator.lt, "under"),
        *_missed(figures, fail_over, operator.gt, "over"),
    ]
    if missed:
        stop("; ".join(missed), 1)


def show_problems(played: Sequence[Played]) -> None:
    """What went differently in each conversation, with the line that expected otherwise."""
    for each in played:
        if not each.problems:
            continue
        console.print(f"\n[bold red]{escape(each.script.name)}[/]")
        for problem in each.problems:
            console.print(f"  {each.script.path}:{problem.line}", style="cyan", markup=False)
            console.print(f"    after     {problem.said!r}", markup=False)
            console.print(
                f"    [green]expected[/]  {problem.what}: {escape(str(problem.expected))}"
            )
            found = ", ".join(map(str, problem.found)) or "nothing"
            console.print(f"    [red]found[/]     {escape(found)}")


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(show_header=False, box=None)
    for figure in figures:
        value = f"{figure.value:,}" if isinstance(figure.value, int) else f"{figure.value:.3f}"
        table.add_row(figure.name, value, figure.about)
    table.columns[1].justify = "right"
    return table


def _missed(
    figures: Sequence[Figure],
    gates: Sequence[str] | None,
    misses: Callable[[float, float], bool],
    side: str,
) -> Iterator[str]:
    """What to say of the gates `NAME=VALUE` that a figure misses."""
    by_name = {figure.name: figure for figure in figures}
    for gate in gates or ():
        name, _, value = gate.partition("=")
        if name not in by_name:
            there_are = ", ".join(by_name) or "none, as the data has no labels"
            stop(f'no figure is called "{name}"; there are: {there_are}', 2)
        try:
            limit = float(value)
        except ValueError:
            stop(f'"{gate}": write NAME=VALUE, such as {name}=0.9', 2)
        if misses(by_name[name].value, limit):
            yield f"{name} is {by_name[name].value:.4g}, {side} {limit:g}"
