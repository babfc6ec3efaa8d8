"""A project's config.yml: its language, its components, and what of their options counts here."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from bot.marked_yaml import Mapped, TrainingError, items_of
from bot.project.doubts import Doubts
from bot.project.environment import read_settings
from bot.turn import JSON

RASA = "rasa."
MEMORIES = ("AugmentedMemoizationPolicy", "MemoizationPolicy", "TEDPolicy")
Options = TypeVar("Options", "RulePolicy", "RegexEntities", "NluFallback")


@dataclass(frozen=True, slots=True)
class Component:
    """One entry of the pipeline or the policies. `name` is the class's name, with its module where
    it isn't Rasa's own. `line` is 0 for one of Rasa's default configuration."""

    name: str
    line: int = 0
    options: JSON | None = None

    def option(self, name: str) -> Any:
        return (self.options or {}).get(name)

    @property
    def is_own(self) -> bool:
        """Whether it is code of the project."""
        return "." in self.name


@dataclass(frozen=True, slots=True)
class NluFallback:
    """FallbackClassifier: an intent below `threshold`, or less than `ambiguity_threshold` ahead of
    the next, counts as `nlu_fallback`. Both are probabilities."""

    threshold: float = 0.3
    ambiguity_threshold: float = 0.1


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """RulePolicy's options, by Rasa's names."""

    core_fallback_threshold: float = 0.3
    core_fallback_action_name: str = "action_default_fallback"
    enable_fallback_prediction: bool = True
    restrict_rules: bool = True
    check_for_contradictions: bool = True


@dataclass(frozen=True, slots=True)
class RegexEntities:
    """RegexEntityExtractor's options, by Rasa's names."""

    case_sensitive: bool = False
    use_lookup_tables: bool = True
    use_regexes: bool = True
    use_word_boundaries: bool = True


@dataclass(frozen=True, slots=True)
class Duckling:
    """DucklingEntityExtractor: its server and what is wanted of it; no `dimensions` are all of
    them, and without a `locale` the project's language counts. `timeout` is in seconds."""

    url: str | None = None
    dimensions: tuple[str, ...] = ()
    locale: str | None = None
    timezone: str | None = None
    timeout: float = 3


# What Rasa takes where the configuration names no pipeline or no policies.
DEFAULT_PIPELINE = (
    Component("WhitespaceTokenizer"),
    Component("RegexFeaturizer"),
    Component("LexicalSyntacticFeaturizer"),
    Component("CountVectorsFeaturizer"),
    Component("DIETClassifier"),
    Component("EntitySynonymMapper"),
    Component("ResponseSelector"),
    Component("FallbackClassifier"),
)
DEFAULT_POLICIES = (
    Component("MemoizationPolicy"),
    Component("RulePolicy"),
    Component("UnexpecTEDIntentPolicy"),
    Component("TEDPolicy", options={"max_history": 5}),
)


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """What a config.yml says; a part is None where its component is missing.

    `learned_entities` says that an extractor learns entities from annotations, `synonyms` that they
    are mapped to their values. `spacy` are the dimensions of a SpacyEntityExtractor. `max_history`
    is how many turns back stories count, None for all. `sections` maps every section to its line.
    """

    path: Path
    sections: dict[str, int] = field(default_factory=dict)
    language: str = "en"
    pipeline: tuple[Component, ...] = DEFAULT_PIPELINE
    policies: tuple[Component, ...] = DEFAULT_POLICIES
    fallback: NluFallback | None = None
    rules: RulePolicy | None = None
    max_history: int | None = None
    regexes: RegexEntities | None = None
    duckling: Duckling | None = None
    spacy: tuple[str, ...] | None = None
    learned_entities: bool = False
    synonyms: bool = False


def read_config(path: Path, doubts: Doubts) -> ProjectConfig:
    """Raises TrainingError."""
    content = read_settings(path, doubts)
    pipeline = tuple(_components(path, content, "pipeline")) or DEFAULT_PIPELINE
    policies = tuple(_components(path, content, "policies")) or DEFAULT_POLICIES
    by_name = {each.name: each for each in (*pipeline, *policies)}
    return ProjectConfig(
        path=path,
        sections={name: content.line_of(name) for name in content},
        language=str(content.get("language") or "en"),
        pipeline=pipeline,
        policies=policies,
        fallback=_options(path, by_name.get("FallbackClassifier"), NluFallback),
        rules=_options(path, by_name.get("RulePolicy"), RulePolicy),
        max_history=_max_history(by_name),
        regexes=_options(path, by_name.get("RegexEntityExtractor"), RegexEntities),
        duckling=_duckling(by_name.get("DucklingEntityExtractor")),
        spacy=_dimensions(by_name.get("SpacyEntityExtractor")),
        learned_entities=any(map(_learns_entities, pipeline)),
        synonyms="EntitySynonymMapper" in by_name,
    )


def _components(path: Path, content: Mapped, section: str) -> Iterator[Component]:
    for line, item in items_of(path, content, section):
        if isinstance(item, str):
            item = Mapped({"name": item}, line)
        if not isinstance(item, Mapped) or not isinstance(item.get("name"), str):
            message = f'"{section}" lists components; each begins with "- name: ..."'
            raise TrainingError(path, line, message)
        name = item["name"]
        own = "." in name and not name.startswith(RASA)
        options = {key: value for key, value in item.items() if key != "name"}
        yield Component(name if own else name.rpartition(".")[2], line, options)


def _options(path: Path, component: Component | None, kind: type[Options]) -> Options | None:
    """The component's options, Rasa's defaults where it gives none. Raises TrainingError for one
    of another type."""
    if component is None:
        return None
    given: JSON = {}
    for each in fields(kind):
        value = component.option(each.name)
        if value is None:
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        wanted = type(each.default)
        if is_number if wanted is float else isinstance(value, wanted):
            given[each.name] = value
        else:
            message = f"{component.name}: {each.name} is a {wanted.__name__}, not {value!r}"
            raise TrainingError(path, component.line, message)
    return kind(**given)


def _max_history(by_name: dict[str, Component]) -> int | None:
    """Of the policies that go by past turns, the first that sets it."""
    said = (by_name[name].option("max_history") for name in MEMORIES if name in by_name)
    return next((int(turns) for turns in said if isinstance(turns, int) and turns > 0), None)


def _duckling(component: Component | None) -> Duckling | None:
    if component is None:
        return None
    locale, timezone, url = (component.option(name) for name in ("locale", "timezone", "url"))
    timeout = component.option("timeout")
    return Duckling(
        url=str(url) if url else None,
        dimensions=_dimensions(component) or (),
        locale=str(locale) if locale else None,
        timezone=str(timezone) if timezone else None,
        timeout=float(timeout) if isinstance(timeout, (int, float)) else Duckling().timeout,
    )


def _dimensions(component: Component | None) -> tuple[str, ...] | None:
    if component is None:
        return None
    listed = component.option("dimensions")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _learns_entities(component: Component) -> bool:
    if component.name == "DIETClassifier":
        return component.option("entity_recognition") is not False
    return component.name in ("CRFEntityExtractor", "MitieEntityExtractor")
