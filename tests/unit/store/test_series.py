"""Samples for graphs: a ring in one run, no value that is no number, and breaks where something was missed."""

import math
import random
from typing import Any

import pytest
from msgspec.structs import replace

from helios_desktop.observation import Cause, Kind, Observation, Phase
from helios_desktop.protocol.messages import Latency
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic, subscribe_frame
from helios_desktop.store.series import CAPACITY, Series, SeriesBook, SeriesKey
from helios_desktop.store.state import Told
from tests.unit.store.scene import NS, START_S, Scene, latency, peer, three_live

RATE = SeriesKey("commit_rate", "", "value")


def filled(count: int) -> Series:
    series = Series()
    for number in range(count):
        series.append(float(number), number * 2.0, teller="node1", is_after_gap=False)
    return series


def breaks(series: Series | None) -> list[float]:
    assert series is not None
    return [at - START_S for at in series.breaks_s.tolist()]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 5_000, CAPACITY, CAPACITY + 1, 2 * CAPACITY + 77])
def test_the_latest_samples_are_one_run_oldest_first(count: int) -> None:
    series = filled(count)
    expected = [float(number) for number in range(max(0, count - CAPACITY), count)]
    assert series.times_s.tolist() == expected
    assert series.values.tolist() == [2 * time_s for time_s in expected]
    assert (len(series), series.version) == (len(expected), count)


def test_what_is_no_number_or_of_an_earlier_time_is_no_sample() -> None:
    series = filled(3)
    for time_s, value in ((3.0, math.nan), (3.0, math.inf), (1.0, 5.0), (math.nan, 1.0)):
        series.append(time_s, value, teller="node1", is_after_gap=False)
    assert series.version == 3


def test_three_missed_periods_a_gap_and_another_teller_begin_a_segment() -> None:
    series = filled(60)
    series.append(61.5, 1, teller="node1", is_after_gap=False)
    assert series.breaks_s.tolist() == []
    series.append(68, 1, teller="node1", is_after_gap=False)
    series.append(69, 1, teller="node1", is_after_gap=True)
    series.append(70, 1, teller="node2", is_after_gap=False)
    series.append(71, 1, teller="node2", is_after_gap=False)
    assert series.breaks_s.tolist() == [68, 69, 70]
    assert [series.times_s[run].tolist()[-1] for run in series.segments()] == [61.5, 68, 69, 71]
    assert sum(run.stop - run.start for run in series.segments()) == len(series)


def test_breaks_go_with_their_samples() -> None:
    series = Series()
    rng = random.Random(3)
    for number in range(3 * CAPACITY):
        series.append(float(number), 1.0, teller=rng.choice("ab"), is_after_gap=False)
    assert (series.breaks_s > series.times_s[0]).all()
    assert len(list(series.segments())) == len(series.breaks_s) + 1


def test_commit_rate_is_the_leaders_and_grows_by_its_statuses() -> None:
    scene = three_live()
    for commit in (150, 250):
        scene.wait(5)
        scene.beat(commit=commit)
    series = scene.series.get(RATE)
    assert series is not None
    assert series.values.tolist() == [10.0, 20.0]
    assert series.times_s.tolist() == [START_S + 5, START_S + 10]
    assert scene.series.keys() == [RATE]


def test_latencies_are_kept_by_kind_and_by_peer_of_the_leader_alone() -> None:
    scene = three_live()
    told = latency(peer("node2", p50=1.5), peer("node3", p50=2.5))
    told["aggregated"]["append_entries"] = told["peers"]["node2"]["append_entries"]
    told["aggregated"]["request_vote"] = {**told["peers"]["node2"]["append_entries"], "count": 0}
    scene.frame("node1", "latency", told)
    scene.frame("node2", "latency", told)
    keys = scene.series.keys()
    assert {(key.kind, key.name, key.stat) for key in keys} == {
        (kind, name, stat)
        for kind, name in (("rpc", "append_entries"), ("peer", "node2"), ("peer", "node3"))
        for stat in ("p50", "max")
    }
    series = scene.series.get(SeriesKey("peer", "node3", "p50"))
    assert series is not None
    assert series.values.tolist() == [2.5]


def calls(count: int, p50: float) -> dict[str, float]:
    told = {"last_value_ms": p50, "min_value_ms": p50, "max_value_ms": p50, "avg_value_ms": p50, "p50_value_ms": p50}
    return {"count": count, **told}


def by_rest(p50: float) -> dict[str, Any]:
    """The real gateway's answer for latency (wire.md §5): node2 was called for votes, too, node3 never."""
    kinds = {"append_entries": calls(9, p50), "request_vote": calls(2, 7.0), "install_snapshot": calls(0, 0.0)}
    never = {kind: calls(0, 0.0) for kind in (*kinds, "aggregated")}
    return {
        "aggregated": calls(11, p50),
        "health_summary": {"healthy": 1, "unhealthy": 1, "total": 2},
        "peers": {
            "node2": {"peer_id": "node2", "address": "", **kinds, "aggregated": calls(11, 3.0)},
            "node3": {"peer_id": "node3", "address": "", **never},
        },
    }


def mixed(p50: float) -> dict[str, Any]:
    """The mixture of all calls to node2 that stands in the real leader's status (wire.md §3.1)."""
    told = {"p50_latency_ms": p50, "avg_latency_ms": p50, "sample_count": 11, "reachable": True}
    return {"peers": [{"id": "node2", "latency": told}, {"id": "node3"}]}


def test_rest_tells_each_kind_of_call_to_a_peer_and_what_was_never_called_is_no_sample() -> None:
    scene = Scene()
    scene.live("node1")
    scene.real_status("node1", "Leader")
    scene.rest("node1", RestCall.LATENCY, by_rest(1.5))
    found = {(key.name, key.rpc): scene.series.get(key) for key in scene.series.keys() if key.stat == "p50"}  # noqa: SIM118
    values = {key: series.values.tolist() for key, series in found.items() if series is not None}
    assert values == {("node2", ""): [1.5], ("node2", "request_vote"): [7.0]}


def test_what_is_measured_otherwise_is_not_joined_and_a_mixture_hides_no_better_value() -> None:
    scene = Scene()
    scene.live("node1")
    scene.real_status("node1", "Leader", **mixed(3.0))
    for p50 in (1.5, 1.6):
        scene.wait(1)
        scene.rest("node1", RestCall.LATENCY, by_rest(p50))
    scene.wait(3)
    scene.real_status("node1", "Leader", **mixed(3.0))  # REST told better a moment ago
    series = scene.series.get(SeriesKey("peer", "node2", "p50"))
    assert series is not None
    assert series.values.tolist() == [3.0, 1.5, 1.6]
    assert breaks(series) == [1]
    for _beat in range(4):
        scene.wait(4)
        scene.real_status("node1", "Leader", **mixed(3.5))
    assert series.values.tolist() == [3.0, 1.5, 1.6, 3.5]
    assert breaks(series) == [1, 21]


def test_a_value_that_was_told_before_is_no_new_sample() -> None:
    scene = three_live()
    scene.frame("node1", "latency", latency(peer("node2")))
    before = scene.state
    told = before.observers["node1"].latency
    assert told is not None
    # The same measurement within another message, as a store would hand on what it keeps.
    wait = Observation("node1", 1, scene.now_ns + NS, Kind.FRAME)
    again = replace(before.observers["node1"], latency=Told(Latency(peers=told.value.peers), wait))
    after = replace(before, observers={**before.observers, "node1": again})
    scene.series.add(before, after, wait)
    series = scene.series.get(SeriesKey("peer", "node2", "p50"))
    assert series is not None
    assert len(series) == 1


def test_no_line_is_drawn_across_a_lost_connection_or_a_topic_that_was_off() -> None:
    scene = three_live()
    told = latency(peer("node2"))
    key = SeriesKey("peer", "node2", "p50")
    for _ in range(3):
        scene.wait(1)
        scene.frame("node1", "latency", told)
    assert breaks(scene.series.get(key)) == []
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(1)
    scene.live("node1")
    scene.status("node1", "Leader")
    scene.frame("node1", "latency", told)
    assert breaks(scene.series.get(key)) == [4]
    scene.text("node1", subscribe_frame(ALL_TOPICS - {Topic.LATENCY}), Kind.SENT)
    scene.wait(1)
    scene.text("node1", subscribe_frame(ALL_TOPICS), Kind.SENT)
    scene.wait(1)
    scene.frame("node1", "latency", told)
    assert breaks(scene.series.get(key)) == [4, 6]


def test_no_rate_is_made_of_two_lives_of_a_node_or_across_a_gap() -> None:
    scene = three_live()
    scene.wait(5)
    scene.status("node1", "Leader", commit=5)
    assert scene.series.keys() == []
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(2)
    scene.live("node1")
    scene.status("node1", "Leader", commit=500)
    assert scene.series.keys() == []


def test_a_new_leader_carries_the_series_on_in_a_new_segment() -> None:
    scene = three_live()
    for commit in (110, 120):
        scene.wait(5)
        scene.beat(commit=commit)
    for commit in (130, 140):
        scene.wait(5)
        scene.beat("node2", 2, commit)
    assert breaks(scene.series.get(RATE)) == [15]


def test_a_lone_follower_has_series_under_its_own_name() -> None:
    scene = Scene()
    scene.live("node2")
    for commit in (100, 150):
        scene.status("node2", commit=commit)
        scene.wait(5)
    assert scene.series.keys() == [SeriesKey("commit_rate", "", "value", "node2")]


def test_a_key_without_a_sample_has_no_series() -> None:
    assert SeriesBook().get(RATE) is None
