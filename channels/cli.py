"""The `firstline` command. Exit codes: 0 well, 1 it failed, 2 wrong input."""

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from rich.console import Console

from bot.settings import SettingsError
from channels.command import AsJson, Data, err, prepared, progress_bar, stop
from channels.evaluation import evaluation
from channels.knowledge import kb
from channels.person import person
from channels.rasa_check import rasa
from channels.slack.command import slack
from channels.telegram.command import telegram

if TYPE_CHECKING:
    from channels.teaching import Taught

app = typer.Typer(
    help="First-line support that knows when to hand over.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
agent = typer.Typer(help="The people who answer.", no_args_is_help=True)
app.add_typer(kb, name="kb")
app.add_typer(evaluation, name="eval")
app.add_typer(agent, name="agent")
app.add_typer(person, name="person")
app.add_typer(rasa, name="rasa")
app.add_typer(slack, name="slack")
app.add_typer(telegram, name="telegram")


@app.command()
def init(
    data: Data = Path("data"),
    demo: Annotated[bool, typer.Option("--demo", help="Set up the demo company.")] = False,
    project: Annotated[
        Path | None, typer.Option("--rasa", help="The folder of a Rasa project to move in.")
    ] = None,
) -> None:
    """Prepare a data directory: database, index and trained model."""
    from channels.setup import initialise, initialise_from, sign_in_note

    if project and demo:
        stop("--rasa and --demo exclude each other: which bot is it to be?", 2)
    if project:
        settings, taught = initialise_from(project, data)
        _tell(taught)
    else:
        with progress_bar("Encoding articles") as progress:
            settings = initialise(data, demo, progress)
    err.print(f"{settings.data} is ready.")
    if demo:
        err.print(f"The demo agent's sign-in is in {sign_in_note(settings)}.")
    err.print(f"Now: firstline serve --data {data}")


@app.command()
def serve(
    data: Data = Path("data"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any.")] = 8000,
) -> None:
    """Serve a prepared data directory."""
    from channels.server import run

    run(prepared(data), host, port)


@app.command()
def train(
    path: Annotated[
        Path | None, typer.Argument(help="A Rasa project's folder, or one with YAML files.")
    ] = None,
    data: Data = Path("data"),
) -> None:
    """Train intents and frustration; without PATH, on the data trained on last."""
    from channels.teaching import teach

    settings = prepared(data)
    _tell(teach(settings, path or settings.data / "training"))
    err.print("Restart the server to use it.")


def _tell(taught: "Taught") -> None:
    for warning in taught.warnings:
        err.print(f"warning: {warning}", style="yellow", markup=False)
    for advice in taught.advice:
        err.print(f"note: {advice}", markup=False)
    trained = taught.trained
    articles = f", {taught.articles} articles of retrieval intents" if taught.articles else ""
    err.print(
        f"Trained on {trained.examples:,} examples of {trained.intents} intents "
        f"and {trained.graded_lines} graded lines{articles}."
    )


@app.command()
def doctor(data: Data = Path("data"), as_json: AsJson = False) -> None:
    """Check the installation, tokens, webhooks, scopes and clocks, and say what to mend."""
    from channels.doctor.examination import print_findings, print_json

    settings = prepared(data)
    well = print_json(settings) if as_json else print_findings(settings, Console(soft_wrap=True))
    if not well:
        raise typer.Exit(1)


@app.command()
def chat(data: Data = Path("data"), desk: str = "customers") -> None:
    """Talk to the bot in the terminal."""
    from channels.terminal import talk

    settings = prepared(data)
    if desk not in settings.desks:
        stop(f'no desk is called "{desk}"; there are: {", ".join(settings.desks)}', 2)
    talk(settings, desk)


@agent.command("add")
def agent_add(
    name: str,
    email: str,
    role: Annotated[str, typer.Option(help="agent, supervisor or admin.")] = "agent",
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for one instead of making one up.")
    ] = False,
    data: Data = Path("data"),
) -> None:
    """Make an account; its password is printed."""
    from bot.db import open_database
    from handoff.agents import AgentError, Role, add_agent

    if role not in list(Role):
        stop(f'there is no role "{role}": use {", ".join(Role)}', 2)
    password = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        if ask_password
        else secrets.token_urlsafe(12)
    )
    database = open_database(prepared(data).database)
    try:
        with database.write() as session:
            add_agent(session, name, email, Role(role), password)
    except AgentError as error:
        stop(str(error), 2)
    err.print(f"{name} <{email}> may sign in at /console as {role}.", markup=False)
    if not ask_password:
        print(password)


@agent.command("token")
def agent_token(email: str, data: Data = Path("data")) -> None:
    """Print a bearer token for the API, valid for 90 days."""
    from bot.db import open_database
    from handoff.agents import find_agent, issue_token

    database = open_database(prepared(data).database)
    with database.write() as session:
        found = find_agent(session, email)
        if not found:
            stop(f"no agent has the address {email}: `firstline agent add NAME {email}`", 2)
        print(issue_token(session, found))


def main() -> None:
    """Run the command; a failure that has a name is told in one line, never as a traceback."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # results: stdout
    try:
        app()
    except Exception as error:
        if not _is_known(error):
            raise
        err.print(str(error), style="red", markup=False)
        sys.exit(_exit_code(error))


def _is_known(error: Exception) -> bool:
    from sqlalchemy.exc import OperationalError

    from bot.db import DatabaseUnusable
    from bot.evaluation.files import EvaluationError
    from bot.intent import ModelUnusable
    from bot.training import TrainingError
    from handoff.agents import AgentError
    from kb_index.encoder import ModelError
    from kb_index.index import IndexUnusable

    ours = (AgentError, DatabaseUnusable, ModelUnusable, TrainingError, ModelError, IndexUnusable)
    return isinstance(error, (*ours, EvaluationError, SettingsError, OperationalError, OSError))


def _exit_code(error: Exception) -> int:
    from bot.evaluation.files import EvaluationError
    from bot.training import TrainingError

    return 2 if isinstance(error, (EvaluationError, SettingsError, TrainingError)) else 1
