"""Runs custom actions by their names, wherever they are."""

from pathlib import Path
from typing import Protocol

import structlog

from bot.action_runner.endpoint import Endpoint
from bot.action_runner.own_actions import OwnActions
from bot.action_runner.project_import import has_actions
from bot.action_runner.ran import Ran, UnknownActionError
from bot.domain import Domain
from bot.marked_yaml import TrainingError
from bot.turn import JSON

log = structlog.get_logger()


class Actions(Protocol):
    """Actions that are all in one place."""

    def run(self, name: str, tracker: JSON) -> Ran: ...


class ActionRunner:
    """Runs actions: the project's first, then Firstline's own. Thread-safe.

    The project's are on its action server where endpoints.yml names one, else in its folder. An
    address of this machine where nothing listens counts as none if the folder has actions: most
    projects name Rasa's usual one, whether they start a server there or not.
    """

    def __init__(
        self, domain: Domain, project: Path | None = None, endpoint: Endpoint | None = None
    ) -> None:
        """Raises TrainingError when the actions in the project's folder can't be imported."""
        self._own = OwnActions(domain.raw)
        theirs = _theirs(domain.raw, project, endpoint)
        self._places: list[Actions] = [theirs, self._own] if theirs else [self._own]

    def warm_up(self) -> None:
        """Import rasa_sdk in the background, so that the first flow doesn't wait for it."""
        self._own.warm_up()

    def run(self, name: str, tracker: JSON) -> Ran:
        """Run one action on a tracker as Rasa would send it. Raises ActionFailedError."""
        for place in self._places:
            try:
                return place.run(name, tracker)
            except UnknownActionError:
                continue
        raise UnknownActionError(
            f"{name} is implemented nowhere: add it to the project's actions/, or to its action "
            "server, and train again"
        )


def _theirs(domain: JSON, project: Path | None, endpoint: Endpoint | None) -> Actions | None:
    if project and runs_here(project, endpoint):
        from bot.action_runner.project_actions import ProjectActions

        try:
            return ProjectActions(project, domain)
        except TrainingError as error:
            if endpoint is None:
                raise
            log.warning("the action server has to run the actions", because=str(error))
    if endpoint:
        from bot.action_runner.action_server import ActionServer

        return ActionServer(endpoint, domain)
    return None


def runs_here(project: Path, endpoint: Endpoint | None) -> bool:
    """Whether the project's actions are run from its folder, not on its action server."""
    return has_actions(project) and (endpoint is None or endpoint.is_idle_here())
