"""Which of Rasa's extractors find the entities of an installation."""

from dataclasses import dataclass, replace

from bot.project.config import Duckling, ProjectConfig, RegexEntities

BY_COMMA = "split_entities_by_comma"


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
    duckling: Duckling | None = None
    as_rasa: bool = False

    @classmethod
    def of(cls, config: ProjectConfig | None) -> "EntityOptions":
        """As a project's config.yml has it; None is no project."""
        if config is None:
            return cls()
        written = config.regexes or RegexEntities(use_regexes=False, use_lookup_tables=False)
        commas = _commas(config)
        return cls(
            regexes=written.use_regexes,
            lookups=written.use_lookup_tables,
            case_sensitive=written.case_sensitive,
            whole_words=written.use_word_boundaries,
            learned=config.learned_entities,
            synonyms=config.synonyms,
            by_comma=commas is not False,
            unsplit=frozenset(name for name, splits in commas.items() if not splits)
            if isinstance(commas, dict)
            else frozenset(),
            duckling=_duckling(config),
            as_rasa=True,
        )

    def splits(self, entity: str) -> bool:
        """Whether a comma ends an entity of this kind."""
        return self.by_comma and entity not in self.unsplit


def _commas(config: ProjectConfig) -> object:
    """Whether entities are split by commas, or that for each of some entities."""
    said = (component.option(BY_COMMA) for component in config.pipeline)
    return next((each for each in said if each is not None), True)


def _duckling(config: ProjectConfig) -> Duckling | None:
    if config.duckling is None or not config.duckling.url:
        return None
    return replace(config.duckling, locale=config.duckling.locale or config.language)
