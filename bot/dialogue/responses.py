"""Says a response of the domain: picks a variation and fills in its values, as Rasa does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from bot.domain import Domain, Variation
from bot.turn import JSON, Button, Kind, Reply

PLACEHOLDER = re.compile(r"\{([\w.-]+)\}")
ESCAPED = re.compile(rf"\{{\{{|\}}\}}|{PLACEHOLDER.pattern}")
log = structlog.get_logger()


class UnknownResponseError(Exception):
    """The domain has no response of that name."""


def render(
    domain: Domain,
    name: str,
    values: Mapping[str, object],
    seed: int = 0,
    kind: Kind = Kind.FLOW,
    channel: str | None = None,
) -> Reply:
    """The response's variation for these values on the channel; `seed` picks one of those that fit.

    Variations for the channel come before those for any, and of them those whose condition holds
    before those without one. Raises UnknownResponseError.
    """
    try:
        fitting = _fitting(domain.responses[name], values, channel)
    except KeyError:
        message = f'there is no response "{name}"; add it under "responses:" in domain.yml'
        raise UnknownResponseError(message) from None
    chosen = fitting[seed % len(fitting)]
    return Reply(
        chosen.kind or kind,
        fill_in(chosen.text, values, name),
        tuple(
            Button(fill_in(button.title, values, name), fill_in(button.payload, values, name))
            for button in chosen.buttons
        ),
        image=fill_in(chosen.image, values, name) if chosen.image else None,
        custom=_fill_all(chosen.custom, values, name) if chosen.custom else None,
    )


def fill_in(text: str, values: Mapping[str, object], name: str) -> str:
    """The text with its {placeholders} filled, and {{ made {. A placeholder that is the name of
    nothing stays; one of an empty slot becomes "None", as in Rasa. Both are logged."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        found = values.get(match[1])
        if found is None:
            log.warning("response_value_missing", response=name, value=match[1])
        return str(found) if match[1] in values else match[0]

    return (ESCAPED if "{{" in text else PLACEHOLDER).sub(value, text)


def from_action(
    domain: Domain,
    message: JSON,
    slots: Mapping[str, object],
    seed: int,
    channel: str | None = None,
) -> Reply:
    """The line that an action uttered: a response by its name, or a text of its own.

    Raises UnknownResponseError.
    """
    if name := message.get("response") or message.get("template"):
        said = render(domain, name, {**slots, **_extras(message)}, seed, channel=channel)
    else:
        said = Reply(Kind.FLOW, "")
    extra = (
        Button(str(button["title"]), str(button.get("payload") or button["title"]))
        for button in message.get("buttons") or ()
    )
    return replace(
        said,
        text=message.get("text") or said.text,
        buttons=(*said.buttons, *extra),
        image=message.get("image") or said.image,
        custom=message.get("custom") or said.custom,
    )


def _extras(message: JSON) -> JSON:
    """What an action passed to `utter_message` beyond Rasa's own arguments."""
    known = ("text", "buttons", "elements", "custom", "template", "response", "image", "attachment")
    return {key: value for key, value in message.items() if key not in known}


def _fitting(
    variations: Sequence[Variation], values: Mapping[str, object], channel: str | None
) -> Sequence[Variation]:
    """As Rasa chooses: a condition that holds on this channel, then one that holds on any, then
    the channel's own without condition, then any without."""
    holding = [each for each in variations if each.condition and _holds(each, values)]
    plain = [each for each in variations if not each.condition]
    for among in (holding, plain):
        for where in dict.fromkeys((channel, None)):
            if found := [each for each in among if each.channel == where]:
                return found
    return plain or variations


def _holds(variation: Variation, values: Mapping[str, object]) -> bool:
    return all(_same(values.get(name), value) for name, value in variation.condition.items())


def _same(actual: object, wanted: object) -> bool:
    """Rasa compares texts without regard to case."""
    if isinstance(actual, str) and isinstance(wanted, str):
        return actual.casefold() == wanted.casefold()
    return actual == wanted


def _fill_all(custom: JSON, values: Mapping[str, object], name: str) -> JSON:
    """The values filled in wherever a custom payload has a text."""

    def filled(part: object) -> object:
        if isinstance(part, str):
            return fill_in(part, values, name)
        if isinstance(part, dict):
            return {key: filled(value) for key, value in part.items()}
        return [filled(each) for each in part] if isinstance(part, list) else part

    return {key: filled(value) for key, value in custom.items()}
