"""A look at a project's actions before anybody needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.action_runner.endpoint import Endpoint
from bot.action_runner.own_actions import OwnActions
from bot.action_runner.project_import import import_actions
from bot.action_runner.runner import runs_here
from bot.domain import DEFAULT_ACTIONS, Domain
from bot.marked_yaml import TrainingError


@dataclass(frozen=True, slots=True)
class Checked:
    """`problem` is why the actions can't be run here, `warnings` what will end with a person."""

    problem: TrainingError | None = None
    warnings: tuple[str, ...] = ()


def check_actions(
    domain: Domain, project: Path | None = None, endpoint: Endpoint | None = None
) -> Checked:
    """Import the project's actions, or ask its action server what it has, and see whether each
    custom action of the domain is implemented somewhere.

    What can't be imported is no problem, but a warning, where an action server may be started.
    """
    warnings: list[str] = []
    implemented: frozenset[str] | None = frozenset()
    if project and runs_here(project, endpoint):
        try:
            implemented = frozenset(action.name() for action in import_actions(project))
        except TrainingError as error:
            if endpoint is None:
                return Checked(error)
            warnings.append(f"{error}; until then start the action server at {endpoint.name}")
            implemented = None
    elif endpoint:
        implemented = _on_server(endpoint, warnings)
    if implemented is not None:
        warnings.extend(_missing(domain, implemented))
    return Checked(None, tuple(warnings))


def _on_server(endpoint: Endpoint, warnings: list[str]) -> frozenset[str] | None:
    from bot.action_runner.action_server import ActionServer

    names = ActionServer(endpoint, {}).names()
    if names is None:
        warnings.append(
            f"the action server at {endpoint.name} doesn't say what actions it has: start it, or "
            "mend action_endpoint.url in endpoints.yml; each of its actions ends with a person"
        )
    return names


def _missing(domain: Domain, implemented: frozenset[str]) -> Iterator[str]:
    custom = [name for name in domain.actions if is_custom(domain, name)]
    if not custom:
        return
    own = OwnActions(domain.raw).names()
    for name in custom:
        if name not in implemented | own:
            path, line = domain.lines[f"actions/{name}"]
            missing = f"{name} is implemented nowhere; when it is due, a person takes over"
            yield f"{path}:{line}: {missing}"


def is_custom(domain: Domain, name: str) -> bool:
    """Whether an action of the domain is code: no response, no form, none of Rasa's own."""
    others = domain.responses.keys() | domain.forms.keys() | DEFAULT_ACTIONS
    return name not in others and not name.startswith("utter_")
