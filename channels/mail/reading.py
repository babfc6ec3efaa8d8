"""An e-mail as it was sent, read whatever its state."""

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parseaddr
from typing import cast

from channels.inbox import File
from channels.mail.html import html_to_text

LONGEST_TEXT = 100_000  # characters of a body that are read
LONGEST_SUBJECT = 500
MOST_REFERENCES = 50
NOBODY = "unknown sender"
LETTER = "message/rfc822"

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,998}>")
_ADDRESS = re.compile(r"[^\s<>\"',;:()]{1,64}@[\w.-]{1,130}")
# Proofs of who wrote it, which are of no use to who reads it here.
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/pgp-signature"})


@dataclass(frozen=True, slots=True)
class Mail:
    """What an e-mail says. `references` name the messages that it answers, the nearest first.

    `text` is all of its text, what it quotes included; `linked` the same with the addresses of
    links, where they are hidden in HTML. `headers` may be read for more, with `field`.
    """

    message_id: str
    sender: str
    name: str | None
    subject: str
    text: str
    linked: str
    files: tuple[File, ...]
    references: tuple[str, ...]
    headers: Message

    def field(self, name: str) -> str:
        """A header's value, empty if it is missing."""
        return str(self.headers.get(name) or "").strip()


def read_mail(raw: bytes) -> Mail:
    """The e-mail. Never raises: what can't be read comes as a file, for a person."""
    try:
        return _read(raw)
    except Exception:  # the standard library's parser raises about anything on hostile headers
        return _unreadable(raw)


def too_large(headers: bytes, size: int) -> Mail:
    """An e-mail of `size` bytes of which only the headers were fetched."""
    mail = read_mail(headers)
    letter = File("message.eml", LETTER, size=size)
    return Mail(
        mail.message_id,
        mail.sender,
        mail.name,
        mail.subject,
        "",
        "",
        (letter,),
        mail.references,
        mail.headers,
    )


def named(message_id: str, raw: bytes) -> str:
    """The Message-ID; a name made of the whole e-mail if it has none or an unusable one."""
    found = _MESSAGE_ID.search(message_id)
    if found and len(found[0]) <= 300:
        return found[0]
    return f"<{hashlib.sha256(raw).hexdigest()}@no-message-id.invalid>"


def message_ids(text: str) -> tuple[str, ...]:
    return tuple(_MESSAGE_ID.findall(text[:20_000]))


def _read(raw: bytes) -> Mail:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    name, sender = _sender(message)
    text, linked = _text(message)
    nearest_first = dict.fromkeys(
        message_ids(str(message["In-Reply-To"] or ""))
        + message_ids(str(message["References"] or ""))[::-1]
    )
    return Mail(
        message_id=named(str(message["Message-ID"] or ""), raw),
        sender=sender,
        name=name,
        subject=" ".join(str(message["Subject"] or "").split())[:LONGEST_SUBJECT],
        text=text,
        linked=linked,
        files=tuple(_files(message)),
        references=tuple(nearest_first)[:MOST_REFERENCES],
        headers=message,
    )


def _unreadable(raw: bytes) -> Mail:
    """What a simpler parser finds, and the e-mail itself as a file."""
    message = BytesParser(policy=policy.compat32).parsebytes(raw[:64_000], headersonly=True)
    name, address = parseaddr(str(message.get("From", "")))
    sender = address.lower() if "@" in address else NOBODY
    letter = File("message.eml", LETTER, data=raw)
    message_id = named(str(message.get("Message-ID", "")), raw)
    return Mail(message_id, sender, name or None, "", "", "", (letter,), (), message)


def _sender(message: EmailMessage) -> tuple[str | None, str]:
    addresses = getattr(message["From"], "addresses", ())
    if addresses and addresses[0].domain:
        return addresses[0].display_name[:200] or None, addresses[0].addr_spec.lower()[:200]
    found = _ADDRESS.search(str(message["From"] or ""))  # in a header that isn't well-formed
    return None, found[0].lower() if found else NOBODY


def _text(message: EmailMessage) -> tuple[str, str]:
    """The plain text, or that of the HTML; and the same with the addresses of its links."""
    plain = "\n".join(_decoded(leaf) for leaf in _leaves(message) if _is_text(leaf))
    if plain.strip():
        return plain, plain
    html = message.get_body(("html",))
    markup = _decoded(cast(EmailMessage, html)) if html else ""
    return html_to_text(markup), html_to_text(markup, links=True)


def _files(message: EmailMessage) -> Iterator[File]:
    html = message.get_body(("html",))
    for leaf in _leaves(message):
        media_type = leaf.get_content_type()
        if leaf is html or _is_text(leaf) or media_type in _SIGNATURES:
            continue
        ending = ".eml" if media_type == LETTER else mimetypes.guess_extension(media_type) or ""
        default = leaf.get_content_maintype() + ending
        yield File(leaf.get_filename() or default, media_type, data=_data(leaf))


def _leaves(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold something, in order; an e-mail inside the e-mail is one of them."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for inner in part.iter_parts():
            yield from _leaves(cast(EmailMessage, inner))
    else:
        yield part


def _is_text(leaf: EmailMessage) -> bool:
    """Whether it is read as a part of the letter; so are parts that nobody can tell apart."""
    is_plain = leaf.get_content_type() == "text/plain" or leaf.get_content_maintype() == "multipart"
    return is_plain and not leaf.is_attachment() and not leaf.get_filename()


def _data(leaf: EmailMessage) -> bytes:
    payload = leaf.get_payload()
    if isinstance(payload, list):
        return b"".join(bytes(inner) for inner in payload if isinstance(inner, Message))
    data = leaf.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _decoded(leaf: EmailMessage) -> str:
    data = _data(leaf)[: 4 * LONGEST_TEXT]
    try:
        text = data.decode(leaf.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        text = data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")[:LONGEST_TEXT]
