"""Reads Rasa domains, spread over any number of files."""

from collections.abc import Iterator
from pathlib import Path

from bot.domain import Domain, Form, Slot, Variation
from bot.heard_entities import entities_named, unheard, written_out
from bot.marked_yaml import Mapped, TrainingError, items_of
from bot.project.doubts import Doubts
from bot.rasa2 import as_rasa_3
from bot.response_reader import read_response
from bot.slot_reader import names, read_slot
from bot.turn import JSON

LISTS = ("intents", "entities", "actions")
VERSION = "3.1"


def read_domain(files: list[tuple[Path, Mapped]], doubts: Doubts) -> Domain:
    """The domain that the files make together. Raises TrainingError."""
    draft = _Draft(doubts)
    for path, content in as_rasa_3(files):
        draft.add(path, content)
    return draft.finish()


class _Draft:
    """A domain in the making, file by file. Where two say something else of one name, the later
    counts, as in Rasa the responses under `data` do."""

    def __init__(self, doubts: Doubts) -> None:
        self._doubts = doubts
        self._lines: dict[str, tuple[Path, int]] = {}
        self._lists: dict[str, dict[str, object]] = {section: {} for section in LISTS}
        self._entries: JSON = {"slots": {}, "responses": {}, "forms": {}}
        self._slots: dict[str, Slot] = {}
        self._forms: dict[str, Form] = {}
        self._responses: dict[str, tuple[Variation, ...]] = {}
        self._e2e_actions: dict[str, None] = {}
        self._settings: JSON = {"session_config": {}, "config": {}}

    def add(self, path: Path, content: Mapped) -> None:
        for section in LISTS:
            self._add_names(path, content, section)
        for name, line, slot in self._mapped(path, content, "slots"):
            self._slots[name] = read_slot(path, name, line, slot, self._doubts)
        for name, line, form in self._mapped(path, content, "forms"):
            self._forms[name] = _form(path, name, line, form)
        for name, line, variations in self._mapped(path, content, "responses"):
            self._responses[name] = read_response(path, name, line, variations, self._doubts)
        for _, text in items_of(path, content, "e2e_actions"):
            self._e2e_actions[str(text)] = None
        for section, settings in self._settings.items():
            settings.update(_settings(path, content, section))

    def finish(self) -> Domain:
        self._check_entities_of_intents()
        session = self._settings["session_config"]
        minutes = session.get("session_expiration_time")
        return Domain(
            intents=tuple(self._lists["intents"]),
            entities=tuple(self._lists["entities"]),
            slots=self._slots,
            forms=self._forms,
            responses=self._responses,
            actions=tuple(self._lists["actions"]),
            unheard=unheard(self._lists["intents"], self._lists["entities"]),
            retrieval=frozenset(
                name
                for name, options in self._lists["intents"].items()
                if isinstance(options, Mapped) and options.get("is_retrieval_intent") is True
            ),
            session_minutes=60.0 if minutes is None else float(minutes),
            carry_over_slots=bool(session.get("carry_over_slots_to_new_session", True)),
            raw=self._raw(),
            lines=self._lines,
        )

    def _add_names(self, path: Path, content: Mapped, section: str) -> None:
        here: set[str] = set()
        for line, item in items_of(path, content, section):
            name, options = _name(path, section, line, item)
            if name in here:
                message = f'"{name}" is there twice under "{section}:"; keep one'
                raise TrainingError(path, line, message)
            here.add(name)
            self._note_conflict(path, line, section, name, self._lists[section], options)
            self._lists[section][name] = options
            self._lines[f"{section}/{name}"] = (path, line)

    def _mapped(
        self, path: Path, content: Mapped, section: str
    ) -> Iterator[tuple[str, int, object]]:
        entries = content.get(section) or {}
        if not isinstance(entries, Mapped):
            if not entries:  # an empty list, or Python's empty dict
                return
            message = f'"{section}" must map names to entries'
            raise TrainingError(path, content.line_of(section), message)
        for name, entry in entries.items():
            line = entries.line_of(name)
            self._note_conflict(path, line, section, name, self._entries[section], entry)
            self._entries[section][name] = entry
            self._lines[f"{section}/{name}"] = (path, line)
            yield name, line, entry

    def _note_conflict(
        self, path: Path, line: int, section: str, name: str, known: JSON, entry: object
    ) -> None:
        if name in known and known[name] != entry:
            before = self._doubts.place(*self._lines[f"{section}/{name}"])
            message = f'"{name}" is under "{section}:" in {before}, too, and says something else'
            self._doubts.add(path, line, f"{message}; this one counts")

    def _check_entities_of_intents(self) -> None:
        for intent, options in self._lists["intents"].items():
            for entity in entities_named(options):
                if entity not in self._lists["entities"]:
                    message = f'"{intent}" uses the entity "{entity}", which isn\'t declared'
                    self._doubts.add(*self._lines[f"intents/{intent}"], message)

    def _raw(self) -> JSON:
        """The domain as a Rasa action server receives it."""
        intents = [written_out(name, each) for name, each in sorted(self._lists["intents"].items())]
        session = {"session_expiration_time": 60, "carry_over_slots_to_new_session": True}
        sections = {
            "intents": intents,
            **{
                section: [written_out(name, each) for name, each in self._lists[section].items()]
                for section in ("entities", "actions")
            },
            **self._entries,
            "e2e_actions": list(self._e2e_actions),
            "config": self._settings["config"],
            "session_config": self._settings["session_config"] or session,
        }
        return {"version": VERSION, **{key: value for key, value in sections.items() if value}}


def _name(path: Path, section: str, line: int, item: object) -> tuple[str, object]:
    """`- greet`, or `- greet: {use_entities: []}` with its options."""
    if isinstance(item, str):
        return item, None
    if isinstance(item, Mapped) and len(item) == 1:
        ((name, options),) = item.items()
        if isinstance(options, Mapped):
            return name, options
        message = f'"{name}:" has nothing after the colon; write "- {name}" without it'
        raise TrainingError(path, line, message)
    raise TrainingError(path, line, f'"{section}" lists names; this is none: {str(item)[:80]!r}')


def _form(path: Path, name: str, line: int, form: object) -> Form:
    if form is None or form == {}:
        return Form(name, ())
    slots = form.get("required_slots") if isinstance(form, Mapped) else None
    if not isinstance(form, Mapped) or not (isinstance(slots, list) or slots == {}):
        raise TrainingError(path, line, f'form "{name}" needs a list of "required_slots"')
    return Form(name, tuple(map(str, slots)), names(form.get("ignored_intents")))


def _settings(path: Path, content: Mapped, section: str) -> Mapped:
    settings = content.get(section) or Mapped()
    line = content.line_of(section)
    if not isinstance(settings, Mapped):
        raise TrainingError(path, line, f'"{section}" must map names')
    minutes = settings.get("session_expiration_time")
    if minutes is None:
        return settings
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or minutes < 0:
        raise TrainingError(path, line, '"session_expiration_time" is a number of minutes')
    return settings
