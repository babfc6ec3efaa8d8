"""A desk that is written to by e-mail, between an IMAP and an SMTP server; and who writes to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.conversation import Message
from bot.db import Database
from bot.settings import load_settings
from channels.app import create_app
from tests.fakes.browser import until
from tests.fakes.mail import PASSWORD, USER, Dovecot, Postbox, dovecot, smtp_server

ALICE = "alice@home.example"
Headers = dict[str, str]


def url_of(server: str, port: int) -> str:
    return f"{server}://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"


@dataclass
class MailDesk:
    """Our side, and both mail servers."""

    client: TestClient
    imap: Dovecot
    postbox: Postbox

    @property
    def database(self) -> Database:
        database: Database = self.client.app.state.database  # type: ignore[attr-defined]
        return database

    def receives(self, email: EmailMessage | bytes) -> None:
        self.imap.receive(bytes(email))

    def sends(self, number: int = 1) -> EmailMessage:
        """The last of so many e-mails, once it has gone out."""
        until(lambda: len(self.postbox.taken) >= number, 20)
        assert len(self.postbox.taken) == number
        return self.postbox.taken[-1]

    def lines(self) -> list[Message]:
        with self.database.read() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def has(self, number: int, author: str) -> list[Message]:
        """That author's lines, once there are so many."""
        until(lambda: len([line for line in self.lines() if line.author == author]) >= number, 20)
        return [line for line in self.lines() if line.author == author]

    def says(self, note: str) -> None:
        """Wait until a private line says so to the agents."""
        until(lambda: any(note in line.text for line in self.lines() if line.private), 20)

    def acts(self, agent: Headers, conversation: int, act: str, **body: str) -> None:
        url = f"/api/v1/conversations/{conversation}/{act}"
        response = self.client.post(url, json=body or None, headers=agent)
        assert response.status_code < 300, response.text


@pytest.fixture(scope="session")
def imap_server() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def imap(imap_server: Dovecot) -> Iterator[Dovecot]:
    yield imap_server
    with imap_server.client() as client:
        client.delete_messages(client.search("ALL"))
        client.expunge()


@pytest.fixture
def mail_servers(imap: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    monkeypatch.setattr("channels.mail.mailbox.RENEW", 2.0)  # how long a lost notice may cost
    postbox = Postbox()
    with smtp_server(postbox) as port:
        monkeypatch.setenv("FIRSTLINE_IMAP_URL", url_of("imap", imap.port))
        monkeypatch.setenv("FIRSTLINE_SMTP_URL", url_of("smtp", port))
        monkeypatch.setenv("FIRSTLINE_PUBLIC_URL", "https://help.lark.example")
        monkeypatch.setenv("FIRSTLINE_EMAIL_AUTHSERV", "mx.lark.example")
        yield postbox


@pytest.fixture
def desk(mail_servers: Postbox, imap: Dovecot, data: Path) -> Iterator[MailDesk]:
    with TestClient(create_app(load_settings(data))) as client:
        yield MailDesk(client, imap, mail_servers)


def written(text: str, subject: str = "A question", **headers: str) -> EmailMessage:
    email = EmailMessage()
    email["From"] = f"Alice Example <{ALICE}>"
    email["To"] = USER
    email["Subject"] = subject
    email["Message-ID"] = make_msgid(domain="home.example")
    for name, value in headers.items():
        del email[name.replace("_", "-")]
        email[name.replace("_", "-")] = value
    email.set_content(text)
    return email


def answering(email: EmailMessage, text: str, **headers: str) -> EmailMessage:
    references = f"{email['References'] or ''} {email['Message-ID']}".strip()
    subject = str(email["Subject"])
    return written(
        text,
        subject if subject.startswith("Re: ") else f"Re: {subject}",
        In_Reply_To=str(email["Message-ID"]),
        References=references,
        **headers,
    )


def body(email: EmailMessage, kind: str = "plain") -> str:
    part = email.get_body((kind,))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")
