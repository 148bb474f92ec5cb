"""What follows from a step of the merged picture that no server said: events, each with the observations behind it."""

from collections.abc import Iterable
from typing import Final

from helios_desktop.event import (
    CommitProgress,
    Event,
    Fact,
    LeaderChange,
    LeaderLost,
    NodeReach,
    Slept,
    TermChange,
)
from helios_desktop.observation import Observation
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.leadership import voices, why_lost
from helios_desktop.store.state import ClusterState, LeadershipSpan, ObserverState, Role

SLEPT_NS: Final = 10_000_000_000
"""A tick comes each second; a busy machine is late by less than this."""


def derived(event_type: str, node: str, body: Fact, observation: Observation, before: Observation | None) -> Event:
    """Make a derived event: what `body` tells happened after `before`, the last that was otherwise, or is unbounded."""
    return derived_from(
        event_type, node, body, observation, (observation,) if before is None else (before, observation)
    )


def derived_from(
    event_type: str, node: str, body: Fact, observation: Observation, evidence: Iterable[Observation]
) -> Event:
    """Make a derived event that follows from all of `evidence`."""
    each = {id(told): told for told in evidence}
    in_order = tuple(sorted(each.values(), key=lambda told: told.received_ns))
    after_ns = in_order[-2].received_ns if len(in_order) > 1 else None
    return Event(
        event_type,
        observation.received_ns,
        "",
        observation.observer,
        node,
        body,
        observation,
        in_order or (observation,),
        after_ns,
    )


def sleep(state: ClusterState, observation: Observation) -> Event | None:
    """`slept`, where seconds are missing between this tick and the last."""
    last = state.last_tick
    if last is None or observation.received_ns - last.received_ns < SLEPT_NS:
        return None
    fact = Slept(last.received_ns, observation.received_ns)
    return derived("slept", "", fact, observation, last)


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


def _term(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    if before.term is None or after.term is None or after.term <= before.term:
        return []
    # That another node is in the old term still bounds nothing: an isolated one stays there.
    teller = before.observers.get(observation.observer)
    last = None if teller is None or teller.term is None else last_word(teller)
    return [derived("term_change", "", TermChange(before.term, after.term), observation, last)]


def _leader(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    span = after.leaderships[-1]
    old = next((led.leader for led in reversed(before.leaderships) if led.leader is not None), None)
    if span.leader is not None:
        last = _last_denial(before, span) or _last_claim(before, old)
        body = LeaderChange(old, span.leader, span.term)
        return [derived("leader_change", span.leader, body, observation, last)]
    last = _last_claim(before, old)
    led = before.leaderships[-1]
    leader = led.leader or ""
    reason = why_lost(after, leader, voices(after.observers.values())) or "nobody says that it leads"
    return [derived("leader_lost", leader, LeaderLost(leader, led.term, reason), observation, last)]


def last_word(observer: ObserverState) -> Observation | None:
    """The last observation that told its node's role."""
    told = [told.observation for told in (observer.status, observer.role) if told is not None]
    return max(told, key=lambda one: one.received_ns, default=None)


def _last_denial(state: ClusterState, led: LeadershipSpan) -> Observation | None:
    """The new leader's own last word before it led that term; an isolated predecessor may claim to lead long after."""
    told = [
        word
        for observer in state.observers.values()
        if observer.node == led.leader and (word := last_word(observer)) is not None
        if observer.role is not None
        if observer.role.value is not Role.LEADER or (observer.term or 0) < (led.term or 0)
    ]
    return max(told, key=lambda one: one.received_ns, default=None)


def _last_claim(state: ClusterState, leader: str | None) -> Observation | None:
    """The last observation by which `leader` leads: its own word before that of others."""
    if leader is None:
        return None
    own = [observer for observer in state.observers.values() if observer.node == leader and observer.role is not None]
    for observer in own:
        if observer.role is not None and observer.role.value is Role.LEADER:
            return last_word(observer)
    named = [
        observer.status.observation
        for observer in state.observers.values()
        if observer.status is not None and observer.status.value.leader_id == leader
    ]
    last = max(named, key=lambda one: one.received_ns, default=None)
    return last if last is not None or not own else last_word(own[0])


def _reach(before: ClusterState, after: ClusterState, observation: Observation) -> list[Event]:
    events = []
    for node, told in after.unreachable.items():
        if node not in before.unreachable:
            body = NodeReach(node, told.value, told.at_ns)
            last = _last_report(before, observation, node)
            events.append(derived("peer_unreachable", node, body, observation, last))
    for node, told in before.unreachable.items():
        is_reached = node in after.nodes and after.nodes[node].is_reachable is True
        if node not in after.unreachable and is_reached:  # else it is merely no longer told
            body = NodeReach(node, "", told.at_ns)
            last = _last_report(before, observation, "") or told.observation
            events.append(derived("peer_reachable", node, body, observation, last))
    return events


def _last_report(state: ClusterState, observation: Observation, node: str) -> Observation | None:
    """What the teller told of its peers last, else the node's own last word."""
    teller = state.observers.get(observation.observer)
    if teller is not None and teller.reach is not None and teller.node != node:
        return teller.reach.observation
    return _last_told(state, node)


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
    told = [
        observer.status.observation
        for observer in before.observers.values()
        if observer.status is not None and observer.status.value.commit_index == before.commit_index
    ]
    name = "commit_stalled" if after.is_commit_stalled else "commit_resumed"
    return [derived(name, "", body, observation, max(told, key=lambda one: one.received_ns, default=None))]
