"""A cluster that was set up anew behind the same address: what was known of the old one holds no more."""

from types import MappingProxyType

from msgspec.structs import replace

from helios_desktop.store.state import MAX_SPANS, ClusterState, LeadershipSpan, ObserverState


def began_anew(state: ClusterState, before: ObserverState, after: ObserverState) -> bool:
    """True where a node's own term went back over a reconnect, and nobody told the new one before or the old one since.

    A node keeps its term on disk and never lowers it (Raft paper, figure 2), so this is another cluster's life: a
    simulated one that was started again. Within one socket a message may overtake another, which is no such sign.
    """
    if before.status is None or after.status is None or before.node != after.node:
        return False
    if before.status.observation.epoch == after.status.observation.epoch:
        return False
    if before.term is None or after.term is None or after.term >= before.term:
        return False
    if state.term is not None and state.term <= after.term:
        return False  # another of its nodes told it first
    return not any(
        other.name != after.name and not other.is_stale and (other.term or 0) > after.term
        for other in state.observers.values()
    )


def forget(state: ClusterState) -> ClusterState:
    """Let go of the old cluster's members, leader, term and commit index; observers, gaps and leaderships stay."""
    spans = state.leaderships
    if spans and spans[-1].leader is not None:
        ended = replace(spans[-1], until_ns=state.now_ns)
        spans = (*spans[:-1], ended, LeadershipSpan(None, None, state.now_ns))[-MAX_SPANS:]
    return replace(
        state,
        nodes=MappingProxyType({}),
        leader=None,
        leader_since_ns=None,
        term=None,
        commit_index=None,
        commit_moved_ns=None,
        is_commit_stalled=False,
        leaderships=spans,
        led_term=0,
        commit_run=0,
        members=frozenset(),
        unreachable=MappingProxyType({}),
    )
