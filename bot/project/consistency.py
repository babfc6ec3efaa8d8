"""What a project's rules and stories can't both mean, which Rasa refuses to train on."""

from collections.abc import Iterator

from bot.dialogue.checks import Contradiction, contradictions, long_rules
from bot.marked_yaml import TrainingError
from bot.project.config import RulePolicy
from bot.training import Training


def inconsistencies(training: Training) -> Iterator[Contradiction]:
    """Contradictions, and rules that are stories, unless the configuration allows them."""
    policy = (training.config.rules if training.config else None) or RulePolicy()
    if policy.restrict_rules:
        yield from long_rules(training.rules, training.domain)
    if policy.check_for_contradictions:
        yield from contradictions(training.rules, training.stories, training.domain)


def refuse_inconsistencies(training: Training) -> None:
    """Raises TrainingError for the first."""
    for found in inconsistencies(training):
        raise TrainingError(found.path, found.line, found.message)
