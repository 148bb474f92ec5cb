"""Values over time, thinned to columns while they come: what the graphs of a report draw, in memory of a fixed size."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from helios_desktop.store.series import SeriesBook, SeriesKey

COLUMNS: Final = 600
MOST_CURVES: Final = 200
STATS: Final = ("p50", "p99", "value")
_NS: Final = 1_000_000_000

Array = npt.NDArray[np.float64]
Point = tuple[float, float, float]
"""Where it stands in the range, from 0 to 1, and the lowest and highest value there."""


class Curve:
    """One value: of each column of [since_ns, until_ns] the lowest and the highest, so that no peak is lost."""

    def __init__(self, since_ns: int, until_ns: int) -> None:
        self.count = 0
        self.lowest = math.inf
        self.highest = -math.inf
        self.highest_at_ns = 0
        self.goes_on = False
        """Whether the next sample may be joined to the last one."""
        self._since_s = since_ns / _NS
        self._column_s = (until_ns - since_ns) / _NS / COLUMNS
        self._low = np.full(COLUMNS, np.inf)
        self._high = np.full(COLUMNS, -np.inf)
        self._is_joined = np.zeros(COLUMNS, dtype=np.bool_)

    def add(self, times_s: Array, values: Array, breaks_s: Array) -> None:
        """Take samples that are later than those before; those at an instant of `breaks_s` begin a new line."""
        is_joined = ~np.isin(times_s, breaks_s)
        is_joined[:1] &= self.goes_on
        columns = np.floor((times_s - self._since_s) / self._column_s).astype(np.int64)
        inside = (columns >= 0) & (columns < COLUMNS)
        if not inside.any():
            return
        self.goes_on = True
        columns, values, times_s, is_joined = columns[inside], values[inside], times_s[inside], is_joined[inside]
        new, first = np.unique(columns, return_index=True)
        is_new = ~np.isfinite(self._low[new])
        self._is_joined[new[is_new]] = is_joined[first[is_new]]
        np.minimum.at(self._low, columns, values)
        np.maximum.at(self._high, columns, values)
        self.count += len(values)
        self.lowest = min(self.lowest, float(values.min()))
        peak = int(values.argmax())
        if values[peak] > self.highest:
            self.highest, self.highest_at_ns = float(values[peak]), int(times_s[peak] * _NS)

    def lines(self) -> Iterator[list[Point]]:
        """Runs of points that may be joined, oldest first."""
        line: list[Point] = []
        for column in np.flatnonzero(np.isfinite(self._low)).tolist():
            if line and not self._is_joined[column]:
                yield line
                line = []
            line.append(((column + 0.5) / COLUMNS, float(self._low[column]), float(self._high[column])))
        if line:
            yield line


class Curves:
    """All curves of a report, fed from the series of the picture that is folded on."""

    def __init__(self, since_ns: int, until_ns: int) -> None:
        self._range = (since_ns, until_ns)
        self._curves: dict[SeriesKey, Curve] = {}
        self._taken: dict[SeriesKey, int] = {}

    def begin(self, book: SeriesBook) -> None:
        """From now on these series are looked at; what they hold so far is of before, and nothing is joined to it."""
        self._taken = {key: series.version for key, series in book.items()}
        for curve in self._curves.values():
            curve.goes_on = False

    def take(self, book: SeriesBook) -> None:
        """Take what came since. To be called before a series lets go of a sample that was not taken."""
        for key, series in book.items():
            count = series.version - self._taken.get(key, 0)
            if not count or key.stat not in STATS:
                continue
            self._taken[key] = series.version
            curve = self._curves.get(key)
            if curve is None:
                if len(self._curves) >= MOST_CURVES:
                    continue
                curve = self._curves[key] = Curve(*self._range)
            curve.add(series.times_s[-count:], series.values[-count:], series.breaks_s)

    def commit_rate(self) -> Curve | None:
        """As the leader tells it; where none ever did, as some observer does."""
        found = [(key, curve) for key, curve in self._drawable() if key.kind == "commit_rate"]
        return found[0][1] if found else None

    def latencies(self) -> dict[str, dict[str, Curve]]:
        """By peer, or where no peer is told by kind of call, the curves of p50 and p99 as the leader tells them."""
        for kind in ("peer", "rpc"):
            told = [(key, curve) for key, curve in self._drawable() if key.kind == kind and not key.rpc]
            if not told:
                continue
            # Where the leader tells none, one observer's word stands for itself.
            view = told[0][0].observer
            charts: dict[str, dict[str, Curve]] = {}
            for key, curve in told:
                if key.observer == view:
                    charts.setdefault(key.name, {})[key.stat] = curve
            return charts
        return {}

    def _drawable(self) -> list[tuple[SeriesKey, Curve]]:
        in_order = sorted(self._curves.items(), key=lambda item: (item[0].observer, item[0].name, item[0].stat))
        return [(key, curve) for key, curve in in_order if curve.count]
