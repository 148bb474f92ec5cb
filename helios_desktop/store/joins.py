"""One happening that is told in two ways, by a push and by what a status shows: one event, whichever comes first.

The second does not make an event of its own but completes the first: `Event.completes` names it, and whoever keeps
events puts the one in the other's place.
"""

from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Event, Fact
from helios_desktop.observation import Observation
from helios_desktop.protocol.messages import CustomMetrics, PeerChange, Snapshot, StateChange
from helios_desktop.store.order import PUSHED
from helios_desktop.store.state import ClusterState, ObserverState, Recent, RecentKey
from helios_desktop.store.told import role_of

JOIN_WITHIN_NS: Final = 15_000_000_000
"""Three beats: what is told again later is another happening."""
MOST_RECENT: Final = 64


def fill_state_change(body: StateChange, observer: ObserverState) -> tuple[StateChange, str]:
    """Fill what the push left out from what is known, and say what a status may yet fill in.

    observer: as it was before the push. The real gateway's code leaves `old_state` "" and the term 0 (wire.md §3)
    """
    old, known = body.old_state, observer.role
    if not old and known is not None and known.value is not role_of(body.new_state):
        old = known.value.value.capitalize()
    if body.term > 0:
        return (body if old == body.old_state else replace(body, old_state=old)), ""
    return replace(body, old_state=old, term=observer.term or 0), "term"


def fill_peer_change(body: PeerChange, address: str) -> tuple[PeerChange, str]:
    """The same for a peer; `address` is the one known of it, "" for none (the real gateway tells none)."""
    if body.peer_address:
        return body, ""
    return (replace(body, peer_address=address), "") if address else (body, "address")


def join(state: ClusterState, event: Event) -> Event | None:
    """The event that takes the place of an earlier one of the same happening; None where it is a new one."""
    if not state.recent:
        return None
    key = _key(event)
    known = None if key is None else state.recent.get(key)
    if known is None or not _is_fresh(known, event.at_ns) or not _are_one(known.event, event):
        return None
    return _joined(known.event, event)


def complete(state: ClusterState, after: ObserverState, observation: Observation) -> tuple[Event, ...]:
    """Fill what pushes lacked from the status that came now: the term of a role, the address of a peer."""
    lacking = [known for known in state.recent.values() if known.lacks]
    if not lacking or after.status is None or after.node is None:
        return ()
    status = after.status.value
    found: list[tuple[Recent, Fact]] = []
    role = state.recent.get(("state_change", after.node, role_of(status.state)))
    if role is not None and role.lacks == "term" and isinstance(role.event.body, StateChange) and status.term:
        found.append((role, replace(role.event.body, term=status.term)))
    for peer in status.peer_details:
        added = state.recent.get(("peer_change", peer.id, "added"))
        if added is not None and added.lacks == "address" and isinstance(added.event.body, PeerChange) and peer.address:
            found.append((added, replace(added.event.body, peer_address=peer.address)))
    return tuple(
        replace(
            known.event,
            body=body,
            evidence=(*known.event.evidence, observation),
            completes=known.event,
            is_pushed=True,
        )
        for known, body in found
        if _is_fresh(known, observation.received_ns)
    )


def remember(state: ClusterState, events: list[Event], lacks: str) -> ClusterState:
    """Keep those of `events` that may be told once more, the last of each happening; `lacks` is of a pushed one."""
    kept: dict[RecentKey, Recent] | None = None
    for event in events:
        if event.body.__class__ not in PUSHED:
            continue
        key = _key(event)
        if key is None:
            continue
        is_derived = event.is_derived
        missing = "" if is_derived or event.completes is not None else lacks
        if is_derived or missing or type(event.body) is PeerChange:
            kept = dict(state.recent) if kept is None else kept
            kept.pop(key, None)
            kept[key] = Recent(event, missing)
        elif key in state.recent:
            kept = dict(state.recent) if kept is None else kept
            kept.pop(key, None)
    if kept is None:
        return state
    while len(kept) > MOST_RECENT:
        del kept[next(iter(kept))]
    return replace(state, recent=kept)


def _key(event: Event) -> RecentKey | None:
    """What distinguishes one happening from others; None for what is told in one way only."""
    body = event.body
    if type(body) is StateChange:
        return "state_change", event.node, role_of(body.new_state)
    if type(body) is PeerChange:
        return "peer_change", body.peer_id, body.event_type.lower()
    if type(body) is Snapshot:
        return None if body.index is None else ("snapshot", event.node, body.index)
    return ("custom_metrics", event.node, "") if type(body) is CustomMetrics else None


def _is_fresh(known: Recent, now_ns: int) -> bool:
    return now_ns - known.event.at_ns <= JOIN_WITHIN_NS


def _are_one(earlier: Event, event: Event) -> bool:
    """True where two events of one key are one happening: told by a push and concluded, or pushed by several."""
    told, body = earlier.body, event.body
    # Two pushes of one node are two happenings; but a member pushes each change that it takes part in.
    if earlier.is_derived is event.is_derived:
        return type(body) is PeerChange and not _has_told(earlier, event.observer)
    match told, body:
        case StateChange(), StateChange():
            return not (told.term and body.term) or told.term == body.term
        case CustomMetrics(), CustomMetrics():
            is_same = all(body.metrics.get(name) == metric for name, metric in told.metrics.items())
            return is_same and not told.removed
        case _:
            return True


def _has_told(earlier: Event, observer: str) -> bool:
    told = (earlier.observation, *earlier.evidence)
    return observer in [observation.observer for observation in told]


def _joined(earlier: Event, event: Event) -> Event:
    """One event of two; a server's word beats a conclusion, and keeps the conclusion's interval and evidence."""
    if earlier.is_derived and not event.is_derived:
        evidence = (*earlier.evidence, event.observation)
        return replace(
            earlier,
            body=_filled_by(event.body, earlier.body),
            timestamp=event.timestamp,
            evidence=evidence,
            completes=earlier,
            is_pushed=True,
        )
    evidence = (*earlier.evidence, event.observation)
    return replace(
        earlier, body=_filled_by(earlier.body, event.body), evidence=evidence, completes=earlier, is_pushed=True
    )


def _filled_by(pushed: Fact, other: Fact) -> Fact:
    match pushed, other:
        case StateChange(), StateChange():
            return replace(pushed, old_state=pushed.old_state or other.old_state, term=pushed.term or other.term)
        case PeerChange(), PeerChange():
            return replace(pushed, peer_address=pushed.peer_address or other.peer_address)
        case _:
            return pushed
