"""What a message tells of the node that its gateway speaks for, in either dialect."""

from typing import Final

from msgspec.structs import replace

from helios_desktop.observation import Observation
from helios_desktop.protocol.durations import format_duration
from helios_desktop.protocol.messages import (
    Body,
    CustomMetrics,
    Latency,
    PeerLatency,
    ServerError,
    Snapshot,
    StateChange,
    Stats,
    Status,
    StatusPeer,
    StatusPeerLatency,
    Uptime,
)
from helios_desktop.store.state import ObserverState, Role, Told

_ROLES: Final = {"leader": Role.LEADER, "follower": Role.FOLLOWER, "candidate": Role.CANDIDATE}
NODE_IS_DOWN: Final = "failed to retrieve cluster status"
"""The guide's own `error`, which a gateway sends in place of a status while its node is stopped."""


def role_of(state: str | None) -> Role:
    """A role by its name on the wire, in any case (wire.md §6)."""
    return _ROLES.get(state.lower(), Role.UNKNOWN) if state is not None else Role.UNKNOWN


def learn(observer: ObserverState, body: Body, observation: Observation) -> ObserverState:
    """Give the observer with what `body` tells; the same object where it tells nothing of the node."""
    match body:
        case Status():
            return _learn_status(observer, body, observation)
        case Latency():
            return replace(observer, latency=Told(body, observation))
        case Uptime():
            return replace(observer, uptime=Told(body, observation))
        case Snapshot():
            return replace(observer, snapshot=Told(body, observation))
        case CustomMetrics():
            return replace(observer, metrics=Told(_with(observer.metrics, body), observation))
        case StateChange():
            # The real gateway's code leaves the term 0, which means "not told" (wire.md §3).
            term = body.term if body.term > 0 else observer.term
            role = role_of(body.new_state)
            if observer.role is not None and observer.role.value is role and observer.term == term:
                return observer
            return replace(observer, role=Told(role, observation), term=term)
        case ServerError() if body.error.strip().lower() == NODE_IS_DOWN:
            if observer.role is not None and observer.role.value is Role.UNREACHABLE:
                return observer
            return replace(observer, role=Told(Role.UNREACHABLE, observation))
        case _:
            return observer


def _learn_status(observer: ObserverState, status: Status, observation: Observation) -> ObserverState:
    is_other_node = observer.node is not None and observer.node != status.node_id
    if is_other_node:
        # Behind one address another node answers now: what the old one told says nothing of it.
        observer = replace(observer, role=None, term=None, latency=None, uptime=None, snapshot=None, metrics=None)
    known_role = observer.role
    role = role_of(status.state)
    # A role that did not change keeps the observation that told it first, so that its age is right.
    told_role = known_role if known_role is not None and known_role.value is role else Told(role, observation)
    latency, uptime, metrics = observer.latency, observer.uptime, observer.metrics
    by_peer = _latency_by_peer(status)
    if by_peer:
        latency = Told(Latency(peers=by_peer), observation)
    told_uptime = _uptime(status)
    if told_uptime is not None:
        uptime = Told(told_uptime, observation)
    if status.custom_metrics is not None:
        metrics = Told(CustomMetrics(status.custom_metrics.metrics, is_complete=True), observation)
    return replace(
        observer,
        node=status.node_id,
        status=Told(status, observation),
        role=told_role,
        term=status.term if status.term is not None else observer.term,
        beat_ns=observation.received_ns,
        is_stale=False,
        is_silent=False,
        latency=latency,
        uptime=uptime,
        snapshot=_snapshot(observer.snapshot, status, observation),
        metrics=metrics,
    )


def _with(known: Told[CustomMetrics] | None, told: CustomMetrics) -> CustomMetrics:
    if known is None or told.is_complete:
        return told
    return CustomMetrics({**known.value.metrics, **told.metrics})


def _uptime(status: Status) -> Uptime | None:
    told = status.uptime_stats
    if told is not None:
        total_ms = told.total_uptime_ms
        return Uptime(
            current_uptime=format_duration(told.current_uptime_ms * 1_000_000),
            total_sessions=told.total_sessions,
            total_uptime=None if total_ms is None else format_duration(total_ms * 1_000_000),
            statistics=told,
        )
    return None if status.uptime is None else Uptime(status.uptime)


def _snapshot(known: Told[Snapshot] | None, status: Status, observation: Observation) -> Told[Snapshot] | None:
    told = status.snapshot
    if told is not None:
        if not told.has_snapshot:
            return known
        snapshot = Snapshot(
            index=told.latest_snapshot_index,
            term=told.latest_snapshot_term,
            size_bytes=told.latest_snapshot_size,
            duration_ms=told.last_creation_time_ms,
            statistics=told,
        )
        return Told(snapshot, observation)
    if status.snapshot_last is None or (known is not None and known.value.index == status.snapshot_last):
        return known
    return Told(Snapshot(status.snapshot_last), observation) if status.snapshot_last > 0 else known


def _latency_by_peer(status: Status) -> dict[str, PeerLatency] | None:
    if not status.peers:
        return None
    return {
        peer.id: _peer_latency(peer, peer.latency)
        for peer in status.peers
        if isinstance(peer, StatusPeer) and peer.latency is not None
    }


def _peer_latency(peer: StatusPeer, told: StatusPeerLatency) -> PeerLatency:
    stats = Stats(
        count=told.sample_count or 0,
        avg_value_ms=told.avg_latency_ms or 0.0,
        min_value_ms=told.min_latency_ms or 0.0,
        max_value_ms=told.max_latency_ms or 0.0,
        p50_value_ms=told.p50_latency_ms,
        p90_value_ms=told.p90_latency_ms,
        p99_value_ms=told.p99_latency_ms,
        last_value_ms=told.last_latency_ms,
        error_count=told.error_count,
    )
    return PeerLatency(
        peer_id=peer.id,
        address=peer.address,
        aggregated=stats,
        last_contact_unix=told.last_contact_unix,
        reachable=told.reachable,
        consecutive_errors=told.consecutive_errors,
        connection_healthy=told.connection_healthy,
    )
