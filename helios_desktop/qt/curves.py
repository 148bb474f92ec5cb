"""What is drawn of a series: the part in view, thinned to the pixels there are, with its holes. Pure numbers."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from helios_desktop.event import Gap
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.series import Series

NS: Final = 1_000_000_000

Array = npt.NDArray[np.float64]
Span = tuple[float, float]


class Polyline(NamedTuple):
    """Points to draw; where `joins[i]` is false, no line goes from point i to point i + 1."""

    x: Array
    y: Array
    joins: npt.NDArray[np.bool_]


EMPTY: Final = Polyline(np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))


def polyline(series: Series, start_s: float, end_s: float, columns: int) -> Polyline:
    """The samples in [start_s, end_s] and one more on either side, for a plot `columns` pixels wide.

    Where there are more than two samples a pixel column, each column keeps its lowest and highest one, so that no
    peak is lost. The result holds no view of the series.
    """
    times = series.times_s
    first = max(0, int(np.searchsorted(times, start_s, side="left")) - 1)
    last = min(len(times), int(np.searchsorted(times, end_s, side="right")) + 1)
    if last <= first:
        return EMPTY
    x, y = times[first:last].copy(), series.values[first:last].copy()
    segments = np.searchsorted(series.breaks_s, x, side="right")
    if len(x) > 2 * columns > 0 and end_s > start_s:
        x, y, segments = _thin(x, y, segments, (end_s - start_s) / columns)
    joins = np.zeros(len(x), dtype=np.bool_)
    joins[:-1] = segments[:-1] == segments[1:]
    return Polyline(x, y, joins)


def _thin(
    x: Array, y: Array, segments: npt.NDArray[np.intp], column_s: float
) -> tuple[Array, Array, npt.NDArray[np.intp]]:
    columns = np.floor(x / column_s)
    is_first = np.empty(len(x), dtype=np.bool_)
    is_first[0] = True
    is_first[1:] = (columns[1:] != columns[:-1]) | (segments[1:] != segments[:-1])
    starts = np.flatnonzero(is_first)
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    return np.repeat(x[starts], 2), np.column_stack((low, high)).ravel(), np.repeat(segments[starts], 2)


def highest(line: Polyline, start_s: float, end_s: float) -> float | None:
    """The highest value in view; None where nothing is."""
    in_view = line.y[(line.x >= start_s) & (line.x <= end_s)]
    return float(in_view.max()) if len(in_view) else None


def value_at(series: Series, at_s: float, reach_s: float) -> tuple[float, float] | None:
    """Time and value of the sample nearest to `at_s`; None where there is none within `reach_s`."""
    times = series.times_s
    if not len(times):
        return None
    after = int(np.searchsorted(times, at_s))
    nearest = min((i for i in (after - 1, after) if 0 <= i < len(times)), key=lambda i: abs(float(times[i]) - at_s))
    if abs(float(times[nearest]) - at_s) > reach_s:
        return None
    return float(times[nearest]), float(series.values[nearest])


def blind_spans(
    gaps: Iterable[Gap], observers: Iterable[str], topic: Topic, opened_ns: int, now_ns: int
) -> tuple[Span, ...]:
    """When nobody told anything of `topic`, in epoch seconds, oldest first: every one of `observers` had a gap.

    Gaps that last go on to `now_ns`. Nothing is said of the time before `opened_ns`.
    """
    names = tuple(observers)
    if not names:
        return ()
    kept = [gap for gap in gaps if gap.topic is None or gap.topic is topic]
    common: list[Span] = [(opened_ns / NS, now_ns / NS)]
    for name in names:
        own = [
            (gap.since_ns / NS, (now_ns if gap.until_ns is None else gap.until_ns) / NS)
            for gap in kept
            if gap.observer == name
        ]
        common = list(_both(common, _joined(own)))
        if not common:
            return ()
    return tuple(common)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _both(one: list[Span], other: list[Span]) -> Iterator[Span]:
    for first_start, first_end in one:
        for start, end in other:
            if max(first_start, start) < min(first_end, end):
                yield max(first_start, start), min(first_end, end)
