"""Sources: what a journal and memory have together, chosen, counted and in order."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, Severity
from helios_desktop.event_filter import EventFilter, Finder, finds_event
from helios_desktop.export.meta import meta_of, meta_record
from helios_desktop.export.source import EVERYTHING, Source, source_of
from helios_desktop.journal.passage import BLOCK, Counted
from helios_desktop.journal.recording import RecordingError
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.replay import open_replay
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation
from tests.unit.export.story import NS, OBSERVER, START_NS, frame, story, write_journal

TWO_RUNS_NS = START_NS + 100 * NS


def later(seen: list[Observation], by_ns: int) -> list[Observation]:
    return [
        Observation(one.observer, one.epoch, one.received_ns + by_ns, one.kind, one.text, one.source, one.status)
        for one in seen
    ]


def events_in(source: Source, chosen: EventFilter = EVERYTHING) -> list[Event]:
    with source.open(chosen) as read:
        return [event for block in read.events() for event in block]


def observations_in(source: Source, chosen: EventFilter = EVERYTHING) -> list[Observation]:
    with source.open(chosen) as read:
        return [one for block in read.observations() for one in block]


def counted(source: Source, chosen: EventFilter = EVERYTHING) -> Counted:
    with source.open(chosen) as read:
        *_so_far, last = read.count_events()
        return last


def passes(chosen: EventFilter, event: Event) -> bool:
    return (
        chosen.admits_type(event.type)
        and chosen.admits_names(event.node, event.observer)
        and chosen.admits_time(event.at_ns)
        and finds_event(Finder(chosen), event)
    )


def plain(event: Event) -> tuple[object, ...]:
    """All of an event but what it completes, which no file keeps."""
    return (event.type, event.at_ns, event.timestamp, event.node, event.body, event.observation, event.evidence)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event], list[Observation]]:
    """Two runs with elections, and one frame that is no message."""
    path = tmp_path_factory.mktemp("journal") / "journal"
    first = [*story(60, elections=(10, 30)), frame(60.1, "{broken")]
    second = later(story(60, elections=(5,)), 100 * NS)
    return path, write_journal(path, first, second), [*first, *second]


def test_all_events_come_out_as_they_were_told_with_what_they_follow_from(
    recorded: tuple[Path, list[Event], list[Observation]],
) -> None:
    path, events, seen = recorded
    assert len(events) > BLOCK // 2
    assert any(event.evidence for event in events)
    assert list(map(plain, events_in(Source(path)))) == list(map(plain, events))
    assert observations_in(Source(path)) == seen


TIMES = st.none() | st.integers(START_NS, START_NS + 170 * NS)
FILTERS = st.builds(
    EventFilter,
    types=st.none() | st.frozensets(st.sampled_from(["status", "leader_change", "term_change", "absent"])),
    hidden_types=st.frozensets(st.sampled_from(["status", "leader_change"])),
    text=st.sampled_from(["", "node2", "leader node1", "term 6", "nowhere"]),
    pattern=st.sampled_from(["", "term [67]", "node[12] leads", "^$"]),
    severities=st.none() | st.frozensets(st.sampled_from(list(Severity))),
    nodes=st.none() | st.frozensets(st.sampled_from(["node1", "node2", ""])),
    hidden_observers=st.frozensets(st.sampled_from([OBSERVER])),
    since_ns=TIMES,
    until_ns=TIMES,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=FILTERS)
def test_whatever_is_chosen_comes_out_in_order_and_is_counted_before(
    recorded: tuple[Path, list[Event], list[Observation]], chosen: EventFilter
) -> None:
    path, events, _seen = recorded
    expected = [event for event in events if passes(chosen, event)]
    assert list(map(plain, events_in(Source(path), chosen))) == list(map(plain, expected))
    count = counted(Source(path), chosen)
    assert count.total == len(expected)
    assert count.by_type == {
        name: sum(event.type == name for event in expected) for name in {event.type for event in expected}
    }
    ends = (expected[0].at_ns, expected[-1].at_ns) if expected else (None, None)
    assert (count.first_ns, count.last_ns) == ends


def test_events_that_are_not_indexed_yet_are_found_by_their_words(tmp_path: Path) -> None:
    events = write_journal(tmp_path / "journal", story(20, elections=(10,)), index=False)
    chosen = EventFilter(text="node2")
    assert len(events_in(Source(tmp_path / "journal"), chosen)) == sum(passes(chosen, event) for event in events)


def test_a_clock_that_was_set_back_loses_no_event_of_a_time(tmp_path: Path) -> None:
    first, second = later(story(30), 3600 * NS), story(30, elections=(10,))
    events = write_journal(tmp_path / "journal", first, second)
    chosen = EventFilter(since_ns=START_NS, until_ns=START_NS + 60 * NS)
    found = events_in(Source(tmp_path / "journal"), chosen)
    assert found
    assert list(map(plain, found)) == [plain(event) for event in events if passes(chosen, event)]
    assert counted(Source(tmp_path / "journal"), chosen).total == len(found)


def test_frames_of_a_choice_are_those_that_told_the_chosen_events(
    recorded: tuple[Path, list[Event], list[Observation]],
) -> None:
    path, events, seen = recorded
    chosen = EventFilter(types=frozenset({"leader_change"}))
    told = {event.observation for event in events if event.type == "leader_change"}
    assert observations_in(Source(path), chosen) == [one for one in seen if one in told]
    within = EventFilter(since_ns=START_NS + 10 * NS, until_ns=START_NS + 20 * NS)
    assert observations_in(Source(path), within) == [one for one in seen if within.admits_time(one.received_ns)]


def test_what_waits_in_memory_follows_and_nothing_is_taken_twice(
    recorded: tuple[Path, list[Event], list[Observation]],
) -> None:
    path, events, _seen = recorded
    with Source(path).open(EVERYTHING) as read:
        assert read.reader is not None
        end = read.reader.end_event()
    source = Source(path, [events[-1], *events[:2]], first=end - 1)
    assert events_in(source) == [*events_in(Source(path)), *events[:2]]
    assert counted(source).total == len(events) + 2


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a database at all")
    with pytest.raises(RecordingError), Source(tmp_path / "x").open(EVERYTHING):
        pass


def make_monitor() -> Monitor:
    target = Target("Prod", (parse_address("127.0.0.1:8080"),), Credentials("ops", "hunter2", "hunter3"))
    return Monitor(target, now_ns=lambda: START_NS, rng=random.Random(1))


def test_a_monitor_that_records_nothing_gives_what_it_has_in_memory(events_of: Callable[..., list[Event]]) -> None:
    monitor = make_monitor()
    monitor.log.extend(events_of({"type": "error", "data": {"error": "x"}}))
    source = source_of(monitor)
    assert source.path is None
    assert [event.type for event in events_in(source)] == ["error"]


def test_of_a_full_memory_all_that_is_kept_is_taken(events_of: Callable[..., list[Event]]) -> None:
    monitor = make_monitor()
    log = monitor.log
    (event,) = events_of({"type": "error", "data": {"error": "x"}})
    log.extend([event] * (log.capacity + 1_000))
    source = source_of(monitor)
    assert (source.first, len(source.waiting), source.gone) == (log.first, log.capacity, 1_000)


def test_the_meta_data_hold_no_secret() -> None:
    with source_of(make_monitor()).open(EVERYTHING) as read:
        meta = meta_of(read, exported_at_ns=5, is_complete=False)
    record = meta_record(meta, Counted({}, None, None), file_format="csv", time_zone="UTC")
    assert (record["source"], record["sources"]) == ("http://127.0.0.1:8080", ["http://127.0.0.1:8080"])
    assert (record["cluster"], record["complete"]) == ("Prod", False)
    assert "hunter" not in repr(meta) + repr(record)


async def test_of_a_replay_it_is_the_whole_recording_whatever_instant_is_shown(
    recorded: tuple[Path, list[Event], list[Observation]],
) -> None:
    path, events, _seen = recorded
    replay = await open_replay(path, make_monitor().target, START_NS + 5 * NS)
    try:
        source = source_of(replay)
        assert (source.path, source.state, source.waiting) == (path, None, ())
        assert len(events_in(source)) == len(events)
    finally:
        await replay.close()


def test_the_meta_data_of_several_runs_have_the_gaps_and_the_quality_of_all(tmp_path: Path) -> None:
    lost = connection_observation(OBSERVER, 1, START_NS + 5 * NS, ConnectionChange(Phase.BACKOFF, Cause.REFUSED))
    back = connection_observation(OBSERVER, 2, START_NS + 8 * NS, ConnectionChange(Phase.LIVE))
    first = [*story(4), lost, back, frame(9, "{broken")]
    second = [*later(story(4), 100 * NS), frame(105, "{broken")]
    write_journal(tmp_path / "journal", first, second)
    with Source(tmp_path / "journal").open(EVERYTHING) as read:
        meta = meta_of(read, exported_at_ns=5)
    assert (meta.cluster, meta.sources) == ("Test", ("http://gw:8080", "http://gw:8081"))
    assert [gap.cause for gap in meta.gaps] == ["disconnected"]
    assert [span.reason for span in meta.unrecorded] == ["not recording"]
    assert meta.quality["malformed"] == 2
    observers = meta.quality["observers"]
    assert isinstance(observers, dict)
    assert observers[OBSERVER]["by_type"]["status"] == 8
    with Source(tmp_path / "journal").open(EventFilter(since_ns=TWO_RUNS_NS)) as read:
        later_meta = meta_of(read, exported_at_ns=5)
    assert later_meta.gaps == ()
    assert later_meta.quality["malformed"] == 1


def test_the_kinds_of_what_was_seen_are_counted(recorded: tuple[Path, list[Event], list[Observation]]) -> None:
    path, _events, seen = recorded
    with Source(path).open(EVERYTHING) as read:
        *_so_far, last = read.count_observations()
    assert last.by_type == {kind.value: count for kind in Kind if (count := sum(one.kind is kind for one in seen))}
