"""Slack's own notation, as it comes in, as plain text."""

import html
import re

ENTITY = re.compile(r"<([^<>]*)>")
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
# Bounded, so that a long line of asterisks costs no more than any other.
EMPHASIS = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^\n]{0,500}?\S)\1(?![\w*_~])")
NESTED = 3  # bold, italic and struck through


def plain(text: str, us: str | None = None) -> str:
    """The text as its writer saw it; a mention of `us`, the bot's user, is left out."""
    if us:
        text = re.sub(rf"<@{re.escape(us)}(\|[^<>]*)?>[ ,:]*", "", text)
    shown = "".join(
        part.strip("`") if part.startswith("`") else _without_emphasis(part)
        for part in CODE.split(text)
    )
    return html.unescape(ENTITY.sub(_shown, shown)).strip()


def _without_emphasis(text: str) -> str:
    for _ in range(NESTED):
        text = EMPHASIS.sub(r"\2", text)
    return text


def _shown(entity: re.Match[str]) -> str:
    target, _, label = entity[1].partition("|")
    match target[:1]:
        case "@" | "#" as kind:
            return kind + (label.removeprefix(kind) or target[1:])
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label == address or target.endswith(f"://{label}"):
        return address
    return f"{label} ({address})"
