"""The installation itself: settings that go together, database, index and models."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.db import MIGRATIONS, Database, DatabaseUnusable
from bot.intent import ModelUnusable
from bot.settings import Settings
from bot.trained import load_engine, open_knowledge
from bot.training import TrainingError
from channels.doctor.finding import Finding
from kb_index.encoder import ModelError
from kb_index.index import IndexUnusable


def examine_settings(settings: Settings) -> Iterator[Finding]:
    """Settings that contradict each other, or that can't work."""
    yield _public_address(settings)
    problems = [Finding(False, what, mend) for wrong, what, mend in _rules(settings) if wrong]
    yield from problems or [Finding(True, "the settings agree with each other")]


def examine_database(settings: Settings) -> Iterator[Finding]:
    """Reachable, and with the schema that this version needs."""
    try:
        database = Database(settings.database)
        database.check()
    except DatabaseUnusable as error:
        yield Finding(False, str(error), "start the server of the database, or mend the URL")
        return
    yield _schema(database)
    database.close()


def examine_knowledge(settings: Settings) -> Iterator[Finding]:
    """Index and models are there, and belong together."""
    try:
        knowledge = open_knowledge(settings)
        load_engine(settings, knowledge)
    except (IndexUnusable, ModelUnusable, ModelError, TrainingError) as error:
        yield Finding(False, str(error), f"firstline init --data {settings.data}")
        return
    count = len(knowledge.index.articles)
    yield Finding(True, f"the bot's models are there, and {count:,} articles")
    if not count:
        yield Finding(False, "the bot knows no article", "firstline kb import FOLDER")


def _schema(database: Database) -> Finding:
    scripts = ScriptDirectory(str(MIGRATIONS))
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return Finding(True, "the database is reachable and up to date")
    if current not in {None, *(script.revision for script in scripts.walk_revisions())}:
        return Finding(False, "the database is of a newer version", "upgrade Firstline")
    return Finding(
        False,
        "the database lacks tables of this version",
        "start `firstline serve`, which makes them",
    )


def _public_address(settings: Settings) -> Finding:
    """Telegram and Slack call only addresses that the internet can reach over HTTPS."""
    shown, address = settings.public_url, urlsplit(settings.public_url)
    setting = "FIRSTLINE_PUBLIC_URL"
    if address.scheme not in ("http", "https") or not address.hostname or address.query:
        return Finding(
            False, "public_url is no address of a server", f"{setting}=https://help.example.com"
        )
    callers = _callers(settings)
    if callers and (address.scheme != "https" or is_internal(settings.public_url)):
        return Finding(
            False,
            f"{' and '.join(callers)} can't call {address.scheme}://{address.netloc}",
            f"set {setting} to the https:// address at which the internet reaches this server; "
            "or do without: FIRSTLINE_TELEGRAM_MODE=poll, FIRSTLINE_SLACK_APP_TOKEN (Socket Mode)",
        )
    return Finding(True, f"customers reach this server at {shown}")


def _callers(settings: Settings) -> list[str]:
    """Who has to reach us from the internet."""
    by_telegram = settings.telegram_token and settings.telegram_mode == "webhook"
    by_slack = settings.slack_signing_secret and not settings.slack_app_token
    return [
        name
        for name, calls, api in (
            ("Telegram", by_telegram, settings.telegram_api_url),
            ("Slack", by_slack, settings.slack_api_url),
        )
        if calls and not is_internal(api)
    ]


def is_internal(url: str) -> bool:
    """Whether only this machine or its network can reach the address."""
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))


def _rules(settings: Settings) -> Iterator[tuple[bool, str, str]]:
    """(whether it is broken, what is wrong, what mends it)."""
    yield from _desk_rules(settings)
    yield from _slack_rules(settings)
    secret = settings.telegram_webhook_secret
    yield (
        bool(secret)
        and not re.fullmatch("[A-Za-z0-9_-]{1,256}", secret.get_secret_value() if secret else ""),
        "Telegram takes no such telegram_webhook_secret",
        "use 1 to 256 of A-Z a-z 0-9 _ -; or leave it out, and one is derived from the token",
    )
    yield (
        bool(secret) and not settings.telegram_token,
        "telegram_webhook_secret is set, and no telegram_token",
        "set FIRSTLINE_TELEGRAM_TOKEN, or leave both out",
    )
    yield (
        bool(settings.imap_url) and not settings.smtp_url,
        "e-mails come in (imap_url), and none can go out",
        "set FIRSTLINE_SMTP_URL",
    )


def _desk_rules(settings: Settings) -> Iterator[tuple[bool, str, str]]:
    known = ", ".join(settings.desks)
    for channel, is_on, desk in (
        ("telegram", settings.telegram_token, settings.telegram_desk),
        ("slack", settings.slack_bot_token or settings.slack_client_id, settings.slack_desk),
        ("email", settings.imap_url, settings.email_desk),
    ):
        yield (
            bool(is_on) and desk not in settings.desks,
            f'{channel}_desk is "{desk}", and no desk is called so',
            f"name one of: {known}",
        )


def _slack_rules(settings: Settings) -> Iterator[tuple[bool, str, str]]:
    verified = settings.slack_signing_secret or settings.slack_app_token
    installed = settings.slack_bot_token or settings.slack_client_id
    yield (
        bool(installed) and not verified,
        "nothing tells Slack's requests from forged ones, so Slack is off",
        "set FIRSTLINE_SLACK_SIGNING_SECRET (Basic Information), or FIRSTLINE_SLACK_APP_TOKEN",
    )
    yield (
        bool(verified) and not installed,
        "Slack is on, and there is no token to answer with",
        "set FIRSTLINE_SLACK_BOT_TOKEN (OAuth & Permissions), or the client's id and secret",
    )
    yield (
        bool(settings.slack_client_id) != bool(settings.slack_client_secret),
        "of slack_client_id and slack_client_secret only one is set",
        "set both (Basic Information), or neither",
    )
    triage = settings.slack_triage_channel or any(
        desk.triage_channel for desk in settings.desks.values()
    )
    yield (
        bool(triage) and not installed,
        "a triage channel is named, and Slack isn't set up",
        "set FIRSTLINE_SLACK_BOT_TOKEN, or leave the channel out",
    )
