"""E-mails that nobody wrote: they must never be answered, or two machines write to each other."""

import re
from dataclasses import dataclass
from email.message import Message

from channels.mail.reading import Mail, message_ids

MARK = "X-Firstline"  # our own e-mails have it, with the address that they come from

_MACHINES = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+._-][^@]*)?@", re.IGNORECASE
)
_ANSWERING_MACHINE = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Mail-Autoreply")
NO_SUCH_USER = ("5.1.1", "5.1.10")


@dataclass(frozen=True, slots=True)
class Bounce:
    """An e-mail of ours, known by its Message-ID, that didn't arrive. `status` as in RFC 3463."""

    message_id: str
    status: str
    explanation: str

    @property
    def nobody_there(self) -> bool:
        return self.status in NO_SUCH_USER


def why_automatic(mail: Mail, account: str) -> str | None:
    """What shows that a machine sent it; None for an e-mail by a person."""
    precedence = mail.field("Precedence").lower()
    marks = {
        "our own": mail.sender == account or mail.field(MARK).lower() == account,
        "a report": mail.headers.get_content_type() == "multipart/report",
        "an automatic reply": mail.field("Auto-Submitted").lower() not in ("", "no")
        or any(mail.field(name) for name in _ANSWERING_MACHINE)
        or precedence == "auto_reply",
        "bulk": precedence in ("bulk", "junk", "list") or bool(mail.field("List-Id")),
        "no reply wanted": bool(mail.field("X-Auto-Response-Suppress"))
        or mail.field("Return-Path") == "<>"
        or bool(_MACHINES.match(mail.sender)),
    }
    return next((why for why, is_so in marks.items() if is_so), None)


def read_bounce(mail: Mail) -> Bounce | None:
    """What a delivery report (RFC 3464) says has failed; None if it is no such report."""
    if mail.headers.get_content_type() != "multipart/report":
        return None
    message_id, failure = "", None
    try:
        for part in mail.headers.walk():
            if part.get("Action", "").lower().strip() == "failed":
                failure = failure or part
            message_id = message_id or _original(part)
    except Exception:  # as hostile as any other e-mail
        return None
    if failure is None or not message_id:
        return None
    status = str(failure.get("Status", "")).split(" ")[0].strip()
    why = str(failure.get("Diagnostic-Code", "")).partition(";")[2]
    return Bounce(message_id, status, " ".join(why.split())[:300])


def _original(part: Message) -> str:
    """The Message-ID of the e-mail that a part of a report quotes, whole or its headers."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if part.get_content_type() == "message/rfc822" and isinstance(inner, Message):
        found = message_ids(str(inner.get("Message-ID", "")))
    elif part.get_content_type() == "text/rfc822-headers":
        named = re.search(r"^Message-ID:\s*(\S+)", str(payload), re.IGNORECASE | re.MULTILINE)
        found = message_ids(named[1]) if named else ()
    else:
        found = ()
    return found[0] if found else ""
