"""What follows from a step of the state that no server said: events, each with the observations behind it."""

from helios_desktop.event import (
    CommitProgress,
    Event,
    Fact,
    LeaderChange,
    LeaderLost,
    NodeReach,
    NodeRestarted,
    TermChange,
)
from helios_desktop.observation import Observation
from helios_desktop.protocol.messages import StateChange, Status
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.leadership import voices, why_lost
from helios_desktop.store.state import ClusterState, ObserverState, Role

_RESTART_TOLERANCE_NS = 1_500_000_000
"""Uptimes come rounded to seconds; less than this is no step back."""
_REAL_ROLES = frozenset({Role.LEADER, Role.FOLLOWER, Role.CANDIDATE})


def derived(event_type: str, node: str, body: Fact, observation: Observation, *behind: Observation | None) -> Event:
    """Make a derived event; `behind` are the observations before this one that it follows from."""
    evidence = {id(told): told for told in (*behind, observation) if told is not None}
    in_order = tuple(sorted(evidence.values(), key=lambda told: told.received_ns))
    return Event(event_type, observation.received_ns, "", observation.observer, node, body, observation, in_order)


def from_observer(before: ObserverState, after: ObserverState, observation: Observation, body: Fact) -> list[Event]:
    """What follows from the step of one observer by a message or a REST answer with `body`."""
    events: list[Event] = []
    if isinstance(body, Status):
        events += _state_change(before, after, observation)
        events += _snapshot(before, after, observation)
    events += _restart(before, after, observation)
    if before.is_silent and not after.is_silent and after.node is not None:
        told = None if before.status is None else before.status.observation
        fact = NodeReach(after.node, "a status came", before.beat_ns)
        events.append(derived("node_heard", after.node, fact, observation, told))
    return events


def silence(before: ObserverState, after: ObserverState, observation: Observation) -> Event | None:
    """`node_silent`, where this tick made the observer stale although its statuses are asked for."""
    if before.is_stale or not after.is_stale or after.node is None or not after.topics[Topic.STATUS].requested:
        return None
    if after.role is not None and after.role.value is Role.UNREACHABLE:
        return None
    heard_ns = after.beat_ns or after.opened_ns or observation.received_ns
    missed_s = (observation.received_ns - heard_ns) / 1e9
    fact = NodeReach(after.node, f"no status for {missed_s:.0f} s", heard_ns)
    told = None if after.status is None else after.status.observation
    return derived("node_silent", after.node, fact, observation, told)


def from_cluster(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    """What follows from the step of the merged picture; told once, however many observers say so."""
    events: list[Event] = []
    if before.term is not after.term:
        events += _term(before, after, observation)
    if before.leaderships is not after.leaderships:
        events += _leader(before, after, observation)
    if before.unreachable is not after.unreachable:
        events += _reach(before, after, observation)
    if before.is_commit_stalled is not after.is_commit_stalled:
        events += _commit(before, after, observation)
    return events


def _state_change(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    if before.role is None or after.role is None or before.node != after.node or after.node is None:
        return []
    old, new = before.role.value, after.role.value
    if old is new or old not in _REAL_ROLES or new not in _REAL_ROLES:
        return []
    body = StateChange(old.value.capitalize(), new.value.capitalize(), after.term or 0)
    last = None if before.status is None else before.status.observation
    return [derived("state_change", after.node, body, observation, before.role.observation, last)]


def _snapshot(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    if before.snapshot is None or after.snapshot is None or after.node is None:
        return []
    old, new = before.snapshot.value.index, after.snapshot.value.index
    if new is None or (old is not None and new <= old):
        return []
    return [derived("snapshot", after.node, after.snapshot.value, observation, before.snapshot.observation)]


def _restart(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    old, new = before.uptime, after.uptime
    if old is None or new is None or old is new or before.node != after.node or after.node is None:
        return []
    # The process's uptime and the tracker's are two clocks: compare like with like.
    if (old.value.statistics is None) != (new.value.statistics is None):
        return []
    if old.value.current_uptime == new.value.current_uptime:
        return []
    old_ns, new_ns = old.value.current_ns, new.value.current_ns
    if old_ns is None or new_ns is None or new_ns >= old_ns - _RESTART_TOLERANCE_NS:
        return []
    body = NodeRestarted(after.node, old_ns, new_ns)
    return [derived("node_restarted", after.node, body, observation, old.observation)]


def _term(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    if before.term is None or after.term is None or after.term <= before.term:
        return []
    behind = [
        observer.status.observation
        for observer in before.observers.values()
        if observer.status is not None and observer.term == before.term
    ]
    return [derived("term_change", "", TermChange(before.term, after.term), observation, *behind[:1])]


def _leader(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    span = after.leaderships[-1]
    old = next((led.leader for led in reversed(before.leaderships) if led.leader is not None), None)
    behind = _role_told(before, old)
    if span.leader is not None:
        body = LeaderChange(old, span.leader, span.term)
        return [derived("leader_change", span.leader, body, observation, behind, _role_told(after, span.leader))]
    led = before.leaderships[-1]
    leader = led.leader or ""
    reason = why_lost(after, leader, voices(after.observers.values())) or "nobody says that it leads"
    return [derived("leader_lost", leader, LeaderLost(leader, led.term, reason), observation, behind)]


def _role_told(state: ClusterState, node: str | None) -> Observation | None:
    if node is None:
        return None
    for observer in state.observers.values():
        if observer.node == node and observer.role is not None:
            return observer.role.observation
    for observer in state.observers.values():
        if observer.status is not None and observer.status.value.leader_id == node:
            return observer.status.observation
    return None


def _reach(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    events = []
    for node, told in after.unreachable.items():
        if node not in before.unreachable:
            body = NodeReach(node, told.value, told.at_ns)
            events.append(derived("peer_unreachable", node, body, observation, _last_told(before, node)))
    for node, told in before.unreachable.items():
        is_reached = node in after.nodes and after.nodes[node].is_reachable is True
        if node not in after.unreachable and is_reached:  # else it is merely no longer told
            body = NodeReach(node, "", told.at_ns)
            events.append(derived("peer_reachable", node, body, observation, told.observation))
    return events


def _last_told(state: ClusterState, node: str) -> Observation | None:
    for observer in state.observers.values():
        if observer.node == node and observer.status is not None:
            return observer.status.observation
    return None


def _commit(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    if after.commit_index is None:
        return []
    until_ns = observation.received_ns
    since_ns = until_ns if before.commit_moved_ns is None else before.commit_moved_ns
    body = CommitProgress(after.commit_index, max(0, until_ns - since_ns))
    behind = [
        observer.status.observation
        for observer in before.observers.values()
        if observer.status is not None and observer.status.value.commit_index == before.commit_index
    ]
    name = "commit_stalled" if after.is_commit_stalled else "commit_resumed"
    return [derived(name, "", body, observation, *behind[:1])]
