"""Latency of RPCs as the wire tells it, from what a simulated node measured (wire.md §3.5)."""

from collections.abc import Callable, Iterable
from statistics import pstdev

from helios_desktop.protocol.messages import PeerLatency, Stats
from helios_desktop.protocol.timestamps import NS, ZERO_TIME_S, format_timestamp
from helios_gateway.simulation.record import percentile
from helios_gateway.simulation.views import NodeView, PeerRecord, RpcRecord

HEALTHY_FOR_S = 30.0
"""A peer that was not heard for longer is not healthy (wire.md §3.1)."""
ZERO_TIME = "0001-01-01T00:00:00Z"

WallNs = Callable[[float], int]
"""The wall clock at a simulated instant."""


def by_kind(peers: Iterable[PeerRecord]) -> dict[str, Stats]:
    """The guide's `aggregated`: each RPC kind that was answered at all, over all peers, with percentiles."""
    told = tuple(peers)
    kinds = {
        "append_entries": [peer.append_entries for peer in told],
        "request_vote": [peer.request_vote for peer in told],
        "install_snapshot": [peer.install_snapshot for peer in told],
    }
    return {kind: _short(pooled(records)) for kind, records in kinds.items() if any(record.count for record in records)}


def pooled(records: Iterable[RpcRecord]) -> RpcRecord:
    """Several records as one: percentiles and deviation are those of all their recent samples together."""
    told = tuple(records)
    answered = [record for record in told if record.count]
    error_count = sum(record.error_count for record in told)
    failed_at_s = max((at_s for record in told if (at_s := record.last_error_at_s) is not None), default=None)
    if not answered:
        return RpcRecord(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, error_count, failed_at_s)
    count = sum(record.count for record in answered)
    recent = sorted(took for record in answered for took in record.recent_ms)
    return RpcRecord(
        count,
        answered[-1].last_ms,
        min(record.min_ms for record in answered),
        max(record.max_ms for record in answered),
        sum(record.count * record.avg_ms for record in answered) / count,
        percentile(recent, 0.50),
        percentile(recent, 0.90),
        percentile(recent, 0.99),
        pstdev(recent),
        error_count,
        failed_at_s,
    )


def peer_table(view: NodeView, now_s: float, wall_ns: WallNs) -> dict[str, PeerLatency]:
    """The map by peer id."""
    return {peer: peer_latency(peer, record, now_s, wall_ns) for peer, record in view.latency.items()}


def peer_latency(peer: str, record: PeerRecord, now_s: float, wall_ns: WallNs) -> PeerLatency:
    """One peer of it."""
    contact_s = record.last_contact_s
    contact_ns = ZERO_TIME_S * NS if contact_s is None else wall_ns(contact_s)
    return PeerLatency(
        peer_id=peer,
        address=record.address,
        append_entries=full(record.append_entries),
        request_vote=full(record.request_vote),
        install_snapshot=full(record.install_snapshot),
        aggregated=full(record.aggregated, wall_ns),
        last_contact=ZERO_TIME if contact_s is None else format_timestamp(contact_ns),
        last_contact_unix=contact_ns // NS,
        reachable=record.reachable,
        consecutive_errors=record.consecutive_errors,
        connection_healthy=is_healthy(record, now_s),
    )


def is_healthy(record: PeerRecord, now_s: float) -> bool:
    """It answers, and did so lately."""
    contact_s = record.last_contact_s
    return record.reachable and contact_s is not None and now_s - contact_s < HEALTHY_FOR_S


def full(record: RpcRecord, wall_ns: WallNs | None = None) -> Stats:
    """All keys of wire.md's S; `last_error_unix` only with `wall_ns`, and where there was an error."""
    failed_at_s = record.last_error_at_s
    return Stats(
        count=record.count,
        last_value_ms=_ms(record.last_ms),
        min_value_ms=_ms(record.min_ms),
        max_value_ms=_ms(record.max_ms),
        avg_value_ms=_ms(record.avg_ms),
        p50_value_ms=_ms(record.p50_ms),
        p90_value_ms=_ms(record.p90_ms),
        p99_value_ms=_ms(record.p99_ms),
        std_dev_ms=_ms(record.std_dev_ms),
        error_count=record.error_count,
        last_error_unix=None if failed_at_s is None or wall_ns is None else wall_ns(failed_at_s) // NS,
    )


def _short(record: RpcRecord) -> Stats:
    return Stats(
        count=record.count,
        avg_value_ms=_ms(record.avg_ms),
        min_value_ms=_ms(record.min_ms),
        max_value_ms=_ms(record.max_ms),
        p50_value_ms=_ms(record.p50_ms),
        p90_value_ms=_ms(record.p90_ms),
        p99_value_ms=_ms(record.p99_ms),
    )


def _ms(value: float) -> float:
    # To the nanosecond, as Go's durations are.
    return round(value, 6)
