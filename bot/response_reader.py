"""Reads the responses of a Rasa domain: what the bot says, in one variation or several."""

from pathlib import Path

from bot.domain import Variation
from bot.marked_yaml import Listed, Mapped, TrainingError, items_of
from bot.project.doubts import Doubts
from bot.slot_reader import name_or_none
from bot.turn import JSON, Button, Kind

BUTTONS = ("buttons", "quick_replies")
# What only a client of the project's own understands; it reaches one as Rasa's `custom` does.
FOR_CLIENTS = ("attachment", "elements")


def read_response(
    path: Path, name: str, line: int, variations: object, doubts: Doubts
) -> tuple[Variation, ...]:
    """Raises TrainingError."""
    if not isinstance(variations, Listed) or not variations:
        message = f'response "{name}" needs at least one "- text: ..."'
        raise TrainingError(path, line, message)
    return tuple(_variation(path, name, at, each, doubts) for at, each in variations.numbered())


def _variation(path: Path, name: str, line: int, item: object, doubts: Doubts) -> Variation:
    if not isinstance(item, Mapped):
        raise TrainingError(path, line, f'response "{name}": write "- text: ..."')
    buttons = [found for key in BUTTONS for found in items_of(path, item, key)]
    custom = _custom(path, name, line, item)
    image = name_or_none(item.get("image"))
    if item.get("text") is None and not (buttons or custom or image):
        message = f'response "{name}" has a variation without text, buttons, image or custom'
        raise TrainingError(path, line, message)
    return Variation(
        text=str(item["text"]) if item.get("text") is not None else "",
        buttons=tuple(_button(path, name, at, button) for at, button in buttons),
        image=image,
        custom=custom,
        condition=_condition(path, name, item, doubts),
        channel=name_or_none(item.get("channel")),
        kind=_kind(path, name, line, item.get("metadata"), doubts),
    )


def _custom(path: Path, name: str, line: int, item: Mapped) -> JSON | None:
    custom = item.get("custom")
    if custom is not None and not isinstance(custom, Mapped):
        message = f'response "{name}": "custom" maps names to values'
        raise TrainingError(path, item.line_of("custom"), message)
    extra = {key: item[key] for key in FOR_CLIENTS if item.get(key)}
    return {**(custom or {}), **extra} or None


def _button(path: Path, response: str, line: int, button: object) -> Button:
    if not isinstance(button, Mapped) or not button.get("title"):
        raise TrainingError(path, line, f'a button of "{response}" needs a title')
    title = str(button["title"])
    return Button(title, str(button.get("payload") or title))


def _condition(path: Path, name: str, item: Mapped, doubts: Doubts) -> JSON:
    """The values that slots must have: `{type: slot, name: ..., value: ...}` each."""
    wanted: JSON = {}
    for line, rule in items_of(path, item, "condition"):
        if not isinstance(rule, Mapped) or rule.get("name") is None:
            message = f'response "{name}": a condition has a type, a name and a value'
            raise TrainingError(path, line, message)
        if rule.get("type", "slot") == "slot":
            wanted[str(rule["name"])] = rule.get("value")
        else:
            doubts.add(path, line, f'response "{name}": only conditions of type slot count')
    return wanted


def _kind(path: Path, name: str, line: int, metadata: object, doubts: Doubts) -> Kind | None:
    """Firstline's own `metadata: {kind: smalltalk}`."""
    kind = metadata.get("kind") if isinstance(metadata, Mapped) else None
    if kind is None:
        return None
    if isinstance(kind, str) and kind in set(Kind):
        return Kind(kind)
    known = ", ".join(Kind)
    doubts.add(path, line, f'response "{name}": "{kind}" is no kind of line here ({known})')
    return None
