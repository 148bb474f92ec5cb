"""What a message tells of the node that its gateway speaks for, in either dialect."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from helios_desktop.observation import Observation
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
    UptimeHistory,
)
from helios_desktop.protocol.rest import RAFT_NOT_ENABLED
from helios_desktop.protocol.shapes import latest_snapshot, summed_up
from helios_desktop.store.order import uptime_ns
from helios_desktop.store.state import STATUS_PERIOD_S, ObserverState, Role, Told

T = TypeVar("T")
_ROLES: Final = {"leader": Role.LEADER, "follower": Role.FOLLOWER, "candidate": Role.CANDIDATE}
MEASURED_FOR_NS: Final = int(3 * STATUS_PERIOD_S * 1e9)
NODE_IS_DOWN: Final = "failed to retrieve cluster status"
"""The guide's own `error`, which a gateway sends in place of a status while its node is stopped."""


def role_of(state: str | None) -> Role:
    """A role by its name on the wire, in any case (wire.md §6)."""
    return (None if state is None else _ROLES.get(state.lower())) or Role.UNKNOWN


def learn(observer: ObserverState, body: Body, observation: Observation, timestamp: str = "") -> ObserverState:
    """Give the observer with what `body` tells; the same object where it tells nothing of the node.

    timestamp: the server's own text, "" of a REST answer
    """
    if type(body) is Status:
        return _learn_status(observer, body, observation, timestamp)
    learn_more = _LEARN.get(type(body))
    return observer if learn_more is None else learn_more(observer, body, observation)


def learn_refusal(observer: ObserverState, observation: Observation) -> ObserverState:
    """Take a REST answer that is no success: only that Raft is not enabled tells something of the node."""
    if RAFT_NOT_ENABLED not in observation.text.lower():
        return observer
    return (
        observer if observer.raft_off is not None else replace(observer, raft_off=Told(observation.text, observation))
    )


def _learn_latency(observer: ObserverState, latency: Latency, observation: Observation) -> ObserverState:
    reach = observer.reach if latency.peers is None else Told(latency.peers, observation)
    return replace(observer, latency=Told(latency, observation), reach=reach)


def _learn_uptime(observer: ObserverState, uptime: Uptime, observation: Observation) -> ObserverState:
    return replace(observer, uptime=Told(uptime, observation))


def _learn_history(observer: ObserverState, history: UptimeHistory, observation: Observation) -> ObserverState:
    return replace(observer, history=Told(history, observation))


def _learn_snapshot(observer: ObserverState, snapshot: Snapshot, observation: Observation) -> ObserverState:
    return replace(observer, snapshot=Told(snapshot, observation))


def _learn_metrics(observer: ObserverState, metrics: CustomMetrics, observation: Observation) -> ObserverState:
    return replace(observer, metrics=Told(_with(observer.metrics, metrics), observation))


def _learn_state_change(observer: ObserverState, change: StateChange, observation: Observation) -> ObserverState:
    # The real gateway's code leaves the term 0, which means "not told" (wire.md §3).
    term = change.term if change.term > 0 else observer.term
    role = role_of(change.new_state)
    if observer.role is not None and observer.role.value is role and observer.term == term:
        return observer
    return replace(observer, role=Told(role, observation), term=term)


def _learn_error(observer: ObserverState, error: ServerError, observation: Observation) -> ObserverState:
    if error.error.strip().lower() != NODE_IS_DOWN:
        return observer
    if observer.role is not None and observer.role.value is Role.UNREACHABLE:
        return observer
    return replace(observer, role=Told(Role.UNREACHABLE, observation))


_LEARN: Final[dict[type, Callable[[ObserverState, Any, Observation], ObserverState]]] = {
    Latency: _learn_latency,
    Uptime: _learn_uptime,
    UptimeHistory: _learn_history,
    Snapshot: _learn_snapshot,
    CustomMetrics: _learn_metrics,
    StateChange: _learn_state_change,
    ServerError: _learn_error,
}
"""Looked up, since a `match` asks for one type after the other, which a flood feels."""


def _learn_status(observer: ObserverState, status: Status, observation: Observation, timestamp: str) -> ObserverState:
    is_other_node = observer.node is not None and observer.node != status.node_id
    if is_other_node:
        # Behind one address another node answers now: what the old one told says nothing of it.
        observer = _forget_node(observer)
    known_role, role = observer.role, role_of(status.state)
    # Two steps, since more than 15 keywords in one call make Python build a dict of them first.
    return replace(
        _learn_parts(observer, status, observation),
        node=status.node_id,
        status=Told(status, observation),
        # A role that did not change keeps the observation that told it first, so that its age is right.
        role=known_role if known_role is not None and known_role.value is role else Told(role, observation),
        term=status.term if status.term is not None else observer.term,
        beat_ns=observation.received_ns,
        is_stale=False,
        is_silent=False,
        stamp=timestamp or observer.stamp,
        is_real=status.node is not None,
        raft_off=None,
        commit_high=_commit_high(observer, status, observation),
        waits_ns=_waits_ns(observer, status, observation),
        term_told=_first_told(observer.term_told, status.term, observation),
        members_told=_first_told(observer.members_told, members_of(status), observation),
    )


def _learn_parts(observer: ObserverState, status: Status, observation: Observation) -> ObserverState:
    """What a status tells beside the node's own part: the same object where that is nothing new, as in the guide's."""
    latency, reach, uptime, metrics = observer.latency, observer.reach, observer.uptime, observer.metrics
    by_peer = _latency_by_peer(status)
    if by_peer:
        reach = Told(by_peer, observation)
        if not _is_measured_by_kind(latency, observation.received_ns):
            latency = Told(Latency(peers=by_peer), observation)
    told_uptime = _uptime(status)
    if told_uptime is not None:
        uptime = Told(told_uptime, observation)
    table = status.custom_metrics
    if table is not None:
        metrics = Told(_with(metrics, CustomMetrics(table.metrics, is_complete=table.is_complete)), observation)
    snapshot = _snapshot(observer.snapshot, status, observation)
    if not by_peer and uptime is observer.uptime and metrics is observer.metrics and snapshot is observer.snapshot:
        return observer
    return replace(observer, latency=latency, reach=reach, uptime=uptime, metrics=metrics, snapshot=snapshot)


def members_of(status: Status) -> frozenset[str] | None:
    """The members that a status lists, its own node among them; None where it lists none."""
    if status.peers is None:
        return None
    return frozenset((status.node_id, *[peer if isinstance(peer, str) else peer.id for peer in status.peers]))


def _forget_node(observer: ObserverState) -> ObserverState:
    return replace(
        observer,
        status=None,
        role=None,
        term=None,
        latency=None,
        reach=None,
        uptime=None,
        history=None,
        snapshot=None,
        metrics=None,
        stamp="",
        commit_high=None,
        waits_ns=None,
        term_told=None,
        members_told=None,
    )


def _first_told(known: Told[T] | None, value: T | None, observation: Observation) -> Told[T] | None:
    """What was told already keeps the observation that told it first."""
    if value is None or (known is not None and known.value == value):
        return known
    return Told(value, observation)


def _commit_high(observer: ObserverState, status: Status, observation: Observation) -> Told[int] | None:
    """The highest commit index of this life of the node's process: a restart begins below it (Raft paper, figure 2)."""
    known = observer.commit_high
    if status.commit_index is None:
        return known
    if known is None or status.commit_index >= known.value or _is_restarted(observer, status, observation):
        return Told(status.commit_index, observation)
    return known


def _waits_ns(observer: ObserverState, status: Status, observation: Observation) -> int | None:
    if not are_entries_waiting(status):
        return None
    return observation.received_ns if observer.waits_ns is None else observer.waits_ns


def are_entries_waiting(status: Status) -> bool | None:
    """True where the log is longer than what is committed; None in the guide's dialect, which does not tell."""
    if status.indices is None or status.indices.last_log is None or status.commit_index is None:
        return None
    return status.indices.last_log > status.commit_index


def _is_restarted(observer: ObserverState, status: Status, observation: Observation) -> bool:
    last = observer.status
    if last is None or (observer.role is not None and observer.role.value is Role.UNREACHABLE):
        return True
    before_ns, after_ns = uptime_ns(last.value), uptime_ns(status)
    if before_ns is not None and after_ns is not None:
        return after_ns < before_ns
    return last.observation.epoch != observation.epoch  # another process may answer on another socket


def _is_measured_by_kind(known: Told[Latency] | None, now_ns: int) -> bool:
    """True where a push or REST told lately what each kind of RPC takes, which a status's mixture must not hide."""
    if known is None or now_ns - known.at_ns > MEASURED_FOR_NS:
        return False
    return any(peer.append_entries is not None for peer in (known.value.peers or {}).values())


def _with(known: Told[CustomMetrics] | None, told: CustomMetrics) -> CustomMetrics:
    if known is None or told.is_complete:
        return told
    return CustomMetrics({**known.value.metrics, **told.metrics})


def _uptime(status: Status) -> Uptime | None:
    if status.uptime_stats is not None:
        return summed_up(status.uptime_stats)
    return None if status.uptime is None else Uptime(status.uptime)


def _snapshot(known: Told[Snapshot] | None, status: Status, observation: Observation) -> Told[Snapshot] | None:
    told = status.snapshot
    if told is not None:
        if not told.has_snapshot:
            return known
        return Told(latest_snapshot(told), observation)
    if status.snapshot_last is None or (known is not None and known.value.index == status.snapshot_last):
        return known
    return Told(Snapshot(status.snapshot_last), observation) if status.snapshot_last > 0 else known


def _latency_by_peer(status: Status) -> dict[str, PeerLatency] | None:
    if not status.peers:
        return None
    return {
        peer.id: _peer_latency(peer, peer.latency)
        for peer in status.peers
        if not isinstance(peer, str) and peer.latency is not None
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
