"""`firstline kb`: the knowledge base."""

import getpass
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.settings import PUBLIC
from channels.command import AsJson, Data, err, prepared, stop

kb = typer.Typer(help="The knowledge base.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(help="Files or folders.")]
Audience = Annotated[str, typer.Option(help="Who files without an audience of their own are for.")]
Labels = Annotated[
    Path | None,
    typer.Option("--questions", help="Labelled questions; else DATA/questions.jsonl, if there."),
]
Last = Annotated[int, typer.Option(min=0, help="How many past conversations are replayed.")]
MaxRecallLoss = Annotated[
    float, typer.Option(min=0, max=1, help="By how much the share answered rightly may fall.")
]
MaxWrongRise = Annotated[
    float, typer.Option(min=0, max=1, help="By how much the share answered wrongly may rise.")
]


@kb.command("check")
def kb_check(
    paths: Paths,
    data: Data = Path("data"),
    audience: Audience = PUBLIC,
    labels: Labels = None,
    last: Last = 2000,
    max_recall_loss: MaxRecallLoss = 0.02,
    max_wrong_rise: MaxWrongRise = 0.01,
    as_json: AsJson = False,
) -> None:
    """Which answers to past questions would an import change? Publishes nothing.

    Exits with 1 if the import would be refused.
    """
    from rich.console import Console

    from bot.regression.report import Limits
    from channels.publishing import checked
    from channels.regression import as_object, show

    limits = Limits(max_recall_loss, max_wrong_rise)
    with checked(prepared(data), paths, audience, labels=labels, last=last, limits=limits) as found:
        if as_json:
            print(json.dumps(as_object(found.report), indent=1, ensure_ascii=False))
        else:
            show(found.report, Console(highlight=False, soft_wrap=True))
    if found.report.problems:
        raise typer.Exit(1)
    if found.change.errors:
        raise typer.Exit(2)


@kb.command("import")
def kb_import(
    paths: Paths,
    data: Data = Path("data"),
    audience: Audience = PUBLIC,
    labels: Labels = None,
    last: Last = 2000,
    max_recall_loss: MaxRecallLoss = 0.02,
    max_wrong_rise: MaxWrongRise = 0.01,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="Publish what the check refuses.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Who is on record: an e-mail address; else the OS user.")
    ] = None,
) -> None:
    """Import Markdown, HTML, text, PDF, DOCX and JSON Lines into the index.

    Past questions are replayed first: what would answer them worse isn't published.
    """
    from bot.regression.report import Limits
    from channels.publishing import checked
    from channels.regression import show, summary

    if force is not None and not force.strip():
        stop("--force needs the reason, in words", 2)
    limits = Limits(max_recall_loss, max_wrong_rise)
    with checked(prepared(data), paths, audience, labels=labels, last=last, limits=limits) as found:
        refused = bool(found.report.problems)
        if refused:
            show(found.report, err)
        if refused and not force:
            stop('Nothing was published. To publish anyway: --force "REASON"', 1)
        found.publish(by or _os_user(), force if refused else None)
    if found.report.comparisons and not refused:
        err.print("\n".join([summary(found.report), *found.report.remarks]), markup=False)
    errors = len(found.change.errors)
    err.print(f"{found.change.read} articles imported, {errors} problems.")
    if errors:
        raise typer.Exit(2)


@kb.command("history")
def kb_history(
    data: Data = Path("data"),
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Who changed the knowledge base when, and why although the check refused it."""
    from bot.db import open_database
    from bot.regression.history import newest_changes
    from channels.regression import in_a_line, past_change

    database = open_database(prepared(data).database)
    with database.read() as session:
        changes = newest_changes(session, last)
    if as_json:
        print(json.dumps([past_change(each) for each in changes], indent=1, ensure_ascii=False))
        return
    for change in changes:
        print(in_a_line(change))


@kb.command("search")
def kb_search(
    query: str,
    data: Data = Path("data"),
    k: Annotated[int, typer.Option(min=1, max=50)] = 5,
    audience: Annotated[list[str], typer.Option(help="Repeatable.")] = [PUBLIC],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Search the knowledge base as the bot does."""
    from bot.trained import open_knowledge

    settings = prepared(data)
    hits = open_knowledge(settings).search(query, frozenset(audience), k)
    if as_json:
        print(json.dumps([asdict(hit) for hit in hits], indent=1, ensure_ascii=False))
        return
    for hit in hits:
        print(f"{hit.score:.3f}  {hit.article_id}  {hit.title} · {hit.heading}")


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"
