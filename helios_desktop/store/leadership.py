"""Who leads, by all that the observers say."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from helios_desktop.observation import Cause, Phase
from helios_desktop.store.state import ClusterState, ObserverState, Role

UNHEARD: Final = frozenset({Phase.IDLE, Phase.CLOSED})


class Claim(Struct, frozen=True, gc=False):
    """`leader` leads in `term`: it says so itself (`is_direct`), or another node does."""

    term: int
    is_direct: bool
    at_ns: int
    leader: str


def voices(observers: Iterable[ObserverState]) -> dict[str, ObserverState]:
    """The one observer that speaks for each node: of several the one that is not stale, then the one heard last."""
    found: dict[str, ObserverState] = {}
    for observer in observers:
        node = observer.node if observer.node is not None else observer.name
        if observer.node is None and observer.role is None:
            continue
        other = found.get(node)
        if other is None or (not observer.is_stale, heard_ns(observer)) > (not other.is_stale, heard_ns(other)):
            found[node] = observer
    return found


def heard_ns(observer: ObserverState) -> int:
    """When the observer last told anything of its node; 0 for never."""
    role_ns = 0 if observer.role is None else observer.role.at_ns
    return role_ns if observer.status is None else max(role_ns, observer.status.at_ns)


def is_down(observer: ObserverState) -> bool:
    """True where its own gateway says that the node is stopped, or refuses connections."""
    if observer.role is not None and observer.role.value is Role.UNREACHABLE:
        return True
    # A session that asks by `?node=` bears the node's name: what refuses there is the gateway of all.
    return observer.name != observer.node and observer.phase is Phase.BACKOFF and observer.cause is Cause.REFUSED


def find_leader(state: ClusterState, own: Mapping[str, ObserverState]) -> Claim | None:
    """The claim of the highest term, a node's own before another's; None where nobody is known to lead.

    Of two that claim the same term, who led before stays: that they contradict each other is a disagreement.

    A claim by another node does not count against the later word of the node itself. Mere silence deposes nobody:
    the last known leader stays until it, a majority's word or a later term says otherwise.
    """
    claims = [claim for observer in own.values() if (claim := _claim(observer, own)) is not None]
    best = max(
        claims,
        key=lambda claim: (claim.term, claim.is_direct, claim.leader == state.leader, claim.at_ns, claim.leader),
        default=None,
    )
    # Nobody can lead an earlier term than one that was led already: that is a deposed leader that does not know yet.
    if best is not None and best.term >= state.led_term:
        return best
    if state.leader is None or why_lost(state, state.leader, own):
        return None
    return Claim(state.led_term, False, state.leader_since_ns or 0, state.leader)


def _claim(observer: ObserverState, own: Mapping[str, ObserverState]) -> Claim | None:
    if observer.is_stale or observer.role is None or observer.status is None or observer.node is None:
        return None
    if observer.role.value is Role.LEADER:
        return Claim(observer.term or 0, True, heard_ns(observer), observer.node)
    status = observer.status.value
    named = status.leader_id
    if named is None or named == observer.node or observer.role.value is not Role.FOLLOWER:
        return None
    if observer.term is not None and status.term is not None and observer.term > status.term:
        return None  # what it said in an earlier term holds no more
    other = own.get(named)
    if other is not None and (is_down(other) or _denies(other, observer.status.at_ns)):
        return None
    return Claim(status.term or 0, False, observer.status.at_ns, named)


def _denies(observer: ObserverState, since_ns: int) -> bool:
    """True where the node itself said, at `since_ns` or later, that it does not lead."""
    return (
        observer.role is not None
        and observer.role.value not in (Role.LEADER, Role.UNKNOWN)
        and heard_ns(observer) >= since_ns
    )


def why_lost(state: ClusterState, leader: str, own: Mapping[str, ObserverState]) -> str:
    """Why `leader`, of the last span that was led, leads no more, as a plain English phrase.

    "" where nothing says that it does not.
    """
    old = own.get(leader)
    if old is not None and is_down(old):
        if old.role is not None and old.role.value is Role.UNREACHABLE:
            return "its gateway says that the node is stopped"
        # Heard by nobody else, the cluster may be well: then who leads is unknown, which is not "no leader".
        if any(not observer.is_stale for observer in own.values()):
            return "its gateway refuses connections"
    if old is not None and not old.is_stale and old.role is not None and old.role.value is not Role.LEADER:
        return f"it says itself that it is {old.role.value.value}"
    if not state.led_term and not state.leader:
        return "the cluster began anew"
    fresh = [observer for observer in own.values() if not observer.is_stale and observer.status is not None]
    if not fresh:
        return ""
    term = next((led.term for led in reversed(state.leaderships) if led.leader == leader), None)
    if term is not None and any(observer.term is not None and observer.term > term for observer in fresh):
        return "a later term has begun"
    if leader in state.unreachable:
        return "it is out of reach"
    if leader not in state.members:
        return "it is no member any more"
    if all(_names_none(observer) for observer in fresh):
        return "no node knows a leader"
    if old is None and all(_names_other(observer, leader) for observer in fresh):
        return "no node names it any more"
    return ""


def _names_none(observer: ObserverState) -> bool:
    """True where the node says that it knows no leader; silence of the real gateway's followers is not that."""
    if observer.role is not None and observer.role.value is Role.CANDIDATE:
        return True
    return observer.status is not None and observer.status.value.leader == ""


def _names_other(observer: ObserverState, leader: str) -> bool:
    named = None if observer.status is None else observer.status.value.leader_id
    return named is not None and named != leader
