"""Reads training data: a Rasa project (version 3, and 2 with what differs converted), or a folder
with YAML files."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.dialogue.steps import Rule, Story
from bot.domain import DEFAULT_INTENTS, Domain
from bot.domain_check import check_domain
from bot.domain_reader import read_domain
from bot.marked_yaml import Mapped, TrainingError, read_yaml
from bot.nlu_data import Example, NluData, read_nlu
from bot.project.config import ProjectConfig, read_config
from bot.project.credentials import Credentials, read_credentials
from bot.project.doubts import Doubts
from bot.project.endpoints import Endpoints, read_endpoints
from bot.project.layout import Layout, find_layout
from bot.story_data import read_rules, read_stories
from bot.training_check import base_of, check_examples, check_names, without_copies
from bot.turn import JSON

__all__ = ["Domain", "Example", "Rule", "Story", "Training", "TrainingError", "read_training"]

VERSION = re.compile(r"[0-3](\.\d+)*")


@dataclass(frozen=True, slots=True)
class Training:
    """Everything a project teaches, each line once. `synonyms` maps a lower-case wording to its
    value; `warnings` name what is in doubt, such as a line under two intents, most of them with
    its place.

    `config` is None without a config.yml. `actions` is the folder or file of the project's own
    custom actions, None without any.
    """

    examples: tuple[Example, ...]
    synonyms: dict[str, str]
    regexes: dict[str, tuple[str, ...]]
    lookups: dict[str, tuple[str, ...]]
    domain: Domain
    rules: tuple[Rule, ...]
    stories: tuple[Story, ...]
    warnings: tuple[str, ...] = ()
    config: ProjectConfig | None = None
    endpoints: Endpoints = field(default_factory=Endpoints)
    credentials: Credentials = field(default_factory=Credentials)
    actions: Path | None = None


def read_training(path: Path) -> Training:
    """What the project in a folder teaches. What a file is, is told by its sections (`nlu`,
    `rules`, `stories`, `responses`, ...), as Rasa does it. Raises TrainingError."""
    layout = find_layout(path)
    doubts = Doubts(path)
    files = [(file, _read_checked(file)) for file in layout.teaching]
    declared = read_domain(files, doubts)
    nlu = read_nlu(files, doubts)
    if not nlu.lines:
        raise TrainingError(path, 1, _nothing_to_learn(layout))
    check_examples(nlu.examples, doubts)
    domain = _with_intents_of(nlu, declared)
    check_names(declared, nlu, doubts)
    check_domain(domain, doubts)
    return Training(
        examples=without_copies(nlu.examples),
        synonyms=nlu.synonyms,
        regexes={name: tuple(patterns) for name, patterns in nlu.regexes.items()},
        lookups={name: tuple(words) for name, words in nlu.lookups.items()},
        domain=domain,
        rules=read_rules(files, domain, doubts),
        stories=read_stories(files, domain, doubts),
        config=read_config(layout.config, doubts) if layout.config else None,
        endpoints=read_endpoints(layout.endpoints, doubts) if layout.endpoints else Endpoints(),
        credentials=(
            read_credentials(layout.credentials, doubts) if layout.credentials else Credentials()
        ),
        actions=layout.actions,
        warnings=doubts.told(),
    )


def _read_checked(file: Path) -> Mapped:
    content = read_yaml(file)
    version = str(content.get("version", "3.1"))
    if not VERSION.fullmatch(version):
        message = f'version "{version}" is unknown; Firstline reads Rasa 2 and 3'
        raise TrainingError(file, content.line_of("version"), message)
    return content


def _nothing_to_learn(layout: Layout) -> str:
    where = "under data/" if (layout.root / "data").is_dir() else "right in this folder"
    return f'no file {where} has examples of an intent, under "nlu:"'


def _with_intents_of(nlu: NluData, domain: Domain) -> Domain:
    """The domain with the intents that only have examples, and what is known of retrieval intents
    from their examples' names."""
    known = {*domain.intents, *DEFAULT_INTENTS}
    added = dict.fromkeys(base_of(intent) for intent in nlu.lines if base_of(intent) not in known)
    retrieval = {base_of(intent) for intent in nlu.lines if intent != base_of(intent)}
    return replace(
        domain,
        intents=(*domain.intents, *added),
        retrieval=domain.retrieval | retrieval,
        raw=_with_retrieval(domain.raw, sorted(retrieval)),
    )


def _with_retrieval(raw: JSON, retrieval: list[str]) -> JSON:
    """As Rasa sends it: such an intent is marked, and `utter_` and its name is an action."""
    actions = [*raw.get("actions", ()), *(f"utter_{intent}" for intent in retrieval)]
    intents = [
        {each: {"is_retrieval_intent": True}} if each in retrieval else each
        for each in raw.get("intents", ())
    ]
    return {**raw, "intents": intents, "actions": actions} if retrieval else raw
