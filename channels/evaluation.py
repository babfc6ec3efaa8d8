"""`firstline eval`: how good each part of the bot is on labelled data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.command import AsJson, Data, err, prepared, progress_bar
from channels.figures import FailOver, FailUnder, publish, show_problems

if TYPE_CHECKING:
    from bot.engine import Engine
    from bot.knowledge import Encodes, Knowledge
    from bot.settings import Settings

evaluation = typer.Typer(help="How good the bot is, on labelled data.", no_args_is_help=True)

Predictions = Annotated[Path, typer.Option(help="Where to write the predictions, as JSON Lines.")]
Installation = Annotated[
    Path | None,
    typer.Option("--data", envvar="FIRSTLINE_DATA", help="Use what this data directory holds."),
]


@evaluation.command()
def intents(
    train: Annotated[Path, typer.Option(help="nlu.yml, a folder of it, or JSON Lines.")],
    test: Annotated[Path, typer.Option(help="The same, with or without intents.")],
    predictions: Predictions,
    data: Installation = None,
    seed: Annotated[int, typer.Option(help="Picks the folds of the calibration.")] = 0,
    as_json: AsJson = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
) -> None:
    """Train the intent classifier on one file and judge another.

    JSON Lines hold {"id","text","intent"}; an intent of null is out of scope.
    """
    from bot.evaluation import intents
    from bot.evaluation.files import write_rows

    source, asked = intents.read_utterances(train), intents.read_utterances(test)
    encoder = _encoder(data)
    with progress_bar("Encoding training lines") as progress:
        model = intents.train(source, encoder, seed, progress)
    with progress_bar("Judging") as progress:
        verdicts = intents.judge(model, asked, encoder, progress)
    write_rows(predictions, intents.predictions(asked, verdicts))
    figures = intents.figures(asked.intents, verdicts) if asked.intents else []
    publish(figures, as_json, fail_under, fail_over)


@evaluation.command()
def retrieval(
    kb: Annotated[Path, typer.Option(help="A folder or file of articles, as `kb import` reads.")],
    queries: Annotated[Path, typer.Option(help='JSON Lines {"id","query","article_ids"}.')],
    predictions: Predictions,
    max_wrong: Annotated[
        float, typer.Option(min=0, max=1, help="The share of wrong answers to stay under.")
    ] = 0.02,
    data: Installation = None,
    as_json: AsJson = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
) -> None:
    """Index a knowledge base for the occasion, and ask questions of it."""
    from bot.evaluation import retrieval
    from bot.evaluation.files import EvaluationError, write_rows
    from bot.evaluation.questions import read_questions
    from kb_index.articles import read_articles

    articles, errors = read_articles([kb])
    for error in errors:
        err.print(str(error), style="red", markup=False)
    if not articles:
        raise EvaluationError(f"{kb} has no articles")
    asked = read_questions(queries, {article.id for article in articles})
    encoder = _encoder(data)
    with tempfile.TemporaryDirectory() as folder:
        with progress_bar("Encoding articles") as progress:
            base = retrieval.prepare(articles, encoder, Path(folder), max_wrong, progress)
        with progress_bar("Searching") as progress:
            found = retrieval.ask_all(base, asked.questions, progress)
    write_rows(predictions, retrieval.predictions(asked.questions, found))
    figures = retrieval.figures(asked.questions, found) if asked.labelled else []
    publish(figures, as_json, fail_under, fail_over)
    if errors:
        raise typer.Exit(2)


@evaluation.command()
def frustration(
    dialogs: Annotated[Path, typer.Option(help='JSON Lines {"id","turns"}.')],
    predictions: Predictions,
    data: Installation = None,
    as_json: AsJson = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
) -> None:
    """Follow transcripts of [{"speaker","text"}] and score the customer's patience."""
    from bot.evaluation import frustration
    from bot.evaluation.files import write_rows
    from bot.learning import train_shipped_frustration
    from bot.settings import PolicySettings
    from bot.trained import load_frustration

    transcripts = frustration.read_dialogs(dialogs)
    encoder = _encoder(data)
    settings = prepared(data) if data else None
    model = load_frustration(settings) if settings else train_shipped_frustration(encoder)
    policy = settings.policy if settings else PolicySettings()
    with progress_bar("Following dialogues") as progress:
        followed = frustration.follow_all(transcripts, model, encoder, progress)
    write_rows(predictions, frustration.predictions(followed))
    publish(frustration.figures(followed, policy.frustration), as_json, fail_under, fail_over)


@evaluation.command()
def answers(
    questions: Annotated[
        Path | None, typer.Argument(help='JSON Lines {"id","query","article_ids"}.')
    ] = None,
    data: Data = Path("data"),
    as_json: AsJson = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
) -> None:
    """How many labelled questions the whole bot answers rightly; without a file, its own."""
    from bot.evaluation.answers import ask_all, figures
    from bot.evaluation.articles import confuse_articles

    bot = _bot(data)
    with progress_bar("Asking") as progress:
        outcomes = ask_all(questions, *bot, progress)
    confusions = [
        {"wanted": each.wanted, "found": each.found, "count": len(each.outcomes)}
        for each in confuse_articles(outcomes)
    ]
    publish(figures(outcomes), as_json, fail_under, fail_over, confusions=confusions)


@evaluation.command()
def conversations(
    scripts: Annotated[Path, typer.Argument(help="A YAML file, or a folder of them.")],
    data: Data = Path("data"),
    as_json: AsJson = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
) -> None:
    """Play scripted conversations to the bot: Rasa's test stories, or our own format.

    Test stories are played as Rasa does, without running actions. In our own format actions run
    for real: point --data at an installation where they may.
    """
    from bot.evaluation import conversations
    from bot.evaluation.files import EvaluationError
    from bot.evaluation.scripts import read_scripts
    from bot.evaluation.test_stories import StoryPlayer, read_test_stories

    settings, _, engine = _bot(data)
    domain = engine.dialogue.domain
    read, stories = read_scripts(scripts), read_test_stories(scripts, domain)
    if not read and not stories:
        raise EvaluationError(f"{scripts} holds no conversations, test stories or test_cases")
    player = conversations.Player(engine, domain, settings.desks)
    with progress_bar("Playing") as progress:
        played = player.play_all(read, progress) + StoryPlayer(engine).play_all(stories, progress)
    if not as_json:
        show_problems(played)
    figures = conversations.figures(played)
    publish(figures, as_json, fail_under, fail_over, results=conversations.as_objects(played))
    if any(each.problems for each in played):
        raise typer.Exit(1)


@evaluation.command()
def report(
    questions: Annotated[
        Path | None, typer.Argument(help='JSON Lines {"id","query","article_ids"}.')
    ] = None,
    out: Annotated[Path, typer.Option(help="The page; its figures are kept beside it.")] = Path(
        "report.html"
    ),
    data: Data = Path("data"),
    seed: Annotated[int, typer.Option(help="Picks the folds of the cross-validation.")] = 0,
    as_json: AsJson = False,
    fail_under: FailUnder = None,
    fail_over: FailOver = None,
) -> None:
    """One page with pictures of how good the bot is and what has changed since the last one."""
    from channels.report import write_report

    figures = write_report(out, *_bot(data), questions, seed)
    err.print(f"{out} is ready.")
    publish(figures, as_json, fail_under, fail_over)


def _encoder(data: Path | None) -> Encodes:
    """The encoder of an installation; without one, the default model as a server would run it."""
    from kb_index.encoder import DEFAULT_MODEL, export_onnx, open_encoder

    if data:
        settings = prepared(data)
        return open_encoder(settings.model, settings.data / "encoder")
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(DEFAULT_MODEL, Path(folder))
        return open_encoder(DEFAULT_MODEL, Path(folder))


def _bot(data: Path) -> tuple[Settings, Knowledge, Engine]:
    """The installation's bot, as it would serve."""
    from bot.actions.services import Services, use
    from bot.shop import open_retailer
    from bot.trained import load_engine, open_knowledge

    settings = prepared(data)
    use(Services(open_retailer(settings)))
    knowledge = open_knowledge(settings)
    return settings, knowledge, load_engine(settings, knowledge)
