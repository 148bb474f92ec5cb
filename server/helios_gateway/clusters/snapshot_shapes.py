"""Snapshots as the real gateway tells them, from what a simulated node did (wire.md §3.5 and §5)."""

from typing import Any

from helios_desktop.protocol.durations import format_duration
from helios_desktop.protocol.messages import SnapshotStatistics
from helios_desktop.protocol.timestamps import NS, format_timestamp
from helios_gateway.clusters.rpc_stats import WallNs
from helios_gateway.simulation.views import SnapshotEvent, SnapshotMeta, SnapshotRecord

_INTERVAL = "0s"
"""The simulated nodes take snapshots by log length alone."""


def status_statistics(record: SnapshotRecord, now_s: float, wall_ns: WallNs) -> SnapshotStatistics:
    """The short form in the real gateway's status."""
    latest = record.latest
    age_s = 0.0 if latest is None else now_s - latest.created_s
    return SnapshotStatistics(
        has_snapshot=latest is not None,
        latest_snapshot_id=None if latest is None else latest.id,
        latest_snapshot_index=0 if latest is None else latest.index,
        latest_snapshot_term=0 if latest is None else latest.term,
        latest_snapshot_size=0 if latest is None else latest.size_bytes,
        latest_snapshot_time=None if latest is None else format_timestamp(wall_ns(latest.created_s), 0),
        latest_snapshot_age_ms=int(age_s * 1e3),
        latest_snapshot_age="" if latest is None else _age(age_s),
        total_snapshots=record.tracked,
        total_snapshots_created=record.created,
        total_snapshots_received=record.received,
        total_restores=record.restores,
        total_bytes_written=record.bytes_written,
        failed_creations=record.failed_creations,
        failed_restores=record.failed_restores,
        avg_creation_time_ms=_average_ms(record.total_creation_ms, record.created),
        snapshot_interval=_INTERVAL,
        snapshot_threshold=record.threshold,
    )


def statistics(record: SnapshotRecord, now_s: float, wall_ns: WallNs) -> SnapshotStatistics:
    """All keys."""
    latest = record.latest
    age_s = 0.0 if latest is None else now_s - latest.created_s
    return SnapshotStatistics(
        has_snapshot=latest is not None,
        latest_snapshot_id=None if latest is None else latest.id,
        latest_snapshot_index=0 if latest is None else latest.index,
        latest_snapshot_term=0 if latest is None else latest.term,
        latest_snapshot_size=0 if latest is None else latest.size_bytes,
        latest_snapshot_time=None if latest is None else format_timestamp(wall_ns(latest.created_s), 0),
        latest_snapshot_time_unix=0 if latest is None else wall_ns(latest.created_s) // NS,
        latest_snapshot_age_ms=int(age_s * 1e3),
        latest_snapshot_age="" if latest is None else _age(age_s),
        total_snapshots=record.tracked,
        total_snapshots_created=record.created,
        total_snapshots_received=record.received,
        total_restores=record.restores,
        failed_creations=record.failed_creations,
        failed_restores=record.failed_restores,
        total_bytes_written=record.bytes_written,
        total_entries_compacted=record.entries_compacted,
        avg_snapshot_size=record.total_size_bytes // record.tracked if record.tracked else 0,
        largest_snapshot_size=record.largest_size_bytes,
        avg_creation_time_ms=_average_ms(record.total_creation_ms, record.created),
        max_creation_time_ms=round(record.max_creation_ms),
        last_creation_time_ms=round(record.last_creation_ms),
        avg_restore_time_ms=_average_ms(record.total_restore_ms, record.restores),
        last_restore_time_ms=round(record.last_restore_ms),
        snapshot_interval_ms=0,
        snapshot_interval=_INTERVAL,
        snapshot_threshold=record.threshold,
        retention_count=1,
        time_since_last_snapshot_ms=int(age_s * 1e3),
        time_since_last_snapshot="" if latest is None else _age(age_s),
        snapshots_on_disk=0 if latest is None else 1,
    )


def history(node: str, record: SnapshotRecord, wall_ns: WallNs, max_events: int, max_snapshots: int) -> dict[str, Any]:
    """Events newest first, snapshots lowest index first (wire.md §5)."""
    events = record.events[-max_events:] if max_events else ()
    snapshots = record.snapshots[-max_snapshots:] if max_snapshots else ()
    return {
        "node_id": node,
        "events": [_event(event, wall_ns) for event in reversed(events)],
        "snapshots": [_meta(node, snapshot, wall_ns) for snapshot in snapshots],
        "total_events": len(record.events),
        "total_snapshots": len(record.snapshots),
    }


def _event(event: SnapshotEvent, wall_ns: WallNs) -> dict[str, Any]:
    told: dict[str, Any] = {
        "timestamp": format_timestamp(wall_ns(event.at_s)),
        "type": event.type,
        "snapshot_id": f"{event.term}-{event.index}",
        "index": event.index,
        "term": event.term,
        "size": event.size_bytes,
        "duration_ms": round(event.duration_ms),
        "success": event.is_success,
    }
    if event.error_message:
        told["error_message"] = event.error_message
    if event.from_peer:
        told["from_peer"] = event.from_peer
    if event.entries_compacted:
        told["entries_compacted"] = event.entries_compacted
    return told


def _meta(node: str, snapshot: SnapshotMeta, wall_ns: WallNs) -> dict[str, Any]:
    restored_s = snapshot.last_restored_s
    return {
        "id": snapshot.id,
        "index": snapshot.index,
        "term": snapshot.term,
        "size": snapshot.size_bytes,
        "created_at": format_timestamp(wall_ns(snapshot.created_s)),
        "creation_duration": round(snapshot.creation_ms * 1e6),
        "last_restored_at": None if restored_s is None else format_timestamp(wall_ns(restored_s)),
        "restore_duration": 0,
        "node_id": node,
        "is_from_peer": snapshot.is_received,
        "peer_count": len(snapshot.peers),
        "peers": snapshot.peers,
        "entries_compacted": snapshot.entries_compacted,
    }


def _average_ms(total_ms: float, count: int) -> int:
    return round(total_ms / count) if count else 0


def _age(seconds: float) -> str:
    return format_duration(round(seconds) * NS)
