"""Why a graph is empty, in a sentence that ends with the one next thing to do. Pure functions of the state."""

from helios_desktop.observation import Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.state import ClusterState, ObserverState, Role
from helios_desktop.words import _


def latency_absence(state: ClusterState | None) -> str:
    """Why there is no latency to draw."""
    reason = _common_absence(state, Topic.LATENCY)
    if reason or state is None:
        return reason
    speakers = [observer for observer in state.observers.values() if observer.node is not None]
    if state.leader is None:
        return _("No latency yet: the leader measures it, and no leader is known.")
    if all(observer.node != state.leader for observer in speakers):
        if len(speakers) == 1 and _role(speakers[0]) is Role.FOLLOWER:
            return _(
                "No latency yet: only the leader measures it, and this gateway speaks for {node}, a follower. "
                "Connect to the gateway of {leader}."
            ).format(node=speakers[0].node, leader=state.leader)
        return _("No latency yet: only the leader measures it. Connect to the gateway of {leader}.").format(
            leader=state.leader
        )
    return _("No latency yet: {leader} has told none. It comes once a second.").format(leader=state.leader)


def commit_absence(state: ClusterState | None) -> str:
    """Why there is no commit rate to draw."""
    reason = _common_absence(state, Topic.STATUS)
    if reason:
        return reason
    return _("No commit rate yet: it takes two statuses, which come every 5 s.")


def _common_absence(state: ClusterState | None, topic: Topic) -> str:
    if state is None or not state.observers:
        return _("Nothing to draw: not connected. Choose the demo or connect to a gateway.")
    live = [observer for observer in state.observers.values() if observer.phase in (Phase.SYNCING, Phase.LIVE)]
    if not live:
        return _("Nothing to draw yet: there is no connection. The line at the bottom says why.")
    if not any(observer.topics[topic].requested for observer in live):
        return _("Nothing to draw: {topic} is switched off. Switch it on under Subscriptions.").format(
            topic=topic.value
        )
    return ""


def _role(observer: ObserverState) -> Role:
    return Role.UNKNOWN if observer.role is None else observer.role.value
