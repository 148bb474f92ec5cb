"""The timeline in memory: absolute numbers, trimming, counts, filters in slices."""

import random

import pytest
from msgspec.structs import replace

from helios_desktop.event import ConnectionEvent, Event, Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.observation import MONITOR, Cause, Phase, tick
from helios_desktop.protocol.messages import ServerError
from helios_desktop.store.log import EventLog

TYPES = ("status", "latency", "error", "leader_lost", "peer_change")


def event(number: int, event_type: str = "error", node: str = "node1", observer: str = MONITOR) -> Event:
    return Event(event_type, number, "", observer, node, ServerError(f"Fault {number}"), tick(number))


def filled(count: int, capacity: int) -> EventLog:
    log = EventLog(capacity)
    log.extend(event(number, TYPES[number % len(TYPES)]) for number in range(count))
    return log


def test_numbers_are_absolute_and_the_oldest_go() -> None:
    log = filled(25, 10)
    assert (log.first, log.end) == (15, 25)
    assert [log[number].at_ns for number in range(15, 25)] == list(range(15, 25))
    for gone in (14, 25, -1):
        with pytest.raises(IndexError):
            log[gone]


@pytest.mark.parametrize("count", [0, 4, 10, 11, 20, 25])
def test_all_from_a_number_on_come_at_once_in_their_order(count: int) -> None:
    log = filled(count, 10)
    for since in range(count + 2):
        assert log.events(since) == [log[number] for number in range(max(since, log.first), log.end)]


def test_counts_are_of_the_events_that_are_kept() -> None:
    log = filled(25, 10)
    assert log.count_by_type() == dict.fromkeys(TYPES, 2)
    log.extend(event(number) for number in range(25, 35))
    assert log.count_by_type() == {"error": 10}


def test_an_empty_filter_admits_all_from_the_number_on() -> None:
    log = filled(25, 10)
    assert log.select(EventFilter(), 0) == list(range(15, 25))
    assert log.select(EventFilter(), 22) == [22, 23, 24]
    assert log.select(EventFilter(), 25) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventFilter(types=frozenset({"error"})), ["error"]),
        (EventFilter(types=frozenset()), []),
        (EventFilter(hidden_types=frozenset({"status", "latency"})), ["error", "leader_lost", "peer_change"]),
        (EventFilter(types=frozenset({"error", "status"}), hidden_types=frozenset({"error"})), ["status"]),
        (EventFilter(severities=frozenset({Severity.PROBLEM})), ["leader_lost"]),
        (EventFilter(severities=frozenset({Severity.INFO}), types=frozenset({"latency", "error"})), ["latency"]),
    ],
)
def test_types_hidden_types_and_severities_must_all_admit(wanted: EventFilter, expected: list[str]) -> None:
    log = filled(25, 10)
    assert sorted({log[number].type for number in log.select(wanted, 0)}) == sorted(expected)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EventFilter(nodes=frozenset({"node1"})), {("node1", "a"), ("node1", "b")}),
        (EventFilter(hidden_nodes=frozenset({"node1"})), {("node2", "a"), ("node2", "b")}),
        (EventFilter(observers=frozenset({"b"})), {("node1", "b"), ("node2", "b")}),
        (EventFilter(hidden_observers=frozenset({"b"}), nodes=frozenset({"node2"})), {("node2", "a")}),
        (EventFilter(nodes=frozenset({"node1"}), hidden_nodes=frozenset({"node1"})), set()),
    ],
)
def test_nodes_and_observers_are_chosen_by_name(wanted: EventFilter, expected: set[tuple[str, str]]) -> None:
    log = EventLog(10)
    told = [(node, observer) for node in ("node1", "node2") for observer in ("a", "b")]
    # More than are kept, so that slots hold later events than at first.
    log.extend(event(number, "error", *told[number % 4]) for number in range(23))
    found = {(log[number].node, log[number].observer) for number in log.select(wanted, 0)}
    assert found == expected


def test_times_are_chosen_from_the_first_instant_to_before_the_last() -> None:
    log = filled(25, 10)
    assert log.select(EventFilter(since_ns=17, until_ns=20), 0) == [17, 18, 19]
    assert log.select(EventFilter(since_ns=23), 0) == [23, 24]
    assert log.select(EventFilter(until_ns=17, types=frozenset({"error"})), 0) == []


def test_columns_are_of_the_events_that_are_kept_and_name_what_chips_choose_by() -> None:
    log = filled(25, 10)
    at_ns, codes = log.columns(0)
    assert at_ns.tolist() == list(range(15, 25))
    assert [log.facets[code].type for code in codes] == [TYPES[number % len(TYPES)] for number in range(15, 25)]
    assert log.columns(22, 24)[0].tolist() == [22, 23]
    assert log.columns(25)[0].tolist() == []


def test_what_completes_an_event_is_found_by_its_own_time_and_name() -> None:
    log = EventLog(10)
    earlier = event(1, "peer_change", node="")
    log.extend([event(0), earlier])
    log.extend([replace(event(5, "peer_change", node="node2"), completes=earlier)])
    assert log.select(EventFilter(nodes=frozenset({"node2"}), since_ns=5), 0) == [1]
    assert log.count_by_type() == {"error": 1, "peer_change": 1}


def test_text_is_found_in_summary_type_node_and_observer_in_any_case() -> None:
    log = EventLog()
    log.extend([event(1), event(2, "custom", "Berlin"), event(3, observer="prod:8080")])
    assert log.select(EventFilter(text="FAULT 1"), 0) == [0]
    assert log.select(EventFilter(text="berl"), 0) == [1]
    assert log.select(EventFilter(text="custom"), 0) == [1]
    assert log.select(EventFilter(text="Prod:"), 0) == [2]
    assert log.select(EventFilter(text="errornode1"), 0) == []


def test_slices_together_find_what_one_search_finds() -> None:
    log = filled(997, 300)
    rng = random.Random(1)
    for wanted in (EventFilter(text="FAULT 950"), EventFilter(types=frozenset({"error"})), EventFilter()):
        found: list[int] = []
        since = 0
        while since < log.end:
            rows = rng.randrange(1, 90)
            found += log.select(wanted, since, limit_rows=rows)
            since += rows
        assert found == log.select(wanted, 0) != []


def test_a_search_finds_what_came_in_the_place_of_an_older_event() -> None:
    log = filled(10, 10)
    assert log.select(EventFilter(text="fault 3"), 0) == [3]
    log.extend([event(number) for number in range(10, 14)])
    assert log.select(EventFilter(text="fault 3"), 0) == []
    assert log.select(EventFilter(text="fault 13"), 0) == [13]


def test_a_server_that_names_a_new_type_with_each_frame_ends_in_one_type_for_the_rest() -> None:
    log = EventLog(10)
    log.extend(event(number, f"type{number}") for number in range(66_000))
    assert log.count_by_type() == {"other": 10}
    assert log.select(EventFilter(), 0) == list(range(65_990, 66_000))


def test_an_event_of_the_connection_is_found_by_its_cause() -> None:
    log = EventLog()
    fact = ConnectionEvent(Phase.BACKOFF, Cause.UNKNOWN_HOST, "no such name", 2, None)
    log.extend([Event("connection", 1, "", "prod:1", "", fact, tick(1))])
    assert log.select(EventFilter(text="unknown host"), 0) == [0]
