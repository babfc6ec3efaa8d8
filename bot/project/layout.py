"""Which file of a project's folder is what: Rasa's layout, or YAML right in one folder."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.marked_yaml import TrainingError
from bot.project.old_formats import refuse_old_formats

YAML = (".yml", ".yaml")
SETTINGS = ("config", "endpoints", "credentials")
NO_CODE = frozenset({"__pycache__", "node_modules"})
OF_RASA = frozenset({"models", "results"})
NO_DATA = NO_CODE | OF_RASA | {"tests"}
NOT_OURS = {"pyvenv.cfg", "firstline.toml"}  # a virtual environment, a data directory


@dataclass(frozen=True, slots=True)
class Layout:
    """A project's files. `teaching` are those with training data, the domain's first; `tests` hold
    test stories; `actions` is the folder or file of its custom actions."""

    root: Path
    teaching: tuple[Path, ...]
    config: Path | None = None
    endpoints: Path | None = None
    credentials: Path | None = None
    actions: Path | None = None
    tests: tuple[Path, ...] = ()

    @property
    def needed(self) -> tuple[Path, ...]:
        """All files that are needed to train the project and to run it. Actions may read any file
        of the project and import any module of it."""
        settings = filter(None, (self.config, self.endpoints, self.credentials))
        beside = _beside_code(self.root) if self.actions else ()
        return tuple(dict.fromkeys((*self.teaching, *settings, *self.tests, *beside)))


def find_layout(root: Path) -> Layout:
    """The files of the project in a folder. Raises TrainingError where there is none, and for
    training data in the formats of before Rasa 2."""
    if root.is_file():
        raise TrainingError(root, 1, "this is a file; name the folder that it is in")
    if not root.is_dir():
        raise TrainingError(root, 1, "there is no such folder")
    data = _files(root / "data")
    refuse_old_formats(root, data)
    teaching = _teaching(root, _yaml(data))
    if not teaching:
        raise TrainingError(root, 1, "the folder has no YAML files (domain.yml, nlu.yml, ...)")
    return Layout(
        root=root,
        teaching=teaching,
        config=_setting(root, "config"),
        endpoints=_setting(root, "endpoints"),
        credentials=_setting(root, "credentials"),
        actions=_actions(root),
        tests=tuple(_tests(root, data)),
    )


def _teaching(root: Path, data: list[Path]) -> tuple[Path, ...]:
    """The domain and all YAML under `data`. Where one of them is missing, what lies right in the
    folder counts, too."""
    domain = _domain(root)
    here = (file for file in _right_in(root) if file.stem not in SETTINGS)
    beside = () if domain and data else _yaml(here)
    return tuple(dict.fromkeys((*domain, *data, *beside)))


def _domain(root: Path) -> list[Path]:
    """Rasa's default, `domain.yml`, or else the files of the folder `domain`."""
    found = [file for file in _right_in(root) if file.stem == "domain" and file.suffix in YAML]
    return found[:1] or _yaml(_files(root / "domain"))


def _setting(root: Path, name: str) -> Path | None:
    files = (root / f"{name}{ending}" for ending in YAML)
    return next((file for file in files if file.is_file()), None)


def _actions(root: Path) -> Path | None:
    if any(file.suffix == ".py" for file in _files(root / "actions", NO_CODE)):
        return root / "actions"
    return root / "actions.py" if (root / "actions.py").is_file() else None


def _tests(root: Path, data: list[Path]) -> Iterator[Path]:
    """Test stories: all under `tests`, and what is called `test_...` elsewhere."""
    named = (file for file in (*_right_in(root), *data) if is_test(file))
    return (file for file in (*_files(root / "tests"), *named) if file.suffix in YAML)


def is_test(file: Path) -> bool:
    """Whether the file is called as Rasa calls test stories."""
    return file.name.startswith("test_")


def _yaml(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if file.suffix in YAML and not is_test(file)]


def _beside_code(root: Path) -> list[Path]:
    files = _files(root, NO_CODE)
    return [file for file in files if file.relative_to(root).parts[0] not in OF_RASA]


def _right_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file())


def _files(folder: Path, skipped: frozenset[str] = NO_DATA) -> list[Path]:
    """All files in a folder and below, sorted; none that is hidden, or of another program's."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        if Path(parent) != folder and NOT_OURS.intersection(names):
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in skipped and name[0] != "."]
        found += [Path(parent, name) for name in names if name[0] != "."]
    return sorted(file for file in found if file.is_file())
