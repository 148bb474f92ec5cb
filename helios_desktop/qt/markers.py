"""Which events are marked on the graphs, and which mark the pointer is at. Pure numbers."""

from array import array
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.store.log import EventLog
from helios_desktop.summary import summary

NS: Final = 1_000_000_000
MARKED: Final = EventFilter(severities=frozenset({Severity.NOTICE, Severity.WARNING, Severity.PROBLEM}))

REPEATS_NS: Final = 15 * NS
"""Three beats: an error told again within them is the same one, and gets no mark of its own."""


class Mark(NamedTuple):
    """One event on the time axis. Where several fall on one pixel column, `number` is the worst and latest."""

    at_s: float
    severity: Severity
    number: int


class Markers:
    """The notable events of one log, kept as columns. Call `catch_up` before asking."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._seen = log.first
        self._at_s = array("d")
        self._severities = array("b")
        self._numbers = array("q")
        self._repeats = Repeats()

    def catch_up(self) -> bool:
        """Take in what came and forget what went; true where anything came."""
        log = self._log
        gone = int(np.searchsorted(np.frombuffer(self._numbers, dtype=np.int64), log.first)) if self._numbers else 0
        # In strides: the front of an array costs its whole length to remove.
        if gone > max(1000, len(self._numbers) // 4):
            del self._at_s[:gone], self._severities[:gone], self._numbers[:gone]
        found = log.select(MARKED, self._seen)
        self._seen = log.end
        for number in found:
            event = log[number]
            if event.type == "error" and self._repeats.is_repeated(event.observer, summary(event), event.at_ns):
                continue
            self._at_s.append(event.at_ns / NS)
            self._severities.append(event.severity)
            self._numbers.append(number)
        return bool(found)

    def in_view(self, start_s: float, end_s: float, columns: int) -> list[Mark]:
        """At most one mark a pixel column of the view, the worst that falls there, oldest first."""
        if not self._numbers:
            return []
        at_s, severities = np.frombuffer(self._at_s), np.frombuffer(self._severities, dtype=np.int8)
        numbers = np.frombuffer(self._numbers, dtype=np.int64)
        found = worst_of_columns(at_s, severities, numbers, start_s, end_s, columns)
        return [mark for mark in found if mark.number >= self._log.first]


class Repeats:
    """Which errors were told a moment ago by the same observer: a stopped node's gateway does at every beat."""

    def __init__(self) -> None:
        self._errors: dict[str, tuple[str, int]] = {}

    def is_repeated(self, observer: str, told: str, at_ns: int) -> bool:
        """Ask of each error once, oldest first."""
        before = self._errors.get(observer)
        self._errors[observer] = told, at_ns
        return before is not None and before[0] == told and at_ns - before[1] < REPEATS_NS


def worst_of_columns(
    at_s: npt.NDArray[np.float64],
    severities: npt.NDArray[np.int8],
    numbers: npt.NDArray[np.int64],
    start_s: float,
    end_s: float,
    columns: int,
) -> list[Mark]:
    """Of events on the time axis, oldest first, one a pixel column of the view at most: the worst, then the latest."""
    if not len(at_s) or not end_s > start_s or columns < 1:
        return []
    first, last = np.searchsorted(at_s, (start_s, end_s))
    if last <= first:
        return []
    pixel = np.floor(at_s[first:last] / ((end_s - start_s) / columns))
    # By column, then severity, then age: the last of each column is the worst, and of these the latest.
    order = np.lexsort((np.arange(last - first), severities[first:last], pixel))
    ordered = pixel[order]
    is_last = np.append(ordered[1:] != ordered[:-1], True)
    return [
        Mark(float(at_s[at]), Severity(int(severities[at])), int(numbers[at]))
        for at in (first + order[is_last]).tolist()
    ]


def nearest(marks: list[Mark], at_s: float, reach_s: float) -> Mark | None:
    """The mark within `reach_s`: the worst, and of equals the nearest."""
    near = [mark for mark in marks if abs(mark.at_s - at_s) <= reach_s]
    return min(near, key=lambda mark: (-mark.severity, abs(mark.at_s - at_s)), default=None)
