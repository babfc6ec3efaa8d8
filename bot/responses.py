"""Says a response of the domain: picks a variation and fills in its values, as Rasa does."""

import re
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.domain import Domain, Variation
from bot.turn import JSON, Button, Kind, Reply

PLACEHOLDER = re.compile(r"\{(\w+)\}")
log = structlog.get_logger()


class UnknownResponseError(Exception):
    """The domain has no response of that name."""


def render(
    domain: Domain, name: str, values: Mapping[str, object], seed: int = 0, kind: Kind = Kind.FLOW
) -> Reply:
    """The response's variation for these values; `seed` picks one of those that fit.

    A variation whose condition holds comes before those without one. Raises UnknownResponseError.
    """
    try:
        fitting = _fitting(domain.responses[name], values)
    except KeyError:
        message = f'there is no response "{name}"; add it under "responses:" in domain.yml'
        raise UnknownResponseError(message) from None
    chosen = fitting[seed % len(fitting)]
    text = fill_in(chosen.text, values, name)
    buttons = (
        Button(fill_in(button.title, values, name), _fill_payload(button.payload, values))
        for button in chosen.buttons
    )
    return Reply(chosen.kind or kind, text, tuple(buttons))


def fill_in(text: str, values: Mapping[str, object], name: str) -> str:
    """The text with its {placeholders} filled; one without a value stays and is logged."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if found is None:
            log.warning("response_value_missing", response=name, value=match[1])
            return match[0]
        return str(found)

    return PLACEHOLDER.sub(value, text)


def from_action(domain: Domain, message: JSON, slots: Mapping[str, object], seed: int) -> Reply:
    """The line that an action uttered: a response by its name, or a text of its own."""
    if name := message.get("response"):
        said = render(domain, name, {**slots, **_extras(message)}, seed)
    else:
        said = Reply(Kind.FLOW, message.get("text") or "")
    extra = (Button(button["title"], button["payload"]) for button in message.get("buttons") or ())
    return replace(said, buttons=(*said.buttons, *extra))


def _extras(message: JSON) -> JSON:
    """What an action passed to `utter_message` beyond Rasa's own arguments."""
    known = ("text", "buttons", "elements", "custom", "template", "response", "image", "attachment")
    return {key: value for key, value in message.items() if key not in known}


def _fitting(
    variations: tuple[Variation, ...], values: Mapping[str, object]
) -> tuple[Variation, ...]:
    usable = [variation for variation in variations if variation.channel is None] or variations
    conditional = tuple(
        variation
        for variation in usable
        if variation.condition
        and all(values.get(name) == value for name, value in variation.condition.items())
    )
    plain = tuple(variation for variation in usable if not variation.condition)
    return conditional or plain or tuple(usable)


def _fill_payload(payload: str, values: Mapping[str, object]) -> str:
    """Payloads hold JSON in braces, so only placeholders with a value are filled."""
    return PLACEHOLDER.sub(
        lambda match: str(values[match[1]]) if values.get(match[1]) else match[0], payload
    )
