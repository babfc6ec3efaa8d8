"""What becomes of each part of a project, one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.steps import Rule, Run, Story
from bot.marked_yaml import Mapped, read_yaml
from bot.project import fates
from bot.project.config import Component, ProjectConfig
from bot.project.fates import Fate, Verdict
from bot.project.layout import Layout
from bot.slot_reader import is_own_type
from bot.training import Training

UNLIKELY = "action_unlikely_intent"
LISTS = ("intents", "entities", "actions", "e2e_actions", "nlu", "rules", "stories")
MAPS = ("slots", "forms", "responses", "session_config")


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of a part of the project, which stands at a line of a file; 0 is all of it."""

    path: Path
    line: int
    what: str
    fate: Fate


def of_data(layout: Layout) -> Iterator[Finding]:
    """The sections of the domain and the training data. Raises TrainingError."""
    for file in layout.teaching:
        content = read_yaml(file)
        for section in (*LISTS, *MAPS):
            if entries := content.get(section):
                count = len(entries) if isinstance(entries, (list, dict)) else 0
                fate = Fate(Verdict.AS_IT_IS, f"{count} {'entry' if count == 1 else 'entries'}")
                yield Finding(file, content.line_of(section), section, fate)
        yield from _own_slots(file, content)
        if "flows" in content:
            yield Finding(file, content.line_of("flows"), "flows", fates.FLOWS)
    for file in layout.tests:
        yield Finding(file, 0, "test stories", fates.TESTS)


def _own_slots(file: Path, content: Mapped) -> Iterator[Finding]:
    slots = content.get("slots")
    for name, slot in slots.items() if isinstance(slots, Mapped) else ():
        if isinstance(slot, Mapped) and is_own_type(str(slot.get("type"))):
            yield Finding(file, slot.line_of("type"), f'slot "{name}"', fates.OWN_SLOT)


def of_config(config: ProjectConfig, training: Training | None) -> Iterator[Finding]:
    """The components of the pipeline and the policies, and what else config.yml has."""
    unlikely = fates.HANDLED if training and _handles_unlikely(training) else fates.UNHANDLED
    policies = {**fates.POLICIES, "UnexpecTEDIntentPolicy": unlikely}
    parts = (
        ("pipeline", config.pipeline, fates.COMPONENTS, fates.OWN_COMPONENT),
        ("policies", config.policies, policies, fates.OWN_POLICY),
    )
    for section, components, known, otherwise in parts:
        for each in components:
            line = each.line or config.sections.get(section, 1)
            yield Finding(config.path, line, each.name, _fate_of(each, known, otherwise))
    for section, line in config.sections.items():
        if section in fates.CONFIG:
            yield Finding(config.path, line, section, fates.CONFIG[section])


def _fate_of(component: Component, known: Mapping[str, Fate], otherwise: Fate) -> Fate:
    if component.name == "DIETClassifier" and component.option("entity_recognition") is False:
        return fates.COMPONENTS["SklearnIntentClassifier"]
    return known.get(component.name, otherwise)


def _handles_unlikely(training: Training) -> bool:
    told: list[Rule | Story] = [*training.rules, *training.stories]
    steps = (step for each in told for step in each.steps)
    return any(isinstance(step, Run) and step.action == UNLIKELY for step in steps)


def of_endpoints(path: Path, sections: Mapping[str, int]) -> Iterator[Finding]:
    for section, line in sections.items():
        yield Finding(path, line, section, fates.ENDPOINTS.get(section, fates.UNKNOWN))


def of_credentials(path: Path, sections: Mapping[str, int]) -> Iterator[Finding]:
    for section, line in sections.items():
        yield Finding(path, line, section, fates.CHANNELS.get(section, fates.OTHER_CHANNEL))


def of_actions(layout: Layout) -> Iterator[Finding]:
    if layout.actions:
        yield Finding(layout.actions, 0, "custom actions", fates.ACTIONS)
