"""A project's own actions, run in this process."""

import asyncio
import threading
import time
from concurrent.futures import wait
from pathlib import Path

from bot.action_runner.call import execute
from bot.action_runner.failing import failed
from bot.action_runner.project_import import import_actions
from bot.action_runner.ran import ActionFailedError, Ran
from bot.turn import JSON

PATIENCE = 10.0  # seconds that an action may take


class ProjectActions:
    """The actions of a project, imported at once.

    As in an action server, all that they do is done in one thread with one event loop: nobody
    wrote them for several. `run` may be called from any number of threads; an action that blocks
    (`requests.get` where it could await) holds up the others.
    """

    def __init__(self, project: Path, domain: JSON, patience: float = PATIENCE) -> None:
        """Raises TrainingError when the actions can't be imported."""
        self._project = project.resolve()
        self._domain = domain
        self._patience = patience
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="actions", daemon=True).start()
        try:
            asyncio.run_coroutine_threadsafe(self._load(), self._loop).result()
        except BaseException:
            self._loop.call_soon_threadsafe(self._loop.stop)
            raise

    async def _load(self) -> None:
        from rasa_sdk.executor import ActionExecutor

        self._executor = ActionExecutor()
        for action in import_actions(self._project):
            self._executor.register_action(action)

    def run(self, name: str, tracker: JSON) -> Ran:
        """Run one. Raises ActionFailedError, as UnknownActionError where the project has none."""
        until = time.monotonic() + self._patience
        running = asyncio.run_coroutine_threadsafe(self._run(name, tracker, until), self._loop)
        if not wait([running], self._patience).done:
            running.cancel()
            raise self._too_slow(name)
        return running.result()

    async def _run(self, name: str, tracker: JSON, until: float) -> Ran:
        if time.monotonic() > until:  # who waited has gone on: it must not begin any more
            raise self._too_slow(name)
        try:
            return await execute(self._executor, name, tracker, self._domain)
        except ActionFailedError:
            raise
        except (Exception, SystemExit) as error:
            raise failed(name, error, self._project) from error

    def _too_slow(self, name: str) -> ActionFailedError:
        return ActionFailedError(
            f"{name} took longer than {self._patience:g} seconds, or waited so long for another "
            "action: let it give up earlier, or run it on an action server"
        )
