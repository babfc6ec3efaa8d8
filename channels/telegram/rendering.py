"""A line of ours as Telegram's messages: text in parts, and the keyboard below the last."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.conversation import Author
from channels.base import Outgoing
from channels.telegram.markdown import from_markdown, link
from channels.telegram.richtext import Run, split

ROW = 24  # characters of the titles that share a row on a phone


def parts(line: Outgoing, base: str) -> list[list[Run]]:
    """The line's messages; relative links lead to `base`."""
    return split([*_author(line), *_body(line, base), *_picture(line), *_sources(line, base)])


def keyboard(line: Outgoing) -> InlineKeyboardMarkup | None:
    """The line's buttons; each one's data is "conversation:seq:index"."""
    if not line.buttons:
        return None
    keys = [
        InlineKeyboardButton(
            button.title, callback_data=f"{line.conversation_id}:{line.seq}:{index}"
        )
        for index, button in enumerate(line.buttons)
    ]
    is_short = sum(len(button.title) for button in line.buttons) <= ROW
    return InlineKeyboardMarkup([keys] if is_short else [[key] for key in keys])


def _author(line: Outgoing) -> list[Run]:
    if line.author == Author.AGENT and line.name:
        return [Run(line.name, ("b",)), Run("\n")]
    return []


def _body(line: Outgoing, base: str) -> list[Run]:
    return from_markdown(line.text, base) if line.markdown else [Run(line.text)]


def _picture(line: Outgoing) -> list[Run]:
    tag = line.image and link("", line.image)
    return [Run("\n\n" if line.text else ""), Run("🖼 Picture", (tag,))] if tag else []


def _sources(line: Outgoing, base: str) -> list[Run]:
    runs = []
    for number, source in enumerate(line.sources):
        tag = link(base, source.url)
        mark = "\n📖 " if number else "\n\n📖 "
        runs += [Run(mark), Run(source.title, (tag,) if tag else ())]
    return runs
