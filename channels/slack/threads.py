"""Lines of a conversation as messages of a card's thread."""

from collections.abc import Iterator, Sequence

from slack_sdk.models.blocks import Block, MarkdownTextObject, SectionBlock

from channels.slack.cards import Posting, context, literal
from channels.slack.mrkdwn import escape, from_markdown
from channels.slack.sections import LONGEST, sections
from handoff.channel_names import title_of
from handoff.transcript import Line

LONGEST_TEXT = 3000  # characters of a notification
LONGEST_LINE = 12_000  # of a line in a message of its own; Slack takes about 13,000
LONGEST_EARLIER = 400  # of a line among those before the claim
EARLIER_LINES = 20
MOST_BLOCKS = 48  # of earlier lines; Slack takes 50 in a message
RULES = "What you write here goes to the customer; a line that begins with // stays among us."
CUT = "… (cut here; the console has all of it)"


def opening(lines: Sequence[Line], customer: str, link: str) -> Posting:
    """The first message of a thread: the last lines before the claim."""
    blocks: list[Block] = []
    for line in reversed(lines):
        before = _blocks(line, customer, LONGEST_EARLIER)
        if len(before) + len(blocks) > MOST_BLOCKS:
            break
        blocks[:0] = before
    ending = [context(f"All of it is in the console: {link}"), context(RULES)]
    return Posting("The conversation so far", (*blocks, *ending))


def message(line: Line, customer: str) -> Posting:
    """One line that came after the claim."""
    said = f"{_speaker(line, customer)}: {_cut(line['text'], LONGEST_TEXT)}"
    return Posting(escape(said), tuple(_blocks(line, customer, LONGEST_LINE)))


def _blocks(line: Line, customer: str, longest: int) -> list[Block]:
    text = _cut(line["text"], longest)
    if line["author"] == "system":
        return [context(text)]
    names = [file["name"] for file in line["content"].get("attachments", [])]
    files = [context(f"Attached, to be seen in the console: {', '.join(names)}")] if names else []
    return [context(_speaker(line, customer)), *_words(line, text), *files]


def _words(line: Line, text: str) -> Iterator[Block]:
    """What is quoted from the knowledge base, formatted; everything else as it was typed."""
    if line["content"].get("markdown"):
        for part in sections(from_markdown(text, str)):
            yield SectionBlock(text=MarkdownTextObject(text=part, verbatim=True))
        return
    for start in range(0, len(text), LONGEST):
        yield SectionBlock(text=literal(text[start : start + LONGEST]))


def _speaker(line: Line, customer: str) -> str:
    if line["author"] == "customer":
        return f"{customer} · {title_of(line['channel'])}{_CHANGES.get(line['kind'] or '', '')}"
    if line["author"] == "bot":
        return "The bot"
    if line["author"] == "system":
        return "Firstline"
    name = line["name"] or "An agent"
    return f"{name} · private note" if line["private"] else f"{name} · to the customer"


_CHANGES = {"edit": " · an earlier message now says", "deletion": " · took back a message"}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT
