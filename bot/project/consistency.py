"""Whether a project's rules, stories and actions fit together, which Rasa asks before it trains."""

from collections.abc import Iterator
from pathlib import Path

from bot.action_runner.check import check_actions
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


def check_project(training: Training, source: Path) -> tuple[str, ...]:
    """What is in doubt of a project, its actions too. Raises TrainingError for rules and stories
    that contradict each other, and for actions that can't be imported."""
    found = list(inconsistencies(training))
    if found:
        first, *others = found
        more = f"; {len(others)} more, see `firstline rasa check {source}`" if others else ""
        raise TrainingError(first.path, first.line, first.message + more)
    checked = check_actions(training.domain, source, training.endpoints.action_endpoint)
    if checked.problem:
        raise checked.problem
    return (*training.warnings, *checked.warnings)
