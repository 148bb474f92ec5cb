"""Counts and the histogram: a census, what came since, and pages of a search, each counted once."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from helios_desktop.event import Event, Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.census import STRETCHES, Census
from helios_desktop.journal.query import Facet
from helios_desktop.journal.search import Page
from helios_desktop.journal.stored import plain_event
from helios_desktop.observation import Kind, Observation
from helios_desktop.qt.timeline_counts import NOTHING, Counts
from helios_desktop.qt.timeline_memory import page_of_memory
from helios_desktop.store.log import EventLog

FACETS = (Facet(1, "error", "node1", "gw1", Severity.WARNING), Facet(2, "pong", "node1", "gw1", Severity.INFO))
HELD = np.empty(0, dtype=np.int64)


def event(at_ns: int, event_type: str = "error") -> Event:
    raw = json.dumps({"type": event_type, "data": {"error": "broken"}})
    return plain_event(Observation("gw1", 1, at_ns, Kind.FRAME, raw), "node1")


def census(counts: Sequence[Sequence[int]], end: int, width_ns: int = 10) -> Census:
    cells = np.array(counts, dtype=np.int64)
    return Census(0, width_ns, end, FACETS, cells, cells.sum(axis=0))


def page(*at_ns: int, is_last: bool = False) -> Page:
    numbers = np.arange(len(at_ns), dtype=np.int64)
    severities = np.full(len(at_ns), Severity.WARNING, dtype=np.int8)
    looked_ns = min(at_ns, default=None)
    at = np.array(at_ns, dtype=np.int64)
    return Page(numbers, at, severities, np.zeros(len(at_ns), dtype=np.bool_), 0, 0, is_last, looked_ns)


@pytest.fixture
def log() -> EventLog:
    made = EventLog(100, start=1)
    made.extend([event(at_ns) for at_ns in (1, 2, 11, 12)] + [event(13, "pong")])
    return made


def test_a_census_and_what_came_since_are_counted_once(log: EventLog) -> None:
    counts = Counts()
    counts.begin(log, EventFilter(types=frozenset({"error"})), has_file=True)
    assert not counts.is_counted
    assert counts.density(HELD) is NOTHING
    counts.add(page_of_memory(log, EventFilter(types=frozenset({"error"})), 1, 6))
    counts.take(census([[2, 0], [1, 0]], end=4), until=6)
    assert (counts.is_counted, counts.shown) == (True, 4)
    assert counts.by_type() == {"error": 4, "pong": 1}
    assert counts.density(HELD).counts[:, Severity.WARNING].tolist() == [2, 2]
    log.extend([event(14), event(15, "pong")])
    counts.add(page_of_memory(log, EventFilter(types=frozenset({"error"})), 6, 8))
    assert counts.shown == 5
    assert counts.by_type() == {"error": 5, "pong": 2}
    counts.take(census([[2, 0], [3, 2]], end=8), until=8)
    assert counts.shown == 5


def test_pages_of_a_search_wait_for_the_first_census_and_later_ones_leave_them(log: EventLog) -> None:
    counts = Counts()
    counts.begin(log, EventFilter(text="broken"), has_file=True)
    counts.add(page(11, 12))
    counts.take(census([[2, 0], [2, 1]], end=6), until=6)
    assert counts.shown == 2
    density = counts.density(HELD)
    assert density.counts[:, Severity.WARNING].tolist() == [0, 2]
    assert density.searched_ns == 11
    counts.take(census([[9, 9], [9, 9]], end=9), until=9)
    counts.add(page(1, 2, is_last=True))
    density = counts.density(HELD)
    assert density.counts[:, Severity.WARNING].tolist() == [2, 2]
    assert density.searched_ns is None


def test_time_that_goes_on_makes_stretches_longer_and_not_more(log: EventLog) -> None:
    counts = Counts()
    counts.begin(log, EventFilter(text="broken"), has_file=True)
    counts.take(census([[0, 0]], end=1), until=1)
    instants = [3, 25, 9 * STRETCHES, 12 * STRETCHES, 100 * STRETCHES + 7]
    for at_ns in instants:
        counts.add(page(at_ns))
        density = counts.density(HELD)
        assert len(density.counts) <= STRETCHES
        assert density.first_ns <= at_ns < density.end_ns
    expected = np.bincount([at_ns // density.width_ns for at_ns in instants], minlength=len(density.counts))
    assert density.counts[:, Severity.WARNING].tolist() == expected.tolist()


def test_without_a_file_the_histogram_is_of_what_memory_has(log: EventLog) -> None:
    counts = Counts()
    counts.begin(log, EventFilter(), has_file=False)
    density = counts.density(np.array([1, 2, 5]))
    assert density.counts.sum(axis=0).tolist() == [1, 0, 2, 0]
    assert (density.first_ns, counts.by_type()) == (1, {"error": 4, "pong": 1})
    assert counts.density(HELD) is NOTHING


def test_a_census_is_due_before_memory_lets_go_of_what_it_has_not_counted() -> None:
    log = EventLog(10, start=1)
    counts = Counts()
    counts.begin(log, EventFilter(), has_file=True)
    assert not counts.lags
    counts.take(census([[0, 0]], end=1), until=1)
    log.extend([event(n) for n in range(5)])
    assert not counts.lags
    log.extend([event(5)])
    assert counts.lags
