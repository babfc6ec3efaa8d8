"""The channels that a Rasa project's credentials.yml switches on."""

from pathlib import Path

import pytest

from bot.credentials import with_credentials
from bot.project.credentials import read_credentials
from bot.project.doubts import Doubts
from bot.settings import Settings, SettingsError, load_settings


def applied(folder: Path, yml: str) -> Settings:
    path = folder / "credentials.yml"
    path.write_text(yml, encoding="utf-8")
    return with_credentials(load_settings(folder), read_credentials(path, Doubts(folder)))


def test_without_any_the_settings_stay_as_they_are(tmp_path: Path) -> None:
    settings = applied(tmp_path, "rest:\n")
    assert settings == load_settings(tmp_path)
    assert (settings.socketio, settings.callback) == (None, None)


def test_socketio_is_on_with_rasas_names_and_rasas_defaults(tmp_path: Path) -> None:
    socketio = applied(tmp_path, "socketio:\n").socketio
    assert socketio
    assert (socketio.user_message_evt, socketio.bot_message_evt) == ("user_uttered", "bot_uttered")
    assert (socketio.socketio_path, socketio.namespace) == ("/socket.io", "/")
    assert not socketio.session_persistence
    yml = "socketio:\n  session_persistence: true\n  namespace: shop\n  jwt_key: secret\n"
    socketio = applied(tmp_path, yml).socketio
    assert socketio
    assert socketio.session_persistence
    assert socketio.namespace == "/shop"
    assert socketio.jwt_key
    assert "secret" not in repr(socketio)


def test_a_callback_takes_its_query_and_its_password_along(tmp_path: Path) -> None:
    yml = """callback:
  url: https://client.example/said?from=bot
  token: t0ken
  token_name: key
  basic_auth:
    username: alice
    password: secret
"""
    callback = applied(tmp_path, yml).callback
    assert callback
    assert callback.url.get_secret_value() == "https://client.example/said?from=bot&key=t0ken"
    assert callback.headers["Authorization"].get_secret_value() == "Basic YWxpY2U6c2VjcmV0"


def test_telegram_and_slack_are_on_with_tokens_and_off_with_what_examples_have_for_one(
    tmp_path: Path,
) -> None:
    yml = """telegram:
  access_token: "{}"
slack:
  slack_token: "{}"
  slack_signing_secret: secret
"""
    examples = applied(tmp_path, yml.format("<your token>", "<your token>"))
    assert (examples.telegram_token, examples.slack_bot_token) == (None, None)
    settings = applied(tmp_path, yml.format(f"1100:{'a' * 35}", f"xoxb-{'1' * 20}"))
    assert settings.telegram_token
    assert settings.slack_bot_token
    assert settings.slack_signing_secret
    assert settings.slack_desk == "customers"


def test_what_the_installation_sets_itself_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_SOCKETIO", "false")
    monkeypatch.setenv("FIRSTLINE_CALLBACK__URL", "https://mine.example/")
    settings = applied(tmp_path, "socketio:\ncallback:\n  url: https://theirs.example/\n")
    assert settings.socketio is None
    assert settings.callback
    assert settings.callback.url.get_secret_value() == "https://mine.example/"


def test_an_entry_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"credentials\.yml: socketio\.socketio_path"):
        applied(tmp_path, "socketio:\n  socketio_path: 'a b'\n")
