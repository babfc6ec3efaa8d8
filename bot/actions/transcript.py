"""What a Rasa tracker tells a person who takes over: the body of POST /api/v1/handoffs."""

import json
from collections.abc import Iterable
from typing import Any

from rasa_sdk import Tracker

LONGEST = 4000  # characters of a line
MOST_LINES = 400
LARGEST = 180 * 1024  # bytes of all lines; the server takes 256 KB
EXTERNAL = "EXTERNAL: "  # Rasa's mark of messages that nobody wrote, such as reminders
FALLBACK = "nlu_fallback"
INNER = frozenset({"requested_slot", "session_started_metadata"})  # slots for Rasa's own use

Json = dict[str, Any]


def handoff_from(tracker: Tracker) -> Json:
    """All that was said, as far as it fits, with what was understood and noted.

    `key` is the same when the same message leads here again.
    """
    intent = tracker.latest_message.get("intent") or {}
    slots = _in_words(tracker.slots)
    return {
        "sender": tracker.sender_id,
        "key": _last_words(tracker.events),
        "reason": "low_confidence" if intent.get("name") == FALLBACK else "asked_for_person",
        "lines": newest_that_fit([line for event in tracker.events if (line := _line(event))]),
        "slots": slots,
        **{field: slots[field][:200] for field in ("name", "desk") if field in slots},
        **({"intent": _share(intent)} if intent.get("name") else {}),
    }


def newest_that_fit(lines: list[Json]) -> list[Json]:
    kept, room = [], LARGEST
    for line in reversed(lines[-MOST_LINES:]):
        room -= len(json.dumps(line, ensure_ascii=False).encode()) + 2
        if room < 0:
            break
        kept.append(line)
    return kept[::-1]


def _last_words(events: Iterable[Json]) -> str:
    """The id of the customer's last message; its time where it has none."""
    *_, last = [{}, *(event for event in events if event.get("event") == "user")]
    return str(last.get("message_id") or last.get("timestamp") or "")[:100]


def _line(event: Json) -> Json | None:
    """The line that the event is; None for what nobody said."""
    author = {"user": "customer", "bot": "bot"}.get(event.get("event", ""))
    data = event.get("data") or {}
    text = _storable(event.get("text") or _without_text(data))
    if not author or text.startswith(EXTERNAL):
        return None
    if not text.strip():
        return None
    line = {"author": author, "text": text[:LONGEST], "at": event["timestamp"]}
    buttons = [_button(each) for each in data.get("buttons") or [] if isinstance(each, dict)]
    return line | ({"buttons": buttons[:20]} if buttons else {})


def _without_text(data: Json) -> str:
    """What the bot showed where it wrote nothing."""
    shown = data.get("image") or data.get("attachment") or data.get("custom")
    return "" if not shown else shown if isinstance(shown, str) else json.dumps(shown)


def _storable(text: str) -> str:
    """The text without halves of characters, which JSON can carry and UTF-8 can't."""
    return text.encode("utf-8", "replace").decode()


def _button(button: Json) -> Json:
    title = str(button.get("title") or "")[:200]
    return {"title": title, "payload": str(button.get("payload") or title)[:1000]}


def _share(intent: Json) -> Json:
    return {"name": str(intent["name"])[:200], "confidence": intent.get("confidence") or 0.0}


def _in_words(slots: Json) -> dict[str, str]:
    """The slots that are filled, as a person reads them."""
    filled = {name: slot for name, slot in slots.items() if slot is not None and name not in INNER}
    words = {
        name[:100]: slot if isinstance(slot, str) else json.dumps(slot)
        for name, slot in list(filled.items())[:50]
    }
    return {name: text[:500] for name, text in words.items() if text not in ("", "[]")}
