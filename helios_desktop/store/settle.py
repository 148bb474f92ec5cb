"""What follows once an observation was merged: contradictions that began or ended, and whether anybody is heard."""

from msgspec.structs import replace

from helios_desktop.event import Disagreement, Event
from helios_desktop.observation import Observation
from helios_desktop.store import disagreement
from helios_desktop.store.derive import derived_from
from helios_desktop.store.state import MAX_SPANS, ClusterState, Unheard


def settle(state: ClusterState, observation: Observation) -> tuple[ClusterState, list[Event]]:
    """Take stock of the merged `state`: the same object where nothing of this changed."""
    state = _listen(state)
    found = disagreement.find(state)
    if found == state.disagreements:
        return state, []
    before, after = disagreement.by_key(state.disagreements), disagreement.by_key(found)
    events = [
        derived_from(one.kind.value, one.about if one.about in state.members else "", one, observation, _evidence(one))
        for key, one in after.items()
        if key not in before
    ]
    for key, one in before.items():
        if key not in after:
            over = replace(one, until_ns=max(one.since_ns, observation.received_ns))
            node = one.about if one.about in state.members else ""
            last = max(_evidence(one), key=lambda told: told.received_ns)
            events.append(derived_from("agreement", node, over, observation, (last, observation)))
    return replace(state, disagreements=found), events


def _evidence(one: Disagreement) -> tuple[Observation, ...]:
    return tuple(saying.observation for saying in one.sayings)


def _listen(state: ClusterState) -> ClusterState:
    """Follow whether anybody is heard: while nobody is, who leads is not known."""
    spans = state.unheard
    is_open = bool(spans) and spans[-1].until_ns is None
    if any(not observer.is_stale for observer in state.observers.values()):
        return replace(state, unheard=(*spans[:-1], Unheard(spans[-1].since_ns, state.now_ns))) if is_open else state
    beats = [observer.beat_ns for observer in state.observers.values() if observer.beat_ns is not None]
    if is_open or not beats:
        return state
    return replace(state, unheard=(*spans, Unheard(max(beats)))[-MAX_SPANS:])
