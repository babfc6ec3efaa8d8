"""Handing an e-mail to the mail server."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from channels.base import SendError
from channels.mail.automatic import NO_SUCH_USER
from channels.mail.servers import PATIENCE, Insecure, MailServer


class _Session(smtplib.SMTP):
    """`in_doubt`: the e-mail went out, and no answer has come yet."""

    in_doubt = False

    def data(self, msg):  # type: ignore[no-untyped-def]
        self.in_doubt = True
        answer = super().data(msg)
        self.in_doubt = False
        return answer


class _EncryptedSession(_Session, smtplib.SMTP_SSL):
    """The same from the first byte."""


def deliver(server: MailServer, email: EmailMessage, sender: str, recipient: str) -> None:
    """Returns once the server has taken the e-mail. Raises SendError."""
    session = None
    try:
        with _connected(server) as session:
            session.send_message(email, sender, [recipient])
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(*error.recipients[recipient]) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise SendError("the mail server can't take this address", permanent=True) from error
    except smtplib.SMTPAuthenticationError as error:  # an operator's to mend
        raise SendError("the mail server doesn't let us in") from error
    except Insecure as error:
        raise SendError(str(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        in_doubt = bool(session and session.in_doubt)
        raise SendError("the mail server can't be reached", uncertain=in_doubt) from error


def check(server: MailServer) -> None:
    """Connect and sign in. Raises Insecure, OSError or SMTPException."""
    with _connected(server):
        pass


@contextmanager
def _connected(server: MailServer) -> Iterator[_Session]:
    if server.tls:
        session: _Session = _EncryptedSession(
            server.host, server.port, timeout=PATIENCE, context=server.tls_context()
        )
    else:
        session = _Session(server.host, server.port, timeout=PATIENCE)
    try:
        session.ehlo()
        if server.turns_to_tls(offered=session.has_extn("starttls")):
            session.starttls(context=server.tls_context())
        if server.user and server.password:
            session.login(server.user, server.password)
        yield session
    finally:
        with suppress(OSError, smtplib.SMTPException):  # what was taken stays taken
            session.quit()


def _refused(code: int, said: bytes | str) -> SendError:
    """Answers of 500 and more are final; an address that doesn't exist is left alone."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    reason = f"the mail server said {code} {' '.join(words.split())[:200]}"
    nobody_there = words.startswith(NO_SUCH_USER)
    return SendError(reason, permanent=code >= 500, blocked=code >= 500 and nobody_there)
