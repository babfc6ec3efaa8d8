"""Lines of ours as Rasa's Socket.IO channel writes them."""

from bot.turn import JSON
from channels.rasa.entries import Said, text_of


def messages(said: Said, base: str) -> list[JSON]:
    """What the line's text, buttons, custom payload and picture are to a widget, in order;
    relative links lead to `base`."""
    content = said.content
    found = _texts(text_of(said, base), content.get("buttons") or [])
    if custom := content.get("custom"):
        found.append(custom.get("data", custom))
    if image := content.get("image"):
        found.append({"attachment": {"type": "image", "payload": {"src": image}}})
    return found


def _texts(text: str, buttons: list[JSON]) -> list[JSON]:
    """A message for each paragraph; the buttons are the last one's."""
    parts = text.strip().split("\n\n")
    if not buttons:
        return [{"text": part} for part in parts if part]
    replies = [
        {"content_type": "text", "title": each["title"], "payload": each["payload"]}
        for each in buttons
    ]
    found: list[JSON] = [{"text": part, "quick_replies": []} for part in parts]
    found[-1]["quick_replies"] = replies
    return found
