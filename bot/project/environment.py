"""`${NAME}` in a project's settings: the value of the environment variable, as Rasa puts it in."""

import os
import re
from pathlib import Path
from typing import Any

from bot.marked_yaml import Listed, Mapped, read_yaml
from bot.project.doubts import Doubts

NAMED = re.compile(r"\$\{(\w+)\}")


def read_settings(path: Path, doubts: Doubts, *sections: str) -> Mapped:
    """A YAML file with the environment's values filled in, in these sections or, if none is named,
    in all. What needs a variable that isn't set counts as not there, and is in doubt. Raises
    TrainingError."""
    content = read_yaml(path)
    filler = _Filler(path, doubts)
    wanted = content.keys() & set(sections) if sections else content.keys()
    filled = {name: filler.filled(content[name], content.line_of(name)) for name in wanted}
    return content.replaced(**filled)


class _Filler:
    def __init__(self, path: Path, doubts: Doubts) -> None:
        self._path = path
        self._doubts = doubts

    def filled(self, value: Any, line: int) -> Any:
        if isinstance(value, Mapped):
            entries = {key: self.filled(each, value.line_of(key)) for key, each in value.items()}
            return value.replaced(**entries)
        if isinstance(value, Listed):
            return Listed([self.filled(each, at) for at, each in value.numbered()], value.lines)
        return self._text(value, line) if isinstance(value, str) else value

    def _text(self, text: str, line: int) -> str | None:
        missing = [name for name in NAMED.findall(text) if name not in os.environ]
        for name in missing:
            message = f"the environment variable {name} isn't set, so this is left out"
            self._doubts.add(self._path, line, message)
        return None if missing else NAMED.sub(lambda found: os.environ[found[1]], text)
