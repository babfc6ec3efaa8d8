"""`firstline rasa`: what becomes of a Rasa project here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bot.turn import JSON
from channels.command import AsJson

if TYPE_CHECKING:
    from bot.project.examination import Examination

rasa = typer.Typer(help="Rasa projects that move in.", no_args_is_help=True)

UNSUPPORTED, BROKEN = 1, 2


@rasa.command("check")
def rasa_check(
    path: Annotated[Path, typer.Argument(help="The project's folder.")], as_json: AsJson = False
) -> None:
    """Say line by line what runs as it is, what is replaced by what, and what isn't supported.

    Exits with 1 if something isn't supported, with 2 if something is wrong.
    """
    from bot.project.doubts import Doubts
    from bot.project.examination import examine
    from bot.project.fates import Verdict

    examined = examine(path)
    place = Doubts(path).place
    if as_json:
        print(json.dumps(_as_object(examined, place), indent=1, ensure_ascii=False))
    else:
        _show(examined, place)
    if examined.errors:
        raise typer.Exit(BROKEN)
    if examined.with_verdict(Verdict.NOT_SUPPORTED):
        raise typer.Exit(UNSUPPORTED)


def _as_object(examined: "Examination", place: Callable[[Path, int], str]) -> JSON:
    parts = [
        {
            "place": place(each.path, each.line),
            "what": each.what,
            "verdict": each.fate.verdict,
            "how": each.fate.how,
        }
        for each in examined.findings
    ]
    return {"parts": parts, "warnings": examined.warnings, "errors": examined.errors}


def _show(examined: "Examination", place: Callable[[Path, int], str]) -> None:
    from bot.project.fates import Verdict

    lines = {
        verdict: [
            f"{place(each.path, each.line)}: {each.what}: {each.fate.how}"
            for each in examined.with_verdict(verdict)
        ]
        for verdict in Verdict
    }
    console = Console(highlight=False, soft_wrap=True)
    for title, group in (
        ("Runs as it is", lines[Verdict.AS_IT_IS]),
        ("Is replaced", lines[Verdict.REPLACED]),
        ("Isn't needed", lines[Verdict.NOT_NEEDED]),
        ("Isn't supported", lines[Verdict.NOT_SUPPORTED]),
        ("Warnings", examined.warnings),
        ("Errors", examined.errors),
    ):
        if group:
            console.print(title, style="bold")
            console.print("\n".join(f"  {line}" for line in group), markup=False)
    counts = ", ".join(f"{len(group)} {verdict}" for verdict, group in lines.items())
    told = f"{len(examined.warnings)} warnings, {len(examined.errors)} errors"
    console.print(f"{counts}; {told}.", markup=False)
