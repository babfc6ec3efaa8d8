"""A line of ours as an e-mail: plain text, and the same as HTML that is safe anywhere."""

import json
import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from bot.conversation import Author
from bot.db import now
from bot.speech import CHOSE_ARTICLE, PERSON
from bot.turn import Button
from channels.base import Outgoing
from channels.mail.automatic import MARK
from channels.mail.html import html_to_text
from channels.mail.threads import Letterhead
from handoff.markdown import render

PERSON_WORD = "person"
UNREAD = "unread"  # the kind of a line that tells somebody of replies which wait on the web

# Headers are not to be folded: the library would encode what is longer than a line, which are the
# Message-IDs of Exchange, and then nobody finds them again.
_POLICY = policy.SMTP.clone(max_line_length=900)
_ENCODING = "quoted-printable"
_PAGE = '<!doctype html>\n<html><head><meta charset="utf-8"></head><body>\n{}\n</body></html>'
_REPLY = re.compile(r"^((re|aw|sv|antw|tr|rif|odp|vs)(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_TICKET_MARK = re.compile(r"\s*\[FL-\d{6}\]")
_CHOICE = re.compile(rf"/{CHOSE_ARTICLE}(\{{.*\}})")


def compose(line: Outgoing, letterhead: Letterhead, company: str, public_url: str) -> EmailMessage:
    """The e-mail for the line.

    Raises ValueError or HeaderParseError for an address that none can be written to.
    """
    email = EmailMessage(policy=_POLICY)
    sender = f"{line.name}, {company}" if line.name else company
    email["From"] = Address(" ".join(sender.split()), addr_spec=line.account)
    email["To"] = Address(addr_spec=line.address)
    email["Subject"] = _subject(line, letterhead, company)
    email["Date"] = format_datetime(now())
    email["Message-ID"] = letterhead.message_id
    if letterhead.answers:
        email["In-Reply-To"] = letterhead.answers
        nearest_last = dict.fromkeys((letterhead.thread, letterhead.answers))
        email["References"] = " ".join(nearest_last)
    if line.author != Author.AGENT:
        email["Auto-Submitted"] = "auto-replied" if letterhead.answers else "auto-generated"
    email[MARK] = line.account
    body = _body(line, public_url.rstrip("/"))
    email.set_content(html_to_text(body, links=True) + "\n", cte=_ENCODING)
    email.add_alternative(_PAGE.format(body), subtype="html", cte=_ENCODING)
    return email


def _subject(line: Outgoing, letterhead: Letterhead, company: str) -> str:
    """As the customer wrote it, with the ticket's number once there is one."""
    if line.kind == UNREAD:
        return f"{company} has replied to you"
    bare = _TICKET_MARK.sub("", _REPLY.sub("", letterhead.subject)).strip()
    subject = f"Re: {bare or f'Your message to {company}'}"
    return f"{subject} [{letterhead.ticket}]" if letterhead.ticket else subject


def _body(line: Outgoing, public_url: str) -> str:
    text = render(line.text) if line.markdown else _paragraphs(line.text)
    articles, words = _links(line.buttons), _words(line.buttons)
    sources = [(source.title, source.url) for source in line.sources]
    parts = [
        text,
        _list("", [("Picture", line.image)] if line.image else []),
        _list("", articles),
        _list("Read more:", sources),
        f"<p>{escape(words)}</p>" if words else "",
    ]
    return "\n".join(filter(None, parts)).replace('href="/', f'href="{escape(public_url)}/')


def _paragraphs(text: str) -> str:
    paragraphs = re.split(r"\n{2,}", escape(text.strip()))
    return "\n".join(f"<p>{each}</p>".replace("\n", "<br>\n") for each in paragraphs)


def _links(buttons: tuple[Button, ...]) -> list[tuple[str, str]]:
    """Choices of articles, as (title, address): in an e-mail one reads them at once."""
    found = ((button.title, _CHOICE.fullmatch(button.payload)) for button in buttons)
    return [(title, f"/help/{json.loads(match[1])['article']}") for title, match in found if match]


def _words(buttons: tuple[Button, ...]) -> str:
    """What to write back for the other buttons."""
    others = [b.title for b in buttons if b != PERSON and not _CHOICE.fullmatch(b.payload)]
    sentences = [f"Reply with {_either(others)}."] if others else []
    if PERSON in buttons:
        sentences.append(f"Reply with “{PERSON_WORD}” to reach a person.")
    return " ".join(sentences)


def _either(titles: list[str]) -> str:
    quoted = [f"“{title}”" for title in titles]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _list(heading: str, links: list[tuple[str, str]]) -> str:
    if not links:
        return ""
    items = "".join(f'<li><a href="{escape(url)}">{escape(title)}</a></li>' for title, url in links)
    return (f"<p>{heading}</p>" if heading else "") + f"<ul>{items}</ul>"
