"""`firstline doctor` looks at everything that an installation needs, and says what to mend."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text

from bot.db import Database, now, open_database
from bot.settings import load_settings
from channels.slack.installations import BOTS
from tests.fakes.command import Firstline
from tests.fakes.mail import PASSWORD, USER, Postbox, dovecot, free_port, smtp_server
from tests.fakes.postgres import on_both_databases
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram

Patch = pytest.MonkeyPatch
SECRET = "hunter2-hunter2"


class Report:
    """What the doctor said, by part."""

    def __init__(self, code: int, lines: list[dict[str, str]]) -> None:
        self.code = code
        self.words = json.dumps(lines, ensure_ascii=False)
        self.wrong = [
            (line["part"], line["what"], line["mend"]) for line in lines if not line["ok"]
        ]
        self.well = [(line["part"], line["what"]) for line in lines if line["ok"]]

    def complains(self, part: str, what: str, mend: str = "") -> bool:
        return any(
            (part, True, True) == (name, what in found, mend in mended)
            for name, found, mended in self.wrong
        )

    def praises(self, part: str, what: str) -> bool:
        return any(name == part and what in found for name, found in self.well)


Doctor = Callable[..., Report]


@pytest.fixture
def doctor(data: Path, firstline: Firstline, monkeypatch: Patch) -> Doctor:
    """The command on the demo, with further settings. Secrets never get into what it says."""
    open_database(load_settings(data).database).close()
    monkeypatch.setenv("FIRSTLINE_PUBLIC_URL", "https://help.larkhome.example")

    def run(**settings: str) -> Report:
        for name, value in settings.items():
            monkeypatch.setenv(f"FIRSTLINE_{name.upper()}", value)
        outcome = firstline("doctor", "--json", "--data", data)
        for name, value in settings.items():
            if "token" in name or "secret" in name:
                assert value not in outcome.out + outcome.err
        assert SECRET not in outcome.out + outcome.err
        return Report(outcome.code, json.loads(outcome.out))

    return run


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


def on_telegram(telegram: FakeTelegram, **more: str) -> dict[str, str]:
    return {"telegram_token": telegram.token, "telegram_api_url": telegram.url} | more


def in_slack(slack: FakeSlack, **more: str) -> dict[str, str]:
    known = {
        "slack_bot_token": slack.bot_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
    }
    return known | more


@on_both_databases
def test_all_is_well(doctor: Doctor) -> None:
    report = doctor()
    assert (report.code, report.wrong) == (0, [])
    assert report.praises("database", "up to date")
    assert report.praises("knowledge", "articles")
    assert report.well[-3:] == [("telegram", "off"), ("slack", "off"), ("email", "off")]


def test_it_says_it_in_words(firstline: Firstline, data: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("FIRSTLINE_TELEGRAM_WEBHOOK_SECRET", "ü")
    (data / "firstline.db").unlink()
    outcome = firstline("doctor", "--data", data)
    assert outcome.code == 1
    assert "WRONG database   the database lacks tables of this version" in outcome.out
    assert "-> start `firstline serve`, which makes them" in outcome.out
    assert "WRONG settings   Telegram takes no such telegram_webhook_secret" in outcome.out
    assert "ok    telegram   off" in outcome.out


@on_both_databases
def test_a_database_of_a_newer_version(doctor: Doctor, data: Path) -> None:
    database = Database(load_settings(data).database)
    with database.write() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    database.close()
    assert doctor().complains("database", "of a newer version", "upgrade Firstline")


def test_a_database_that_is_away(doctor: Doctor) -> None:
    url = f"postgresql://firstline:{SECRET}@127.0.0.1:{free_port()}/firstline"
    report = doctor(database_url=url)
    assert report.code == 1
    assert report.complains("database", "cannot open the database", "start the server")


def test_models_that_are_gone(doctor: Doctor, data: Path) -> None:
    (data / "models" / "intents.npz").unlink()
    assert doctor().complains("knowledge", "intents", "firstline init")


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"public_url": "help.larkhome.example"}, "no address of a server"),
        ({"telegram_webhook_secret": SECRET}, "no telegram_token"),
        ({"imap_url": f"imap://a:{SECRET}@127.0.0.1:1"}, "none can go out"),
        ({"slack_signing_secret": SECRET}, "no token to answer with"),
        ({"slack_client_id": "1.2", "slack_signing_secret": SECRET}, "only one is set"),
        ({"slack_triage_channel": "C024BE91L"}, "Slack isn't set up"),
    ],
)
def test_settings_that_contradict_each_other(
    doctor: Doctor, settings: dict[str, str], what: str
) -> None:
    assert doctor(**settings).complains("settings", what)


def test_a_desk_that_does_not_exist(doctor: Doctor, telegram: FakeTelegram) -> None:
    report = doctor(**on_telegram(telegram, telegram_desk="sales"))
    assert report.complains("settings", 'telegram_desk is "sales"', "customers, employees")


def test_slack_requests_that_nobody_could_verify(doctor: Doctor, slack: FakeSlack) -> None:
    report = doctor(slack_bot_token=slack.bot_token, slack_api_url=slack.api_url)
    assert report.complains("settings", "forged", "FIRSTLINE_SLACK_SIGNING_SECRET")


@pytest.mark.parametrize(
    "url", ["http://help.larkhome.example", "https://192.168.0.4", "https://a"]
)
def test_an_address_that_the_internet_cannot_reach(doctor: Doctor, url: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/api/"
    away = {"slack_bot_token": "xoxb-1", "slack_signing_secret": SECRET, "slack_api_url": nobody}
    assert doctor(public_url=url, **away).praises("settings", "customers reach"), "nobody calls it"
    report = doctor(slack_api_url="https://slack.invalid/api/")
    assert report.complains("settings", "Slack can't call http", "Socket Mode")
    assert report.complains("slack", "no Slack answers at slack.invalid", "network")


def test_telegram_by_webhook(doctor: Doctor, telegram: FakeTelegram) -> None:
    settings = on_telegram(telegram)
    report = doctor(**settings)
    assert report.praises("telegram", "@firstline_bot")
    assert report.praises("telegram", "clock agrees")
    assert report.complains("telegram", "no webhook is set", "firstline telegram set-webhook")

    telegram.webhook.set("https://other.example/s3cret")
    report = doctor()
    assert report.complains("telegram", "it is at other.example", "set-webhook")
    assert "s3cret" not in report.words

    telegram.webhook.set("https://help.larkhome.example/webhooks/telegram/webhook")
    report = doctor()
    assert report.code == 0
    assert report.praises("telegram", "the webhook is set; 0 updates wait")


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("Wrong response from the webhook: 403 Forbidden", "the secret isn't ours"),
        ("Connection timed out", "open port 443"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "whole chain"),
        ("Wrong response from the webhook: 500 Internal Server Error", "server's log"),
    ],
)
def test_what_telegram_says_of_the_webhook(
    doctor: Doctor, telegram: FakeTelegram, error: str, mend: str
) -> None:
    telegram.webhook.set("https://help.larkhome.example/webhooks/telegram/webhook")
    telegram.webhook.note_error(error)
    assert doctor(**on_telegram(telegram)).complains("telegram", error, mend)
    telegram.webhook.note_error(error, now() - timedelta(hours=2))
    assert doctor().code == 0, "that is over"


def test_polling_beside_a_webhook(doctor: Doctor, telegram: FakeTelegram) -> None:
    telegram.webhook.set("https://other.example/")
    report = doctor(**on_telegram(telegram, telegram_mode="poll"))
    assert report.complains("telegram", "polling gets nothing", "firstline telegram poll")
    telegram.webhook.set("")
    telegram.user("Alice").says("hello")
    assert doctor().praises("telegram", "polling; 1 updates wait")


def test_tokens_that_are_not_taken(
    doctor: Doctor, telegram: FakeTelegram, slack: FakeSlack
) -> None:
    wrong = {"telegram_token": "110201543:wrong", "slack_bot_token": "xoxb-wrong"}
    report = doctor(**on_telegram(telegram) | in_slack(slack, slack_app_token="xapp-wrong") | wrong)
    assert report.complains("telegram", "Unauthorized", "@BotFather")
    assert report.complains("slack", "invalid_auth to auth.test", "FIRSTLINE_SLACK_BOT_TOKEN")
    assert report.complains("slack", "invalid_auth to apps.connections.open", "connections:write")


def test_servers_that_do_not_answer(doctor: Doctor) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    report = doctor(
        telegram_token="1:x",
        telegram_api_url=f"http://{nobody}/bot",
        slack_bot_token="xoxb-x",
        slack_signing_secret=SECRET,
        slack_api_url=f"http://{nobody}/api/",
        imap_url=f"imap://help%40lark.example:{SECRET}@{nobody}",
        smtp_url=f"smtp://help%40lark.example:{SECRET}@{nobody}",
    )
    assert report.complains("telegram", "no Bot API answers", "FIRSTLINE_TELEGRAM_API_URL")
    assert report.complains("slack", "no Slack answers", "FIRSTLINE_SLACK_API_URL")
    assert report.complains("email", "can't be reached", "FIRSTLINE_IMAP_URL")
    assert report.complains("email", "can't be reached", "FIRSTLINE_SMTP_URL")


def test_clocks_that_disagree(
    doctor: Doctor, telegram: FakeTelegram, slack: FakeSlack, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("channels.doctor.finding.now", lambda: now() + timedelta(seconds=90))
    report = doctor(**on_telegram(telegram) | in_slack(slack))
    for server in ("Telegram", "Slack"):
        assert report.complains(server.lower(), f"ahead of {server}'s", "set-ntp")
    monkeypatch.setattr("channels.doctor.finding.now", lambda: now() - timedelta(minutes=20))
    assert doctor().complains("slack", "20 minutes behind Slack's")


def test_slack(doctor: Doctor, slack: FakeSlack) -> None:
    triage = slack.channel("triage")
    report = doctor(
        **in_slack(slack, slack_app_token=slack.app_token, slack_triage_channel=triage.id)
    )
    assert (report.code, report.wrong) == (0, [])
    for found in ("in Larkhome", "every scope", "clock", "#triage", "Socket Mode"):
        assert report.praises("slack", found)


def test_slack_scopes_and_channels_that_are_missing(doctor: Doctor, slack: FakeSlack) -> None:
    slack.team.scopes -= {"users:read.email", "im:history"}
    outside = slack.channel("triage", with_bot=False)
    report = doctor(**in_slack(slack, slack_triage_channel=outside.id))
    assert report.complains("slack", "lacks scopes: im:history, users:read.email", "manifest")
    assert report.complains("slack", "isn't in the triage channel #triage", "/invite")
    report = doctor(slack_triage_channel="C0NOWHERE")
    assert report.complains("slack", "channel_not_found", "/invite")


@on_both_databases
def test_workspaces_that_came_by_oauth(doctor: Doctor, slack: FakeSlack, data: Path) -> None:
    chosen = {
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
    }
    report = doctor(**chosen)
    assert report.complains("slack", "any workspace", "https://help.larkhome.example/slack/install")

    database = Database(load_settings(data).database)
    for team, token in (("T1", "xoxb-of-yesterday"), ("T1", slack.bot_token), ("T2", "xoxb-gone")):
        row = {"client_id": slack.client_id, "app_id": "A1", "is_enterprise_install": False}
        row |= {"team_id": team, "team_name": team, "bot_token": token, "installed_at": now()}
        with database.write() as session:
            session.execute(BOTS.insert().values(row))
    database.close()
    report = doctor(slack_triage_channel=f"T1/{slack.channel('triage').id}")
    assert report.praises("slack", "in Larkhome")
    assert report.praises("slack", "the app is in the triage channel #triage")
    assert [(part, "T2" in mend) for part, _, mend in report.wrong] == [("slack", True)]


def test_oauth_without_tables(firstline: Firstline, data: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("FIRSTLINE_SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("FIRSTLINE_SLACK_CLIENT_SECRET", SECRET)
    (data / "firstline.db").unlink()
    outcome = firstline("doctor", "--data", data)
    assert "WRONG slack      the database doesn't say" in outcome.out
    assert "ok    email      off" in outcome.out


def test_mail(doctor: Doctor) -> None:
    user, password = quote(USER, safe=""), quote(PASSWORD, safe="")
    postbox = Postbox()
    with dovecot() as imap, smtp_server(postbox) as smtp:
        report = doctor(
            imap_url=f"imap://{user}:{password}@127.0.0.1:{imap.port}",
            smtp_url=f"smtp://{user}:{password}@127.0.0.1:{smtp}",
        )
        assert (report.code, report.wrong) == (0, [])
        assert report.praises("email", f"customers write to {USER}")
        assert report.praises("email", "opens INBOX; what comes is seen at once")
        assert report.praises("email", "takes our e-mails")
        report = doctor(
            imap_url=f"imap://{user}:{SECRET}@127.0.0.1:{imap.port}",
            smtp_url=f"smtp://{user}:{SECRET}@127.0.0.1:{smtp}",
        )
        assert report.complains("email", "doesn't let us in", "FIRSTLINE_IMAP_URL")
        assert report.complains("email", "doesn't let us in", "FIRSTLINE_SMTP_URL")
        report = doctor(imap_url=f"imap://{user}:{password}@127.0.0.1:{imap.port}/Nowhere")
        assert report.complains("email", "answers with an error", "folder")
    assert postbox.taken == []


def test_mail_addresses_that_are_no_addresses(doctor: Doctor) -> None:
    report = doctor(smtp_url="smtp.lark.example", email_address="help@lark.example")
    assert report.complains("email", "smtp_url: write smtps://")
