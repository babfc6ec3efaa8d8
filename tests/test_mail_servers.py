"""The mail servers that the settings name."""

import ssl

import pytest
from pydantic import SecretStr

from bot.settings import Settings, SettingsError
from channels.mail.servers import Insecure, MailServer, imap_server, own_address, smtp_server

SECRET = "p@ss:word/1"


def settings(**fields: str) -> Settings:
    secrets = {name: SecretStr(url) for name, url in fields.items() if name.endswith("_url")}
    return Settings.model_validate(fields | secrets)


def test_an_address_names_server_user_password_and_folder() -> None:
    url = "imaps://help%40lark.example:p%40ss%3Aword%2F1@imap.lark.example/Support"
    server = imap_server(settings(imap_url=url))
    assert server == MailServer(
        "imap.lark.example", 993, True, "help@lark.example", SECRET, "Support"
    )
    assert SECRET not in repr(server)


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://u:p@smtp.lark.example", 587, False),
        ("smtps://u:p@smtp.lark.example", 465, True),
        ("smtp://localhost:25", 25, False),
    ],
)
def test_ports_are_the_usual_ones_unless_named(url: str, port: int, tls: bool) -> None:
    server = smtp_server(settings(smtp_url=url))
    assert server
    assert (server.port, server.tls) == (port, tls)


@pytest.mark.parametrize(
    "url", ["", "hunter2", "imap://u:hunter2@imap.lark.example", "smtps://u:hunter2@h:99999999"]
)
def test_what_is_no_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="smtp_url: write smtps://") as refused:
        smtp_server(settings(smtp_url=url))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_our_address_is_the_one_that_is_set_or_the_users() -> None:
    url = "smtps://Help%40Lark.example:p@smtp.lark.example"
    assert own_address(settings(smtp_url=url)) == "help@lark.example"
    assert own_address(settings(smtp_url=url, email_address="us@lark.example")) == "us@lark.example"
    with pytest.raises(SettingsError, match="email_address"):
        own_address(settings(smtp_url="smtps://help:p@smtp.lark.example"))


@pytest.mark.parametrize(
    ("host", "tls", "offered", "turns"),
    [
        ("smtp.lark.example", False, True, True),
        ("smtp.lark.example", True, True, False),
        ("smtp.lark.example", True, False, False),
        ("127.0.0.1", False, True, True),
        ("localhost", False, False, False),
    ],
)
def test_what_leaves_this_machine_is_encrypted(
    host: str, tls: bool, offered: bool, turns: bool
) -> None:
    assert MailServer(host, 1, tls, "u", "p").turns_to_tls(offered) == turns


def test_no_password_is_sent_in_the_clear() -> None:
    with pytest.raises(Insecure, match="offers no encryption"):
        MailServer("smtp.lark.example", 25, False, "u", "p").turns_to_tls(False)
    assert MailServer("smtp.lark.example", 25, False).turns_to_tls(False) is False


def test_certificates_are_checked_except_on_this_machine() -> None:
    far, near = MailServer("smtp.lark.example", 465, True), MailServer("127.0.0.1", 465, True)
    assert far.tls_context().verify_mode == ssl.CERT_REQUIRED
    assert far.tls_context().check_hostname
    assert near.tls_context().verify_mode == ssl.CERT_NONE
