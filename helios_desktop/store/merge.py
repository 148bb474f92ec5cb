"""The one picture of the cluster, merged from what each observer told of its own node and of the others."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from helios_desktop.observation import Observation
from helios_desktop.protocol.messages import PeerLatency, Status
from helios_desktop.store.leadership import UNHEARD, Claim, find_leader, heard_ns, is_down, voices
from helios_desktop.store.nodes import CALLERS, Sources, make_node, make_sources
from helios_desktop.store.state import (
    MAX_SPANS,
    STALE_AFTER_S,
    STATUS_PERIOD_S,
    ClusterState,
    LeadershipSpan,
    NodeState,
    ObserverState,
    Role,
    Told,
)
from helios_desktop.store.told import are_entries_waiting

STALL_AFTER_NS: Final = 15_000_000_000
FORGOTTEN_AFTER_NS: Final = int(STALE_AFTER_S * 1e9)
STEADY_NS: Final = int(1.5 * STATUS_PERIOD_S * 1e9)
STEADY_RUN: Final = 3
"""Statuses in a row that moved the commit index, each a beat after the last, after which its standing still is worth a
word. A cluster that was idle is not stalled."""


def merge(state: ClusterState, observation: Observation) -> ClusterState:
    """Make leader, term, commit index and nodes anew; parts that come out equal stay the same objects."""
    own = _voices(state)
    claim = find_leader(state, own)
    state = _commit(_lead(_with_term(state, own), claim, observation.received_ns), own)
    return _with_nodes(state, make_sources(state, own), observation)


def merge_status(
    state: ClusterState, before: ObserverState, after: ObserverState, observation: Observation
) -> ClusterState:
    """Take a status. As `merge`, but leadership is not asked again where it repeats what was told of that."""
    known = None if state.leader is None else state.nodes.get(state.leader)
    leader = None if known is None else state.observers.get(known.told_by)
    if leader is None or not _confirms(leader, before, after, state):
        return merge(state, observation)
    own = _voices(state)
    if after.node != leader.node:
        return _with_nodes(state, make_sources(state, own), observation, frozenset((after.node or "",)))
    sources = make_sources(state, own)
    # A status of the guide's dialect tells of the others only how far they lag, of those that tell their own index.
    touched = None if sources.details else frozenset(own)
    return _with_nodes(_commit(state, own), sources, observation, touched)


def _confirms(leader: ObserverState, before: ObserverState, after: ObserverState, state: ClusterState) -> bool:
    """True where the leader speaks for itself and nothing in this status could depose it."""
    if leader.is_stale or leader.node != state.leader or leader.role is None or leader.role.value is not Role.LEADER:
        return False
    if before.status is None or after.status is None or before.is_stale or after.node in state.unreachable:
        return False
    return (
        before.node == after.node
        and before.role is after.role
        and before.term == after.term
        and before.status.value.leader_id == after.status.value.leader_id
    )


def merge_latency(state: ClusterState, teller: ObserverState, observation: Observation) -> ClusterState:
    """Take what `teller` told of its calls to its peers: of a leader or a candidate, since only they call them."""
    if teller.role is None or teller.role.value not in CALLERS:
        return state
    sources = make_sources(state, _voices(state))
    touched = {node.id for node in state.nodes.values() if node.latency is not None}
    touched.update(sources.reports)
    return _with_nodes(state, sources, observation, frozenset(touched)) if touched else state


def merge_own(state: ClusterState, teller: ObserverState) -> ClusterState:
    """Take what `teller` told of its own node's uptime and snapshot alone."""
    node = None if teller.node is None else state.nodes.get(teller.node)
    if node is None or node.told_by != teller.name:
        return state
    made = replace(
        node,
        uptime_ns=None if teller.uptime is None else teller.uptime.value.current_ns,
        uptime_told_ns=None if teller.uptime is None else teller.uptime.at_ns,
        history=None if teller.history is None else teller.history.value,
        snapshot=teller.snapshot,
    )
    return replace(state, nodes={**state.nodes, node.id: made})


def _voices(state: ClusterState) -> dict[str, ObserverState]:
    return voices([observer for observer in state.observers.values() if observer.phase not in UNHEARD])


def _with_nodes(
    state: ClusterState, sources: Sources, observation: Observation, touched: frozenset[str] | None = None
) -> ClusterState:
    """Make the pictures of the nodes that are `touched` anew; None, or a change of who is in reach: of all."""
    unreachable = _unreachable(state, sources, observation)
    if unreachable is not state.unreachable:
        state = replace(state, unreachable=unreachable)
        touched = None
    nodes = _nodes(state, sources, touched)
    return state if nodes is state.nodes else replace(state, nodes=nodes)


def _with_term(state: ClusterState, own: Mapping[str, ObserverState]) -> ClusterState:
    highest = state.term
    for observer in own.values():
        if observer.term is not None and not observer.is_stale and (highest is None or observer.term > highest):
            highest = observer.term
    return state if highest == state.term else replace(state, term=highest)


def _lead(state: ClusterState, claim: Claim | None, now_ns: int) -> ClusterState:
    leader = None if claim is None else claim.leader
    term = (claim.term if claim is not None else 0) or None
    last = state.leaderships[-1] if state.leaderships else None
    if last is None:
        if leader is None:
            return state
        spans: tuple[LeadershipSpan, ...] = (LeadershipSpan(leader, term, now_ns),)
    elif last.leader == leader and (term is None or last.term == term):
        return state
    else:
        span = LeadershipSpan(leader, term if leader is not None else state.term, now_ns)
        spans = (*state.leaderships[:-1], replace(last, until_ns=now_ns), span)[-MAX_SPANS:]
    since_ns = None if leader is None else now_ns
    led_term = max(state.led_term, term or 0)
    return replace(state, leader=leader, leader_since_ns=since_ns, leaderships=spans, led_term=led_term)


def _unreachable(state: ClusterState, sources: Sources, observation: Observation) -> Mapping[str, Told[str]]:
    if not state.unreachable and _are_all_well(sources):
        return state.unreachable
    found: dict[str, Told[str]] = {}
    for node in sorted(state.members):
        voice = sources.own.get(node)
        known = state.unreachable.get(node)
        report = sources.reports.get(node)
        reason = (
            ""
            if _is_still_reached(voice, report, sources)
            else _why_unreachable(voice, None if node == state.leader else report)
        )
        if reason:
            found[node] = known if known is not None else Told(reason, observation)
        elif known is not None and not _is_over(node, voice, report, known, state):
            found[node] = known
    if found.keys() == state.unreachable.keys():
        return state.unreachable
    return found


def _are_all_well(sources: Sources) -> bool:
    for voice in sources.own.values():
        if is_down(voice):
            return False
    return all(report.reachable is not False for report in sources.reports.values())


def _is_still_reached(voice: ObserverState | None, report: PeerLatency | None, sources: Sources) -> bool:
    """True where only its gateway refuses: long after its last word the leader still reaches the node itself."""
    leader = sources.leader
    if voice is None or report is None or report.reachable is not True or leader is None or leader.reach is None:
        return False
    is_told_down = voice.role is not None and voice.role.value is Role.UNREACHABLE
    return not is_told_down and leader.reach.at_ns - heard_ns(voice) > FORGOTTEN_AFTER_NS


def _why_unreachable(voice: ObserverState | None, report: PeerLatency | None) -> str:
    if voice is not None and is_down(voice):
        is_told = voice.role is not None and voice.role.value is Role.UNREACHABLE
        return "its own gateway says that the node is stopped" if is_told else "it refuses connections"
    if report is not None and report.reachable is False:
        errors = report.consecutive_errors
        return "no answer to its peers" if not errors else f"no answer to its peers, {errors} times in a row"
    return ""


def _is_over(
    node: str, voice: ObserverState | None, report: PeerLatency | None, known: Told[str], state: ClusterState
) -> bool:
    """True where whoever told that a node is out of reach says otherwise, or no longer can tell."""
    if report is not None and report.reachable is not None:
        return report.reachable
    is_fresh = voice is not None and not voice.is_stale
    if node == state.leader and is_fresh:
        return True
    if voice is not None and voice.name == known.observation.observer:
        return is_fresh and voice.beat_ns is not None and voice.beat_ns > known.at_ns
    # A peer told it. Through an election that stands; later nobody calls the node for whom it could be heard.
    teller = state.observers.get(known.observation.observer)
    if teller is None or teller.role is None:
        return True
    if teller.is_stale:
        return state.now_ns - heard_ns(teller) > FORGOTTEN_AFTER_NS
    return teller.role.value not in CALLERS and state.now_ns - teller.role.at_ns > FORGOTTEN_AFTER_NS


def _commit(state: ClusterState, own: Mapping[str, ObserverState]) -> ClusterState:
    """Follow the commit index as the leader tells it; where it is not heard, the highest that anybody tells."""
    leader = None if state.leader is None else own.get(state.leader)
    is_led = leader is not None and not leader.is_stale
    told = _highest_committed([leader] if is_led and leader is not None else own.values())
    index = None if told is None else told.value.commit_index
    if told is None or index is None:
        return state
    known = state.commit_index
    if known is None or index > known or (is_led and index < known):
        run = 0
        if known is not None and index > known and state.commit_moved_ns is not None:
            is_steady = told.at_ns - state.commit_moved_ns <= STEADY_NS
            run = min(state.commit_run + 1, STEADY_RUN) if is_steady else 1
        return replace(state, commit_index=index, commit_moved_ns=told.at_ns, commit_run=run, is_commit_stalled=False)
    if told.at_ns != state.now_ns or state.commit_moved_ns is None:
        return state  # only a status that came now tells that it still stands
    if told.at_ns - state.commit_moved_ns < STALL_AFTER_NS:
        return state
    is_waiting = are_entries_waiting(told.value)
    if is_waiting is not None and (leader is None or not is_led):
        return state  # a follower's log runs ahead of its leader's, and does not tell what waits (wire.md §3.1)
    if is_waiting and leader is not None and leader.waits_ns == told.at_ns:
        return state  # what no status before told of may be on its way
    is_stalled = state.commit_run >= STEADY_RUN if is_waiting is None else is_waiting
    return state if is_stalled == state.is_commit_stalled else replace(state, is_commit_stalled=is_stalled)


def _highest_committed(observers: Iterable[ObserverState]) -> Told[Status] | None:
    best: Told[Status] | None = None
    highest = -1
    for observer in observers:
        status = observer.status
        index = None if status is None or observer.is_stale else status.value.commit_index
        if index is not None and index >= highest:
            best, highest = status, index
    return best


def _nodes(state: ClusterState, sources: Sources, touched: frozenset[str] | None) -> Mapping[str, NodeState]:
    nodes: dict[str, NodeState] = {}
    is_same = len(state.nodes) == len(state.members)
    for node in sorted(state.members):
        known = state.nodes.get(node)
        if known is not None and touched is not None and node not in touched:
            nodes[node] = known
            continue
        made = make_node(node, known, state, sources)
        if known is not None and made == known:
            made = known
        else:
            is_same = False
        nodes[node] = made
    return state.nodes if is_same else nodes
