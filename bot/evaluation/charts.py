"""The geometry of charts: values to percent of the plotting area, ticks, and SVG paths."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
TICKS = 5
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, in percent of its length, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From zero to `top`."""

    top: float
    ticks: list[Tick]

    def place(self, value: float) -> float:
        """Where a value is, in percent of the axis."""
        return round(100 * min(value, self.top) / self.top, 2)


def shares(most: float = 1.0) -> Axis:
    """An axis of percentages, from 0 to a round number that is at least `most`."""
    step = next((step for step in STEPS if most / step <= TICKS), STEPS[-1])
    count = max(1, -int(-most // step))
    digits = 1 if step < 0.01 else 0
    top = count * step
    ticks = [Tick(100 * mark / count, f"{mark * step:.{digits}%}") for mark in range(count + 1)]
    return Axis(top, ticks)


def counted(labels: Sequence[str]) -> Axis:
    """An axis of steps 1, 2, 3, ... with these labels."""
    top = max(len(labels) - 1, 1)
    return Axis(top, [Tick(100 * place / top, label) for place, label in enumerate(labels)])


def line(points: Iterable[Point], x: Axis, y: Axis) -> str:
    """The `d` of an SVG path through the points, in an area of 100 by 100."""
    places = (f"{x.place(across)},{100 - y.place(up):.2f}" for across, up in points)
    return "M" + " L".join(places)
