"""Training data of before Rasa 2, in Markdown or JSON: refused by name rather than left out."""

import re
from collections.abc import Iterable
from pathlib import Path

from bot.marked_yaml import TrainingError

# Their usual file names, and `rasa data convert`'s word for each.
USUAL_NAMES = {"nlu.md": "nlu", "nlu.json": "nlu", "stories.md": "core", "responses.md": "nlg"}
CONTENTS = {
    ".md": {
        "nlu": re.compile(r"^##\s*(intent|synonym|regex|lookup)\s*:", re.MULTILINE),
        "nlg": re.compile(r"^##.*\s+\*\s*\w+/\w+\s*\n\s*-\s", re.MULTILINE),
        "core": re.compile(
            r"^##.*\s+(>.*\s+)?\*.*\s+-\s*(utter_|action_|slot\{|form\{|\w+_form\b)", re.MULTILINE
        ),
    },
    ".json": {"nlu": re.compile(r'"(rasa_nlu_data|luis_schema_version)"')},
}
BEGINNING = 200_000  # characters; what a file is shows early


class OldFormatError(TrainingError):
    """A file is of a format that isn't read; the message says how to convert it."""


def refuse_old_formats(root: Path, data: Iterable[Path]) -> None:
    """Raises OldFormatError for a file by its usual name in `root`, by its content in `data`."""
    for name, kind in USUAL_NAMES.items():
        if (root / name).exists():
            raise _refused(root / name, 1, kind)
    for file in data:
        patterns = CONTENTS.get(file.suffix, {})
        text = _beginning(file) if patterns else ""
        for kind, pattern in patterns.items():
            if found := pattern.search(text):
                raise _refused(file, text.count("\n", 0, found.start()) + 1, kind)


def _refused(file: Path, line: int, kind: str) -> OldFormatError:
    mend = f"`rasa data convert {kind} -f yaml` of Rasa 2 makes YAML of it"
    return OldFormatError(file, line, f"Rasa 1's format isn't read; {mend}")


def _beginning(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.read(BEGINNING)
    except OSError:
        return ""
