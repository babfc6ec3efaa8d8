"""Which of Rasa's extractors find the entities of an installation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LEARNED = ("DIETClassifier", "CRFEntityExtractor")
BY_COMMA = "split_entities_by_comma"
TIMEOUT = 3.0  # as Rasa waits for Duckling


@dataclass(frozen=True, slots=True)
class DucklingOptions:
    """A Duckling server. No `dimensions` are all of them; `timeout` is in seconds."""

    url: str
    dimensions: tuple[str, ...] = ()
    locale: str | None = None
    timezone: str | None = None
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True)
class EntityOptions:
    """What finds entities; the default is for training data without a Rasa pipeline.

    There, entities that have a regex or a lookup table are found by those alone, and numbers are
    written as the training data has them. `as_rasa` learns these entities, too, and leaves values
    as they are. `by_comma` says whether "a, b" are two entities; not of those in `unsplit`.
    """

    regexes: bool = True
    lookups: bool = True
    case_sensitive: bool = False
    whole_words: bool = True
    learned: bool = True
    synonyms: bool = True
    by_comma: bool = True
    unsplit: frozenset[str] = frozenset()
    duckling: DucklingOptions | None = None
    as_rasa: bool = False

    @classmethod
    def of_pipeline(
        cls, pipeline: Iterable[Mapping[str, Any]], language: str | None = None
    ) -> "EntityOptions":
        """As the `pipeline` of a Rasa project's config.yml has it, with its `language`."""
        steps = {str(step.get("name", "")).rpartition(".")[2]: step for step in pipeline}
        written = steps.get("RegexEntityExtractor")
        tagger = next((step for name, step in steps.items() if _learns(name, step)), None)
        commas = (tagger or {}).get(BY_COMMA, True)
        return cls(
            regexes=written is not None and written.get("use_regexes", True),
            lookups=written is not None and written.get("use_lookup_tables", True),
            case_sensitive=bool(written and written.get("case_sensitive", False)),
            whole_words=not written or written.get("use_word_boundaries", True),
            learned=tagger is not None,
            synonyms="EntitySynonymMapper" in steps,
            by_comma=commas if isinstance(commas, bool) else True,
            unsplit=_unsplit(commas),
            duckling=_duckling(steps.get("DucklingEntityExtractor"), language),
            as_rasa=True,
        )

    def splits(self, entity: str) -> bool:
        """Whether a comma ends an entity of this kind."""
        return self.by_comma and entity not in self.unsplit


def _learns(name: str, step: Mapping[str, Any]) -> bool:
    return name in LEARNED and step.get("entity_recognition", True) is not False


def _unsplit(commas: object) -> frozenset[str]:
    if not isinstance(commas, Mapping):
        return frozenset()
    return frozenset(str(name) for name, splits in commas.items() if not splits)


def _duckling(step: Mapping[str, Any] | None, language: str | None) -> DucklingOptions | None:
    if not step or not step.get("url"):
        return None
    return DucklingOptions(
        url=str(step["url"]),
        dimensions=tuple(map(str, step.get("dimensions") or ())),
        locale=step.get("locale") or language,
        timezone=step.get("timezone"),
        timeout=float(step.get("timeout") or TIMEOUT),
    )
