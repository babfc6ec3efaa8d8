"""Reads a folder of Rasa training data: version 3, and 2 with what differs converted."""

import re
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.steps import Rule, Story
from bot.domain import DEFAULT_INTENTS, Domain
from bot.domain_reader import read_domain
from bot.marked_yaml import Mapped, TrainingError, read_yaml
from bot.nlu_data import Example, NluData, read_nlu
from bot.story_data import read_rules, read_stories
from bot.training_check import warnings, without_copies

__all__ = ["Domain", "Example", "Rule", "Story", "Training", "TrainingError", "read_training"]

VERSION = re.compile(r"[0-3](\.\d+)*")
# Formats of before Rasa 2: their usual file names, and `rasa data convert`'s word for each.
OLD_FORMATS = {"nlu.md": "nlu", "nlu.json": "nlu", "stories.md": "core", "responses.md": "nlg"}


@dataclass(frozen=True, slots=True)
class Training:
    """Everything a folder teaches, each line once. `synonyms` maps a lower-case wording to its
    value; `warnings` name what is in doubt, such as a line under two intents."""

    examples: tuple[Example, ...]
    synonyms: dict[str, str]
    regexes: dict[str, tuple[str, ...]]
    lookups: dict[str, tuple[str, ...]]
    domain: Domain
    rules: tuple[Rule, ...]
    stories: tuple[Story, ...]
    warnings: tuple[str, ...] = ()


def read_training(path: Path) -> Training:
    """The training data of every YAML file in the folder, as Rasa finds it: by its sections
    (`nlu`, `rules`, `stories`, `responses`, ...), not by its name. Raises TrainingError."""
    files = [(file, _read_checked(file)) for file in _yaml_files(path)]
    domain = read_domain(files)
    nlu = read_nlu(files)
    _check_intents(path, domain, nlu)
    return Training(
        examples=without_copies(nlu.examples),
        synonyms=nlu.synonyms,
        regexes={name: tuple(patterns) for name, patterns in nlu.regexes.items()},
        lookups={name: tuple(words) for name, words in nlu.lookups.items()},
        domain=domain,
        rules=read_rules(files, domain),
        stories=read_stories(files, domain),
        warnings=warnings(nlu.examples),
    )


def _yaml_files(path: Path) -> list[Path]:
    if path.is_file():
        raise TrainingError(path, 1, "this is a file; name the folder that it is in")
    if not path.is_dir():
        raise TrainingError(path, 1, "there is no such folder")
    for name, kind in OLD_FORMATS.items():
        if (path / name).exists():
            mend = f"`rasa data convert {kind} -f yaml` of Rasa 2 makes YAML of it"
            raise TrainingError(path / name, 1, f"Rasa 1's format isn't read; {mend}")
    files = sorted(file for ending in ("*.yml", "*.yaml") for file in path.glob(ending))
    if not files:
        raise TrainingError(path, 1, "the folder has no YAML files (domain.yml, nlu.yml, ...)")
    return files


def _read_checked(file: Path) -> Mapped:
    content = read_yaml(file)
    version = str(content.get("version", "3.1"))
    if not VERSION.fullmatch(version):
        message = f'version "{version}" is unknown; Firstline reads Rasa 2 and 3'
        raise TrainingError(file, content.line_of("version"), message)
    return content


def _check_intents(folder: Path, domain: Domain, nlu: NluData) -> None:
    """There are intents; each is declared, and has examples to learn it from."""
    if not nlu.lines:
        message = 'no file right in this folder has examples of an intent, under "nlu:"'
        raise TrainingError(folder, 1, message)
    for intent in domain.intents:
        if intent not in nlu.lines and intent not in DEFAULT_INTENTS:
            path, line = domain.lines[f"intents/{intent}"]
            raise TrainingError(path, line, f'intent "{intent}" has no examples in any nlu section')
    for intent, (path, line) in nlu.lines.items():
        if intent not in domain.intents and intent not in DEFAULT_INTENTS:
            message = f'intent "{intent}" is unknown; add it under "intents:" in the domain'
            raise TrainingError(path, line, message)
