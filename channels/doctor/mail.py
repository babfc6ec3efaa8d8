"""The mail servers: signing in, the folder, and encryption."""

import smtplib
from collections.abc import Callable, Iterator

from imapclient.exceptions import IMAPClientError, LoginError

from bot.settings import Settings, SettingsError
from channels.doctor.finding import Finding
from channels.mail.mailbox import connected
from channels.mail.servers import Insecure, MailServer, imap_server, own_address, smtp_server
from channels.mail.smtp import check


def examine_mail(settings: Settings) -> Iterator[Finding]:
    """Both servers as the channel uses them; nothing is fetched or sent."""
    if not settings.imap_url and not settings.smtp_url:
        yield Finding(True, "off")
        return
    try:
        address = own_address(settings)
        imap, smtp = imap_server(settings), smtp_server(settings)
    except SettingsError as error:
        yield Finding(False, str(error), "docs/email.md says how the addresses are written")
        return
    yield Finding(True, f"customers write to {address}")
    if imap:
        yield _try(_open_folder, imap, "FIRSTLINE_IMAP_URL")
    if smtp:
        yield _try(_sign_in, smtp, "FIRSTLINE_SMTP_URL")


def _try(look: Callable[[MailServer], Finding], server: MailServer, setting: str) -> Finding:
    """What was found. Errors' own texts stay out: servers repeat what they were told."""
    where = f"{server.host}:{server.port}"
    try:
        return look(server)
    except (LoginError, smtplib.SMTPAuthenticationError):
        mend = f"check user and password in {setting}; some providers want an app password"
        return Finding(False, f"{where} doesn't let us in", mend)
    except Insecure as error:
        return Finding(False, str(error), f"mend {setting}")
    except (IMAPClientError, smtplib.SMTPResponseException) as error:
        what = f"{where} answers with an error ({type(error).__name__})"
        return Finding(False, what, f"check {setting}: for IMAP, the folder at its end too")
    except (OSError, smtplib.SMTPException) as error:
        what = f"{where} can't be reached ({type(error).__name__})"
        return Finding(False, what, f"check host and port in {setting}, and the firewall")


def _open_folder(server: MailServer) -> Finding:
    with connected(server) as client:
        when = "at once" if client.has_capability("IDLE") else "each minute: it can't IDLE"
    return Finding(True, f"{server.host} opens {server.folder}; what comes is seen {when}")


def _sign_in(server: MailServer) -> Finding:
    check(server)
    return Finding(True, f"{server.host} takes our e-mails")
