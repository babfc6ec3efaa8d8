"""Messages and views as text, the way that somebody reads them."""

import html
import re
from collections.abc import Iterator

from tests.fakes.slack.world import Channel, Json, Post, User, World

REFERENCE = re.compile(r"<([^<>]+)>")


class Reader:
    """Writes names where Slack writes ids."""

    def __init__(self, world: World) -> None:
        self._world = world

    def posts(self, channel: Channel, user: User, thread_ts: str | None = None) -> list[str]:
        """What the user sees there, replies behind the message that they belong to."""
        return [self.post(post) for post in visible(channel, user, thread_ts)]

    def post(self, post: Post) -> str:
        """`Name: text`, then the buttons; a reply is marked ↳."""
        marks = "↳ " if post.thread_ts and post.thread_ts != post.ts else ""
        marks += "(only visible to you) " if post.only_for else ""
        shown = "\n".join(self.blocks(post.blocks)) or self.text(post.text)
        shown += "".join(f"\n[file: {file.name}]" for file in post.files)
        return f"{marks}{post.author.name}: {shown}" + (" (edited)" if post.edited_ts else "")

    def blocks(self, blocks: list[Json]) -> Iterator[str]:
        for block in blocks:
            yield self._block(block)

    def text(self, text: str) -> str:
        """Slack's markup as it is shown; emphasis keeps its marks."""
        return html.unescape(REFERENCE.sub(self._refer, text))

    def _refer(self, reference: re.Match[str]) -> str:
        target, _, label = reference[1].partition("|")
        if target.startswith("@"):
            user = self._world.user(target[1:])
            return f"@{user.name if user else target[1:]}"
        if target.startswith("#"):
            channel = self._world.channel(target[1:])
            return f"#{channel.name if channel else label or target[1:]}"
        if target.startswith("!"):
            return label or f"@{target[1:]}"
        return f"{label} ({target})" if label else target

    def _block(self, block: Json) -> str:
        match block["type"]:
            case "divider":
                return "---"
            case "header":
                return f"# {self._object(block['text'])}"
            case "section":
                texts = [block[name] for name in ("text",) if name in block]
                parts = [self._object(each) for each in texts + block.get("fields", [])]
                parts += [self._element(each) for each in (block.get("accessory"),) if each]
                return "\n".join(parts)
            case "context":
                return " · ".join(self._element(each) for each in block["elements"])
            case "actions":
                return " ".join(self._element(each) for each in block["elements"])
            case "input":
                return f"{self._object(block['label'])}: {self._element(block['element'])}"
            case "markdown":
                return str(block["text"])
            case "image":
                return f"[image: {block['alt_text']}]"
            case other:
                return f"[{other}]"

    def _element(self, element: Json) -> str:
        match element["type"]:
            case "mrkdwn" | "plain_text":
                return self._object(element)
            case "button":
                return f"[{self._object(element['text'])}]"
            case "image":
                return f"[image: {element['alt_text']}]"
            case _:
                default = element.get("initial_value") or element.get("placeholder", {}).get("text")
                return f"[{default or element['type']}]"

    def _object(self, text: Json) -> str:
        is_markup = text["type"] == "mrkdwn"
        return self.text(text["text"]) if is_markup else str(text["text"])


def visible(channel: Channel, user: User, thread_ts: str | None = None) -> list[Post]:
    """What the user sees in the channel, or in one thread of it: in order, threads together."""
    seen = [
        post
        for post in list(channel.posts)
        if post.only_for in (None, user)
        and not post.is_deleted
        and thread_ts in (None, post.ts, post.thread_ts)
    ]
    return sorted(seen, key=lambda post: (post.thread_ts or post.ts, post.ts))
