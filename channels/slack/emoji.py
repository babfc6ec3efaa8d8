"""Emoji, which Slack's texts give by its own names: ":wave:" means nothing anywhere else."""

import re
from collections.abc import Iterator

CODES = re.compile(r"[0-9a-fA-F]{1,6}(-[0-9a-fA-F]{1,6})*")


def with_emoji(text: str, blocks: object) -> str:
    """The text with its emoji as characters. Which they are stand in the message's blocks; a
    workspace's own emoji, which aren't characters, keep their names."""
    for name, characters in sorted(set(_emoji(blocks)), reverse=True):  # with a skin tone first
        text = text.replace(name, characters)
    return text


def _emoji(node: object) -> Iterator[tuple[str, str]]:
    """Each emoji's name, as texts have it, and its characters."""
    if isinstance(node, list):
        for each in node:
            yield from _emoji(each)
    elif isinstance(node, dict) and node.get("type") != "emoji":
        yield from _emoji(node.get("elements"))
    elif isinstance(node, dict) and CODES.fullmatch(str(node.get("unicode"))):
        codes = [int(code, 16) for code in str(node["unicode"]).split("-")]
        if max(codes) <= 0x10FFFF:
            tone = f":skin-tone-{node['skin_tone']}:" if node.get("skin_tone") else ""
            yield f":{node.get('name')}:{tone}", "".join(map(chr, codes))
