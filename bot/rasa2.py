"""Rasa 2's domains in Rasa 3's shape, as `rasa data migrate` makes it.

What tells them is their shape, not their version, which may be missing: Rasa 3 wants mappings for
every slot, and of a form the names of its slots only. In Rasa 2 a slot without mappings is filled
from the entity of its name, and the mappings of a form's slots are with the form.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bot.marked_yaml import Listed, Mapped, TrainingError, items_of

Files = list[tuple[Path, Mapped]]
SlotMappings = dict[str, list[Mapped]]

CUSTOM = Mapped({"type": "custom"})


def as_rasa_3(files: Files) -> Files:
    """The same files with their slots and forms as Rasa 3 writes them. Raises TrainingError for
    `templates:`, which Rasa 2 already called `responses:`."""
    entities = {
        next(iter(item), "") if isinstance(item, Mapped) else str(item)
        for path, content in files
        for _, item in items_of(path, content, "entities")
    }
    in_forms = _mappings_in_forms(files)
    return [(path, _migrated(path, content, entities, in_forms)) for path, content in files]


def _mappings_in_forms(files: Files) -> SlotMappings:
    found: SlotMappings = defaultdict(list)
    for _, content in files:
        for name, form in _entries(content, "forms"):
            for slot, mappings in (_rasa_2_slots(form) or {}).items():
                found[slot] += [_only_in(name, slot, mapping) for mapping in mappings]
    return found


def _migrated(path: Path, content: Mapped, entities: set[str], in_forms: SlotMappings) -> Mapped:
    if "templates" in content:
        message = '"templates:" is what Rasa 1 called them; write "responses:"'
        raise TrainingError(path, content.line_of("templates"), message)
    slots = {
        name: _slot(name, slot, name in entities, in_forms.get(name, []))
        for name, slot in _entries(content, "slots")
    }
    forms = {name: _form(form) for name, form in _entries(content, "forms")}
    changed = {"slots": slots, "forms": forms}
    return content.replaced(
        **{key: content[key].replaced(**new) for key, new in changed.items() if new}
    )


def _slot(name: str, slot: Mapped, is_entity: bool, in_forms: list[Mapped]) -> Mapped:
    mappings = slot.get("mappings", Listed())
    if not isinstance(mappings, Listed):
        return slot  # the domain's reader says what is wrong
    kind = "any" if slot.get("type") == "unfeaturized" else slot.get("type", "any")
    added = list(in_forms)
    if "mappings" not in slot:
        if is_entity and slot.get("auto_fill", True):
            added.append(Mapped({"type": "from_entity", "entity": name}, slot.line))
        added = added or [CUSTOM]
    lines = [*mappings.lines, *(mapping.line for mapping in added)]
    return slot.replaced(type=kind, mappings=Listed([*mappings, *added], lines))


def _form(form: Mapped) -> Mapped:
    slots = _rasa_2_slots(form)
    if slots is None:
        return form
    kept = {key: form[key] for key in ("ignored_intents",) if key in form}
    return Mapped({"required_slots": list(slots), **kept}, form.line)


def _rasa_2_slots(form: Mapped) -> SlotMappings | None:
    """A form's slots with their mappings; None for one that is like Rasa 3's, or broken."""
    slots = form.get("required_slots", form)
    if not isinstance(slots, Mapped):
        return None
    found = {slot: each for slot, each in slots.items() if slot != "ignored_intents"}
    sound = all(
        isinstance(mappings, Listed) and all(isinstance(mapping, Mapped) for mapping in mappings)
        for mappings in found.values()
    )
    return found if found and sound else None


def _only_in(form: str, slot: str, mapping: Mapped) -> Mapped:
    """The mapping as one that counts in this form, and while it asks for the slot unless it is
    unmistakable."""
    condition = {"active_loop": form}
    if mapping.get("type") not in ("from_entity", "from_trigger_intent"):
        condition["requested_slot"] = slot
    return mapping.replaced(conditions=Listed([Mapped(condition)], [mapping.line]))


def _entries(content: Mapped, section: str) -> Iterator[tuple[str, Mapped]]:
    entries = content.get(section)
    if isinstance(entries, Mapped):
        yield from ((name, each) for name, each in entries.items() if isinstance(each, Mapped))
