"""What is in doubt in a project: worth a warning, no reason not to train."""

from pathlib import Path


class Doubts:
    """Collects warnings, each with its place, told from the project's folder."""

    def __init__(self, root: Path = Path()) -> None:
        self._root = root
        self._told: dict[str, None] = {}

    def add(self, path: Path, line: int, message: str) -> None:
        self.say(f"{self.place(path, line)}: {message}")

    def say(self, message: str) -> None:
        """What has no one place, or names its places itself."""
        self._told[message] = None

    def place(self, path: Path, line: int) -> str:
        """`data/nlu.yml:12`; without the line if that is 0."""
        inside = path != self._root and path.is_relative_to(self._root)
        name = path.relative_to(self._root) if inside else path
        return f"{name}:{line}" if line else str(name)

    def told(self) -> tuple[str, ...]:
        """The warnings in the order they came, each once."""
        return tuple(self._told)
