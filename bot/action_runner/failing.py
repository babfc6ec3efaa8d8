"""Where an action failed, in words that a log may hold."""

import traceback
from pathlib import Path

from bot.action_runner.ran import ActionFailedError


def failed(name: str, error: BaseException, folder: Path | None = None) -> ActionFailedError:
    """That the action raised the error, and where: in `folder`, if it came through there."""
    path, line = place_of(error, folder)
    return ActionFailedError(
        f"{name} raised {type(error).__name__} at {path}:{line}; mend it there"
    )


def place_of(error: BaseException, folder: Path | None = None) -> tuple[Path, int]:
    """The innermost file and line that the error came through; of those in `folder` if any are."""
    if isinstance(error, SyntaxError) and error.filename:
        return Path(error.filename), error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if folder and Path(frame.filename).is_relative_to(folder)]
    for frame in reversed(inside or frames):
        return Path(frame.filename), frame.lineno or 1
    return folder or Path("unknown"), 1
