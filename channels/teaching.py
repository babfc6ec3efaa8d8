"""Trains an installation: on a Rasa project, a folder of YAML, or what it was trained on last."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.credentials import with_credentials
from bot.language import languages
from bot.learning import Trained, learn
from bot.project.articles import articles_of
from bot.project.credentials import Credentials
from bot.project.doubts import Doubts
from bot.settings import Settings
from bot.trained import open_batching_encoder
from bot.training import Training, TrainingError
from channels.importing import with_articles_of_project

# Rasa's names of what a channel needs, and the settings that take their place.
CHANNELS = {
    "telegram": {"access_token": "FIRSTLINE_TELEGRAM_TOKEN"},
    "slack": {
        "slack_token": "FIRSTLINE_SLACK_BOT_TOKEN",
        "slack_signing_secret": "FIRSTLINE_SLACK_SIGNING_SECRET",
    },
}


@dataclass(frozen=True, slots=True)
class Taught:
    """What an installation has learnt: how much, how many articles came of retrieval intents, what
    is in doubt, and what is left for the operator to do."""

    trained: Trained
    articles: int
    warnings: tuple[str, ...]
    advice: tuple[str, ...]


def teach(settings: Settings, source: Path) -> Taught:
    """Train from a folder and put its retrieval intents into the knowledge base.

    All or nothing: what raises TrainingError, SettingsError or IndexUnusable leaves what was
    learnt before.
    """
    refuse_data_in_project(source, settings.data)
    encoder = open_batching_encoder(settings)
    learnt = learn(source, settings.data, encoder)
    with_credentials(settings, learnt.training.credentials)  # or it is refused when it is served
    doubts = Doubts(source)
    articles = articles_of(learnt.training, doubts)
    with with_articles_of_project(settings, articles, encoder) as candidate:
        learnt.put_into_use(settings.data)
        if candidate:
            candidate.publish()
    return Taught(
        trained=learnt.told,
        articles=len(articles),
        warnings=(*learnt.told.warnings, *doubts.told()),
        advice=tuple(_advice(settings, learnt.training)),
    )


def refuse_data_in_project(project: Path, data: Path) -> None:
    """Raises TrainingError for a data directory that would be taken for a part of the project, as
    `data` in its own folder would."""
    among = (project / name for name in ("data", "domain", "actions", "tests"))
    if any(data.resolve().is_relative_to(folder.resolve()) for folder in among):
        message = f"{data} is among this project's own files; name another --data"
        raise TrainingError(project, 1, message)


def _advice(settings: Settings, training: Training) -> Iterator[str]:
    if training.config:
        yield from _about_language(settings, training.config.language)
    yield from about_channels(training.credentials)


def _about_language(settings: Settings, named: str) -> Iterator[str]:
    code = language_code(named)
    if code is None:
        yield f"the project's language \"{named}\" isn't one that is told from others here"
    elif not any(code in desk.languages for desk in settings.desks.values()):
        yield f"no desk speaks the project's language: add \"{code}\" to a desk's languages"
    if code != "en" and settings.model == Settings.model_fields["model"].default:
        yield f'the language model knows English only: for "{named}" set a multilingual model'


def language_code(named: str) -> str | None:
    """Of a project's language ("de", "pt-BR", "en_core_web_md") the code that is known here."""
    code = named.lower().replace("-", "_").partition("_")[0]
    return code if code in languages() else None


def about_channels(credentials: Credentials) -> Iterator[str]:
    """What to set for the channels that a project was connected to: a token is never put into use
    without being asked for."""
    for channel, settings in CHANNELS.items():
        if channel in credentials.sections:
            told = " and ".join(f"{setting} (its {name})" for name, setting in settings.items())
            yield f"{channel} isn't switched on by itself: to have it on, set {told}"
