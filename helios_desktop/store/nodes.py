"""One member's picture, made of its own gateway's word, of its leader's, and of what others say."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from helios_desktop.protocol.messages import PeerLatency, Stats, StatusPeer
from helios_desktop.store.state import ClusterState, NodeState, ObserverState, Role

SAME_BEAT_NS: Final = 500_000_000
"""Statuses this close together are of one beat: at the same tick of the gateway, told by several sessions."""
CALLERS: Final = frozenset({Role.LEADER, Role.CANDIDATE})
"""Roles that call their peers, so that what they tell of them is new (wire.md §3.1)."""


class Sources(Struct, frozen=True, gc=False):
    """Where nodes' pictures come from.

    own:     the observer that speaks for a node, by node
    leader:  that of the leader, where there is one
    reports: what the leader tells of its calls to each peer, else what candidates tell of nodes that are not heard
    stats:   what the leader measured of its calls to each peer, by the way that tells most of it
    details: what the leader's status tells of each peer, in the real gateway's dialect
    """

    own: Mapping[str, ObserverState]
    leader: ObserverState | None
    reports: Mapping[str, PeerLatency]
    stats: Mapping[str, PeerLatency]
    details: Mapping[str, StatusPeer]


def make_sources(state: ClusterState, own: Mapping[str, ObserverState]) -> Sources:
    """Look up for all nodes at once what their pictures are made of."""
    leader = None if state.leader is None else own.get(state.leader)
    reports = _reports(own, leader, has_leader=state.leader is not None)
    return Sources(own, leader, reports, _stats(leader), _details(leader))


def _reports(
    own: Mapping[str, ObserverState], leader: ObserverState | None, *, has_leader: bool
) -> Mapping[str, PeerLatency]:
    if leader is not None:
        return _report(leader) if leader.role is not None and leader.role.value is Role.LEADER else {}
    reports: dict[str, PeerLatency] = {}
    if not has_leader:
        for voice in own.values():
            if voice.role is not None and voice.role.value is Role.CANDIDATE:
                reports.update((peer, told) for peer, told in _report(voice).items() if not _speaks(peer, own))
    return reports


def _speaks(node: str, own: Mapping[str, ObserverState]) -> bool:
    # An isolated candidate reaches nobody, which tells of itself and not of nodes that are heard directly.
    return node in own and not own[node].is_stale


def _report(observer: ObserverState) -> Mapping[str, PeerLatency]:
    # What it told before it took its present role tells of another role's calls.
    if observer.is_stale or observer.reach is None or observer.role is None:
        return {}
    return observer.reach.value if observer.reach.at_ns >= observer.role.at_ns else {}


def _stats(leader: ObserverState | None) -> Mapping[str, PeerLatency]:
    if leader is None or leader.latency is None or leader.role is None or leader.latency.at_ns < leader.role.at_ns:
        return {}
    return leader.latency.value.peers or {}


def _details(leader: ObserverState | None) -> dict[str, StatusPeer]:
    if leader is None or leader.status is None or leader.is_stale:
        return {}
    return {peer.id: peer for peer in leader.status.value.peers or () if not isinstance(peer, str)}


def make_node(node: str, known: NodeState | None, state: ClusterState, sources: Sources) -> NodeState:
    """Make the picture of one member; `known` is the one before, of which the lag stays until a later beat tells."""
    voice = sources.own.get(node)
    report = sources.reports.get(node)
    detail = sources.details.get(node)
    address = detail.address if detail is not None else ""
    if not address:
        address = known.address if known is not None and known.address else _address(node, report, sources)
    if voice is not None:
        return _with_voice(node, known, state, sources, voice, report, address)
    return _without_voice(node, known, state, sources, report, address)


def _address(node: str, report: PeerLatency | None, sources: Sources) -> str:
    if report is not None and report.address:
        return report.address
    for observer in sources.own.values():
        for peer in () if observer.status is None else observer.status.value.peers or ():
            if not isinstance(peer, str) and peer.id == node:
                return peer.address
    return ""


def _with_voice(
    node: str,
    known: NodeState | None,
    state: ClusterState,
    sources: Sources,
    voice: ObserverState,
    report: PeerLatency | None,
    address: str,
) -> NodeState:
    status = voice.status
    told = None if status is None else status.value
    role = Role.UNKNOWN if voice.role is None else voice.role.value
    term, told_by, is_stale = voice.term, voice.name, voice.is_stale
    own_ns = None if status is None else status.at_ns
    told_ns = own_ns if own_ns is not None or voice.role is None else voice.role.at_ns
    is_reachable: bool | None = True
    if node in state.unreachable:
        is_reachable = False
        role = Role.UNREACHABLE if voice.is_stale else role
    elif voice.is_stale:
        is_reachable = None if report is None else report.reachable
        other = _who_names(node, sources) if node == state.leader else None
        if other is not None and other.status is not None and not other.is_stale:
            # Its own gateway is lost; that it leads is told by others all the same.
            role, term, is_reachable = Role.LEADER, state.leaderships[-1].term, True
            told_by, told_ns, is_stale = other.name, other.status.at_ns, False
    lag, lag_ns = _lag(node, known, sources, voice, is_reachable=is_reachable)
    latency = _latency(node, state, sources)
    # By position, since more than 15 keywords in one call make Python build a dict of them first.
    return NodeState(
        node,
        role,
        address,
        term,
        None if told is None else told.commit_index,
        None if told is None else told.last_applied,
        None if told is None else told.leader_id,
        told_by,
        told_ns,
        told_by == voice.name,
        is_stale,
        own_ns,
        voice.is_stale,
        lag,
        lag_ns,
        latency,
        None if latency is None else _latency_ns(sources),
        uptime_ns=_uptime_ns(known, voice),
        uptime_told_ns=None if voice.uptime is None else voice.uptime.at_ns,
        history=None if voice.history is None else voice.history.value,
        snapshot=voice.snapshot,
        is_reachable=is_reachable,
    )


def _without_voice(
    node: str,
    known: NodeState | None,
    state: ClusterState,
    sources: Sources,
    report: PeerLatency | None,
    address: str,
) -> NodeState:
    role, term, teller, told_ns = Role.UNKNOWN, None, None, None
    is_reachable = None if report is None else report.reachable
    if node in state.unreachable:
        told = state.unreachable[node]
        role, told_ns, is_reachable = Role.UNREACHABLE, told.at_ns, False
        teller = state.observers.get(told.observation.observer)
    elif node == state.leader:
        role, term = Role.LEADER, state.leaderships[-1].term
        teller = _who_names(node, sources)
        told_ns = None if teller is None or teller.status is None else teller.status.at_ns
        is_reachable = True if teller is not None and not teller.is_stale else None
    elif report is not None and sources.leader is not None and sources.leader.reach is not None:
        teller, told_ns = sources.leader, sources.leader.reach.at_ns
    lag, lag_ns = _lag(node, known, sources, None, is_reachable=is_reachable)
    latency = _latency(node, state, sources)
    return NodeState(
        id=node,
        role=role,
        address=address,
        term=term,
        told_by="" if teller is None else teller.name,
        told_ns=told_ns,
        is_stale=teller is None or teller.is_stale,
        lag=lag,
        lag_ns=lag_ns,
        latency=latency,
        latency_ns=None if latency is None else _latency_ns(sources),
        is_reachable=is_reachable,
    )


def _who_names(leader: str, sources: Sources) -> ObserverState | None:
    """Who names that leader: the one heard last, of those that are not stale before the others."""
    naming = [
        observer
        for observer in sources.own.values()
        if observer.status is not None and observer.status.value.leader_id == leader
    ]
    return max(naming, key=lambda observer: (not observer.is_stale, observer.beat_ns or 0), default=None)


def _latency(node: str, state: ClusterState, sources: Sources) -> Stats | None:
    measured = sources.stats.get(node)
    if measured is None or node == state.leader or state.leader is None:
        return None
    stats = measured.append_entries
    if stats is None or not stats.count:
        stats = measured.aggregated
    return stats if stats is not None and stats.count else None


def _latency_ns(sources: Sources) -> int | None:
    return None if sources.leader is None or sources.leader.latency is None else sources.leader.latency.at_ns


def _uptime_ns(known: NodeState | None, voice: ObserverState) -> int | None:
    if voice.uptime is None:
        return None
    if known is not None and known.uptime_told_ns == voice.uptime.at_ns:
        return known.uptime_ns  # parsed before
    return voice.uptime.value.current_ns


def _lag(
    node: str, known: NodeState | None, sources: Sources, voice: ObserverState | None, *, is_reachable: bool | None
) -> tuple[int | None, int | None]:
    """By the leader's match index, else by statuses of one beat; what is known stays until a later beat tells."""
    leader = sources.leader
    if leader is None or leader.status is None or leader is voice:
        return None, None
    committed = leader.status.value.commit_index
    detail = sources.details.get(node)
    if committed is not None and detail is not None and detail.match_index is not None:
        return max(0, committed - detail.match_index), leader.status.at_ns
    if is_reachable is False:
        return None, None  # it falls behind, and nobody tells how far
    status = None if voice is None else voice.status
    index = None if status is None else status.value.commit_index
    if committed is not None and status is not None and index is not None:
        apart_ns = status.at_ns - leader.status.at_ns
        if abs(apart_ns) <= SAME_BEAT_NS:
            return max(0, committed - index), max(status.at_ns, leader.status.at_ns)
    return (None, None) if known is None else (known.lag, known.lag_ns)
