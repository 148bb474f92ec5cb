"""Curves: thinned while they come, with no peak lost and no hole joined."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.export.report_curves import COLUMNS, Curve, Curves
from helios_desktop.store.series import CAPACITY, Series, SeriesBook, SeriesKey

NS = 1_000_000_000
NONE = np.empty(0)


@given(
    st.lists(st.tuples(st.floats(0, 599.9), st.floats(0, 1e6)), min_size=1, max_size=300),
    st.integers(1, 50),
)
def test_no_sample_is_outside_of_what_its_column_draws(samples: list[tuple[float, float]], at_once: int) -> None:
    samples.sort(key=lambda sample: sample[0])
    curve = Curve(0, 600 * NS)
    for begin in range(0, len(samples), at_once):
        times, values = zip(*samples[begin : begin + at_once], strict=True)
        curve.add(np.array(times), np.array(values), NONE)
    points = {int(x * COLUMNS): (low, high) for line in curve.lines() for x, low, high in line}
    for at_s, value in samples:
        low, high = points[int(at_s * COLUMNS / 600)]
        assert low <= value <= high
    assert curve.count == len(samples)
    assert curve.highest == max(value for _at, value in samples)
    assert len(list(curve.lines())) == 1


def test_no_line_goes_over_a_break() -> None:
    curve = Curve(0, 600 * NS)
    curve.add(np.array([10.0, 20.0, 300.0, 310.0]), np.array([1.0, 2.0, 3.0, 4.0]), np.array([300.0]))
    assert [[low for _x, low, _high in line] for line in curve.lines()] == [[1, 2], [3, 4]]


def test_what_comes_after_another_beginning_is_not_joined_to_what_was_before() -> None:
    curves, key = Curves(0, 600 * NS), SeriesKey("peer", "node2", "p99")
    for begin_s in (10, 20):
        book = SeriesBook()
        series = Series()
        series.append(1.0 + begin_s, 5.0, teller="node1", is_after_gap=False)
        book.put(key, series)
        curves.begin(book)  # what it holds already was before
        series.append(2.0 + begin_s, 7.0, teller="node1", is_after_gap=False)
        series.append(3.0 + begin_s, 8.0, teller="node1", is_after_gap=False)
        curves.take(book)
    lines = list(curves.latencies()["node2"]["p99"].lines())
    assert [[low for _x, low, _high in line] for line in lines] == [[7, 8], [7, 8]]


def test_a_million_samples_are_drawn_as_few_points_with_the_peak_where_it_was() -> None:
    curves, book, key = Curves(0, 1_000_000 * NS), SeriesBook(), SeriesKey("peer", "node2", "p50")
    series = Series()
    book.put(key, series)
    curves.begin(SeriesBook())
    for second in range(200_000):
        series.append(5.0 * second, 900.0 if second == 123_456 else 1.0, teller="node1", is_after_gap=False)
        if second % 1_000 == 0:
            curves.take(book)
    curves.take(book)
    assert len(series) == CAPACITY
    curve = curves.latencies()["node2"]["p50"]
    (line,) = curve.lines()
    assert (curve.count, len(line), curve.highest, curve.highest_at_ns) == (200_000, COLUMNS, 900, 617_280 * NS)
    assert [round(x * 1_000_000) // 5_000 for x, _low, high in line if high == 900] == [617_280 // 5_000]


def test_a_cluster_whose_leader_tells_kinds_of_calls_alone_shows_these() -> None:
    curves, book = Curves(0, 600 * NS), SeriesBook()
    curves.begin(book)
    for observer in ("node3", ""):
        series = Series()
        series.append(1.0, 5.0, teller="node1", is_after_gap=False)
        book.put(SeriesKey("rpc", "append_entries", "p50", observer), series)
    curves.take(book)
    assert list(curves.latencies()) == ["append_entries"]
    assert curves.commit_rate() is None
