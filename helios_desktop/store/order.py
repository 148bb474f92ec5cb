"""Whether a message is what it seems: new, later than the last, and in step with the gateway's beat.

A socket keeps its order, but a gateway writes to it from several goroutines (wire.md §2, "Ordering"), so a status can
overtake another. Only our own gateway numbers its messages; of another the server's clock and the node's uptime tell.
"""

from typing import Final

from helios_desktop.observation import Observation, Phase
from helios_desktop.protocol.durations import parse_duration
from helios_desktop.protocol.frames import Message
from helios_desktop.protocol.messages import CustomMetrics, PeerChange, Snapshot, StateChange, Status
from helios_desktop.protocol.subscription import Topic
from helios_desktop.protocol.timestamps import parse_timestamp
from helios_desktop.store.state import STATUS_PERIOD_S, ObserverState

NS: Final = 1_000_000_000
STEP_BACK_NS: Final = 30 * NS
"""A server's clock that is further back than this was set anew; no message is so late."""
REMEMBERED_PUSHES: Final = 32
PUSHED: Final[frozenset[type]] = frozenset({StateChange, PeerChange, Snapshot, CustomMetrics})
"""Bodies that tell a change, and would tell it twice if they came twice."""
ORDERED: Final[frozenset[type]] = frozenset({Status, StateChange})
"""Bodies that one gateway sends in the order in which they came about."""
_PERIOD_NS: Final = int(STATUS_PERIOD_S * NS)


def is_late(observer: ObserverState, message: Message, observation: Observation) -> bool:
    """True where a status or a role change is older than the status that came last on the same socket.

    After a reconnect nothing is late: another process may answer there, with another clock.
    """
    body, last = message.body, observer.status
    if type(body) not in ORDERED or last is None or last.observation.epoch != observation.epoch:
        return False
    if message.seq is not None and observer.seq is not None and message.boot == observer.boot:
        return message.seq < observer.seq
    back_ns = _back_ns(observer.stamp, message.timestamp)
    if back_ns <= 0:
        return False
    if isinstance(body, Status):
        # Where the clock was set back, the uptime went on all the same.
        before_ns, after_ns = uptime_ns(last.value), uptime_ns(body)
        if before_ns is not None and after_ns is not None:
            return after_ns <= before_ns
    return back_ns <= STEP_BACK_NS


def is_late_answer(observer: ObserverState, body: object, observation: Observation) -> bool:
    """True where a status over REST is older than the last: one socket ends with the process that it speaks to.

    Without a socket a lower uptime is a restart, and answers come one at a time.
    """
    last = observer.status
    if not isinstance(body, Status) or last is None or observer.phase is not Phase.LIVE:
        return False
    if last.observation.epoch != observation.epoch:
        return False
    before_ns, after_ns = uptime_ns(last.value), uptime_ns(body)
    return before_ns is not None and after_ns is not None and after_ns < before_ns


def _back_ns(before: str, after: str) -> int:
    """By how much the second timestamp is earlier; 0 where it is not, or one of them tells nothing."""
    # Of one length and zone texts sort as the instants do, and most come so.
    if after == before or (len(after) == len(before) and after > before and after[-1:] == before[-1:] == "Z"):
        return 0
    before_ns, after_ns = parse_timestamp(before), parse_timestamp(after)
    return 0 if before_ns is None or after_ns is None else before_ns - after_ns


def is_repeated(observer: ObserverState, observation: Observation) -> bool:
    """True for a change that came before, to the letter of its fraction of a second."""
    return observation.text in observer.pushes


def remember(observer: ObserverState, change: Message, observation: Observation) -> tuple[str, ...]:
    """The texts of the last changes, with this one where its text is its own: it has a fraction of a second."""
    if change.seq is not None or "." not in change.timestamp:
        return observer.pushes
    return (*observer.pushes[-REMEMBERED_PUSHES + 1 :], observation.text)


def missed_beats(observer: ObserverState, observation: Observation) -> int:
    """How many statuses should have come between the last one and this, on one socket, by the real gateway's ticker."""
    last = observer.status
    if last is None or not observer.is_real or observer.phase is not Phase.LIVE:
        return 0
    topic = observer.topics[Topic.STATUS]
    is_asked = topic.requested and (topic.requested_ns or 0) <= last.at_ns
    if not is_asked or last.observation.epoch != observation.epoch:
        return 0
    return max(0, round((observation.received_ns - last.at_ns) / _PERIOD_NS) - 1)


def uptime_ns(status: Status) -> int | None:
    """How long the node's process runs; None in the guide's dialect, whose status does not tell."""
    if status.uptime:
        return parse_duration(status.uptime)
    return None if status.uptime_stats is None else status.uptime_stats.current_uptime_ms * 1_000_000
