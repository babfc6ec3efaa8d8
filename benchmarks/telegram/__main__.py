"""What the Telegram channel promises: python -m benchmarks.telegram DATA [--quick] [MEASURE ...]

DATA is a prepared demo (firstline init --demo); it is copied, not touched. Telegram is the fake of
the tests, over loopback. All measures take about half an hour, with --quick two minutes, in which
the sizes are too small for the figures to count.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.telegram.acknowledging import acknowledging
from benchmarks.telegram.hanging import hanging
from benchmarks.telegram.killing import killing
from benchmarks.telegram.once import once
from benchmarks.telegram.order import order

MEASURES = {each.__name__: each for each in (once, order, hanging, acknowledging, killing)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("measures", nargs="*", default=list(MEASURES), metavar="MEASURE")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_intermixed_args()
    table = Table("measure", "aim", "measured", "holds", title="python -m benchmarks.telegram")
    all_hold = True
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.measures:
            for result in MEASURES[name](chosen.data, Path(folder) / name, chosen.quick):
                all_hold = all_hold and result.holds
                table.add_row(*result[:3], "yes" if result.holds else "NO")
    Console(width=140).print(table)
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
