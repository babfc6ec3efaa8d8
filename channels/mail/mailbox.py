"""The mailbox: what is unseen there is taken, and only then seen."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from imapclient import SEEN, IMAPClient

from bot.failures import failure
from channels.mail.reading import Mail, read_mail, too_large
from channels.mail.servers import PATIENCE, MailServer

log = structlog.get_logger()

LARGEST = 25 * 1024 * 1024  # bytes of an e-mail that is fetched whole
# Seconds of IDLE. Servers hang up after 29 minutes; but what arrives between a search and IDLE may
# be told beside another answer, where IMAPClient doesn't listen: then this is how long it waits.
RENEW = 30.0
POLL = 60.0  # seconds between looks at a server that can't tell
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between attempts to connect


class Mailbox:
    """Reads one folder in a thread of its own, from `start` to `stop`.

    What isn't stored stays unseen and is fetched again, after a crash as after an error.
    """

    def __init__(self, server: MailServer, take: Callable[[Mail], None]) -> None:
        self._server = server
        self._take = take
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self._pause = FIRST_PAUSE

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the e-mail at hand be stored."""
        self._stopping.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connected(self._server) as client:
                    self._watch(client)
            except Exception as error:  # the server is away, or answers what nobody understands
                log.warning("the mailbox can't be read", **failure(error))
                self._stopping.wait(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _watch(self, client: IMAPClient) -> None:
        while not self._stopping.is_set():
            client.noop()  # the server may tell of what is new only now
            self._take_unseen(client)
            self._pause = FIRST_PAUSE
            if client.has_capability("IDLE"):
                self._idle(client)
            else:
                self._stopping.wait(POLL)

    def _idle(self, client: IMAPClient) -> None:
        """Until the server has news, or for RENEW seconds."""
        client.idle()
        until = time.monotonic() + RENEW
        while time.monotonic() < until and not self._stopping.is_set():
            if client.idle_check(timeout=0.5):
                break
        client.idle_done()

    def _take_unseen(self, client: IMAPClient) -> None:
        """One that can't be stored holds up none of the others, and is taken by the next look."""
        for uid in client.search("UNSEEN"):
            if self._stopping.is_set():
                break
            mail = _fetch(client, uid)
            if mail is None:
                continue  # somebody has deleted it meanwhile
            try:
                self._take(mail)
            except Exception as error:  # the database is away
                log.error("an e-mail could not be stored", **failure(error))
            else:
                client.add_flags([uid], [SEEN])


@contextmanager
def connected(server: MailServer) -> Iterator[IMAPClient]:
    """Signed in, with the folder selected. Raises Insecure, OSError or IMAPClientError."""
    client = IMAPClient(
        server.host,
        server.port,
        ssl=server.tls,
        ssl_context=server.tls_context() if server.tls else None,
        timeout=PATIENCE,
    )
    with client:
        if server.turns_to_tls(offered=client.has_capability("STARTTLS")):
            client.starttls(server.tls_context())
        client.login(server.user, server.password)
        client.select_folder(server.folder)
        yield client


def _fetch(client: IMAPClient, uid: int) -> Mail | None:
    size = client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
    if size is None:
        return None
    part = "HEADER" if size > LARGEST else ""
    data = client.fetch([uid], [f"BODY.PEEK[{part}]"]).get(uid, {}).get(f"BODY[{part}]".encode())
    if data is None:
        return None
    return too_large(data, size) if part else read_mail(data)
