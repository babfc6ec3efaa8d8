"""The `firstline` command. Exit codes: 0 well, 1 it failed, 2 wrong input."""

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from bot.settings import PUBLIC, Settings, SettingsError, load_settings

app = typer.Typer(
    help="First-line support that knows when to hand over.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
kb = typer.Typer(help="The knowledge base.", no_args_is_help=True)
agent = typer.Typer(help="The people who answer.", no_args_is_help=True)
app.add_typer(kb, name="kb")
app.add_typer(agent, name="agent")

err = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[Path, typer.Option("--data", envvar="FIRSTLINE_DATA", help="The data directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def init(
    data: Data = Path("data"),
    demo: Annotated[bool, typer.Option("--demo", help="Set up the demo company.")] = False,
) -> None:
    """Prepare a data directory: database, index and trained model."""
    from channels.setup import initialise, sign_in_note

    with _progress("Encoding articles") as progress:
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

    run(_prepared(data), host, port)


@app.command()
def train(
    path: Annotated[Path | None, typer.Argument(help="A folder of Rasa 3 YAML.")] = None,
    data: Data = Path("data"),
) -> None:
    """Train intents and frustration; without PATH, on the data trained on last."""
    from channels.setup import teach

    settings = _prepared(data)
    trained = teach(settings, path or settings.data / "training")
    err.print(
        f"Trained on {trained.examples:,} examples of {trained.intents} intents "
        f"and {trained.graded_lines} graded lines. Restart the server to use it."
    )


@app.command()
def chat(data: Data = Path("data"), desk: str = "customers") -> None:
    """Talk to the bot in the terminal."""
    from channels.terminal import talk

    settings = _prepared(data)
    if desk not in settings.desks:
        _stop(f'no desk is called "{desk}"; there are: {", ".join(settings.desks)}', 2)
    talk(settings, desk)


@app.command("eval")
def evaluate(
    questions: Annotated[
        Path | None, typer.Argument(help='JSON Lines {"id","query","article_ids"}.')
    ] = None,
    data: Data = Path("data"),
    as_json: AsJson = False,
) -> None:
    """How many labelled questions are answered rightly; without a file, the demo's own."""
    from bot.actions.services import Services, use
    from bot.evaluation import EvaluationError, figures, read_questions
    from bot.evaluation import evaluate as ask_all
    from bot.knowledge import Knowledge
    from bot.shop import open_retailer
    from bot.trained import load_engine, open_batching_encoder, shipped_training_data
    from channels.terminal import show_figures

    settings = _prepared(data)
    use(Services(open_retailer(settings)))
    knowledge = Knowledge(settings.data / "index", open_batching_encoder(settings))
    try:
        asked = read_questions(questions or shipped_training_data() / "evaluation.jsonl")
        outcomes = ask_all(load_engine(settings, knowledge), knowledge, asked)
    except EvaluationError as error:
        _stop(str(error), 2)
    summary = figures(outcomes)
    if as_json:
        print(json.dumps(asdict(summary), indent=1))
    else:
        show_figures(summary)


@kb.command("import")
def kb_import(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders.")],
    data: Data = Path("data"),
    audience: Annotated[
        str, typer.Option(help="Who files without an audience of their own are for.")
    ] = PUBLIC,
) -> None:
    """Import Markdown, HTML, text, PDF, DOCX and JSON Lines into the index."""
    from channels.setup import import_articles

    settings = _prepared(data)
    with _progress("Encoding articles") as progress:
        count, errors = import_articles(settings, paths, audience, progress)
    for error in errors:
        err.print(str(error), style="red", markup=False)
    err.print(f"{count} articles imported, {len(errors)} problems.")
    if errors:
        raise typer.Exit(2)


@kb.command("search")
def kb_search(
    query: str,
    data: Data = Path("data"),
    k: Annotated[int, typer.Option(min=1, max=50)] = 5,
    audience: Annotated[list[str], typer.Option(help="Repeatable.")] = [PUBLIC],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Search the knowledge base as the bot does."""
    from bot.knowledge import Knowledge
    from bot.trained import open_batching_encoder

    settings = _prepared(data)
    knowledge = Knowledge(settings.data / "index", open_batching_encoder(settings))
    hits = knowledge.search(query, frozenset(audience), k)
    if as_json:
        print(json.dumps([asdict(hit) for hit in hits], indent=1, ensure_ascii=False))
        return
    for hit in hits:
        print(f"{hit.score:.3f}  {hit.article_id}  {hit.title} · {hit.heading}")


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
        _stop(f'there is no role "{role}": use {", ".join(Role)}', 2)
    password = (
        typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        if ask_password
        else secrets.token_urlsafe(12)
    )
    database = open_database(_prepared(data).database)
    try:
        with database.write() as session:
            add_agent(session, name, email, Role(role), password)
    except AgentError as error:
        _stop(str(error), 2)
    err.print(f"{name} <{email}> may sign in at /console as {role}.", markup=False)
    if not ask_password:
        print(password)


@agent.command("token")
def agent_token(email: str, data: Data = Path("data")) -> None:
    """Print a bearer token for the API, valid for 90 days."""
    from bot.db import open_database
    from handoff.agents import find_agent, issue_token

    database = open_database(_prepared(data).database)
    with database.write() as session:
        found = find_agent(session, email)
        if not found:
            _stop(f"no agent has the address {email}: `firstline agent add NAME {email}`", 2)
        print(issue_token(session, found))


def main() -> None:
    """Run the command; a failure that has a name is told in one line, never as a traceback."""
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
    from bot.intent import ModelUnusable
    from bot.training import TrainingError
    from handoff.agents import AgentError
    from kb_index.encoder import ModelError
    from kb_index.index import IndexUnusable

    ours = (AgentError, DatabaseUnusable, ModelUnusable, TrainingError, ModelError, IndexUnusable)
    return isinstance(error, (*ours, SettingsError, OperationalError, OSError))


def _exit_code(error: Exception) -> int:
    from bot.training import TrainingError

    return 2 if isinstance(error, (SettingsError, TrainingError)) else 1


def _prepared(data: Path) -> Settings:
    if not (data / "firstline.toml").exists():
        _stop(f"{data} is not prepared: run `firstline init --data {data}` first", 2)
    return load_settings(data)


def _stop(message: str, code: int) -> NoReturn:
    err.print(message, style="red", markup=False)
    raise typer.Exit(code)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; what it yields is told (done, all)."""
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
