"""Counting all that is recorded: by the tally where there is much, one by one where there is little."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal import census as counting
from helios_desktop.journal.census import admitted, census
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stored import plain_event
from helios_desktop.journal.writer import Seen, Writer
from helios_desktop.observation import Kind, Observation

START_NS = 1_700_000_000_000_000_000
TYPES = ("error", "pong", "leader_lost")


def told(event_type: str, at_ns: int, node: str = "node1") -> Event:
    text = json.dumps({"type": event_type, "data": {}})
    return plain_event(Observation("gw1:80", 1, at_ns, Kind.FRAME, text), node)


def journal(path: Path, events: list[Event]) -> Reader:
    connection = open_journal(path)
    writer = Writer(connection)
    writer.begin_run(START_NS, 1, "test", 1)
    writer.write([Seen(event.observation, (event,), (number,)) for number, event in enumerate(events, 1)])
    connection.close()
    return Reader(path)


INSTANTS = st.integers(0, 900).map(lambda at_s: START_NS + at_s * 1_000_000_000)


@settings(max_examples=40)
@given(
    events=st.lists(st.tuples(st.sampled_from(TYPES), INSTANTS), min_size=1, max_size=40),
    since_ns=st.none() | INSTANTS,
    until_ns=st.none() | INSTANTS,
    stretches=st.integers(1, 30),
)
@pytest.mark.parametrize("one_by_one", [0, 1_000])
def test_each_event_of_the_time_is_in_the_stretch_of_its_instant(
    tmp_path_factory: pytest.TempPathFactory,
    one_by_one: int,
    events: list[tuple[str, int]],
    since_ns: int | None,
    until_ns: int | None,
    stretches: int,
) -> None:
    events.sort(key=lambda one: one[1])
    path = tmp_path_factory.mktemp("journal") / "test.journal"
    with journal(path, [told(*one) for one in events]) as reader, pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "COUNTED_ONE_BY_ONE", one_by_one)
        counted = census(reader, since_ns, until_ns, stretches)
    expected = np.zeros_like(counted.counts)
    column = {facet.type: at for at, facet in enumerate(counted.facets)}
    for event_type, at_ns in events:
        if (since_ns is None or at_ns >= since_ns) and (until_ns is None or at_ns < until_ns):
            expected[(at_ns - counted.first_ns) // counted.width_ns, column[event_type]] += 1
    assert counted.counts.tolist() == expected.tolist()
    assert counted.end == len(events) + 1
    assert {facet.type: counted.totals[at] for facet, at in zip(counted.facets, range(9), strict=False)} == {
        event_type: sum(one == event_type for one, _at_ns in events) for event_type in {one for one, _at_ns in events}
    }
    assert len(counted.counts) <= stretches + 1


def test_a_filter_admits_columns_by_type_severity_and_name(tmp_path: Path) -> None:
    events = [told("error", START_NS), told("pong", START_NS + 1), told("error", START_NS + 2, "node2")]
    with journal(tmp_path / "test.journal", events) as reader:
        counted = census(reader, None, None)
    chosen = EventFilter(types=frozenset({"error"}), nodes=frozenset({"node2"}))
    assert counted.counts[:, admitted(counted, chosen)].sum() == 1
    assert counted.counts[:, admitted(counted, EventFilter())].sum() == 3


def test_an_empty_journal_has_nothing_to_count(tmp_path: Path) -> None:
    with journal(tmp_path / "test.journal", []) as reader:
        counted = census(reader, None, None)
    assert (counted.counts.sum(), counted.end, len(counted.facets)) == (0, 0, 0)
