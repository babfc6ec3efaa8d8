"""A line of ours as Block Kit."""

from collections.abc import Iterator
from itertools import islice

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    MarkdownTextObject,
    SectionBlock,
)

from bot.conversation import Author
from bot.speech import IT_HELPED, PERSON
from bot.turn import Button, Kind
from channels.base import Outgoing
from channels.slack.cards import Posting, literal
from channels.slack.mrkdwn import escape, from_markdown, from_plain, link
from channels.slack.sections import sections
from channels.slack.site import Site

MOST_SECTIONS = 40  # of the 50 blocks that Slack takes
LONGEST_TITLE = 75
SOLVED = "Solved"  # what the button says that the desk calls "It helped"
TO_A_PERSON = "person"  # stands for the place of a button that isn't one of the line's own
PRESS = "answer_"  # begins the action's name of every button below a line


def posting(line: Outgoing, site: Site) -> Posting:
    """The line with its source, its ticket and its buttons."""
    return _posting(line, site, _actions(line))


def answered(line: Outgoing, site: Site, title: str) -> Posting:
    """The line once one of its buttons was pressed."""
    return _posting(line, site, [small(f"✓ {escape(title)}")])


def titles(line: Outgoing) -> dict[str, str]:
    """What the buttons below the line say, by the button's place in it."""
    found = {str(index): _title(button) for index, button in enumerate(line.buttons)}
    if line.kind == Kind.ANSWER and PERSON not in line.buttons:
        found[TO_A_PERSON] = PERSON.title
    return found


def _posting(line: Outgoing, site: Site, ending: list[Block]) -> Posting:
    said = from_markdown(line.text, site.address) if line.markdown else from_plain(line.text)
    picture = link(line.image, "Picture") if line.image else ""
    said = "\n\n".join(filter(None, (said, picture)))
    parts = list(islice(sections(said), MOST_SECTIONS))
    shown = [SectionBlock(text=MarkdownTextObject(text=part, verbatim=True)) for part in parts]
    return Posting(parts[0], (*_author(line), *shown, *_facts(line, site), *ending))


def _author(line: Outgoing) -> Iterator[Block]:
    if line.author == Author.AGENT and line.name:
        yield small(f"*{escape(line.name)}*")


def _facts(line: Outgoing, site: Site) -> Iterator[Block]:
    if line.sources:
        named = [link(site.address(source.url), source.title) for source in line.sources]
        yield small(f"Source: {', '.join(named)}")
    if line.ticket:
        yield small(f"Ticket {escape(line.ticket)}")


def _actions(line: Outgoing) -> list[Block]:
    """Each button carries where it is: the conversation, the line and its place there."""
    buttons: list[ButtonElement] = [
        ButtonElement(
            text=literal(title),
            action_id=f"{PRESS}{place}",
            value=f"{line.conversation_id}:{line.seq}:{place}",
            style="primary" if title == SOLVED else None,
        )
        for place, title in titles(line).items()
    ]
    return [ActionsBlock(elements=buttons)] if buttons else []


def _title(button: Button) -> str:
    title = SOLVED if button == IT_HELPED else button.title
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"


def small(mrkdwn: str) -> ContextBlock:
    """A line in small print."""
    return ContextBlock(elements=[MarkdownTextObject(text=mrkdwn, verbatim=True)])
