"""Names that a domain uses and doesn't declare: some no bot can do without, some only doubtful.

As Rasa has it: `rasa train` refuses a form or a condition that names what isn't there, and goes on
without a mapping that can never fill its slot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.domain import DEFAULT_INTENTS, Domain
from bot.marked_yaml import TrainingError
from bot.project.doubts import Doubts


@dataclass(frozen=True, slots=True)
class Undeclared:
    """An entry of a section uses a name that its own section doesn't have."""

    user: str
    name: str
    what: str
    section: str
    refused: bool = False


def check_domain(domain: Domain, doubts: Doubts) -> None:
    """Raises TrainingError for what `rasa train` refuses; the rest is in doubt."""
    for found in undeclared(domain):
        path, line = domain.lines[found.user]
        user = found.user.partition("/")[2]
        where = f'which isn\'t under "{found.section}:"'
        message = f'"{user}" uses the {found.what} "{found.name}", {where}'
        if found.refused:
            raise TrainingError(path, line, message)
        doubts.add(path, line, message)
    for name in domain.actions:
        if name.startswith("utter_") and not _is_said(domain, name):
            doubts.add(*domain.lines[f"actions/{name}"], f'there is no response "{name}"')
    for form in domain.forms.values():
        for slot in form.required_slots:
            if not _is_asked(domain, form.name, slot):
                message = f'"{form.name}" asks for "{slot}", and there is no "utter_ask_{slot}"'
                doubts.add(*domain.lines[f"forms/{form.name}"], message)


def _is_said(domain: Domain, response: str) -> bool:
    return response in domain.responses or response.removeprefix("utter_") in domain.retrieval


def _is_asked(domain: Domain, form: str, slot: str) -> bool:
    known = {*domain.responses, *domain.actions}
    if f"validate_{form}" in known:  # it may ask itself, or not at all
        return True
    names = (
        f"{how}_ask_{what}" for how in ("utter", "action") for what in (f"{form}_{slot}", slot)
    )
    return any(name in known for name in names)


def undeclared(domain: Domain) -> Iterator[Undeclared]:
    """What a form or a mapping's condition names is refused, the rest is not."""
    for form in domain.forms.values():
        user = f"forms/{form.name}"
        for slot in form.required_slots:
            if slot not in domain.slots:
                yield Undeclared(user, slot, "slot", "slots", refused=True)
        yield from _intents(domain, user, form.ignored_intents)
    yield from _of_slots(domain)


def _of_slots(domain: Domain) -> Iterator[Undeclared]:
    for slot in domain.slots.values():
        user = f"slots/{slot.name}"
        for mapping in slot.mappings:
            if mapping.entity and mapping.entity not in domain.entities:
                yield Undeclared(user, mapping.entity, "entity", "entities")
            yield from _intents(domain, user, mapping.intents | mapping.not_intents)
            if mapping.action and not domain.knows_action(mapping.action):
                yield Undeclared(user, mapping.action, "action", "actions")
            for condition in mapping.conditions:
                if condition.active_loop and condition.active_loop not in domain.forms:
                    yield Undeclared(user, condition.active_loop, "form", "forms", refused=True)


def _intents(domain: Domain, user: str, intents: Iterable[str]) -> Iterator[Undeclared]:
    for intent in sorted(set(intents) - set(domain.intents) - DEFAULT_INTENTS):
        yield Undeclared(user, intent, "intent", "intents")
