"""Looks a Rasa project over: what becomes of each part, what is in doubt, what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.action_runner.check import check_actions
from bot.marked_yaml import TrainingError
from bot.project import findings
from bot.project.config import read_config
from bot.project.consistency import inconsistencies
from bot.project.credentials import read_credentials
from bot.project.doubts import Doubts
from bot.project.endpoints import read_endpoints
from bot.project.fates import Fate, Verdict
from bot.project.findings import Finding
from bot.project.layout import Layout, find_layout
from bot.project.old_formats import OldFormatError
from bot.training import Training, read_training


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found; errors and warnings with their places, where they have one."""

    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def with_verdict(self, verdict: Verdict) -> list[Finding]:
        return [each for each in self.findings if each.fate.verdict == verdict]


def examine(root: Path) -> Examination:
    """Look a project over. Nothing is trained, but its actions are imported, or its action server
    is asked what it has."""
    return _Examiner(root).examine()


class _Examiner:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._doubts = Doubts(root)
        self._findings: list[Finding] = []
        self._warnings: dict[str, None] = {}
        self._errors: dict[str, None] = {}

    def examine(self) -> Examination:
        self._attempt(self._look)
        told = dict.fromkeys((*self._warnings, *self._doubts.told()))
        return Examination(tuple(self._findings), tuple(told), tuple(self._errors))

    def _attempt(self, look: Callable[[], None]) -> None:
        """Look; an error is noted, and the rest is looked at all the same."""
        try:
            look()
        except OldFormatError as error:
            fate = Fate(Verdict.NOT_SUPPORTED, error.message)
            self._findings.append(Finding(error.path, error.line, error.path.name, fate))
        except TrainingError as error:
            self._errors[f"{self._doubts.place(error.path, error.line)}: {error.message}"] = None

    def _look(self) -> None:
        layout = find_layout(self._root)
        read: list[Training] = []
        self._attempt(lambda: read.append(read_training(self._root)))
        training = read[0] if read else None
        self._attempt(lambda: self._findings.extend(findings.of_data(layout)))
        self._look_at_settings(layout, training)
        self._findings += findings.of_actions(layout)
        if training:
            self._look_at_dialogue(training)

    def _look_at_settings(self, layout: Layout, training: Training | None) -> None:
        """Each file by itself, since the training data may be what is broken."""

        def config(path: Path) -> Iterator[Finding]:
            return findings.of_config(read_config(path, self._doubts), training)

        def endpoints(path: Path) -> Iterator[Finding]:
            return findings.of_endpoints(path, read_endpoints(path, self._doubts).sections)

        def credentials(path: Path) -> Iterator[Finding]:
            return findings.of_credentials(path, read_credentials(path, self._doubts).sections)

        self._look_at_file(layout.config, config)
        self._look_at_file(layout.endpoints, endpoints)
        self._look_at_file(layout.credentials, credentials)

    def _look_at_file(self, path: Path | None, look: Callable[[Path], Iterable[Finding]]) -> None:
        if path:
            self._attempt(lambda: self._findings.extend(look(path)))

    def _look_at_dialogue(self, training: Training) -> None:
        self._warnings.update(dict.fromkeys(training.warnings))
        for found in inconsistencies(training):
            self._errors[f"{self._doubts.place(found.path, found.line)}: {found.message}"] = None
        checked = check_actions(training.domain, self._root, training.endpoints.action_endpoint)
        from_here = (each.removeprefix(f"{self._root}/") for each in checked.warnings)
        self._warnings.update(dict.fromkeys(from_here))
        if checked.problem:
            raise checked.problem
