"""Why a connection that is open tells nothing of the cluster: a pure reading of what one observer told."""

from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.state import STALE_AFTER_S, STATUS_PERIOD_S, ObserverState, Role

NS = 1_000_000_000
WORTH_ASKING_NS = int(STATUS_PERIOD_S * NS) + NS
"""A status comes at once after the opening; after a beat and a second it is time to ask by REST."""


def is_told_down(observer: ObserverState) -> bool:
    """True where its gateway says that the node is stopped, which is an answer: then no status is due."""
    return observer.role is not None and observer.role.value is Role.UNREACHABLE


def is_missing_status(observer: ObserverState, now_ns: int, within_ns: int = WORTH_ASKING_NS) -> bool:
    """True where statuses were asked for and none came by the socket, for so long."""
    if observer.phase is not Phase.LIVE or not observer.topics[Topic.STATUS].requested or observer.opened_ns is None:
        return False
    if is_told_down(observer):
        return False
    heard_ns = observer.topics[Topic.STATUS].last_seen_ns
    return now_ns - max(observer.opened_ns, heard_ns or 0) > within_ns


def silence(observer: ObserverState, now_ns: int) -> Cause:
    """Why an open connection brings no status; `Cause.NONE` where it does, is not asked for or may yet come."""
    if observer.raft_off is not None and observer.phase is Phase.LIVE and not is_told_down(observer):
        return Cause.RAFT_NOT_ENABLED
    if not is_missing_status(observer, now_ns, int(STALE_AFTER_S * NS)):
        return Cause.NONE
    is_told = observer.beat_ns is not None and observer.opened_ns is not None and observer.beat_ns >= observer.opened_ns
    return Cause.STATUS_BY_REST if is_told and not observer.is_stale else Cause.NO_STATUS
