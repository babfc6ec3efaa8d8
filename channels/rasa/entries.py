"""Lines of ours as entries for Rasa's REST and callback channels."""

from dataclasses import dataclass
from typing import Any

from bot.turn import JSON

AGENT = "agent"  # the kind of what a person says


@dataclass(frozen=True, slots=True)
class Said:
    """A stored line; `agent` is the name of the person who said it, if one did."""

    conversation_id: int
    text: str
    content: dict[str, Any]
    kind: str | None
    agent: str | None = None


def entries(said: Said, recipient: str, base: str) -> list[JSON]:
    """The line's text with its buttons, its custom payload and its picture, each an entry of its
    own, as Rasa gives them; relative links lead to `base`.

    What we know of the line is each entry's `custom`; where the project itself has a custom
    payload there, it is `metadata`.
    """
    content = said.content
    sources = _sources(content, base)
    custom = content.get("custom")
    facts = {"metadata" if custom else "custom": _facts(said, sources)}
    shown: list[JSON] = []
    if said.text or content.get("buttons"):
        buttons = {"buttons": content["buttons"]} if content.get("buttons") else {}
        shown.append({"text": with_sources(said.text, sources), **buttons})
    if custom:
        shown.append({"custom": custom})
    if content.get("image"):
        shown.append({"image": content["image"]})
    return [{"recipient_id": recipient, **each, **facts} for each in shown]


def with_sources(text: str, sources: list[JSON]) -> str:
    """Clients that show only the text see where it comes from, too."""
    return "\n\n".join([text, *(f"Source: {each['title']} ({each['url']})" for each in sources)])


def text_of(said: Said, base: str) -> str:
    """The line's text, with where it comes from."""
    return with_sources(said.text, _sources(said.content, base))


def _sources(content: JSON, base: str) -> list[JSON]:
    return [
        source | {"url": base + source["url"] if source["url"].startswith("/") else source["url"]}
        for source in content.get("sources", [])
    ]


def _facts(said: Said, sources: list[JSON]) -> JSON:
    facts = {
        "kind": AGENT if said.agent else said.kind,
        "confidence": said.content.get("confidence"),
        "sources": sources,
        "conversation_id": str(said.conversation_id),
    }
    more = {"ticket": said.content.get("ticket"), "agent": said.agent}
    return facts | {name: value for name, value in more.items() if value}
