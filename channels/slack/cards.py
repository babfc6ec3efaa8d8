"""Cards of the triage channel as Block Kit. Strangers' words are plain text, never markup."""

from dataclasses import dataclass
from datetime import timedelta

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    PlainTextObject,
    SectionBlock,
)

from bot.db import now
from channels.slack.mrkdwn import escape
from channels.slack.triage_case import Case

LONGEST_HEADER = 150  # characters; Slack's limit
LONGEST_SMALL = 2000  # characters of small print
LONGEST_QUOTE = 300  # a card is to be read at a glance
WAITS = (  # a card is changed when the wait reaches the next of these
    (timedelta(days=1), "over a day"),
    (timedelta(hours=8), "over 8 hours"),
    (timedelta(hours=4), "over 4 hours"),
    (timedelta(hours=2), "over 2 hours"),
    (timedelta(hours=1), "over an hour"),
    (timedelta(minutes=30), "over 30 minutes"),
    (timedelta(minutes=15), "over 15 minutes"),
    (timedelta(minutes=5), "over 5 minutes"),
    (timedelta(minutes=2), "over 2 minutes"),
)

CLAIM, RELEASE, RESOLVE, HAND_BACK = (
    f"triage_{act}" for act in ("claim", "release", "resolve", "hand_back")
)
OPEN = "triage_open"  # a link; Slack tells us of the press all the same


@dataclass(frozen=True, slots=True)
class Posting:
    """A message for Slack: its blocks, and `text` for where blocks can't be shown."""

    text: str
    blocks: tuple[Block, ...]


def card(case: Case, link: str) -> Posting:
    """The card of an escalation; `link` is where the console shows it."""
    if case.has_ended:
        line = f"{case.ticket} · {case.customer} · {case.ending}"
        return Posting(escape(line), (context(line),))
    title = f"{case.customer} · {case.channel}"
    said = "\n".join(_quotes(case))
    blocks = [
        HeaderBlock(text=literal(_short(title, LONGEST_HEADER))),
        SectionBlock(text=literal(case.why)),
        *([SectionBlock(text=literal(said))] if said else []),
        context(" · ".join(_facts(case))),
        ActionsBlock(elements=_buttons(case, link)),
    ]
    return Posting(escape(f"{title}: {case.why}"), tuple(blocks))


def literal(text: str) -> PlainTextObject:
    """Text in which nothing is markup; Slack takes none that is blank."""
    return PlainTextObject(text=text if text.strip() else "…", emoji=False)


def context(text: str) -> ContextBlock:
    """A line in small print."""
    return ContextBlock(elements=[literal(text[:LONGEST_SMALL])])


def _quotes(case: Case) -> list[str]:
    asked = [f"{case.customer}: {_short(text)}" for text in case.asked]
    return asked + ([f"Bot: {_short(case.answered)}"] if case.answered else [])


def _facts(case: Case) -> list[str]:
    facts = [case.ticket, case.desk, f"frustration {case.frustration:.0%}"]
    if case.language:
        facts.append(f"writes {case.language}")
    if case.owner:
        facts.append(f"{case.owner} has it")
    if case.waits_since:
        waited = now() - case.waits_since
        words = next((words for least, words in WAITS if waited >= least), "under 2 minutes")
        facts.append(f"waiting for {words}")
    if case.doubtful:
        lines = "line" if case.doubtful == 1 else "lines"
        facts.append(f"{case.doubtful} {lines} not surely delivered: see the console")
    return facts


def _buttons(case: Case, link: str) -> list[ButtonElement]:
    def button(title: str, act: str, style: str | None = None) -> ButtonElement:
        value = str(case.ticket_id)
        return ButtonElement(text=literal(title), action_id=act, value=value, style=style)

    if case.owner:
        acts = [
            button("Resolve", RESOLVE, "primary"),
            button("Hand back to the bot", HAND_BACK),
            button("Release", RELEASE),
        ]
    else:
        acts = [button("Claim", CLAIM, "primary")]
    return [*acts, ButtonElement(text=literal("Open in console"), action_id=OPEN, url=link)]


def _short(text: str, longest: int = LONGEST_QUOTE) -> str:
    """The text on one line, cut at `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
