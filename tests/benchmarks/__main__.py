"""`make bench`: run every measure, or those whose numbers are given, and print a row each."""

import sys

from helios_desktop.app.main import tune
from tests.benchmarks import gateway, simulation, start, store, timeline, window
from tests.benchmarks.row import Row

MEASURES = {
    (1, 2, 3): gateway.measure,
    (4, 5): store.measure,
    (6,): window.measure,
    (8,): timeline.measure,
    (9,): start.measure,
    (12,): simulation.measure,
}


def main() -> int:
    """Print as each is done; 1 where a target was missed."""
    tune()
    wanted = {int(number) for number in sys.argv[1:]}
    rows: list[Row] = []
    for numbers, measure in MEASURES.items():
        if wanted and not wanted.intersection(numbers):
            continue
        for row in measure():
            verdict = {True: "met", False: "MISSED", None: "—"}[row.is_met]
            print(f"{row.number:>2}  {row.measure:<58}  {row.figure:<44}  {row.target:<28}  {verdict}", flush=True)
            rows.append(row)
    return 1 if any(row.is_met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
