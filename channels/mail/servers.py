"""The mail servers that the settings name, as URLs with a user and a password in them."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from bot.settings import Settings, SettingsError

PORTS = {"imap": 143, "imaps": 993, "smtp": 587, "smtps": 465}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PATIENCE = 30.0  # seconds that a server may take to answer


class Insecure(Exception):
    """The password would go over the net in the clear; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and as whom to sign in; `tls` from the first byte or not."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"

    def turns_to_tls(self, offered: bool) -> bool:
        """Whether to begin STARTTLS, which the server has `offered` or not.

        Raises Insecure if a password would be sent where others can read it.
        """
        if self.password and not (self.tls or offered or self.host in LOOPBACK):
            raise Insecure(f"{self.host} offers no encryption: use its imaps:// or smtps:// port")
        return offered and not self.tls

    def tls_context(self) -> ssl.SSLContext:
        """Certificates are checked, except on this machine: nobody is in between there, and its
        mail server's is rarely one that holds."""
        context = ssl.create_default_context()
        if self.host in LOOPBACK:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def imap_server(settings: Settings) -> MailServer | None:
    """Where e-mail comes in; None when the settings name no such server."""
    return _server("imap_url", settings.imap_url, ("imap", "imaps"))


def smtp_server(settings: Settings) -> MailServer | None:
    """Where e-mail goes out; None when the settings name no such server."""
    return _server("smtp_url", settings.smtp_url, ("smtp", "smtps"))


def own_address(settings: Settings) -> str:
    """The address that customers write to. Raises SettingsError if nothing says which."""
    servers = (smtp_server(settings), imap_server(settings))
    users = (server.user for server in servers if server and "@" in server.user)
    address = settings.email_address or next(users, "")
    if "@" not in address:
        raise SettingsError("email_address: name the address that customers write to")
    return address.strip().lower()


def _server(name: str, secret: SecretStr | None, schemes: tuple[str, str]) -> MailServer | None:
    if secret is None:
        return None
    shape = f"{schemes[1]}://user:password@host (percent-encode what is special in them)"
    try:
        url = urlsplit(secret.get_secret_value())
        port = url.port or PORTS.get(url.scheme, 0)
    except ValueError:  # its text may hold the password
        raise SettingsError(f"{name}: write {shape}") from None
    if url.scheme not in schemes or not url.hostname:
        raise SettingsError(f"{name}: write {shape}")
    return MailServer(
        host=url.hostname,
        port=port,
        tls=url.scheme.endswith("s"),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        folder=_folder(url),
    )


def _folder(url: SplitResult) -> str:
    return unquote(url.path.strip("/")) or "INBOX"
