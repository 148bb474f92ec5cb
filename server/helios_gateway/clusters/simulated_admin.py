"""A simulated cluster in the shapes of the real gateway's REST answers (wire.md §3.1, §3.5, §5)."""

from collections.abc import Callable

from helios_desktop.protocol.durations import format_duration
from helios_desktop.protocol.messages import (
    ClusterHealth,
    Metric,
    MetricsTable,
    PeerLatency,
    SnapshotStatistics,
    StatusIndices,
    StatusLeader,
    StatusNode,
    StatusPeer,
    StatusPeerLatency,
    UptimeStatistics,
)
from helios_desktop.protocol.timestamps import NS, ZERO_TIME_S
from helios_gateway.clusters import metric_shapes, rpc_stats, snapshot_shapes, uptime_shapes
from helios_gateway.clusters.cluster import Record
from helios_gateway.clusters.rpc_stats import WallNs
from helios_gateway.simulation.views import NodeView, PeerRecord, PeerView


class SimulatedAdmin:
    """The `AdminReads` of a simulation. `now_s` is its own time."""

    def __init__(self, view: Callable[[str], NodeView], now_s: Callable[[], float], wall_ns: WallNs) -> None:
        self._view = view
        self._now_s = now_s
        self._wall_ns = wall_ns

    def status(self, node: str) -> Record:
        """The nested status. Unlike the real one, followers name the leader that they know."""
        view = self._view(node)
        now_s = self._now_s()
        addresses = {view.id: view.address} | {peer.id: peer.address for peer in view.peers}
        health = _health(view, now_s)
        return {
            "node": StatusNode(view.id, view.role, view.term),
            "leader": StatusLeader(view.leader, addresses.get(view.leader, ""), view.role == "Leader"),
            "indices": StatusIndices(view.last_log_index, view.last_log_term, view.commit_index, view.last_applied),
            "peers": [self._status_peer(peer, view.latency.get(peer.id), now_s) for peer in view.peers],
            "sessions": {"active_count": 0},
            "tls": {"enabled": False, "verify_peer": False},
            "uptime": format_duration(round(uptime_shapes.current_s(view.uptime, now_s) * NS)),
            "uptime_stats": uptime_shapes.status_statistics(view.uptime, now_s, self._wall_ns),
            **({} if health is None else {"cluster_health": health}),
            "snapshot": snapshot_shapes.status_statistics(view.snapshots, now_s, self._wall_ns),
            "custom_metrics": metric_shapes.table(view.metrics, self._wall_ns),
        }

    def peers(self, node: str) -> list[Record]:
        """The other members; `state` is the real gateway's constant."""
        return [{"id": peer.id, "address": peer.address, "state": "Active"} for peer in self._view(node).peers]

    def latency(self, node: str) -> Record:
        """The table by peer, and all of it as one."""
        view = self._view(node)
        now_s = self._now_s()
        healthy = sum(rpc_stats.is_healthy(record, now_s) for record in view.latency.values())
        total = len(view.latency)
        return {
            "aggregated": rpc_stats.full(rpc_stats.pooled(record.aggregated for record in view.latency.values())),
            "health_summary": {"healthy": healthy, "total": total, "unhealthy": total - healthy},
            "peers": rpc_stats.peer_table(view, now_s, self._wall_ns),
        }

    def peer_latency(self, node: str, peer: str) -> PeerLatency | None:
        """One peer of it."""
        record = self._view(node).latency.get(peer)
        return None if record is None else rpc_stats.peer_latency(peer, record, self._now_s(), self._wall_ns)

    def uptime(self, node: str) -> UptimeStatistics:
        """Uptime and what the node did in it."""
        return uptime_shapes.statistics(self._view(node).uptime, self._now_s(), self._wall_ns)

    def uptime_history(self, node: str, max_events: int, max_sessions: int) -> Record:
        """The last so many events and sessions."""
        record = self._view(node).uptime
        return uptime_shapes.history(node, record, self._now_s(), self._wall_ns, max_events, max_sessions)

    def snapshot(self, node: str) -> SnapshotStatistics:
        """Statistics of all the node's snapshots."""
        return snapshot_shapes.statistics(self._view(node).snapshots, self._now_s(), self._wall_ns)

    def snapshot_history(self, node: str, max_events: int, max_snapshots: int) -> Record:
        """Events and snapshots."""
        return snapshot_shapes.history(node, self._view(node).snapshots, self._wall_ns, max_events, max_snapshots)

    def metrics(self, node: str) -> MetricsTable:
        """All custom metrics."""
        return metric_shapes.table(self._view(node).metrics, self._wall_ns)

    def metric(self, node: str, name: str) -> Metric | None:
        """One of them, with its observations."""
        metric = self._view(node).metrics.get(name)
        return None if metric is None else metric_shapes.whole(name, metric, self._wall_ns, has_observations=True)

    def _status_peer(self, peer: PeerView, record: PeerRecord | None, now_s: float) -> StatusPeer:
        return StatusPeer(
            id=peer.id,
            address=peer.address,
            match_index=peer.match_index or None,
            next_index=peer.next_index or None,
            latency=None if record is None else self._status_peer_latency(record, now_s),
        )

    def _status_peer_latency(self, record: PeerRecord, now_s: float) -> StatusPeerLatency:
        of_all = rpc_stats.full(record.aggregated)
        errors = record.aggregated.error_count
        tried = record.aggregated.count + errors
        contact_s = record.last_contact_s
        return StatusPeerLatency(
            avg_latency_ms=of_all.avg_value_ms,
            min_latency_ms=of_all.min_value_ms,
            max_latency_ms=of_all.max_value_ms,
            p50_latency_ms=of_all.p50_value_ms,
            p90_latency_ms=of_all.p90_value_ms,
            p99_latency_ms=of_all.p99_value_ms,
            last_latency_ms=of_all.last_value_ms,
            sample_count=of_all.count,
            error_count=errors,
            error_rate=errors / tried if tried else 0.0,
            last_contact_unix=ZERO_TIME_S if contact_s is None else self._wall_ns(contact_s) // NS,
            reachable=record.reachable,
            connection_healthy=rpc_stats.is_healthy(record, now_s),
            consecutive_errors=record.consecutive_errors,
        )


def _health(view: NodeView, now_s: float) -> ClusterHealth | None:
    if not view.latency:
        return None
    healthy = sum(rpc_stats.is_healthy(record, now_s) for record in view.latency.values())
    pooled = rpc_stats.pooled(record.aggregated for record in view.latency.values())
    of_all = rpc_stats.full(pooled)
    tried = pooled.count + pooled.error_count
    return ClusterHealth(
        healthy_peers=healthy,
        unhealthy_peers=len(view.latency) - healthy,
        total_peers=len(view.latency),
        avg_cluster_latency_ms=of_all.avg_value_ms,
        max_cluster_latency_ms=of_all.max_value_ms,
        cluster_error_rate=pooled.error_count / tried if tried else 0.0,
    )
