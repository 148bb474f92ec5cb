"""What stands under `data` in an event's record: the guide's keys for its messages, plain keys for our own types.

Null is "not told". Our own instants are RFC 3339 in UTC, our own durations seconds.
"""

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from helios_desktop.event import (
    CommitProgress,
    ConnectionEvent,
    Disagreement,
    Fact,
    Gap,
    LeaderChange,
    LeaderLost,
    NodeCrashed,
    NodeReach,
    NodeRestarted,
    Slept,
    TermChange,
)
from helios_desktop.protocol.codec import UNREADABLE
from helios_desktop.protocol.messages import (
    CustomMetrics,
    Latency,
    Malformed,
    PeerChange,
    Pong,
    ServerError,
    Snapshot,
    StateChange,
    Stats,
    Status,
    Unknown,
    Uptime,
    UptimeHistory,
)
from helios_desktop.protocol.timestamps import format_timestamp

_NS_PER_S = 1_000_000_000


def data_of(body: Fact) -> Any:
    """JSON values only; an object, but null for a pong, and for an unknown message whatever its server sent."""
    match body:
        case ConnectionEvent() | Gap() | LeaderChange() | LeaderLost() | TermChange() | Slept() | Disagreement():
            return _conclusion(body)
        case NodeReach() | NodeRestarted() | NodeCrashed() | CommitProgress():
            return _of_node(body)
        case Latency():
            return {"aggregated": _by_kind(body.aggregated)}
        case Uptime():
            return {
                "current_uptime": body.current_uptime,
                "total_sessions": body.total_sessions,
                "total_uptime": body.total_uptime,
            }
        case UptimeHistory():
            return {"events": len(body.events)}
        case CustomMetrics():
            return {
                name: {"type": metric.type, "help": metric.help, "value": metric.value}
                for name, metric in body.metrics.items()
            }
        case Unknown():
            return _data_of_unknown(body.raw)
        case Malformed():
            return {"reason": body.reason, "raw": body.raw}
        case Pong():
            return None
        case _:
            return _of_message(body)


def _of_message(body: Status | StateChange | PeerChange | Snapshot | ServerError) -> dict[str, object]:
    match body:
        case Status():
            return {
                "node_id": body.node_id,
                "state": body.state,
                "term": body.term,
                "commit_index": body.commit_index,
                "last_applied": body.last_applied,
                "leader": body.leader_id,
                "peers": None if body.peer_ids is None else list(body.peer_ids),
            }
        case StateChange():
            return {"old_state": body.old_state or None, "new_state": body.new_state, "term": body.term or None}
        case PeerChange():
            return {
                "event_type": body.event_type,
                "peer_id": body.peer_id,
                "peer_address": body.peer_address or None,
            }
        case Snapshot():
            return {
                "index": body.index,
                "term": body.term,
                "size_bytes": body.size_bytes,
                "duration_ms": body.duration_ms,
            }
        case ServerError():
            return {"error": body.error}
        case other:
            assert_never(other)


def _conclusion(
    body: ConnectionEvent | Gap | LeaderChange | LeaderLost | TermChange | Slept | Disagreement,
) -> dict[str, object]:
    match body:
        case ConnectionEvent():
            return {
                "phase": body.phase.value,
                "cause": body.cause.value or None,
                "detail": body.detail or None,
                "attempt": body.attempt,
                "retry_at": instant(body.retry_at_ns),
            }
        case Gap():
            return gap_record(body)
        case LeaderChange():
            return {"old_leader": body.old_leader, "new_leader": body.new_leader, "term": body.term}
        case LeaderLost():
            return {"leader": body.leader, "term": body.term, "reason": body.reason}
        case TermChange():
            return {"old_term": body.old_term, "new_term": body.new_term}
        case Slept():
            return {"since": instant(body.since_ns), "until": instant(body.until_ns)}
        case Disagreement():
            return _disagreement_record(body)
        case other:
            assert_never(other)


def _of_node(body: NodeReach | NodeRestarted | NodeCrashed | CommitProgress) -> dict[str, object]:
    match body:
        case NodeReach():
            return {"node_id": body.node_id, "reason": body.reason, "since": instant(body.since_ns)}
        case NodeRestarted():
            return {
                "node_id": body.node_id,
                "old_uptime_s": body.old_uptime_ns / _NS_PER_S,
                "new_uptime_s": body.new_uptime_ns / _NS_PER_S,
            }
        case NodeCrashed():
            return {"node_id": body.node_id, "old_crashes": body.old_crashes, "new_crashes": body.new_crashes}
        case CommitProgress():
            return {"commit_index": body.commit_index, "stalled_s": body.stalled_ns / _NS_PER_S}
        case other:
            assert_never(other)


def _disagreement_record(body: Disagreement) -> dict[str, object]:
    return {
        "kind": body.kind.value,
        "about": body.about or None,
        "since": instant(body.since_ns),
        "until": instant(body.until_ns),
        "sayings": [
            {
                "observer": said.observer,
                "node_id": said.node or None,
                "says": said.text,
                "since": instant(said.since_ns),
                "last": instant(said.last_ns),
            }
            for said in body.sayings
        ],
    }


def gap_record(gap: Gap) -> dict[str, object]:
    """A stretch in which something was missed; `until` null while it lasts, `topic` null where it was all of them."""
    return {
        "observer": gap.observer,
        "cause": gap.cause,
        "topic": None if gap.topic is None else gap.topic.value,
        "since": instant(gap.since_ns),
        "until": instant(gap.until_ns),
        "lost": gap.lost,
    }


def instant(at_ns: int | None) -> str | None:
    """RFC 3339 in UTC, or null."""
    return None if at_ns is None else format_timestamp(at_ns)


def _by_kind(aggregated: Mapping[str, Stats] | None) -> dict[str, object] | None:
    if aggregated is None:
        return None
    return {
        kind: {
            "count": stats.count,
            "avg_value_ms": stats.avg_value_ms,
            "min_value_ms": stats.min_value_ms,
            "max_value_ms": stats.max_value_ms,
        }
        for kind, stats in aggregated.items()
    }


def _data_of_unknown(raw: str) -> Any:
    try:
        message = msgspec.json.decode(raw)
    except UNREADABLE:
        return None
    return message.get("data") if isinstance(message, dict) else None
