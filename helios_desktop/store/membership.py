"""Who the members are, by the lists in statuses and by peer changes; each change is found once, whoever tells it."""

from helios_desktop.protocol.messages import PeerChange, StatusPeer
from helios_desktop.store.state import ClusterState, ObserverState, Role
from helios_desktop.store.told import members_of


def take_peer_change(members: frozenset[str], change: PeerChange) -> frozenset[str]:
    """Follow a change that was pushed; the same object where it is known already."""
    kind = change.event_type.lower()
    if kind == "added" and change.peer_id and change.peer_id not in members:
        return members | {change.peer_id}
    if kind == "removed" and change.peer_id in members:
        return members - {change.peer_id}
    return members


def take_status(
    state: ClusterState, before: ObserverState, after: ObserverState
) -> tuple[frozenset[str], tuple[PeerChange, ...]]:
    """Follow a status's list of peers: the members, and what changed without a push that told it.

    A leader's list is taken whole. Of another node's list only what differs from its list before counts: it may
    lag behind what a push or the leader told. A change is what this node's own list shows: a leader that never knew a
    member, because only its predecessor was told of it (wire.md §4, row 17), has removed nobody.
    """
    peers = None if after.status is None else after.status.value.peers
    if peers is None or _is_known(state.members, after.node, peers):
        return state.members, ()
    told = listed(after) or frozenset()
    if not state.members:
        return told, ()
    earlier = listed(before) if before.node == after.node else None
    if _leads(state, after):
        added, removed = told - state.members, state.members - told
    elif earlier is not None:
        added, removed = told - earlier - state.members, (earlier - told) & state.members
    elif _is_leader_heard(state):
        added, removed = frozenset(), frozenset()
    else:
        # The first word of a node where no leader is heard: it knows of those, which is no change.
        return state.members | told, ()
    if not (added or removed):
        return state.members, ()
    members = (state.members | added) - removed
    if earlier is None:
        return members, ()  # its first word, which is no change
    changes = [PeerChange(peer, "added", _address(after, peer)) for peer in sorted(added - earlier)]
    changes += [PeerChange(peer, "removed") for peer in sorted(removed & earlier)]
    return members, tuple(changes)


def listed(observer: ObserverState) -> frozenset[str] | None:
    """The members that the observer's last status lists, its own node among them; None where it lists none."""
    return None if observer.status is None else members_of(observer.status.value)


def _is_known(members: frozenset[str], node: str | None, peers: tuple[str | StatusPeer, ...]) -> bool:
    if len(members) != len(peers) + 1 or node not in members:
        return False
    return members.issuperset([peer if isinstance(peer, str) else peer.id for peer in peers])


def _leads(state: ClusterState, observer: ObserverState) -> bool:
    is_leader = observer.role is not None and observer.role.value is Role.LEADER
    return is_leader and (state.term is None or (observer.term or 0) >= state.term)


def _is_leader_heard(state: ClusterState) -> bool:
    return any(
        observer.role is not None and observer.role.value is Role.LEADER and not observer.is_stale
        for observer in state.observers.values()
    )


def _address(observer: ObserverState, peer_id: str) -> str | None:
    for peer in () if observer.status is None else observer.status.value.peer_details:
        if peer.id == peer_id:
            return peer.address or None
    return None
