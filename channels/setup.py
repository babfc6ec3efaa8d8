"""Preparing a data directory: settings, database, encoder, training, articles."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from bot.candidate import build_index
from bot.db import Database, open_database
from bot.evaluation.questions import HELD_OUT, OWN
from bot.settings import Settings, load_settings
from bot.shipped import shipped_training_data
from bot.shop import DemoShop
from bot.trained import open_batching_encoder
from bot.training import read_training
from channels.importing import import_articles
from channels.teaching import Taught, language_code, refuse_data_in_project, teach
from handoff.agents import Role, add_agent, find_agent
from kb_index.encoder import export_onnx, exported_model

Progress = Callable[[int, int], None]

SETTINGS = """\
# Firstline's settings. FIRSTLINE_... in the environment comes first.
company = "My company"

[desks.customers]
name = "Support"
greeting = "Ask me anything about our products. A person is here too, if you need one."
timezone = "Europe/London"

[desks.customers.hours]
mon = "09:00-17:00"
tue = "09:00-17:00"
wed = "09:00-17:00"
thu = "09:00-17:00"
fri = "09:00-17:00"
"""

DEMO_AGENT = "maya@larkhome.example"


def initialise(data: Path, demo: bool, progress: Progress) -> Settings:
    """Prepare a data directory; what is there already stays."""
    demo_settings = shipped_training_data() / "firstline.toml"
    text = demo_settings.read_text(encoding="utf-8") if demo else SETTINGS
    settings, database = _prepare(data, text)
    if not (settings.data / "training").exists():  # an operator's own training stays
        shipped = shipped_training_data()
        teach(settings, shipped if demo else shipped / "starter")
    if demo:
        _prepare_demo(settings, database, progress)
    _ensure_index(settings)
    database.close()
    return settings


def initialise_from(project: Path, data: Path) -> tuple[Settings, Taught]:
    """Prepare a data directory for a Rasa project and train on it; settings that are there already
    stay. Raises TrainingError before anything is written."""
    config = read_training(project).config
    refuse_data_in_project(project, data)
    code = language_code(config.language) if config else "en"
    languages = "" if code in (None, "en") else f'languages = ["{code}"]\n'
    settings, database = _prepare(data, SETTINGS.replace("timezone =", f"{languages}timezone ="))
    database.close()
    taught = teach(settings, project)
    _ensure_index(settings)
    return settings, taught


def _prepare(data: Path, text: str) -> tuple[Settings, Database]:
    """The settings, made of `text` unless they are there, the database, and the encoder."""
    data.mkdir(parents=True, exist_ok=True)
    settings_file = data / "firstline.toml"
    if not settings_file.exists():
        settings_file.write_text(text, encoding="utf-8")
    settings = load_settings(data)
    database = open_database(settings.database)
    if exported_model(settings.data / "encoder") != settings.model:
        export_onnx(settings.model, settings.data / "encoder")
    return settings, database


def _ensure_index(settings: Settings) -> None:
    """An empty knowledge base, where there is none."""
    if not (settings.data / "index" / "CURRENT").exists():
        build_index([], settings.data, open_batching_encoder(settings))


def _prepare_demo(settings: Settings, database: Database, progress: Progress) -> None:
    source = shipped_training_data()
    for questions in (OWN, HELD_OUT):
        if not (settings.data / questions).exists():
            shutil.copy(source / questions, settings.data / questions)
    import_articles(settings, [source / "knowledge"], None, progress)
    shop = settings.data / "shop.db"
    if not shop.exists():
        DemoShop.create(shop, source / "shop.yml")
    _add_demo_agent(settings, database)


def _add_demo_agent(settings: Settings, database: Database) -> None:
    """An account with a password of its own, kept where the operator can read it."""
    note = sign_in_note(settings)
    if note.exists():
        return
    password = secrets.token_urlsafe(9)
    with database.write() as session:
        if find_agent(session, DEMO_AGENT):  # another node of this database made the account
            return
        add_agent(session, "Maya Lindqvist", DEMO_AGENT, Role.SUPERVISOR, password)
    descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{DEMO_AGENT}\n{password}\n")


def sign_in_note(settings: Settings) -> Path:
    """Where the demo agent's address and password are kept."""
    return settings.data / "demo-sign-in.txt"
