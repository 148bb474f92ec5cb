"""The fold: what we know after one more observation, and what happened by it.

Pure and total: the same observations give the same states and events, live and replayed, and no observation raises.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import ConnectionEvent, Event
from helios_desktop.observation import Kind, Observation, Phase, connection_change
from helios_desktop.protocol.codec import UNREADABLE, decode, decode_body
from helios_desktop.protocol.messages import Body, Malformed, PeerChange, Status
from helios_desktop.store import derive, gaps
from helios_desktop.store.anew import began_anew, forget
from helios_desktop.store.membership import take_peer_change, take_status
from helios_desktop.store.merge import merge, merge_latency, merge_own, merge_status
from helios_desktop.store.state import ClusterState, ObserverState
from helios_desktop.store.told import learn
from helios_desktop.store.traffic import count_frame, has_lost, leave_live, loss, take_sent, take_tick

_REST_BODIES: Final[Mapping[str, str]] = {
    "GET /admin/cluster/status": "status",
    "GET /admin/cluster/latency": "latency",
    "GET /admin/cluster/uptime": "uptime",
    "GET /admin/cluster/snapshot": "snapshot",
    "GET /admin/cluster/metrics": "custom_metrics",
}
"""Which message an answer over HTTP has the body of (wire.md §5)."""

OPEN: Final = frozenset({Phase.SYNCING, Phase.LIVE})
"""With a socket."""

Step = tuple[ClusterState, tuple[Event, ...]]


def fold(state: ClusterState, observation: Observation) -> Step:
    """Take one observation. A frame gives its own event first, then what follows from it."""
    match observation.kind:
        case Kind.FRAME:
            return _fold_frame(state, observation)
        case Kind.TICK:
            return _fold_tick(state, observation)
        case Kind.CONNECTION:
            return _fold_connection(state, observation)
        case Kind.SENT:
            return _fold_sent(state, observation)
        case Kind.REST:
            return _fold_rest(state, observation)


def _fold_frame(state: ClusterState, observation: Observation) -> Step:
    message = decode(observation.text)
    name = observation.observer
    before = state.observers.get(name) or ObserverState(name)
    body = message.body
    counted = count_frame(before, message, observation)
    after = learn(counted, body, observation)
    node = _node_of(state, after)
    if isinstance(body, PeerChange):
        node = body.peer_id
    event_type = "malformed" if isinstance(body, Malformed) else message.type
    told = Event(event_type, observation.received_ns, message.timestamp, name, node, body, observation)
    stepped = replace(state, now_ns=observation.received_ns, observers={**state.observers, name: after})
    events: list[Event] = []
    if has_lost(before, message, observation):
        gap = loss(before, observation)
        stepped = replace(stepped, gaps=gaps.add(state.gaps, gap))
        events.append(gaps.gap_event(gap, node, observation))
    if after is not counted or isinstance(body, PeerChange):
        stepped, more = _follow(state, stepped, before, after, body, observation)
        events += more
    return stepped, (told, *events)


def _fold_rest(state: ClusterState, observation: Observation) -> Step:
    body_type = _REST_BODIES.get(observation.source.partition("?")[0])
    now = replace(state, now_ns=observation.received_ns)
    if body_type is None:
        return now, ()
    before = state.observers.get(observation.observer) or ObserverState(observation.observer)
    body = decode_body(body_type, observation.text)
    after = learn(before, body, observation)
    if after is before:
        return now, ()
    stepped = replace(now, observers={**state.observers, after.name: after})
    stepped, events = _follow(state, stepped, before, after, body, observation)
    return stepped, tuple(events)


def _follow(
    state: ClusterState,
    stepped: ClusterState,
    before: ObserverState,
    after: ObserverState,
    body: Body,
    observation: Observation,
) -> tuple[ClusterState, list[Event]]:
    """Carry a message that told something of the node, or of the members, into the merged picture."""
    events = derive.from_observer(before, after, observation, body)
    if isinstance(body, PeerChange):
        stepped = _with_members(stepped, take_peer_change(state.members, body), observation)
    elif isinstance(body, Status):
        if began_anew(stepped, before, after):
            stepped = forget(stepped)
        members, changes = take_status(stepped, before, after)
        stepped = _with_members(stepped, members, observation)
        last = None if before.status is None else before.status.observation
        events += [derive.derived("peer_change", change.peer_id, change, observation, last) for change in changes]
    if stepped.members is not state.members or _changes_roles(before, after):
        merged = merge(stepped, observation)
    elif before.status is not after.status:
        merged = merge_status(stepped, before, after, observation)
    elif before.latency is not after.latency:
        merged = merge_latency(stepped, after, observation)
    elif before.uptime is not after.uptime or before.snapshot is not after.snapshot:
        return merge_own(stepped, after), events
    else:
        return stepped, events
    return merged, events + derive.from_cluster(state, merged, observation)


def _with_members(state: ClusterState, members: frozenset[str], observation: Observation) -> ClusterState:
    if members is state.members:
        return state
    removed = state.members - members
    kept = state.gaps
    if removed:
        names = frozenset(
            observer.name
            for observer in state.observers.values()
            if observer.node in removed or observer.name in removed
        )
        kept = gaps.end_of_removed(kept, observation.received_ns, names)
    return replace(state, members=members, gaps=kept)


def _changes_roles(before: ObserverState, after: ObserverState) -> bool:
    """True where who leads may come out otherwise: floods of other messages must not ask that anew."""
    return (
        before.role is not after.role
        or before.term != after.term
        or before.is_stale is not after.is_stale
        or before.phase is not after.phase
        or before.cause is not after.cause
    )


def _fold_sent(state: ClusterState, observation: Observation) -> Step:
    before = state.observers.get(observation.observer) or ObserverState(observation.observer)
    after = take_sent(before, observation)
    if after is before:
        return replace(state, now_ns=observation.received_ns), ()
    kept, ended = gaps.follow_topics(state.gaps, before, after, observation)
    observers = {**state.observers, after.name: after}
    stepped = replace(state, now_ns=observation.received_ns, observers=observers, gaps=kept)
    node = _node_of(state, after)
    return stepped, tuple(gaps.gap_event(gap, node, observation) for gap in ended)


def _fold_connection(state: ClusterState, observation: Observation) -> Step:
    now_ns = observation.received_ns
    try:
        change = connection_change(observation)
    except UNREADABLE:
        return replace(state, now_ns=now_ns), ()
    before = state.observers.get(observation.observer) or ObserverState(observation.observer)
    is_entered = change.phase is not before.phase
    is_news = is_entered or (change.cause, change.attempt) != (before.cause, before.attempt)
    is_left = before.phase in OPEN and change.phase not in OPEN
    after = leave_live(before) if is_left else before
    after = replace(
        after,
        phase=change.phase,
        cause=change.cause,
        detail=change.detail,
        attempt=change.attempt,
        retry_at_ns=change.retry_at_ns,
        token_expires_at_ns=change.token_expires_at_ns,
        epoch=observation.epoch,
        since_ns=now_ns if is_entered else before.since_ns,
        opened_ns=now_ns if is_entered and change.phase is Phase.LIVE else after.opened_ns,
    )
    kept, ended = gaps.follow_phase(state, before, after, observation) if is_entered else (state.gaps, None)
    stepped = replace(state, now_ns=now_ns, observers={**state.observers, after.name: after}, gaps=kept)
    node = _node_of(state, after)
    events: list[Event] = []
    if is_news:
        fact = ConnectionEvent(change.phase, change.cause, change.detail, change.attempt, change.retry_at_ns)
        name = _connection_event_type(before.phase, change.phase)
        events.append(Event(name, now_ns, "", after.name, node, fact, observation))
    if ended is not None:
        events.append(gaps.gap_event(ended, node, observation))
    if not _changes_roles(before, after):
        return stepped, tuple(events)
    merged = merge(stepped, observation)
    return merged, (*events, *derive.from_cluster(state, merged, observation))


def _connection_event_type(before: Phase, after: Phase) -> str:
    if after is Phase.REJECTED:
        return "connection_refused"
    if after is Phase.BACKOFF and before in OPEN:
        return "connection_lost"
    return "connection"


def _fold_tick(state: ClusterState, observation: Observation) -> Step:
    now_ns = observation.received_ns
    changed: dict[str, ObserverState] = {}
    events: list[Event] = []
    has_new_stale = False
    for name, before in state.observers.items():
        after = take_tick(before, now_ns)
        if after is before:
            continue
        has_new_stale = has_new_stale or after.is_stale is not before.is_stale
        event = derive.silence(before, after, observation)
        if event is not None and after.node in state.members:
            events.append(event)
            after = replace(after, is_silent=True)
        changed[name] = after
    if not changed:
        return replace(state, now_ns=now_ns), ()
    stepped = replace(state, now_ns=now_ns, observers={**state.observers, **changed})
    if not has_new_stale:
        return stepped, tuple(events)
    merged = merge(stepped, observation)
    return merged, (*events, *derive.from_cluster(state, merged, observation))


def _node_of(state: ClusterState, observer: ObserverState) -> str:
    """The node that an observer speaks for; before its first status the one that it asked for by `?node=`."""
    if observer.node is not None:
        return observer.node
    return observer.name if observer.name in state.members else ""
