"""Several workspaces by OAuth, Socket Mode, and the manifest."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bot.settings import SettingsError, load_settings
from channels.app import create_app
from tests.fakes.browser import until
from tests.fakes.command import Firstline
from tests.fakes.postgres import on_both_databases
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_desk import GIFT, GIFT_ANSWER, VPN, VPN_ANSWER, SlackDesk, sees, slack_desk


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def many(data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    """A desk that is installed nowhere yet, and may be anywhere."""
    settings = {
        "slack_bot_token": "",
        "slack_client_id": slack.client_id,
        "slack_client_secret": slack.client_secret,
    }
    with slack_desk(data, slack, monkeypatch, **settings) as desk:
        slack.team.tokens.clear()
        yield desk


@on_both_databases
def test_workspaces_install_the_app_are_answered_and_remove_it(many: SlackDesk) -> None:
    slack = many.slack
    acme = slack.workspace("Acme", is_installed=False)
    alice, amy = slack.person("Alice"), slack.person("Amy", team=acme)
    for person in (alice, amy):
        page = person.installs(many.client)
        assert page.status_code == 200, page.text
        person.says(person.dm, VPN)
        sees(person, VPN_ANSWER)
    accounts = [conversation["account"] for conversation in many.conversations()]
    assert accounts == [slack.team.id, acme.id]
    slack.uninstalls(acme)
    assert acme.tokens == []
    amy.says(amy.dm, GIFT)
    alice.says(alice.dm, GIFT)
    sees(alice, GIFT_ANSWER)
    assert len(amy.sees()) == 3
    assert amy.installs(many.client).status_code == 200  # again
    amy.says(amy.dm, GIFT)
    sees(amy, GIFT_ANSWER)


def test_nobody_installs_with_anothers_state(many: SlackDesk) -> None:
    page = many.client.get("/slack/oauth_redirect?code=x&state=forged")
    assert page.status_code == 400
    assert many.client.get("/slack/oauth_redirect?error=access_denied").status_code == 200


@on_both_databases
def test_over_socket_mode_no_address_is_needed_and_nothing_is_lost(
    data: Path, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"slack_signing_secret": "", "slack_app_token": slack.app_token}
    with slack_desk(data, slack, monkeypatch, **settings) as desk:
        until(lambda: len(slack.sockets) > 0)
        alice = slack.person("Alice")
        alice.says(alice.dm, VPN)
        sees(alice, VPN_ANSWER)
        alice.presses("Solved")
        sees(alice, "✓ Solved")
        assert alice.asks("/ask", GIFT) == f"You asked: {GIFT}"
        sees(alice, GIFT_ANSWER)
        assert desk.client.post("/slack/events", content=b"{}").status_code == 404


def test_half_a_set_up_is_refused_with_the_mend(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_SLACK_BOT_TOKEN", "xoxb-1")
    with pytest.raises(SettingsError, match="set FIRSTLINE_SLACK_SIGNING_SECRET"):
        create_app(load_settings(data))
    monkeypatch.setenv("FIRSTLINE_SLACK_SIGNING_SECRET", "s" * 32)
    with monkeypatch.context() as without:
        without.delenv("FIRSTLINE_SLACK_BOT_TOKEN")
        with pytest.raises(SettingsError, match="set FIRSTLINE_SLACK_BOT_TOKEN"):
            create_app(load_settings(data))
    monkeypatch.setenv("FIRSTLINE_SLACK_DESK", "nobody")
    with pytest.raises(SettingsError, match='no desk is called "nobody"'):
        create_app(load_settings(data))


def test_without_slack_there_are_no_such_addresses(client: TestClient) -> None:
    assert client.post("/slack/events", content=b"{}").status_code == 404


def test_the_manifest_is_what_slack_takes(firstline: Firstline, data: Path) -> None:
    shown = firstline("slack", "manifest", "--data", str(data))
    manifest = json.loads(shown.out)
    events = "http://127.0.0.1:8000/slack/events"
    assert manifest["settings"]["event_subscriptions"]["request_url"] == events
    assert manifest["settings"]["interactivity"]["request_url"] == events
    assert "users:read.email" in manifest["oauth_config"]["scopes"]["bot"]
    assert {each["command"] for each in manifest["features"]["slash_commands"]} == {
        "/ask",
        "/link",
        "/forget",
    }
