"""Mail servers over loopback: an SMTP server that can refuse, and Dovecot for IMAP."""

import asyncio
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from imapclient import IMAPClient

from tests.fakes.postgres import give_up

USER = "help@lark.example"
PASSWORD = "p@ss:word/1"

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
auth_mechanisms = plain login
mailbox_idle_check_interval = 1s
imap_capability = {capability}
passdb {{
  driver = static
  args = password={{plain}}{password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""
WITHOUT_IDLE = "IMAP4rev1 UIDPLUS LITERAL+"


@dataclass
class Postbox:
    """What an SMTP server does with e-mail: `taken` in order; `answers` are given instead of 250,
    by recipient and after the text, once each. After "lost" the sender hears nothing more."""

    taken: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answers = self.answers.get(address, [])
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data_answers.pop(0) if self.data_answers else "250 OK"
        if answer.startswith(("250", "lost")):
            content = cast(bytes, envelope.content)
            self.taken.append(message_from_bytes(content, policy=policy.default))
        if answer == "lost":  # taken, but the answer never arrives
            cast(asyncio.Transport, server.transport).abort()
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1] == (USER, PASSWORD), handled=False)


@contextmanager
def smtp_server(postbox: Postbox) -> Iterator[int]:
    """The port of an SMTP server that asks for a password."""
    controller = Controller(
        postbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=postbox.authenticate,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@dataclass
class Dovecot:
    """A throw-away IMAP server with one mailbox."""

    program: str
    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self.program, "-F", "-c", str(self.folder / "conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with self.client():
                    return
            except Exception:
                time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=5) as client:
            client.login(USER, PASSWORD)
            client.select_folder("INBOX")
            yield client

    def receive(self, raw: bytes) -> None:
        """An e-mail arrives."""
        with self.client() as client:
            client.append("INBOX", raw)

    def unseen(self) -> int:
        with self.client() as client:
            return len(client.search("UNSEEN"))


@contextmanager
def dovecot(*, idle: bool = True) -> Iterator[Dovecot]:
    """Skips (fails with FIRSTLINE_REQUIRE_ALL) where Dovecot isn't installed."""
    program = shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        give_up("Dovecot isn't installed (apt-get install dovecot-imapd): no tests of IMAP")
    folder = Path(tempfile.mkdtemp(prefix="firstline-imap-"))
    user = "dovecot" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    entry = pwd.getpwnam(user)
    for name in ("mail", "home", "run", "state"):
        (folder / name).mkdir()
    for each in (folder, *folder.iterdir()):
        os.chown(each, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o755)
    server = Dovecot(program, folder, free_port())
    (folder / "conf").write_text(
        DOVECOT.format(
            folder=folder,
            user=user,
            group=grp.getgrgid(entry.pw_gid).gr_name,
            password=PASSWORD,
            port=server.port,
            capability="" if idle else WITHOUT_IDLE,
        )
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
