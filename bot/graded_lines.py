"""Reads frustration.yml: lines graded by hand, in groups of one grade and perhaps one sign."""

from pathlib import Path

from bot.grader import GRADE_SCORES, SIGNS, GradedLine
from bot.marked_yaml import TrainingError, read_yaml


def read_graded_lines(path: Path) -> list[GradedLine]:
    """The graded lines of a file. Raises TrainingError."""
    try:
        lines = [
            GradedLine(str(line), int(group["grade"]), str(group.get("sign", "")))
            for group in read_yaml(path)["frustration"]
            for line in group["lines"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(path, 1, "write `frustration:`, a list of grade and lines") from error
    if {line.grade for line in lines} != set(range(len(GRADE_SCORES))):
        raise TrainingError(path, 1, "each of the grades 0, 1, 2 and 3 needs lines")
    for unknown in {line.sign for line in lines} - {"", *SIGNS}:
        raise TrainingError(path, 1, f'sign "{unknown}" is unknown; known are {", ".join(SIGNS)}')
    return lines
