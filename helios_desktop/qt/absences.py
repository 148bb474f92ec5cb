"""Why something is empty, in a sentence that ends with the one next thing to do. Pure functions of the state."""

from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.naming import observer_title
from helios_desktop.qt.standing import badness, cause_of, is_awaited, is_on_its_way, watched
from helios_desktop.store.state import STATUS_PERIOD_S, ClusterState, ObserverState, Role
from helios_desktop.words import _


def members_absence(state: ClusterState, now_ns: int) -> str:
    """Why no node is known: what is waited for, by the connection that is farthest on its way."""
    best = min(watched(state), key=lambda observer: badness(observer, now_ns), default=None)
    if best is None:
        return _("No node is known yet: the first status tells the members.")
    return _awaited(best, now_ns) or _("No node is known yet: {gateway} has named no member.").format(
        gateway=observer_title(best)
    )


def latency_absence(state: ClusterState | None, now_ns: int = 0) -> str:
    """Why there is no latency to draw."""
    reason = _common_absence(state, Topic.LATENCY, now_ns)
    if reason or state is None:
        return reason
    speakers = [observer for observer in state.observers.values() if observer.node is not None]
    alone = speakers[0] if len(speakers) == 1 else None
    is_follower = alone is not None and _role(alone) is Role.FOLLOWER
    if state.leader is None and alone is not None and is_follower and alone.is_real:
        return _(
            "No latency yet: only the leader measures it. This gateway speaks for {node}, a follower, and a follower "
            "does not tell who leads. Add the gateways of the other nodes to this connection."
        ).format(node=alone.node)
    if state.leader is None:
        return _("No latency yet: the leader measures it, and no leader is known.")
    if state.members == {state.leader}:
        return _("No latency: {leader} is the only member, so there is nobody to call.").format(leader=state.leader)
    if all(observer.node != state.leader for observer in speakers):
        if alone is not None and is_follower:
            return _(
                "No latency yet: only the leader measures it, and this gateway speaks for {node}, a follower. "
                "Connect to the gateway of {leader}."
            ).format(node=alone.node, leader=state.leader)
        return _("No latency yet: only the leader measures it. Connect to the gateway of {leader}.").format(
            leader=state.leader
        )
    if any(observer.is_real for observer in speakers if observer.node == state.leader):
        return _("No latency yet: {leader} has told none. It is asked for by REST every few seconds.").format(
            leader=state.leader
        )
    return _("No latency yet: {leader} has told none. It comes once a second.").format(leader=state.leader)


def commit_absence(state: ClusterState | None, now_ns: int = 0) -> str:
    """Why there is no commit rate to draw."""
    reason = _common_absence(state, Topic.STATUS, now_ns)
    if reason:
        return reason
    return _("No commit rate yet: it takes two statuses, which come every {s} s.").format(s=f"{STATUS_PERIOD_S:g}")


def _common_absence(state: ClusterState | None, topic: Topic, now_ns: int) -> str:
    observers = () if state is None else watched(state)
    if not observers:
        return _("Nothing to draw: not connected. Choose the demo or connect to a gateway.")
    working = [observer for observer in observers if observer.phase in {Phase.SYNCING, Phase.LIVE, Phase.POLLING}]
    if not working:
        if any(is_on_its_way(observer) and not observer.attempt for observer in observers):
            return _("Nothing to draw yet: the connection is being made.")
        return _("Nothing to draw yet: there is no connection. The line at the bottom says why.")
    if not any(observer.topics[topic].requested for observer in working):
        return _("Nothing to draw: {topic} is switched off. Switch it on under Subscriptions.").format(
            topic=topic.value
        )
    best = min(working, key=lambda observer: badness(observer, now_ns))
    return _awaited(best, now_ns) if best.status is None else ""


def _awaited(observer: ObserverState, now_ns: int) -> str:
    """What a connection waits for, or why it waits in vain; "" where it is told of the cluster."""
    gateway = observer_title(observer)
    match observer.phase:
        case Phase.AUTHENTICATING:
            return _("Signing in at {gateway}.").format(gateway=gateway)
        case Phase.CONNECTING:
            return _("Opening the WebSocket of {gateway}.").format(gateway=gateway)
        case Phase.SYNCING:
            return _("Connected to {gateway}, waiting for its first message.").format(gateway=gateway)
        case Phase.POLLING:
            waiting = _("No WebSocket is let through to {gateway}. Waiting for the first status by REST.")
            return "" if observer.status is not None else waiting.format(gateway=gateway)
        case Phase.IDLE | Phase.BACKOFF | Phase.REJECTED | Phase.CLOSED:
            return _("No node is known: there is no connection. The line at the bottom says why.")
        case Phase.LIVE:
            return _awaited_open(observer, gateway, now_ns)


def _awaited_open(observer: ObserverState, gateway: str, now_ns: int) -> str:
    match cause_of(observer, now_ns):
        case Cause.RAFT_NOT_ENABLED:
            return _(
                "Raft is not enabled at {gateway}, so it has nothing to tell. Connect to a gateway that has it."
            ).format(gateway=gateway)
        case Cause.NO_STATUS:
            return _("{gateway} answers pings and sends no status. Look into its log.").format(gateway=gateway)
        case _ if is_awaited(observer):
            return _(
                "Connected to {gateway}, which answers. Waiting for its first status; one comes every {s} s."
            ).format(gateway=gateway, s=f"{STATUS_PERIOD_S:g}")
        case _:
            return ""


def _role(observer: ObserverState) -> Role:
    return Role.UNKNOWN if observer.role is None else observer.role.value
