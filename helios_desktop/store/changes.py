"""What follows from a step of one observer, by two statuses or answers that differ: changes of its own node."""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from helios_desktop.event import Event, Fact, NodeCrashed, NodeReach, NodeRestarted
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import CustomMetrics, Metric, StateChange, Status, Uptime
from helios_desktop.protocol.shapes import summed_up
from helios_desktop.store.derive import derived, last_word
from helios_desktop.store.leadership import heard_ns
from helios_desktop.store.order import uptime_ns
from helios_desktop.store.state import ClusterState, ObserverState, Role, Told

T = TypeVar("T")

_RESTART_TOLERANCE_NS: Final = 1_500_000_000
"""Uptimes come rounded to seconds; less than this is no step back."""
_REST: Final = Kind.REST  # by itself, since each message asks, and Python 3.11 looks members of an enum up slowly
_REAL_ROLES: Final = frozenset({Role.LEADER, Role.FOLLOWER, Role.CANDIDATE})


def known_of_node(state: ClusterState, before: ObserverState, after: ObserverState) -> ObserverState:
    """What was told of the node until this step, by whichever of its gateways: two must not tell one change twice."""
    node = after.node
    for other in state.observers.values():
        if other is not before and other.node == node is not None:
            break
    else:
        return before  # nearly always: one gateway speaks for a node
    others = [other for other in state.observers.values() if other is not before and other.node == node]
    each = [*others, before] if before.node == node else others
    return replace(
        max(each, key=heard_ns),
        metrics=_last_told(other.metrics for other in each),
        uptime=_last_told(other.uptime for other in each),
        snapshot=_last_told(other.snapshot for other in each),
        is_silent=any(other.is_silent for other in each) and all(other.is_stale for other in each),
    )


def _last_told(each: Iterable[Told[T] | None]) -> Told[T] | None:
    return max((told for told in each if told is not None), key=lambda told: told.at_ns, default=None)


def changes_of(before: ObserverState, after: ObserverState, observation: Observation, body: Fact) -> list[Event]:
    """What follows from the step of one observer by a message or a REST answer with `body`."""
    events: list[Event] = []
    if before.node == after.node:
        if type(body) is Status or observation.kind is _REST:
            if before.role is not after.role:
                events += _state_change(before, after, observation)
            if before.snapshot is not after.snapshot:
                events += _snapshot(before, after, observation)
            if before.metrics is not after.metrics:
                events += _metrics(before, after, observation)
        if before.uptime is not after.uptime or before.status is not after.status:
            events += _restart(before, after, observation)
        if before.uptime is not after.uptime:
            events += _crash(before, after, observation)
    if before.is_silent and not after.is_silent and after.node is not None:
        told = None if before.status is None else before.status.observation
        fact = NodeReach(after.node, "a status came", before.beat_ns)
        events.append(derived("node_heard", after.node, fact, observation, told))
    return events


def _state_change(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    if before.role is None or after.role is None or after.node is None:
        return []
    old, new = before.role.value, after.role.value
    if old is new or old not in _REAL_ROLES or new not in _REAL_ROLES:
        return []
    body = StateChange(old.value.capitalize(), new.value.capitalize(), after.term or 0)
    return [derived("state_change", after.node, body, observation, last_word(before))]


def _snapshot(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    if after.snapshot is None or after.node is None or before.status is None:
        return []
    old = None if before.snapshot is None else before.snapshot.value.index
    new = after.snapshot.value.index
    if not new or (old is not None and new <= old):
        return []
    if before.snapshot is None and not _told_no_snapshot(before.status.value):
        return []
    told = before.status if before.snapshot is None else before.snapshot
    return [derived("snapshot", after.node, after.snapshot.value, observation, _later(told, before.status))]


def _told_no_snapshot(status: Status) -> bool:
    return status.snapshot is not None and not status.snapshot.has_snapshot


def _later(told: Told[Any], status: Told[Status]) -> Observation:
    """Of the last that told the old value and the last status: each status of the real gateway tells it again."""
    return max(told.observation, status.observation, key=lambda one: one.received_ns)


def _metrics(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    old, new = before.metrics, after.metrics
    if old is None or new is None or after.node is None:
        return []
    if not (old.value.is_complete and new.value.is_complete):
        return []
    changed = {
        name: metric for name, metric in new.value.metrics.items() if _differs(old.value.metrics.get(name), metric)
    }
    removed = tuple(sorted(old.value.metrics.keys() - new.value.metrics.keys()))
    if not (changed or removed):
        return []
    body = CustomMetrics(changed, removed=removed)
    return [derived("custom_metrics", after.node, body, observation, old.observation)]


def _differs(old: Metric | None, new: Metric) -> bool:
    return old is None or (old.type, old.value, old.help, old.labels) != (new.type, new.value, new.help, new.labels)


def _restart(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    if after.node is None:
        return []
    old, new = before.uptime, after.uptime
    told = _statuses_uptimes(before, after) if after.is_real else _pushed_uptimes(old, new)
    if told is not None and _is_session_told(before):
        return []
    if told is None or told[1] >= told[0] - _RESTART_TOLERANCE_NS:
        if old is None or new is None or not _has_new_session(old.value, new.value):
            return []
        old_ns, new_ns = old.value.current_ns, new.value.current_ns
        if old_ns is None or new_ns is None:
            return []
        told = old_ns, new_ns, old.observation
    body = NodeRestarted(after.node, told[0], told[1])
    return [derived("node_restarted", after.node, body, observation, told[2])]


_Uptimes = tuple[int, int, Observation]
"""Before and after in nanoseconds, and what told the first."""


def _statuses_uptimes(before: ObserverState, after: ObserverState) -> _Uptimes | None:
    """Of two statuses: an answer of the tracker over REST is another clock, and may be told late."""
    old, new = before.status, after.status
    if old is None or new is None or old is new or bool(old.value.uptime) is not bool(new.value.uptime):
        return None
    old_ns, new_ns = uptime_ns(old.value), uptime_ns(new.value)
    return None if old_ns is None or new_ns is None else (old_ns, new_ns, old.observation)


def _pushed_uptimes(old: Told[Uptime] | None, new: Told[Uptime] | None) -> _Uptimes | None:
    if old is None or new is None or old is new or old.value.current_uptime == new.value.current_uptime:
        return None
    # The process's uptime and the tracker's are two clocks: compare like with like.
    if (old.value.statistics is None) != (new.value.statistics is None):
        return None
    old_ns, new_ns = old.value.current_ns, new.value.current_ns
    return None if old_ns is None or new_ns is None else (old_ns, new_ns, old.observation)


def _is_session_told(observer: ObserverState) -> bool:
    """True where an answer over REST told the new session already, before the status that shows it."""
    status, uptime = observer.status, observer.uptime
    if status is None or uptime is None or uptime.at_ns <= status.at_ns or status.value.uptime_stats is None:
        return False
    return _has_new_session(summed_up(status.value.uptime_stats), uptime.value)


def _has_new_session(old: Uptime, new: Uptime) -> bool:
    return old.total_sessions is not None and new.total_sessions is not None and new.total_sessions > old.total_sessions


def _crash(before: ObserverState, after: ObserverState, observation: Observation) -> list[Event]:
    if before.uptime is None or after.uptime is None or after.node is None:
        return []
    old, new = _crashes(before.uptime.value), _crashes(after.uptime.value)
    if old is None or new is None or new <= old:
        return []
    body = NodeCrashed(after.node, old, new)
    return [derived("node_crashed", after.node, body, observation, before.uptime.observation)]


def _crashes(uptime: Uptime) -> int | None:
    return None if uptime.statistics is None else uptime.statistics.total_crashes
