"""Which entities rules and stories see with an intent: `use_entities` and `ignore_entities`."""

from collections.abc import Iterator

from bot.domain import DEFAULT_INTENTS
from bot.marked_yaml import Mapped
from bot.slot_reader import names
from bot.turn import JSON

FLAGS = ("use_entities", "ignore_entities")


def unheard(intents: JSON, entities: JSON) -> dict[str, frozenset[str]]:
    """The entities that aren't seen with each intent, given the options of both; none are for
    intents and entities without any."""
    silent = frozenset(
        name
        for name, options in entities.items()
        if isinstance(options, Mapped) and options.get("influence_conversation") is False
    )
    every = frozenset(entities)
    options = {**dict.fromkeys(DEFAULT_INTENTS), **intents}
    found = {intent: every - _heard(each, every, silent) for intent, each in options.items()}
    return {intent: missed for intent, missed in found.items() if missed}


def _heard(options: object, every: frozenset[str], silent: frozenset[str]) -> frozenset[str]:
    if not isinstance(options, Mapped):
        return every - silent
    used = options.get("use_entities", True)
    heard = every - silent if used is True else names(used or None)
    ignored = options.get("ignore_entities") or None
    return heard - (names(ignored) if "ignore_entities" in options else silent)


def entities_named(options: object) -> Iterator[str]:
    """The entities that an intent's options name."""
    for flag in FLAGS:
        listed = options.get(flag) if isinstance(options, Mapped) else None
        yield from map(str, listed if isinstance(listed, list) else ())


def written_out(name: str, options: object) -> object:
    """An intent, entity or action as Rasa sends it: its name, or its name with its options."""
    if not isinstance(options, Mapped):
        return name
    return {name: {key: (value or []) if key in FLAGS else value for key, value in options.items()}}
