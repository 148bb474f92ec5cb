"""Latency and uptime figures, from records of a simulated node."""

import pytest

from helios_desktop.protocol.timestamps import ZERO_TIME_S
from helios_gateway.clusters import rpc_stats, uptime_shapes
from helios_gateway.simulation.record import Samples
from helios_gateway.simulation.views import PeerRecord, RpcRecord, SessionRecord, UptimeRecord

NONE = RpcRecord(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, None)


def record_of(*times_s: float) -> RpcRecord:
    samples = Samples()
    for took_s in times_s:
        samples.add(took_s)
    return samples.record()


FAST = record_of(*(0.0005 + index * 0.00001 for index in range(300)))
SLOW = record_of(*(0.005 + index * 0.0001 for index in range(100)))


def wall_ns(simulated_s: float) -> int:
    return round((1_800_000_000 + simulated_s) * 1e9)


def test_pooling_weighs_averages_and_keeps_the_extremes() -> None:
    pooled = rpc_stats.pooled([FAST, NONE, SLOW])
    assert pooled.count == 400
    assert pooled.avg_ms == pytest.approx((300 * FAST.avg_ms + 100 * SLOW.avg_ms) / 400)
    assert (pooled.min_ms, pooled.max_ms) == (FAST.min_ms, SLOW.max_ms)


def test_pooling_one_record_changes_no_figure() -> None:
    figures = rpc_stats.pooled([SLOW])
    assert figures.count == SLOW.count
    assert (figures.p50_ms, figures.p99_ms) == pytest.approx((SLOW.p50_ms, SLOW.p99_ms))
    assert rpc_stats.pooled([]) == NONE


def test_a_kind_that_was_never_answered_is_left_out() -> None:
    peer = PeerRecord("localhost:8002", FAST, NONE, NONE, FAST, 3.0, True, 0)
    assert set(rpc_stats.by_kind([peer, peer])) == {"append_entries"}
    assert rpc_stats.by_kind([]) == {}


def test_a_peer_that_was_never_reached_says_never() -> None:
    told = rpc_stats.peer_latency("node2", PeerRecord("a", NONE, NONE, NONE, NONE, None, False, 4), 9.0, wall_ns)
    assert (told.last_contact, told.last_contact_unix) == ("0001-01-01T00:00:00Z", ZERO_TIME_S)
    assert (told.reachable, told.connection_healthy, told.consecutive_errors) == (False, False, 4)


def test_uptime_counts_sessions_crashes_and_the_time_between() -> None:
    crashed = SessionRecord(0.0, 60.0, "crash", 30.0, 29.0, 1.0, 1, 1)
    running = SessionRecord(90.0, None, None, 0.0, 30.0, 0.0, 0, 0)
    record = UptimeRecord(90.0, (crashed, running), (), 0.0)
    told = uptime_shapes.statistics(record, 120.0, wall_ns)
    assert (told.total_uptime_ms, told.total_downtime_ms) == (90_000, 30_000)
    assert (told.total_restarts, told.total_crashes, told.mtbf_str) == (1, 1, "1m30s")
    assert told.uptime_percentage_all == told.uptime_percentage_24h == pytest.approx(75.0)
    assert told.leadership_ratio == pytest.approx(1 / 3)
    assert uptime_shapes.uptime(record, 120.0).current_uptime == "30s"
    assert uptime_shapes.uptime(record, 120.0).total_uptime == "1m30s"
