"""Reads the slots of a Rasa domain: their types, and how messages fill them."""

from pathlib import Path

from bot.domain import Condition, Mapping, Slot
from bot.marked_yaml import Mapped, TrainingError, items_of
from bot.project.doubts import Doubts

# `controlled` is what Rasa Pro calls `custom`.
MAPPING_TYPES = ("from_entity", "from_text", "from_intent", "from_trigger_intent", "custom")
CONTROLLED = "controlled"
SLOT_TYPES = ("text", "bool", "categorical", "float", "list", "any")
# Rasa's own classes; a domain may name one with its module, as Rasa X wrote them.
SLOT_CLASSES = {
    **dict.fromkeys(("AnySlot", "UnfeaturizedSlot"), "any"),
    **{"TextSlot": "text", "BooleanSlot": "bool", "CategoricalSlot": "categorical"},
    **{"FloatSlot": "float", "ListSlot": "list"},
}
WITH_A_VALUE = ("from_intent", "from_trigger_intent")


def read_slot(path: Path, name: str, line: int, written: object, doubts: Doubts) -> Slot:
    """Raises TrainingError."""
    if not isinstance(written, Mapped):
        raise TrainingError(path, line, f'slot "{name}" needs a type and mappings')
    kind = _type(path, name, written)
    influences = written.get("influence_conversation", kind != "any")
    if kind == "any" and influences is True:
        message = f'slot "{name}": one of type any never influences the conversation'
        raise TrainingError(path, written.line_of("influence_conversation"), message)
    minimum, maximum = (_number(path, name, written, key) for key in ("min_value", "max_value"))
    slot = Slot(
        name=name,
        type=kind if kind in SLOT_TYPES else "any",
        initial_value=written.get("initial_value"),
        values=tuple(
            str(value).lower()
            for _, value in items_of(path, written, "values")
            if value is not None
        ),
        mappings=tuple(
            _mapping(path, name, at, mapping) for at, mapping in items_of(path, written, "mappings")
        ),
        influences=influences is not False and kind in SLOT_TYPES and kind != "any",
        minimum=0.0 if minimum is None else minimum,
        maximum=1.0 if maximum is None else maximum,
    )
    if slot.minimum >= slot.maximum:
        message = f'slot "{name}": min_value must be less than max_value'
        raise TrainingError(path, line, message)
    if kind not in SLOT_TYPES:
        message = f'slot "{name}" has a type of its own, {kind}: it is kept as "any"'
        at = written.line_of("type")
        doubts.add(path, at, f"{message}, so rules and stories don't see it")
    return slot


def _type(path: Path, name: str, written: Mapped) -> str:
    """One of SLOT_TYPES, or the dotted name of a class of the project's own."""
    kind = str(written.get("type", "any"))
    if kind in SLOT_TYPES or is_own_type(kind):
        return kind
    if "." in kind:
        return SLOT_CLASSES[kind.rpartition(".")[2]]
    known = ", ".join(SLOT_TYPES)
    message = f'slot "{name}" has the unknown type "{kind}"; use {known}'
    raise TrainingError(path, written.line_of("type"), message)


def is_own_type(kind: str) -> bool:
    """Whether a slot's type is a class of the project's own."""
    return "." in kind and not (
        kind.startswith("rasa.") and kind.rpartition(".")[2] in SLOT_CLASSES
    )


def _number(path: Path, name: str, written: Mapped, key: str) -> float | None:
    value = written.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TrainingError(path, written.line_of(key), f'slot "{name}": {key} is a number')
    return float(value)


def _mapping(path: Path, slot: str, line: int, mapping: object) -> Mapping:
    kind = mapping.get("type") if isinstance(mapping, Mapped) else None
    kind = "custom" if kind == CONTROLLED else kind
    if not isinstance(mapping, Mapped) or kind not in MAPPING_TYPES:
        known = ", ".join(MAPPING_TYPES)
        message = f'slot "{slot}" has a mapping of no known type; use {known}'
        raise TrainingError(path, line, message)
    if kind == "from_entity" and mapping.get("entity") is None:
        message = f'slot "{slot}": a from_entity mapping names its "entity"'
        raise TrainingError(path, line, message)
    if kind in WITH_A_VALUE and mapping.get("value") is None:
        raise TrainingError(path, line, f'slot "{slot}": a {kind} mapping has a "value"')
    return Mapping(
        type=kind,
        entity=name_or_none(mapping.get("entity")),
        role=name_or_none(mapping.get("role")),
        group=name_or_none(mapping.get("group")),
        value=mapping.get("value"),
        action=name_or_none(mapping.get("action")),
        intents=names(mapping.get("intent")),
        not_intents=names(mapping.get("not_intent")),
        conditions=tuple(
            Condition(
                name_or_none(item.get("active_loop")), name_or_none(item.get("requested_slot"))
            )
            for _, item in items_of(path, mapping, "conditions")
            if isinstance(item, Mapped)
        ),
    )


def name_or_none(value: object) -> str | None:
    """A name that may be missing."""
    return None if value is None else str(value)


def names(value: object) -> frozenset[str]:
    """Rasa writes one name or a list of names; `null` is none."""
    if value is None or value == "None":
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})
