"""What one node tells of itself: facts, taken at one moment. Instants and durations `_s` are simulated seconds."""

from msgspec import Struct


class RpcRecord(Struct, frozen=True):
    """Round trips of one kind of RPC. Without any, `count` is 0 and so are the values.

    Least, most and average are of all; percentiles and deviation of the last 100, which
    are `recent_ms`, oldest first. An error is a request that got no
    answer in time.
    """

    count: int
    last_ms: float
    min_ms: float
    max_ms: float
    avg_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    std_dev_ms: float
    error_count: int
    last_error_at_s: float | None
    recent_ms: tuple[float, ...] = ()


class PeerRecord(Struct, frozen=True):
    """What a node measured of one peer since it started.

    last_contact_s: when an answer last came, None: never
    reachable:      false after three errors in a row
    """

    address: str
    append_entries: RpcRecord
    request_vote: RpcRecord
    install_snapshot: RpcRecord
    aggregated: RpcRecord
    last_contact_s: float | None
    reachable: bool
    consecutive_errors: int


class PeerView(Struct, frozen=True):
    """A peer of its configuration; only a leader knows the indices."""

    id: str
    address: str
    match_index: int | None
    next_index: int | None


class SessionRecord(Struct, frozen=True):
    """One run of the process. `end_s` None: it goes on. `elections`: those it won, and `terms_served` as leader."""

    start_s: float
    end_s: float | None
    end_reason: str | None
    leader_s: float
    follower_s: float
    candidate_s: float
    elections: int
    terms_served: int


class UptimeEvent(Struct, frozen=True):
    """`type` is start, stop, restart, crash, election (won) or demote; `duration_s` how long what ended had lasted."""

    at_s: float
    type: str
    state: str
    term: int
    leader_id: str
    reason: str
    duration_s: float | None


class UptimeRecord(Struct, frozen=True):
    """Over all runs of the process, oldest first; of the events, the last thousand."""

    session_started_s: float | None
    sessions: tuple[SessionRecord, ...]
    events: tuple[UptimeEvent, ...]
    first_tracked_s: float


class SnapshotEvent(Struct, frozen=True):
    """`type` is created, received, restored or error. `from_peer`: the leader that sent it."""

    at_s: float
    type: str
    index: int
    term: int
    size_bytes: int
    duration_ms: float
    is_success: bool
    error_message: str
    from_peer: str
    entries_compacted: int


class SnapshotMeta(Struct, frozen=True):
    """A snapshot that the node wrote or received."""

    index: int
    term: int
    size_bytes: int
    created_s: float
    creation_ms: float
    entries_compacted: int
    peers: tuple[str, ...]
    is_received: bool
    restored: int
    last_restored_s: float | None

    @property
    def id(self) -> str:
        """The real gateway's name of it."""
        return f"{self.term}-{self.index}"


class SnapshotRecord(Struct, frozen=True):
    """All that the node did with snapshots since it was first started.

    latest:    None: none yet
    snapshots: the last hundred, oldest first
    events:    the last thousand, oldest first
    threshold: entries applied since the last one that make the next one due
    """

    latest: SnapshotMeta | None
    snapshots: tuple[SnapshotMeta, ...]
    events: tuple[SnapshotEvent, ...]
    threshold: int
    tracked: int
    created: int
    received: int
    restores: int
    failed_creations: int
    failed_restores: int
    bytes_written: int
    entries_compacted: int
    total_size_bytes: int
    largest_size_bytes: int
    total_creation_ms: float
    max_creation_ms: float
    last_creation_ms: float
    total_restore_ms: float
    last_restore_ms: float


class MetricView(Struct, frozen=True):
    """`type` is counter, gauge or histogram; a histogram's value is how many observations it had.

    observations: the last thousand, in the metric's unit
    """

    type: str
    help: str
    value: float
    labels: dict[str, str] | None
    buckets: tuple[float, ...] | None
    created_s: float
    updated_s: float
    observations: tuple[float, ...] = ()


class NodeView(Struct, frozen=True):
    """One node's view, at one moment. Of a stopped node, what its disk holds.

    role:    "Follower", "Candidate" or "Leader"
    leader:  "" where it knows none
    peers:   the others of its configuration, sorted
    latency: by peer, sorted; those that it has sent a request since it started
    """

    id: str
    address: str
    is_running: bool
    role: str
    term: int
    commit_index: int
    last_applied: int
    last_log_index: int
    last_log_term: int
    leader: str
    peers: tuple[PeerView, ...]
    latency: dict[str, PeerRecord]
    uptime: UptimeRecord
    snapshots: SnapshotRecord
    metrics: dict[str, MetricView]
