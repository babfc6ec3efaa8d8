"""Importing a Rasa project's own actions: the package `actions`, or the module actions.py.

Rasa starts an action server in the project's folder. So that is where relative paths begin while
the actions are imported and made, and where modules beside them are found (after all others).
"""

import contextlib
import importlib
import inspect
import pkgutil
import sys
import threading
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from bot.action_runner.failing import place_of
from bot.marked_yaml import TrainingError

if TYPE_CHECKING:
    from rasa_sdk import Action

PACKAGE = "actions"
OTHERS = ("rasa_sdk.", "bot.")  # whose actions are not the project's
_lock = threading.Lock()  # the folder one is in and the modules are the whole process's
_imported: list[Path] = []  # the project whose modules are in this process; one at most


def has_actions(project: Path) -> bool:
    """Whether the folder has actions of its own."""
    package = project / PACKAGE
    return (project / f"{PACKAGE}.py").is_file() or any(package.rglob("*.py"))


def import_actions(project: Path) -> "list[Action]":
    """An instance of every action in the project, as rasa_sdk registers them.

    Raises TrainingError with file, line and mend; then no module of the project stays imported.
    """
    project = project.resolve()
    with _lock:
        _forget_imported()
        _imported.append(project)
        try:
            with _standing_in(project):
                return _import(project)
        except TrainingError:
            _forget_imported()
            raise


def _forget_imported() -> None:
    """Take the modules of the project that was imported before out of this process."""
    while _imported:
        project = _imported.pop()
        with contextlib.suppress(ValueError):
            sys.path.remove(str(project))
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name == PACKAGE or (file and Path(file).is_relative_to(project)):
                del sys.modules[name]
    importlib.invalidate_caches()


def _import(project: Path) -> "list[Action]":
    from rasa_sdk import Action
    from rasa_sdk.utils import all_subclasses

    before = set(all_subclasses(Action))
    try:
        _import_below(_import_package(project))
    except (Exception, SystemExit) as error:
        raise _unusable(project, error) from error
    found = [kind for kind in all_subclasses(Action) if kind not in before]
    kinds = dict.fromkeys(kind for kind in found if not kind.__module__.startswith(OTHERS))
    return [action for kind in kinds if (action := _made(project, kind))]


def _import_package(project: Path) -> ModuleType:
    """`actions`, from this folder only: a package, with or without __init__.py, or a module."""
    package, module = project / PACKAGE, project / f"{PACKAGE}.py"
    begins = package / "__init__.py"
    if begins.is_file():
        return _run(PACKAGE, begins, [str(package)])
    if module.is_file():
        return _run(PACKAGE, module, [])
    namespace = ModuleType(PACKAGE)
    namespace.__path__ = [str(package)]
    sys.modules[PACKAGE] = namespace
    return namespace


def _run(name: str, file: Path, parts: list[str]) -> ModuleType:
    spec = spec_from_file_location(name, file, submodule_search_locations=parts or None)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _import_below(package: ModuleType) -> None:
    """Every module in the package, whatever imports it or not: actions may be anywhere."""
    for found in pkgutil.iter_modules(getattr(package, "__path__", []), f"{package.__name__}."):
        module = importlib.import_module(found.name)
        if found.ispkg:
            _import_below(module)


def _made(project: Path, kind: "type[Action]") -> "Action | None":
    """The action, or None for a class that is only there to be inherited from."""
    if inspect.isabstract(kind):
        return None
    try:
        action = kind()
        action.name()
    except (Exception, SystemExit) as error:
        if kind.__subclasses__() or isinstance(error, NotImplementedError):
            return None
        raise _unusable(project, error, kind) from error
    return action


@contextlib.contextmanager
def _standing_in(project: Path) -> Iterator[None]:
    """In the project's folder, leaving no compiled files in it."""
    sys.path.append(str(project))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with contextlib.chdir(project):
            yield
    finally:
        sys.dont_write_bytecode = writes


def _unusable(
    project: Path, error: BaseException, kind: "type[Action] | None" = None
) -> TrainingError:
    path, line = place_of(error, project)
    if kind and not path.is_relative_to(project):  # as where arguments are missing
        path = Path(inspect.getfile(kind))
        line = inspect.getsourcelines(kind)[1]
    what = f"making the action {kind.__name__}" if kind else "importing it"
    return TrainingError(path, line, _explained(project, error, what))


def _explained(project: Path, error: BaseException, what: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing(project, error.name)
    if isinstance(error, SyntaxError):
        return f"this is no Python {sys.version_info.major}.{sys.version_info.minor}: {error.msg}"
    said = str(error).partition("\n")[0][:200]
    return f"{what} raised {type(error).__name__}: {said}"


def _missing(project: Path, module: str) -> str:
    top = module.partition(".")[0]
    if top == PACKAGE or any((project / name).exists() for name in (top, f"{top}.py")):
        return f'the project has no module "{module}"'
    if top == "rasa":
        return (
            "Rasa itself can't be installed beside Firstline: let these actions run on an action "
            "server of their own, and name it as action_endpoint.url in endpoints.yml"
        )
    return (
        f'"{top}" is not installed in the environment that serves: '
        f"{sys.executable} -m pip install {top} (or what the project's requirements call it)"
    )
