"""The bodies of all server messages as frozen types (guide, "Message Types" and "Server Message Types").

One type a kind serves both dialects: its fields are the guide's, and what the real gateway names otherwise
(wire.md §3 and §4) stands beside them as optional fields, from which the guide's are filled on decoding. None
means "not told": it is left out on encoding, so that a gateway which sets the guide's fields sends exactly those.
All `*_ms` are milliseconds, `*_bytes` bytes, `*_index` and `term` counts that start at 1 (0: none yet).
"""

from typing import Any, Final

from msgspec import Struct

from helios_desktop.protocol.durations import parse_duration
from helios_desktop.protocol.history import UptimeEvent, UptimeSession
from helios_desktop.protocol.timestamps import parse_timestamp, parse_unix


class Stats(Struct, frozen=True, gc=False, omit_defaults=True):
    """Latency of one RPC kind. Percentiles are over the last 100 samples (wire.md §3.1)."""

    count: int
    avg_value_ms: float
    min_value_ms: float
    max_value_ms: float
    p50_value_ms: float | None = None
    p90_value_ms: float | None = None
    p99_value_ms: float | None = None
    last_value_ms: float | None = None
    std_dev_ms: float | None = None
    error_count: int | None = None
    last_error_unix: int | None = None


class PeerLatency(Struct, frozen=True, gc=False, omit_defaults=True):
    """Latency of all RPCs to one peer (wire.md §3.5)."""

    peer_id: str
    address: str = ""
    append_entries: Stats | None = None
    request_vote: Stats | None = None
    install_snapshot: Stats | None = None
    aggregated: Stats | None = None
    last_contact: str | None = None
    last_contact_unix: int | None = None
    reachable: bool | None = None
    consecutive_errors: int | None = None
    connection_healthy: bool | None = None

    @property
    def last_contact_ns(self) -> int | None:
        """When it last answered, in nanoseconds since the epoch; None where it never did or where it is not told."""
        told_ns = None if self.last_contact is None else parse_timestamp(self.last_contact)
        return told_ns if told_ns is not None else parse_unix(self.last_contact_unix)


class StatusPeerLatency(Struct, frozen=True, gc=False):
    """The short latency of a peer inside the real gateway's status (wire.md §3.1)."""

    avg_latency_ms: float | None = None
    min_latency_ms: float | None = None
    max_latency_ms: float | None = None
    p50_latency_ms: float | None = None
    p90_latency_ms: float | None = None
    p99_latency_ms: float | None = None
    last_latency_ms: float | None = None
    sample_count: int | None = None
    error_count: int | None = None
    error_rate: float | None = None
    last_contact_unix: int | None = None
    reachable: bool | None = None
    connection_healthy: bool | None = None
    consecutive_errors: int | None = None


class StatusPeer(Struct, frozen=True, gc=False, omit_defaults=True):
    """A peer in the real gateway's status; indices only on the leader and only above 0."""

    id: str
    address: str = ""
    match_index: int | None = None
    next_index: int | None = None
    latency: StatusPeerLatency | None = None


class StatusNode(Struct, frozen=True, gc=False):
    """The real gateway's `node` part."""

    id: str
    state: str | None = None
    term: int | None = None


class StatusLeader(Struct, frozen=True, gc=False):
    """The real gateway's `leader` part; the id is empty on every node but the leader itself."""

    id: str = ""
    address: str = ""
    is_leader: bool = False


class StatusIndices(Struct, frozen=True, gc=False):
    """The real gateway's `indices` part."""

    last_log: int | None = None
    last_log_term: int | None = None
    commit_index: int | None = None
    applied_index: int | None = None


class ClusterHealth(Struct, frozen=True, gc=False):
    """The real gateway's own count of its peers; it keeps counting removed ones."""

    healthy_peers: int | None = None
    unhealthy_peers: int | None = None
    total_peers: int | None = None
    avg_cluster_latency_ms: float | None = None
    max_cluster_latency_ms: float | None = None
    cluster_error_rate: float | None = None


class UptimeStatistics(Struct, frozen=True, gc=False, omit_defaults=True):
    """The real gateway's uptime (wire.md §3.5), and the short form of it in its status."""

    current_uptime_ms: int
    current_session_start: str | None = None
    current_uptime_str: str | None = None
    total_sessions: int | None = None
    total_uptime_ms: int | None = None
    total_uptime_str: str | None = None
    total_downtime_ms: int | None = None
    total_downtime_str: str | None = None
    longest_session_ms: int | None = None
    longest_session_str: str | None = None
    shortest_session_ms: int | None = None
    shortest_session_str: str | None = None
    average_session_ms: int | None = None
    average_session_str: str | None = None
    uptime_percentage_24h: float | None = None
    uptime_percentage_7d: float | None = None
    uptime_percentage_30d: float | None = None
    uptime_percentage_all: float | None = None
    total_leader_time_ms: int | None = None
    total_leader_time_str: str | None = None
    total_follower_time_ms: int | None = None
    total_follower_time_str: str | None = None
    total_candidate_time_ms: int | None = None
    total_candidate_time_str: str | None = None
    leadership_ratio: float | None = None
    total_elections: int | None = None
    total_terms_as_leader: int | None = None
    total_restarts: int | None = None
    total_crashes: int | None = None
    last_restart: str | None = None
    last_crash: str | None = None
    mtbf_ms: int | None = None
    mtbf_str: str | None = None
    first_tracked_time: str | None = None


class Uptime(Struct, frozen=True, gc=False, omit_defaults=True):
    """Uptime of one node (guide, "Uptime Update"). Of statistics, the texts are filled from their milliseconds."""

    current_uptime: str
    total_sessions: int | None = None
    total_uptime: str | None = None
    statistics: UptimeStatistics | None = None

    @property
    def current_ns(self) -> int | None:
        """This session's uptime in nanoseconds; None for a text that is no duration."""
        if self.statistics is not None:
            return self.statistics.current_uptime_ms * 1_000_000
        return parse_duration(self.current_uptime)


class UptimeHistory(Struct, frozen=True, gc=False, omit_defaults=True):
    """What REST tells of a node's uptime over all its sessions, each list oldest first (wire.md §5)."""

    node_id: str = ""
    events: tuple[UptimeEvent, ...] = ()
    stats: UptimeStatistics | None = None
    recent_sessions: tuple[UptimeSession, ...] = ()


class SnapshotStatistics(Struct, frozen=True, gc=False, omit_defaults=True):
    """The real gateway's statistics of all snapshots (wire.md §3.5), and the short form in its status."""

    has_snapshot: bool
    latest_snapshot_id: str | None = None
    latest_snapshot_index: int | None = None
    latest_snapshot_term: int | None = None
    latest_snapshot_size: int | None = None
    latest_snapshot_time: str | None = None
    latest_snapshot_time_unix: int | None = None
    latest_snapshot_age_ms: int | None = None
    latest_snapshot_age: str | None = None
    total_snapshots: int | None = None
    total_snapshots_created: int | None = None
    total_snapshots_received: int | None = None
    total_restores: int | None = None
    total_bytes_written: int | None = None
    total_entries_compacted: int | None = None
    failed_creations: int | None = None
    failed_restores: int | None = None
    avg_snapshot_size: int | float | None = None
    largest_snapshot_size: int | None = None
    avg_creation_time_ms: int | float | None = None
    max_creation_time_ms: int | float | None = None
    last_creation_time_ms: int | float | None = None
    avg_restore_time_ms: int | float | None = None
    last_restore_time_ms: int | float | None = None
    snapshot_interval_ms: int | None = None
    snapshot_interval: str | None = None
    snapshot_threshold: int | None = None
    retention_count: int | None = None
    time_since_last_snapshot_ms: int | None = None
    time_since_last_snapshot: str | None = None
    snapshots_on_disk: int | None = None


class Snapshot(Struct, frozen=True, gc=False, omit_defaults=True):
    """A snapshot that was taken (guide, "Snapshot Update"): up to which log index, of which term.

    Of statistics it is the latest one, and all None before the first.
    """

    index: int | None
    term: int | None = None
    size_bytes: int | None = None
    duration_ms: int | float | None = None
    statistics: SnapshotStatistics | None = None


class Metric(Struct, frozen=True, gc=False, omit_defaults=True):
    """One custom metric. `type` is what the server says: counter, gauge, histogram or another word."""

    type: str
    value: int | float
    help: str = ""
    name: str | None = None
    labels: dict[str, str] | None = None
    buckets: tuple[float, ...] | None = None
    created_at: str | None = None
    updated_at: str | None = None
    observations: tuple[float, ...] | None = None


class MetricsTable(Struct, frozen=True, gc=False, omit_defaults=True):
    """The real gateway's full set of custom metrics (wire.md §3.3)."""

    metrics: dict[str, Metric]
    total_metrics: int
    counter_metrics: int | None = None
    gauge_metrics: int | None = None
    histogram_metrics: int | None = None

    @property
    def is_complete(self) -> bool:
        """True where it names as many as it counts: what it does not name is gone, and not only unreadable."""
        return len(self.metrics) == self.total_metrics


class Status(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one node knows of the cluster (guide, "Status Update"; wire.md §3.1)."""

    node_id: str = ""
    state: str | None = None
    term: int | None = None
    commit_index: int | None = None
    last_applied: int | None = None
    leader: str | StatusLeader | None = None
    peers: tuple[str | StatusPeer, ...] | None = None
    snapshot_last: int | None = None
    node: StatusNode | None = None
    indices: StatusIndices | None = None
    uptime: str | None = None
    uptime_stats: UptimeStatistics | None = None
    cluster_health: ClusterHealth | None = None
    snapshot: SnapshotStatistics | None = None
    custom_metrics: MetricsTable | None = None
    sessions: dict[str, Any] | None = None
    tls: dict[str, Any] | None = None

    @property
    def leader_id(self) -> str | None:
        """The leader's id; None where this node does not know it (which is not "no leader")."""
        leader = self.leader
        if leader is None or isinstance(leader, str):
            return leader or None
        return leader.id or None

    @property
    def peer_ids(self) -> tuple[str, ...] | None:
        """Ids of the other members, sorted; None where it was not told."""
        if self.peers is None:
            return None
        return tuple(sorted(peer if isinstance(peer, str) else peer.id for peer in self.peers))

    @property
    def peer_details(self) -> tuple[StatusPeer, ...]:
        """What is told of each peer beside its id, sorted by id; empty in the guide's dialect."""
        peers = [peer for peer in self.peers or () if not isinstance(peer, str)]
        return tuple(sorted(peers, key=lambda peer: peer.id)) if peers else ()


class StateChange(Struct, frozen=True, gc=False, omit_defaults=True):
    """A role change of the node that the gateway speaks for. `old_state` "" and `term` 0 mean unknown."""

    old_state: str
    new_state: str
    term: int


class PeerChange(Struct, frozen=True, gc=False, omit_defaults=True):
    """A peer added to the cluster or removed from it (guide, "Peer Change"; wire.md §3.2)."""

    peer_id: str
    event_type: str = ""
    peer_address: str | None = None
    event: str | None = None
    action: str | None = None
    address: str | None = None


class HealthSummary(Struct, frozen=True, gc=False):
    """How many peers answer, in the REST answer for latency (wire.md §5)."""

    healthy: int
    unhealthy: int
    total: int


class Latency(Struct, frozen=True, gc=False, omit_defaults=True):
    """Latency of the RPCs that one node sends: by RPC kind, by peer, and over all, as far as told."""

    aggregated: dict[str, Stats] | None = None
    peers: dict[str, PeerLatency] | None = None
    total: Stats | None = None
    health_summary: HealthSummary | None = None


class CustomMetrics(Struct, frozen=True, gc=False):
    """The metrics that a message names: in the guide's dialect those that changed, in the other all.

    removed: names that are no longer there; only where that was found by comparing two full sets
    """

    metrics: dict[str, Metric]
    is_complete: bool = False
    removed: tuple[str, ...] = ()


class ServerError(Struct, frozen=True, gc=False, omit_defaults=True):
    """The guide's `error` message. `lost`: our own gateway tells how many messages it did not send, by this error."""

    error: str = ""
    message: str | None = None
    lost: int | None = None


class Pong(Struct, frozen=True, gc=False):
    """The answer to a JSON ping; it has no body."""


class Unknown(Struct, frozen=True, gc=False):
    """A message of a type that is not in the guide."""

    raw: str


class Malformed(Struct, frozen=True, gc=False):
    """A frame that is no message, or a message whose body is not what its type needs."""

    reason: str
    raw: str


Body = (
    Status
    | StateChange
    | PeerChange
    | Latency
    | Uptime
    | UptimeHistory
    | Snapshot
    | CustomMetrics
    | ServerError
    | Pong
    | Unknown
    | Malformed
)

SERVER_MESSAGE_TYPES: Final = (
    "status",
    "status_update",
    "state_change",
    "peer_change",
    "latency",
    "uptime",
    "snapshot",
    "custom_metrics",
    "error",
    "pong",
)
"""The guide's ten, in its order."""
