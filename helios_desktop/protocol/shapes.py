"""Bodies of both dialects from decoded JSON, told apart by shape alone (wire.md §4); for all that is not strictly so.

Each function raises `UnreadableError` where not even the core of the body can be read.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from helios_desktop.protocol.durations import format_duration, parse_duration
from helios_desktop.protocol.messages import (
    CustomMetrics,
    HealthSummary,
    Latency,
    MetricsTable,
    PeerChange,
    PeerLatency,
    ServerError,
    Snapshot,
    SnapshotStatistics,
    StateChange,
    Stats,
    Status,
    StatusNode,
    Uptime,
    UptimeHistory,
    UptimeStatistics,
)
from helios_desktop.protocol.salvage import Salvage, Shape, UnreadableError

_NS_PER_MS: Final = 1_000_000
_STATUS: Final = Shape(Status)
_PEER_CHANGE: Final = Shape(PeerChange)
_ERROR: Final = Shape(ServerError)
_UPTIME: Final = Shape(Uptime)
_UPTIME_STATISTICS: Final = Shape(UptimeStatistics)
_HISTORY: Final = Shape(UptimeHistory)
_SNAPSHOT: Final = Shape(Snapshot)
_SNAPSHOT_STATISTICS: Final = Shape(SnapshotStatistics)
_METRICS_TABLE: Final = Shape(MetricsTable)


class _StateChange(Struct, frozen=True, gc=False):
    new_state: str
    old_state: str = ""
    term: int = 0


class _RestLatency(Struct, frozen=True, gc=False):
    peers: dict[str, PeerLatency] | None = None
    aggregated: Stats | None = None
    health_summary: HealthSummary | None = None


class _GuideLatency(Struct, frozen=True, gc=False):
    aggregated: dict[str, Stats] | None = None
    peers: dict[str, PeerLatency] | None = None


_STATE_CHANGE: Final = Shape(_StateChange)
_BY_PEER: Final = Shape(dict[str, PeerLatency])
_REST_LATENCY: Final = Shape(_RestLatency)
_GUIDE_LATENCY: Final = Shape(_GuideLatency)


def status_of(data: Any, salvage: Salvage) -> Status:
    """Of which only the node's id must be told: `node.id`, else `node_id` (rows 8 to 13)."""
    told = _object(data)
    parts = {
        "uptime_stats": _with_uptime_ms(told.get("uptime_stats")),
        "snapshot": _with_has_snapshot(told.get("snapshot")),
        "custom_metrics": _table(told.get("custom_metrics") or None),
    }
    status = salvage.read({**told, **parts}, _STATUS)
    if status.node is not None and status.node.id:
        return fill_status(status, status.node)
    if not status.node_id:
        raise UnreadableError("a status needs `node_id` or `node.id`")
    return replace(status, node=None)


def fill_status(status: Status, node: StatusNode) -> Status:
    """Fill the guide's flat fields from the real gateway's nested ones (rows 8, 9 and 13)."""
    indices, snapshot = status.indices, status.snapshot
    commit_index, last_applied, snapshot_last = status.commit_index, status.last_applied, status.snapshot_last
    if indices is not None:
        commit_index = indices.commit_index if indices.commit_index is not None else commit_index
        last_applied = indices.applied_index if indices.applied_index is not None else last_applied
    if snapshot is not None and snapshot.has_snapshot:
        snapshot_last = snapshot.latest_snapshot_index
    return replace(
        status,
        node_id=node.id,
        state=node.state if node.state is not None else status.state,
        term=node.term if node.term is not None else status.term,
        commit_index=commit_index,
        last_applied=last_applied,
        snapshot_last=snapshot_last,
    )


def state_change_of(data: Any, salvage: Salvage) -> StateChange:
    """Of which only the new state must be told; the real gateway's code leaves the rest empty (row 14)."""
    told = salvage.read(data, _STATE_CHANGE)
    return StateChange(told.old_state, told.new_state, told.term)


def peer_change_of(data: Any, salvage: Salvage) -> PeerChange:
    """`event_type`, else `event`, else `action`; `peer_address`, else `address` (rows 15 and 16)."""
    change = salvage.read(data, _PEER_CHANGE)
    event_type = change.event_type or change.event or change.action
    if not event_type:
        raise UnreadableError("a peer change needs `event_type` or `event`")
    return replace(change, event_type=event_type, peer_address=change.peer_address or change.address or None)


def latency_of(data: Any, salvage: Salvage) -> Latency:
    """By kind as in the guide, else by peer, else as REST tells it; null where Raft is off (row 18)."""
    if data is None:
        return Latency(peers={})
    told = _object(data)
    aggregated, peers = told.get("aggregated"), _by_id(told.get("peers"))
    if isinstance(aggregated, dict) and all(isinstance(kind, dict) for kind in aggregated.values()):
        guide = salvage.read({"aggregated": aggregated, "peers": peers}, _GUIDE_LATENCY)
        if guide.aggregated is None and guide.peers is None:
            raise UnreadableError("nothing in `data.aggregated` can be read")
        return Latency(aggregated=guide.aggregated, peers=guide.peers)
    if not told or any(_is_peer(peer) for peer in told.values()):
        return Latency(peers=salvage.read(_by_id(told), _BY_PEER))
    rest = salvage.read({**told, "peers": peers}, _REST_LATENCY)
    if rest.peers is None and rest.aggregated is None:
        raise UnreadableError("a latency needs `aggregated`, `peers` or peers by their ids")
    return Latency(peers=rest.peers, total=rest.aggregated, health_summary=rest.health_summary)


def uptime_of(data: Any, salvage: Salvage) -> Uptime:
    """The guide's, else filled from the real gateway's statistics (row 19)."""
    told = _object(data)
    if isinstance(told.get("current_uptime"), str):
        return salvage.read(told, _UPTIME)
    return summed_up(salvage.read(_with_uptime_ms(told), _UPTIME_STATISTICS))


def summed_up(told: UptimeStatistics) -> Uptime:
    """The guide's uptime of the real gateway's statistics."""
    total_ms = told.total_uptime_ms
    return Uptime(
        current_uptime=format_duration(told.current_uptime_ms * _NS_PER_MS),
        total_sessions=told.total_sessions,
        total_uptime=None if total_ms is None else format_duration(total_ms * _NS_PER_MS),
        statistics=told,
    )


def uptime_history_of(data: Any, salvage: Salvage) -> UptimeHistory:
    """What REST tells of all sessions; Go writes an empty list as null."""
    told = _object(data)
    if not told.keys() & {"events", "recent_sessions", "stats"}:
        raise UnreadableError("an uptime history needs `events`, `recent_sessions` or `stats`")
    return salvage.read({**told, "stats": _with_uptime_ms(told.get("stats"))}, _HISTORY)


def snapshot_of(data: Any, salvage: Salvage) -> Snapshot:
    """The guide's, else filled from the real gateway's statistics (row 20)."""
    told = _object(data)
    if _is_number(told.get("index")):
        return salvage.read(told, _SNAPSHOT)
    return latest_snapshot(salvage.read(_with_has_snapshot(told), _SNAPSHOT_STATISTICS))


def latest_snapshot(told: SnapshotStatistics) -> Snapshot:
    """The guide's snapshot of the real gateway's statistics; with no index where there is none yet."""
    if not told.has_snapshot:
        return Snapshot(None, statistics=told)
    return Snapshot(
        index=told.latest_snapshot_index,
        term=told.latest_snapshot_term,
        size_bytes=told.latest_snapshot_size,
        duration_ms=told.last_creation_time_ms,
        statistics=told,
    )


def custom_metrics_of(data: Any, salvage: Salvage) -> CustomMetrics:
    """The guide's flat map, else the table that wraps one (row 21)."""
    table = salvage.read(_table(_object(data)), _METRICS_TABLE)
    return CustomMetrics(table.metrics, is_complete=_is_table(data) and table.is_complete)


def error_of(data: Any, salvage: Salvage) -> ServerError:
    """`error`, else filled from `message` (row 23)."""
    told = salvage.read(data, _ERROR)
    return told if told.error or not told.message else replace(told, error=told.message)


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UnreadableError("`data` is missing or no object")
    return data


def _is_peer(told: Any) -> bool:
    # A peer may bear any name, "peers" and "aggregated" too; only its own object says so.
    return isinstance(told, dict) and isinstance(told.get("peer_id"), str)


def _by_id(peers: Any) -> Any:
    """Each peer with the id that it stands under."""
    if not isinstance(peers, dict):
        return peers
    return {name: {**told, "peer_id": name} if isinstance(told, dict) else told for name, told in peers.items()}


def _is_table(told: Mapping[str, Any]) -> bool:
    """True for a table: in a flat map a metric may be called "metrics" or "total_metrics", but is a metric then."""
    metrics, total = told.get("metrics"), told.get("total_metrics")
    if metrics is None:
        return _is_number(total)
    return isinstance(metrics, dict) and not isinstance(metrics.get("type"), str) and not isinstance(total, dict)


def _table(told: Any) -> Any:
    """Custom metrics of either shape as a table, which counts what it holds where the server did not."""
    if not isinstance(told, dict):
        return told
    if not _is_table(told):
        return {"metrics": told, "total_metrics": len(told)}
    metrics = told.get("metrics") or {}
    total = told.get("total_metrics")
    return {**told, "metrics": metrics, "total_metrics": total if _is_number(total) else len(metrics)}


def _with_uptime_ms(told: Any) -> Any:
    """With `current_uptime_ms`, from its text where only that is told."""
    if not isinstance(told, dict) or _is_number(told.get("current_uptime_ms")):
        return told
    text = told.get("current_uptime_str")
    current_ns = parse_duration(text) if isinstance(text, str) else None
    return told if current_ns is None else {**told, "current_uptime_ms": current_ns // _NS_PER_MS}


def _with_has_snapshot(told: Any) -> Any:
    """With `has_snapshot`, from the index where only that is told."""
    if not isinstance(told, dict) or isinstance(told.get("has_snapshot"), bool):
        return told
    index = told.get("latest_snapshot_index")
    return {**told, "has_snapshot": index > 0} if _is_number(index) else told


def _is_number(told: Any) -> TypeGuard[int | float]:
    return isinstance(told, int | float) and not isinstance(told, bool)
