"""What has to be asked for by REST, since it does not come by the socket: a pure reading of what one observer told."""

from typing import Final

from helios_desktop.observation import Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.silence import is_missing_status, is_told_down
from helios_desktop.store.state import ObserverState

NS: Final = 1_000_000_000
PUSHED_WITHIN_NS: Final = 30 * NS
"""A topic of which something was pushed within three of its slowest periods needs no asking."""
_PUSHES_ONLY_EVENTS: Final = frozenset({Topic.SNAPSHOT, Topic.CUSTOM_METRICS})
"""Topics without a beat: the guide's dialect tells each change, so that silence means that there was none."""
_CALLS: Final = (
    (Topic.LATENCY, RestCall.LATENCY),
    (Topic.UPTIME, RestCall.UPTIME),
    (Topic.UPTIME, RestCall.UPTIME_HISTORY),
    (Topic.SNAPSHOT, RestCall.SNAPSHOT),
    (Topic.CUSTOM_METRICS, RestCall.METRICS),
)
NOTHING: Final[frozenset[RestCall]] = frozenset()


def wanted_calls(observer: ObserverState, now_ns: int) -> frozenset[RestCall]:
    """The calls to be kept up now: of topics that are asked for and not pushed, whatever is visible.

    The real gateway pushes none of them but two kinds of changes (wire.md §3); which it is shows in its statuses.
    """
    if observer.phase not in {Phase.LIVE, Phase.POLLING} or observer.opened_ns is None:
        return NOTHING
    if is_told_down(observer):
        return NOTHING  # its gateway says so by itself, and when it runs again
    if observer.raft_off is not None:
        return frozenset({RestCall.STATUS})
    calls = {call for topic, call in _CALLS if _is_wanted(observer, topic, call, now_ns)}
    if is_missing_status(observer, now_ns):
        calls.add(RestCall.STATUS)
    return frozenset(calls)


def _is_wanted(observer: ObserverState, topic: Topic, call: RestCall, now_ns: int) -> bool:
    seen = observer.topics[topic]
    if not seen.requested or observer.status is None or observer.opened_ns is None:
        return False
    if observer.is_real:
        # Its status tells nothing of past sessions, nor of each kind of RPC, whatever it pushes one day.
        return call is RestCall.UPTIME_HISTORY or not _is_pushed(seen.last_seen_ns, now_ns)
    if topic in _PUSHES_ONLY_EVENTS or call is RestCall.UPTIME_HISTORY:
        return False
    return now_ns - observer.opened_ns > PUSHED_WITHIN_NS and not _is_pushed(seen.last_seen_ns, now_ns)


def _is_pushed(last_seen_ns: int | None, now_ns: int) -> bool:
    return last_seen_ns is not None and now_ns - last_seen_ns <= PUSHED_WITHIN_NS
