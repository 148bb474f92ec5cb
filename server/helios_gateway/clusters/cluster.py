"""The seam between the gateway and what it serves: a cluster is asked for views and tells what happens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from helios_desktop.protocol.messages import (
    Latency,
    Metric,
    MetricsTable,
    PeerChange,
    PeerLatency,
    Snapshot,
    SnapshotStatistics,
    StateChange,
    Status,
    Uptime,
    UptimeStatistics,
)

Record = dict[str, Any]
"""A JSON object of a history, whose shape only wire.md §5 knows."""


@dataclass(frozen=True, slots=True)
class Told:
    """`node` tells its clients of an event. A dict is the guide's `custom_metrics`: those that changed, by name."""

    node: str
    body: StateChange | PeerChange | Snapshot | dict[str, Metric]


@dataclass(frozen=True, slots=True)
class NodeStopped:
    """The node's process ended; it is still a member."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """The node's process runs, be it for the first time or again."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeRemoved:
    """The node is no member any more, and does not exist any more."""

    node: str


@dataclass(frozen=True, slots=True)
class Disturbed:
    """Somebody made a fault: what `nodes` know may have changed at once.

    Those that it stopped or started are not among them: a notice of their own told it.
    """

    nodes: tuple[str, ...]


Notice = Told | NodeStopped | NodeStarted | NodeRemoved | Disturbed


class Cluster(Protocol):
    """What the gateway needs of a cluster.

    `node` must be one of `members()`, and running for everything but `is_running`. The reads that the guide shows
    answer in its shapes; those of the real gateway (wire.md §3.1, §3.5 and §5) have a class of their own.
    """

    def members(self) -> tuple[str, ...]:
        """Every node that exists, running or stopped, in order."""

    def is_running(self, node: str) -> bool:
        """Whether the node's process runs."""

    def listen(self, see: Callable[[Notice], None]) -> None:
        """Call `see` with whatever happens, in order, from the event loop."""

    def status(self, node: str) -> Status:
        """The guide's `status`."""

    def latency(self, node: str) -> Latency:
        """The guide's `latency`, with percentiles, and the table by peer beside it."""

    def uptime(self, node: str) -> Uptime:
        """The guide's `uptime`."""

    @property
    def admin(self) -> "AdminReads":
        """The reads under `/admin/cluster`."""


class AdminReads(Protocol):
    """What the real gateway's REST answers are made of."""

    def status(self, node: str) -> Record:
        """The nested status of wire.md §3.1."""

    def peers(self, node: str) -> list[Record]:
        """The other members: id, address, state."""

    def latency(self, node: str) -> Record:
        """The keys aggregated, health_summary and peers."""

    def peer_latency(self, node: str, peer: str) -> PeerLatency | None:
        """One peer of it; None for one that this node never called."""

    def uptime(self, node: str) -> UptimeStatistics:
        """The node's uptime and what it did in it."""

    def uptime_history(self, node: str, max_events: int, max_sessions: int) -> Record:
        """The last so many events and sessions, oldest first."""

    def snapshot(self, node: str) -> SnapshotStatistics:
        """Statistics of all the node's snapshots."""

    def snapshot_history(self, node: str, max_events: int, max_snapshots: int) -> Record:
        """Events newest first, snapshots lowest index first."""

    def metrics(self, node: str) -> MetricsTable:
        """All custom metrics."""

    def metric(self, node: str, name: str) -> Metric | None:
        """One of them, a histogram with its last observations; None for an unknown one."""
