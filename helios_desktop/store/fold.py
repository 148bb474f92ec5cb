"""The fold: what we know after one more observation, and what happened by it.

Pure and total: the same observations give the same states and events, live and replayed, and no observation raises.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import ConnectionEvent, Event
from helios_desktop.observation import Kind, Observation, Phase, connection_change
from helios_desktop.protocol.codec import UNREADABLE, decode, decode_body
from helios_desktop.protocol.frames import Message
from helios_desktop.protocol.messages import Body, Malformed, PeerChange, ServerError, StateChange, Status
from helios_desktop.protocol.rest import BODY_TYPES
from helios_desktop.store import derive, gaps, joins
from helios_desktop.store.anew import began_anew, forget
from helios_desktop.store.changes import changes_of, known_of_node
from helios_desktop.store.membership import take_peer_change, take_status
from helios_desktop.store.merge import merge, merge_latency, merge_own, merge_status
from helios_desktop.store.order import ORDERED, PUSHED, is_late, is_late_answer, is_repeated
from helios_desktop.store.settle import settle
from helios_desktop.store.state import ClusterState, ObserverState
from helios_desktop.store.told import learn, learn_refusal
from helios_desktop.store.traffic import (
    HEARD,
    count_answer,
    count_events,
    count_frame,
    goes_on,
    has_lost,
    leave_live,
    loss,
    take_sent,
    take_tick,
)

OPEN: Final = HEARD | {Phase.SYNCING}
"""With a socket, or with answers in place of one."""
_REFUSED: Final = 400
"""From this HTTP status on an answer is none (RFC 9110 §15.5)."""

Step = tuple[ClusterState, tuple[Event, ...]]


def fold(state: ClusterState, observation: Observation) -> Step:
    """Take one observation. A frame gives its own event first, then what follows from it."""
    return _FOLDS[observation.kind](state, observation)


def _fold_frame(state: ClusterState, observation: Observation) -> Step:
    message = decode(observation.text)
    body, lacks = message.body, ""
    name = observation.observer
    before = state.observers.get(name) or ObserverState(name)
    if before.left_seq is not None:
        return _fold_first_frame(state, before, message, observation)
    # By `type`, here and below: where it is no instance, the class of a Struct answers `isinstance` slowly.
    is_change = type(body) in PUSHED
    is_again = is_change and is_repeated(before, observation)
    is_old = is_again or (type(body) in ORDERED and is_late(before, message, observation))
    # Nearly every message of our own gateway follows upon the last one, and is not asked further.
    may_be_after_loss = message.prev is not None and (message.prev != before.seq or type(body) is ServerError)
    is_after_loss = may_be_after_loss and has_lost(before, message, observation)
    counted = count_frame(before, message, observation, is_late=is_old, is_after_loss=is_after_loss)
    if is_again:
        return _with_observer(state, counted, observation), ()
    if is_change:
        body, lacks = _fill(state, before, body)
    after = counted if is_old else learn(counted, body, observation, message.timestamp)
    told = _told(state, after, message, body, observation)
    stepped = _with_observer(state, after, observation)
    events = [(joins.join(state, told) if is_change else None) or told]
    if is_after_loss:
        gap = loss(before, message, observation)
        stepped = replace(stepped, gaps=gaps.add(state.gaps, gap))
        events.append(gaps.gap_event(gap, told.node, observation))
    if after is not counted or type(body) is PeerChange:
        stepped, more = _follow(state, stepped, before, after, body, observation)
        events += more
    # A flood of messages that change nothing must cost nothing more.
    return _book(stepped, events, after, lacks) if is_change or len(events) > 1 else (stepped, tuple(events))


def _fold_first_frame(state: ClusterState, before: ObserverState, message: Message, observation: Observation) -> Step:
    """Of a socket of our own gateway: it may go on where the last one ended, and so ends the gap between them."""
    is_whole = goes_on(before, message)
    kept, ended = gaps.end_of_disconnection(state.gaps, before.name, observation.received_ns, is_whole=is_whole)
    begun = replace(before, left_seq=None, is_catching_up=is_whole)
    known = replace(state, observers={**state.observers, begun.name: begun}, gaps=kept)
    stepped, events = _fold_frame(known, observation)
    if ended is None:
        return stepped, events
    return stepped, (*events, gaps.gap_event(ended, _node_of(state, before), observation))


def _with_observer(state: ClusterState, observer: ObserverState, observation: Observation) -> ClusterState:
    return replace(state, now_ns=observation.received_ns, observers={**state.observers, observer.name: observer})


def _fill(state: ClusterState, before: ObserverState, body: Body) -> tuple[Body, str]:
    """Fill what a pushed change leaves out; give what is still missing, too."""
    if type(body) is StateChange:
        return joins.fill_state_change(body, before)
    if type(body) is PeerChange:
        known = state.nodes.get(body.peer_id)
        return joins.fill_peer_change(body, "" if known is None else known.address)
    return body, ""


def _told(state: ClusterState, after: ObserverState, message: Message, body: Body, observation: Observation) -> Event:
    node = body.peer_id if type(body) is PeerChange else _node_of(state, after)
    event_type = "malformed" if type(body) is Malformed else message.type
    return Event(event_type, observation.received_ns, message.timestamp, after.name, node, body, observation)


def _book(state: ClusterState, events: list[Event], teller: ObserverState, lacks: str = "") -> Step:
    """Remember what may be told once more, and count what was concluded of this teller's words."""
    state = joins.remember(state, events, lacks)
    derived = joined = 0
    for event in events:
        if event.completes is not None:
            joined += event.completes.is_derived
        elif event.evidence:
            derived += event.body.__class__ in PUSHED
    if derived or joined:
        known = state.observers[teller.name]
        counted = count_events(known, derived=derived, joined=joined)
        state = replace(state, observers={**state.observers, teller.name: counted})
    return state, tuple(events)


def _fold_rest(state: ClusterState, observation: Observation) -> Step:
    body_type = BODY_TYPES.get(observation.source.partition("?")[0])
    now = replace(state, now_ns=observation.received_ns)
    if body_type is None:
        return now, ()
    before = state.observers.get(observation.observer) or ObserverState(observation.observer)
    if observation.status >= _REFUSED:
        after = learn_refusal(count_answer(before, is_refused=True), observation)
        return replace(now, observers={**state.observers, after.name: after}), ()
    body = decode_body(body_type, observation.text)
    is_old = is_late_answer(before, body, observation)
    counted = count_answer(before, is_late=is_old)
    after = counted if is_old else learn(counted, body, observation)
    stepped = replace(now, observers={**state.observers, after.name: after})
    if after is counted:
        return stepped, ()
    stepped, events = _follow(state, stepped, before, after, body, observation)
    return _book(stepped, events, after)


def _follow(
    state: ClusterState,
    stepped: ClusterState,
    before: ObserverState,
    after: ObserverState,
    body: Body,
    observation: Observation,
) -> tuple[ClusterState, list[Event]]:
    """Carry a message that told something of the node, or of the members, into the merged picture."""
    events = changes_of(known_of_node(state, before, after), after, observation, body)
    if type(body) is PeerChange:
        stepped = _with_members(stepped, take_peer_change(state.members, body), observation)
    elif type(body) is Status:
        if began_anew(stepped, before, after):
            stepped = forget(stepped)
        members, changes = take_status(stepped, before, after)
        stepped = _with_members(stepped, members, observation)
        last = None if before.status is None else before.status.observation
        events += [derive.derived("peer_change", change.peer_id, change, observation, last) for change in changes]
        events += joins.complete(state, after, observation)
    if stepped.members is not state.members or _changes_roles(before, after):
        merged = merge(stepped, observation)
    elif before.status is not after.status:
        merged = merge_status(stepped, before, after, observation)
    elif before.latency is not after.latency:
        merged = merge_latency(stepped, after, observation)
        return merged, events + derive.from_cluster(state, merged, observation)
    elif _tells_of_its_own(before, after):
        return merge_own(stepped, after), events
    else:
        return stepped, events
    settled, more = _conclude(state, merged, observation)
    return settled, events + more


def _conclude(state: ClusterState, merged: ClusterState, observation: Observation) -> tuple[ClusterState, list[Event]]:
    """What follows from the step of the picture: the changes of the cluster, then what is contradicted."""
    changes = derive.from_cluster(state, merged, observation)
    settled, disputes = settle(merged, observation)
    return settled, changes + disputes


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


def _tells_of_its_own(before: ObserverState, after: ObserverState) -> bool:
    return (
        before.uptime is not after.uptime
        or before.snapshot is not after.snapshot
        or before.history is not after.history
    )


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
        login_path=change.login_path or before.login_path,
        epoch=observation.epoch,
        since_ns=now_ns if is_entered else before.since_ns,
        opened_ns=now_ns if is_entered and change.phase in HEARD else after.opened_ns,
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
    settled, more = _conclude(state, merge(stepped, observation), observation)
    return settled, (*events, *more)


def _connection_event_type(before: Phase, after: Phase) -> str:
    if after is Phase.REJECTED:
        return "connection_refused"
    if after is Phase.BACKOFF and before in OPEN:
        return "connection_lost"
    return "connection"


def _fold_tick(state: ClusterState, observation: Observation) -> Step:
    now_ns = observation.received_ns
    changed: dict[str, ObserverState] = {}
    slept = derive.sleep(state, observation)
    events: list[Event] = [] if slept is None else [slept]
    has_new_stale = False
    for name, before in state.observers.items():
        after = take_tick(before, now_ns)
        if after is before:
            continue
        has_new_stale = has_new_stale or after.is_stale is not before.is_stale
        event = derive.silence(before, after, observation)
        if event is not None and after.node in state.members and not _is_heard_otherwise(after, state, changed):
            events.append(event)
            after = replace(after, is_silent=True)
        changed[name] = after
    stepped = replace(state, now_ns=now_ns, last_tick=observation)
    if not changed:
        return stepped, tuple(events)
    stepped = replace(stepped, observers={**state.observers, **changed})
    if not has_new_stale:
        return stepped, tuple(events)
    settled, more = _conclude(state, merge(stepped, observation), observation)
    return settled, (*events, *more)


def _is_heard_otherwise(observer: ObserverState, state: ClusterState, changed: Mapping[str, ObserverState]) -> bool:
    """True where another gateway speaks for the same node, and is heard."""
    return any(
        other.node == observer.node and not changed.get(name, other).is_stale
        for name, other in state.observers.items()
        if name != observer.name
    )


def _node_of(state: ClusterState, observer: ObserverState) -> str:
    """The node that an observer speaks for; before its first status the one that it asked for by `?node=`."""
    if observer.node is not None:
        return observer.node
    return observer.name if observer.name in state.members else ""


_FOLDS: Final[dict[Kind, Callable[[ClusterState, Observation], Step]]] = {
    Kind.FRAME: _fold_frame,
    Kind.SENT: _fold_sent,
    Kind.REST: _fold_rest,
    Kind.CONNECTION: _fold_connection,
    Kind.TICK: _fold_tick,
}
"""Looked up, since Python 3.11 takes as long to look `Kind.FRAME` up for a `match` as to make an event."""
