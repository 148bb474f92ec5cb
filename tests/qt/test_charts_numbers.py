"""What the graphs draw, as numbers: clipping, thinning, holes, gaps, marks, ticks and texts."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.event import Event, Gap, Severity
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import PeerChange
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.curves import blind_spans, highest, polyline, value_at
from helios_desktop.qt.markers import Mark, Markers, nearest
from helios_desktop.qt.quantities import bytes_text, count_text, latency_text, rate_text, tick_latency_text
from helios_desktop.qt.time_axis import tick_text, time_ticks, value_ticks
from helios_desktop.qt.times import TimeStyle, exact_text, full_text, row_text, span_text
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import Series

NS = 1_000_000_000
NBSP = "\N{NO-BREAK SPACE}"


def series(values: list[float], *, start_s: float = 1000.0, gap_before: frozenset[int] = frozenset()) -> Series:
    made = Series()
    for number, value in enumerate(values):
        made.append(start_s + number, value, teller="node1", is_after_gap=number in gap_before)
    return made


def test_only_what_is_in_view_and_one_sample_on_either_side_is_drawn() -> None:
    line = polyline(series([float(n) for n in range(100)]), 1010.5, 1020.5, 800)
    assert line.x.tolist() == [float(at) for at in range(1010, 1022)]
    assert highest(line, 1010.5, 1020.5) == 20.0


def test_no_line_crosses_a_gap() -> None:
    line = polyline(series([1.0] * 10, gap_before=frozenset({4})), 1000, 1010, 800)
    assert line.joins.tolist() == [True, True, True, False, True, True, True, True, True, False]


def test_thinning_keeps_every_peak_and_every_hole() -> None:
    values = [1.0] * 5000
    values[1234], values[3456] = 99.0, -5.0
    line = polyline(series(values, gap_before=frozenset({2500})), 1000, 6000, 100)
    assert len(line.x) <= 2 * 103
    assert line.y.max() == 99.0
    assert line.y.min() == -5.0
    assert line.joins.tolist().count(False) == 2  # the hole, and the end


def test_thinned_columns_stay_where_they_are_while_the_view_moves() -> None:
    one = series([math.sin(n) for n in range(4000)])
    first, later = polyline(one, 1000, 4000, 300), polyline(one, 1010, 4010, 300)
    shared = set(first.x.tolist()) & set(later.x.tolist())
    assert len(shared) > 0.9 * len(set(first.x.tolist()))


@given(
    st.lists(st.floats(0, 1e6), max_size=60),
    st.floats(900, 1100),
    st.floats(0, 200),
    st.integers(1, 40),
    st.sets(st.integers(1, 59)),
)
def test_a_polyline_is_always_well_formed(
    values: list[float], start_s: float, span_s: float, columns: int, gaps: set[int]
) -> None:
    line = polyline(series(values, gap_before=frozenset(gaps)), start_s, start_s + span_s, columns)
    assert len(line.x) == len(line.y) == len(line.joins)
    assert np.all(np.diff(line.x) >= 0)
    assert np.isfinite(line.y).all()
    assert not len(line.x) or not line.joins[-1]


def test_an_empty_series_draws_nothing() -> None:
    line = polyline(Series(), 0, 10, 100)
    assert not len(line.x)
    assert highest(line, 0, 10) is None
    assert value_at(Series(), 5, 100) is None


def test_the_value_under_the_pointer_is_that_of_the_nearest_sample_within_reach() -> None:
    one = series([5.0, 6.0, 7.0])
    assert value_at(one, 1001.4, 2) == (1001.0, 6.0)
    assert value_at(one, 1001.6, 2) == (1002.0, 7.0)
    assert value_at(one, 900, 2) is None
    assert value_at(one, 1003.5, 2) == (1002.0, 7.0)


def gap(observer: str, since_s: int, until_s: int | None, topic: Topic | None = None) -> Gap:
    return Gap(observer, "disconnected", since_s * NS, None if until_s is None else until_s * NS, topic)


def test_a_time_is_blind_only_while_every_observer_had_a_gap() -> None:
    gaps = (gap("a", 10, 20), gap("b", 15, 30))
    assert blind_spans(gaps, ("a", "b"), Topic.LATENCY, 0, 100 * NS) == ((15.0, 20.0),)
    assert blind_spans(gaps, ("a",), Topic.LATENCY, 0, 100 * NS) == ((10.0, 20.0),)
    assert blind_spans(gaps, ("a", "c"), Topic.LATENCY, 0, 100 * NS) == ()
    assert blind_spans(gaps, (), Topic.LATENCY, 0, 100 * NS) == ()


def test_a_gap_that_lasts_is_hatched_to_the_present() -> None:
    assert blind_spans((gap("a", 10, None),), ("a",), Topic.STATUS, 0, 42 * NS) == ((10.0, 42.0),)


def test_a_topic_that_was_off_is_a_gap_of_its_own_graph_only() -> None:
    gaps = (gap("a", 10, 20, Topic.LATENCY),)
    assert blind_spans(gaps, ("a",), Topic.LATENCY, 0, 100 * NS) == ((10.0, 20.0),)
    assert blind_spans(gaps, ("a",), Topic.STATUS, 0, 100 * NS) == ()


def test_gaps_that_touch_are_one() -> None:
    gaps = (gap("a", 10, 20), gap("a", 20, 30), gap("a", 12, 15))
    assert blind_spans(gaps, ("a",), Topic.STATUS, 0, 100 * NS) == ((10.0, 30.0),)


def event(event_type: str, at_s: int) -> Event:
    observation = Observation("node1", 1, at_s * NS, Kind.FRAME, "{}")
    return Event(event_type, at_s * NS, "", "node1", "", PeerChange("p", "added"), observation)


def test_only_notices_and_worse_are_marked_and_the_worst_of_a_pixel_wins() -> None:
    log = EventLog(100)
    markers = Markers(log)
    assert not markers.catch_up()
    log.extend([event("pong", 1), event("peer_change", 2), event("leader_lost", 2), event("gap", 90)])
    assert markers.catch_up()
    marks = markers.in_view(0, 100, 10)
    assert [(mark.severity, mark.number) for mark in marks] == [(Severity.PROBLEM, 2), (Severity.WARNING, 3)]
    assert [mark.number for mark in markers.in_view(0, 100, 100_000)] == [2, 3]
    assert markers.in_view(3, 50, 10) == []
    assert markers.in_view(5, 5, 10) == []


def test_an_error_that_a_gateway_tells_at_every_beat_has_one_mark_until_it_was_silent() -> None:
    log = EventLog(100)
    markers = Markers(log)
    log.extend([event("error", second) for second in (5, 10, 15, 20, 90)])
    markers.catch_up()
    assert [mark.at_s for mark in markers.in_view(0, 100, 1000)] == [5, 90]


def test_marks_go_with_their_events() -> None:
    log = EventLog(10)
    markers = Markers(log)
    for second in range(4000):
        log.extend([event("gap", second)])
        markers.catch_up()
    assert [mark.number for mark in markers.in_view(0, 5000, 5000)] == list(range(3990, 4000))


def test_the_worst_mark_within_reach_is_the_one_clicked() -> None:
    notice, bad = Mark(10.0, Severity.NOTICE, 1), Mark(10.5, Severity.PROBLEM, 2)
    assert nearest([notice, bad], 10.0, 1) == bad
    assert nearest([notice, bad], 10.0, 0.2) == notice
    assert nearest([notice, bad], 50.0, 1) is None


@given(st.floats(1e8, 2e9), st.floats(0.5, 1e8), st.integers(50, 3000))
def test_time_ticks_are_evenly_spaced_inside_the_view_and_their_labels_have_room(
    start_s: float, span_s: float, width: int
) -> None:
    ticks = time_ticks(start_s, start_s + span_s, width, TimeStyle.UTC, 0)
    assert all(start_s - 1e-6 <= at <= start_s + span_s + 1e-6 for at in ticks.at_s)
    assert all(math.isclose(b - a, ticks.step_s, rel_tol=1e-6, abs_tol=1e-6) for a, b in pairwise(ticks.at_s))
    assert ticks.step_s / span_s * max(width, 92) >= 91


def test_time_ticks_stand_at_round_times_and_say_as_much_as_they_must() -> None:
    start_s = 1_700_000_000.0  # 22:13:20 UTC
    minutes = time_ticks(start_s, start_s + 300, 600, TimeStyle.UTC, 0)
    assert [tick_text(at, minutes.step_s, TimeStyle.UTC, 0) for at in minutes.at_s] == [
        "22:14", "22:15", "22:16", "22:17", "22:18",
    ]  # fmt: skip
    seconds = time_ticks(start_s, start_s + 30, 600, TimeStyle.UTC, 0)
    assert tick_text(seconds.at_s[0], seconds.step_s, TimeStyle.UTC, 0) == "22:13:20"
    relative = time_ticks(start_s, start_s + 300, 600, TimeStyle.RELATIVE, start_s + 300)
    assert tick_text(relative.at_s[-1], relative.step_s, TimeStyle.RELATIVE, start_s + 300) == "0 s"
    assert tick_text(relative.at_s[-2], relative.step_s, TimeStyle.RELATIVE, start_s + 300) == "\N{MINUS SIGN}1 m 00 s"


@given(st.floats(1e-6, 1e12))
def test_value_ticks_start_at_zero_and_end_at_or_above_the_highest(top: float) -> None:
    ticks = value_ticks(top)
    assert ticks[0] == 0
    assert ticks[-1] >= top * 0.999999
    assert ticks[-1] <= top * 2.6
    assert 3 <= len(ticks) <= 6


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0, "0 ms"), (0.82, "820 µs"), (0.0004, "0.40 µs"), (1.25, "1.25 ms"), (12.34, "12.3 ms"),
     (123.4, "123 ms"), (1200, "1.20 s"), (999.9, "1 000 ms")],
)  # fmt: skip
def test_latencies_are_written_in_the_unit_that_fits(value: float | None, text: str) -> None:
    assert latency_text(value).replace(NBSP, " ") == text


def test_zero_is_zero_and_unknown_is_a_dash() -> None:
    assert rate_text(0).replace(NBSP, " ") == "0 /s"
    assert rate_text(None) == "—"
    assert tick_latency_text(2.5).replace(NBSP, " ") == "2.5 ms"
    assert tick_latency_text(100).replace(NBSP, " ") == "100 ms"
    assert count_text(1234567).replace(NBSP, " ") == "1 234 567"
    assert [bytes_text(n).replace(NBSP, " ") for n in (12, 1536, 12 << 20)] == ["12 B", "1.50 KiB", "12 MiB"]


def test_times_keep_their_nanoseconds_and_always_name_their_zone() -> None:
    at_ns = 1_700_000_000_123_456_789
    assert full_text(at_ns, TimeStyle.UTC) == "2023-11-14 22:13:20.123456789 UTC"
    assert exact_text(at_ns, TimeStyle.LOCAL)[-9:-5] in ("UTC+", "UTC-")
    assert row_text(at_ns, at_ns + 5 * NS, TimeStyle.RELATIVE) == "5 s"
    assert [span_text(n * NS) for n in (0, 59, 61, 3661, 90_000)] == ["0 s", "59 s", "1 m 01 s", "1 h 01 m", "1 d 1 h"]
