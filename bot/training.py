"""Reads a folder of Rasa 3 training data."""

from dataclasses import dataclass
from pathlib import Path

from bot.domain import DEFAULT_INTENTS, Domain
from bot.domain_reader import read_domain
from bot.marked_yaml import TrainingError, read_yaml
from bot.nlu_data import Example, NluData, read_nlu
from bot.story_data import Rule, Story, read_rules, read_stories

__all__ = ["Domain", "Example", "Rule", "Story", "Training", "TrainingError", "read_training"]


@dataclass(frozen=True, slots=True)
class Training:
    """Everything a folder teaches. `synonyms` maps a lower-case wording to its value."""

    examples: tuple[Example, ...]
    synonyms: dict[str, str]
    regexes: dict[str, tuple[str, ...]]
    lookups: dict[str, tuple[str, ...]]
    domain: Domain
    rules: tuple[Rule, ...]
    stories: tuple[Story, ...]


def read_training(path: Path) -> Training:
    """The training data of every YAML file in the folder, as Rasa finds it: by its sections
    (`nlu`, `rules`, `stories`, `responses`, ...), not by its name. Raises TrainingError."""
    files = [(file, read_yaml(file)) for file in _yaml_files(path)]
    domain = read_domain(files)
    nlu = read_nlu(files)
    _check_intents(domain, nlu)
    return Training(
        examples=tuple(nlu.examples),
        synonyms=nlu.synonyms,
        regexes={name: tuple(patterns) for name, patterns in nlu.regexes.items()},
        lookups={name: tuple(words) for name, words in nlu.lookups.items()},
        domain=domain,
        rules=read_rules(files, domain),
        stories=read_stories(files, domain),
    )


def _yaml_files(path: Path) -> list[Path]:
    if not path.is_dir():
        raise TrainingError(path, 1, "there is no such folder")
    files = sorted(file for ending in ("*.yml", "*.yaml") for file in path.glob(ending))
    if not files:
        raise TrainingError(path, 1, "the folder has no YAML files (domain.yml, nlu.yml, ...)")
    return files


def _check_intents(domain: Domain, nlu: NluData) -> None:
    """Each intent is declared, and has examples to learn it from."""
    for intent in domain.intents:
        if intent not in nlu.lines and intent not in DEFAULT_INTENTS:
            path, line = domain.lines[f"intents/{intent}"]
            raise TrainingError(path, line, f'intent "{intent}" has no examples in any nlu section')
    for intent, (path, line) in nlu.lines.items():
        if intent not in domain.intents and intent not in DEFAULT_INTENTS:
            message = f'intent "{intent}" is unknown; add it under "intents:" in the domain'
            raise TrainingError(path, line, message)
