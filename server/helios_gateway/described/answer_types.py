"""The JSON answers for which the protocol has no type, since our own client does not read them (wire.md §5)."""

from typing import Any

from msgspec import Struct

from helios_desktop.protocol.messages import (
    ClusterHealth,
    HealthSummary,
    MetricsTable,
    PeerLatency,
    SnapshotStatistics,
    Stats,
    StatusIndices,
    StatusLeader,
    StatusNode,
    StatusPeer,
    UptimeStatistics,
)


class Done(Struct, frozen=True):
    """It was done."""

    ok: bool


class Revoked(Struct, frozen=True):
    """It was done: `logins` were ended by it."""

    ok: bool
    logins: int


class FaultRefusal(Struct, frozen=True):
    """A fault that cannot be made: which of its fields is to blame ("" for the whole), and why."""

    ok: bool
    field: str
    error: str


class Sentence(Struct, frozen=True):
    """The real gateway's constant answer."""

    message: str


class NodeStatus(Struct, frozen=True, omit_defaults=True):
    """What one node knows of the cluster, in the real gateway's nested shape. `uptime` is a Go duration."""

    node: StatusNode
    leader: StatusLeader
    indices: StatusIndices
    peers: tuple[StatusPeer, ...]
    sessions: dict[str, Any]
    tls: dict[str, Any]
    uptime: str
    uptime_stats: UptimeStatistics
    snapshot: SnapshotStatistics
    custom_metrics: MetricsTable
    cluster_health: ClusterHealth | None = None


class Peer(Struct, frozen=True):
    """Another member. `state` is always "Active"."""

    id: str
    address: str
    state: str


class Peers(Struct, frozen=True):
    """The other members."""

    peers: tuple[Peer, ...]


class LatencyReport(Struct, frozen=True):
    """Latency of the RPCs that the node sends: of all, and by peer."""

    aggregated: Stats
    health_summary: HealthSummary
    peers: dict[str, PeerLatency]


class SnapshotEvent(Struct, frozen=True, omit_defaults=True):
    """A snapshot that was taken, received or restored, or failed to be."""

    timestamp: str
    type: str
    snapshot_id: str
    index: int
    term: int
    size: int
    duration_ms: int
    success: bool
    error_message: str | None = None
    from_peer: str | None = None
    entries_compacted: int | None = None


class SnapshotMeta(Struct, frozen=True):
    """A snapshot. Sizes are in bytes, durations in nanoseconds."""

    id: str
    index: int
    term: int
    size: int
    created_at: str
    creation_duration: int
    last_restored_at: str | None
    restore_duration: int
    node_id: str
    is_from_peer: bool
    peer_count: int
    peers: tuple[str, ...]
    entries_compacted: int


class SnapshotHistory(Struct, frozen=True):
    """Events newest first, snapshots lowest index first, and how many of each there are in all."""

    node_id: str
    events: tuple[SnapshotEvent, ...]
    snapshots: tuple[SnapshotMeta, ...]
    total_events: int
    total_snapshots: int
