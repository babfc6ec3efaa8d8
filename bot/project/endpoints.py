"""A project's endpoints.yml: where its actions run; the rest has another place here."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.action_runner.endpoint import Endpoint
from bot.marked_yaml import Mapped, TrainingError
from bot.project.doubts import Doubts
from bot.project.environment import read_settings

ACTION = "action_endpoint"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What an endpoints.yml says. `sections` maps every section to its line."""

    action_endpoint: Endpoint | None = None
    sections: dict[str, int] = field(default_factory=dict)


def read_endpoints(path: Path, doubts: Doubts) -> Endpoints:
    """Raises TrainingError."""
    content = read_settings(path, doubts, ACTION)
    written = content.get(ACTION)
    sections = {name: content.line_of(name) for name, each in content.items() if each is not None}
    if written is None:
        return Endpoints(sections=sections)
    return Endpoints(read_endpoint(path, ACTION, content.line_of(ACTION), written), sections)


def read_endpoint(path: Path, name: str, line: int, written: object) -> Endpoint | None:
    """An endpoint as Rasa writes one; None for one without a URL. Raises TrainingError."""
    if isinstance(written, Mapped) and not written.get("url"):
        return None
    try:
        return Endpoint.of(written)
    except ValueError as error:
        raise TrainingError(path, line, f'"{name}": {error}') from error
