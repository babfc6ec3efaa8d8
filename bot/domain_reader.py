"""Reads Rasa domains, spread over any number of files."""

from collections.abc import Iterable
from pathlib import Path

from bot.domain import Condition, Domain, Form, Mapping, Slot, Variation
from bot.marked_yaml import Listed, Mapped, TrainingError, items_of
from bot.rasa2 import as_rasa_3
from bot.turn import JSON, Button, Kind

MAPPING_TYPES = ("from_entity", "from_text", "from_intent", "from_trigger_intent", "custom")
SLOT_TYPES = ("text", "bool", "categorical", "float", "list", "any")


def read_domain(files: list[tuple[Path, Mapped]]) -> Domain:
    """The domain that the files make together. Raises TrainingError."""
    draft = _Draft()
    for path, content in as_rasa_3(files):
        draft.add(path, content)
    return draft.finish()


class _Draft:
    """A domain in the making, file by file."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[Path, int]] = {}
        self._names: dict[str, dict[str, None]] = {"intents": {}, "entities": {}, "actions": {}}
        self._slots: dict[str, Slot] = {}
        self._forms: dict[str, Form] = {}
        self._responses: dict[str, tuple[Variation, ...]] = {}
        self._raw_slots: JSON = {}
        self._raw_responses: JSON = {}
        self._session: JSON = {}

    def add(self, path: Path, content: Mapped) -> None:
        self._path = path
        for section, names in self._names.items():
            for line, item in self._items(content, section):
                name = self._name(line, item)
                names[name] = None
                self._lines[f"{section}/{name}"] = (path, line)
        for name, line, slot in self._entries(content, "slots"):
            self._slots[name] = self._slot(name, line, slot)
            self._raw_slots[name] = slot
        for name, line, form in self._entries(content, "forms"):
            self._forms[name] = self._form(name, line, form)
        for name, line, variations in self._entries(content, "responses"):
            self._responses[name] = self._variations(name, line, variations)
            self._raw_responses[name] = variations
        self._session.update(self._session_config(content))

    def finish(self) -> Domain:
        domain = Domain(
            intents=tuple(self._names["intents"]),
            entities=tuple(self._names["entities"]),
            slots=self._slots,
            forms=self._forms,
            responses=self._responses,
            actions=tuple(self._names["actions"]),
            session_minutes=float(self._session.get("session_expiration_time", 60)),
            carry_over_slots=bool(self._session.get("carry_over_slots_to_new_session", True)),
            raw=self._raw(),
            lines=self._lines,
        )
        self._check(domain)
        return domain

    def _raw(self) -> JSON:
        forms = {
            name: {"required_slots": list(form.required_slots)}
            for name, form in self._forms.items()
        }
        names = {section: list(names) for section, names in self._names.items()}
        return {**names, "slots": self._raw_slots, "responses": self._raw_responses, "forms": forms}

    def _session_config(self, content: Mapped) -> JSON:
        config = content.get("session_config") or {}
        if not isinstance(config, dict):
            raise self._error(content.line_of("session_config"), '"session_config" must map names')
        minutes = config.get("session_expiration_time", 0)
        if not isinstance(minutes, (int, float)):
            line = content.line_of("session_config")
            raise self._error(line, '"session_expiration_time" is a number of minutes')
        return config

    def _items(self, content: Mapped, section: str) -> Iterable[tuple[int, object]]:
        return items_of(self._path, content, section)

    def _name(self, line: int, item: object) -> str:
        """`- greet` or `- greet: {use_entities: []}`."""
        if isinstance(item, Mapped) and len(item) == 1:
            return next(iter(item))
        if isinstance(item, str):
            return item
        raise self._error(line, f"expected a name, found {item!r}")

    def _entries(self, content: Mapped, section: str) -> list[tuple[str, int, object]]:
        entries = content.get(section) or {}
        if isinstance(entries, Mapped):
            found = [(name, entries.line_of(name), entry) for name, entry in entries.items()]
            self._lines.update({f"{section}/{name}": (self._path, at) for name, at, _ in found})
            return found
        if entries:
            raise self._error(content.line_of(section), f'"{section}" must map names to entries')
        return []

    def _slot(self, name: str, line: int, slot: object) -> Slot:
        if not isinstance(slot, Mapped):
            raise self._error(line, f'slot "{name}" needs a type and mappings')
        kind = str(slot.get("type", "any"))
        if kind not in SLOT_TYPES and "." not in kind:  # a dotted name is a class of their own
            known = ", ".join(SLOT_TYPES)
            raise self._error(
                slot.line_of("type"), f'slot "{name}" has the unknown type "{kind}"; use {known}'
            )
        return Slot(
            name=name,
            type=kind,
            initial_value=slot.get("initial_value"),
            values=tuple(str(value) for _, value in self._items(slot, "values")),
            mappings=tuple(
                self._mapping(name, at, mapping) for at, mapping in self._items(slot, "mappings")
            ),
            influences=kind != "any" and slot.get("influence_conversation") is not False,
        )

    def _mapping(self, slot: str, line: int, mapping: object) -> Mapping:
        kind = mapping.get("type") if isinstance(mapping, Mapped) else None
        if not isinstance(mapping, Mapped) or kind not in MAPPING_TYPES:
            known = ", ".join(MAPPING_TYPES)
            raise self._error(line, f'slot "{slot}" has a mapping of no known type; use {known}')
        if kind == "from_entity" and "entity" not in mapping:
            raise self._error(line, f'slot "{slot}": a from_entity mapping names its "entity"')
        return Mapping(
            type=kind,
            entity=_name_or_none(mapping.get("entity")),
            value=mapping.get("value"),
            intents=_names(mapping.get("intent")),
            not_intents=_names(mapping.get("not_intent")),
            conditions=tuple(
                Condition(
                    _name_or_none(item.get("active_loop")),
                    _name_or_none(item.get("requested_slot")),
                )
                for _, item in self._items(mapping, "conditions")
                if isinstance(item, Mapped)
            ),
        )

    def _form(self, name: str, line: int, form: object) -> Form:
        slots = form.get("required_slots") if isinstance(form, Mapped) else None
        if not isinstance(form, Mapped) or not isinstance(slots, list):
            raise self._error(line, f'form "{name}" needs a list of "required_slots"')
        return Form(name, tuple(map(str, slots)), _names(form.get("ignored_intents")))

    def _variations(self, name: str, line: int, variations: object) -> tuple[Variation, ...]:
        if not isinstance(variations, Listed) or not variations:
            raise self._error(line, f'response "{name}" needs at least one "- text: ..."')
        return tuple(self._variation(name, at, item) for at, item in variations.numbered())

    def _variation(self, name: str, line: int, item: object) -> Variation:
        if not isinstance(item, Mapped):
            raise self._error(line, f'response "{name}": write "- text: ..."')
        metadata = item.get("metadata")
        return Variation(
            text=str(item.get("text") or ""),
            buttons=tuple(
                self._button(name, at, button) for at, button in self._items(item, "buttons")
            ),
            condition={
                str(rule.get("name")): rule.get("value")
                for _, rule in self._items(item, "condition")
                if isinstance(rule, Mapped)
            },
            channel=_name_or_none(item.get("channel")),
            kind=self._kind(line, metadata.get("kind") if isinstance(metadata, Mapped) else None),
        )

    def _button(self, response: str, line: int, button: object) -> Button:
        if not isinstance(button, Mapped) or not button.get("title"):
            raise self._error(line, f'a button of "{response}" needs a title')
        title = str(button["title"])
        return Button(title, str(button.get("payload") or title))

    def _kind(self, line: int, kind: object) -> Kind | None:
        if kind is None:
            return None
        if isinstance(kind, str) and kind in set(Kind):
            return Kind(kind)
        raise self._error(line, f'"{kind}" is no kind of line; use {", ".join(Kind)}')

    def _check(self, domain: Domain) -> None:
        for section, name, what, where in domain.undeclared():
            path, line = self._lines[f"{section}/{name}"]
            message = f'"{name}" uses the {what}, which isn\'t under "{where}:"'
            raise TrainingError(path, line, message)

    def _error(self, line: int, message: str) -> TrainingError:
        return TrainingError(self._path, line, message)


def _name_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _names(value: object) -> frozenset[str]:
    """Rasa writes one name or a list of names; `null` is none."""
    if value is None or value == "None":
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})
