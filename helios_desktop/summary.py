"""One plain English line an event. Programs read it, so it is never translated."""

import re
from typing import Final, assert_never

from helios_desktop.event import (
    CommitProgress,
    ConnectionEvent,
    Disagreement,
    Dispute,
    Event,
    Gap,
    LeaderChange,
    LeaderLost,
    NodeCrashed,
    NodeReach,
    NodeRestarted,
    Slept,
    TermChange,
)
from helios_desktop.observation import Cause
from helios_desktop.protocol.durations import format_duration_in_days
from helios_desktop.protocol.messages import (
    CustomMetrics,
    Latency,
    Malformed,
    Metric,
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

MAX_CHARACTERS: Final = 300
# None of these but the space is printable.
_NOT_ON_A_LINE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_NS_PER_S: Final = 1_000_000_000


def summary(event: Event) -> str:
    """Say what happened, in one line of at most `MAX_CHARACTERS`, without control or direction characters."""
    text = _text(event)
    if not text.isprintable() or "  " in text:
        text = _NOT_ON_A_LINE.sub(" ", text)
    text = text.strip()
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _text(event: Event) -> str:  # noqa: C901 - one line a kind of fact, and mypy proves that all are there
    body = event.body
    match body:
        case Status():
            return _status(body)
        case StateChange():
            return f"{body.old_state or 'unknown'} → {body.new_state or 'unknown'}" + _term(body.term or None)
        case PeerChange():
            address = f" ({body.peer_address})" if body.peer_address else ""
            return f"{body.peer_id} {body.event_type}{address}"
        case Latency():
            return _latency(body)
        case Uptime():
            sessions = "" if body.total_sessions is None else f", session {body.total_sessions}"
            total = "" if body.total_uptime is None else f", {body.total_uptime} in all"
            return f"up {body.current_uptime}{sessions}{total}"
        case UptimeHistory():
            return f"uptime history, {len(body.events)} event" + ("" if len(body.events) == 1 else "s")
        case Snapshot():
            return _snapshot(body)
        case CustomMetrics():
            return _metrics(body)
        case ServerError():
            return body.error or "error without a text"
        case Pong():
            return "pong"
        case Unknown():
            return body.raw
        case Malformed():
            return f"{body.reason}: {body.raw}"
        case ConnectionEvent():
            return _connection(body)
        case Gap():
            return _gap(body)
        case LeaderChange():
            change = f"{body.new_leader} leads"
            if body.old_leader is not None and body.old_leader != body.new_leader:
                change = f"{body.old_leader} → {body.new_leader}"
            return change + _term(body.term)
        case LeaderLost():
            return f"{body.leader} leads no more{_term(body.term)}: {body.reason}"
        case TermChange():
            return f"term {body.old_term} → {body.new_term}"
        case NodeReach():
            return _reach(event.type, body)
        case NodeRestarted():
            up = format_duration_in_days(body.new_uptime_ns)
            return f"{body.node_id} restarted: up {up}, before {format_duration_in_days(body.old_uptime_ns)}"
        case CommitProgress():
            what = "stands still" if event.type == "commit_stalled" else "moves again after standing still"
            return f"commit index {body.commit_index} {what} for {_seconds(body.stalled_ns)}"
        case NodeCrashed():
            more = body.new_crashes - body.old_crashes
            crashes = "a crash" if more == 1 else f"{more} crashes"
            return f"{body.node_id} came up after {crashes}, {body.new_crashes} in all"
        case Slept():
            return f"nothing was seen for {_seconds(body.until_ns - body.since_ns)}: this machine slept or stood still"
        case Disagreement():
            return _disagreement(body)
        case other:
            assert_never(other)


_DISPUTES: Final = {
    Dispute.TWO_LEADERS: "two leaders in one term",
    Dispute.TERMS_DIFFER: "nodes are in different terms",
    Dispute.MEMBERS_DIFFER: "nodes list different members",
    Dispute.COMMIT_WENT_BACK: "a commit index went back",
}


def _disagreement(body: Disagreement) -> str:
    what = _DISPUTES[body.kind]
    if body.until_ns is not None:
        return f"no longer: {what}, after {_seconds(body.until_ns - body.since_ns)}"
    return f"{what}: " + "; ".join(f"{said.node or said.observer} says {said.text}" for said in body.sayings)


def _term(term: int | None) -> str:
    return "" if term is None else f", term {term}"


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / _NS_PER_S:.1f} s"


def _status(body: Status) -> str:
    parts = [body.state or "state unknown"]
    if body.term is not None:
        parts.append(f"term {body.term}")
    if body.commit_index is not None:
        parts.append(f"commit {body.commit_index}")
    if body.last_applied is not None and body.last_applied != body.commit_index:
        parts.append(f"applied {body.last_applied}")
    leader = body.leader_id
    if leader is not None and leader != body.node_id:
        parts.append(f"leader {leader}")
    if body.peers is not None:
        parts.append(f"{len(body.peers)} peer" + ("" if len(body.peers) == 1 else "s"))
    return ", ".join(parts)


def _latency(body: Latency) -> str:
    if body.aggregated:
        kinds = body.aggregated
    else:
        kinds = {
            name: stats
            for name, peer in sorted((body.peers or {}).items())
            if (stats := peer.append_entries or peer.aggregated) is not None
        }
    return "; ".join(f"{name} {_stats(stats)}" for name, stats in kinds.items()) or "no latency told"


def _stats(stats: Stats) -> str:
    if not stats.count:
        return "—"  # its zeros are no measurements
    p99 = "" if stats.p99_value_ms is None else f", p99 {stats.p99_value_ms:.4g} ms"
    return f"avg {stats.avg_value_ms:.4g} ms{p99}, max {stats.max_value_ms:.4g} ms"


def _snapshot(body: Snapshot) -> str:
    if body.index is None:
        return "no snapshot yet"
    parts = [f"snapshot up to index {body.index}"]
    if body.term is not None:
        parts.append(f"term {body.term}")
    if body.size_bytes is not None:
        parts.append(f"{body.size_bytes} bytes")
    if body.duration_ms is not None:
        parts.append(f"took {body.duration_ms:g} ms")
    return ", ".join(parts)


def _metrics(body: CustomMetrics) -> str:
    shown = [f"{name} {_value(metric)}" for name, metric in list(body.metrics.items())[:4]]
    more = len(body.metrics) - len(shown)
    if more > 0:
        shown.append(f"{more} more")
    shown += [f"{name} removed" for name in body.removed[:4]]
    return ", ".join(shown) or "no metrics"


def _value(metric: Metric) -> str:
    return str(metric.value) if isinstance(metric.value, int) else f"{metric.value:g}"


def _connection(body: ConnectionEvent) -> str:
    text: str = body.phase.value
    if body.cause is not Cause.NONE:
        text += f": {body.cause.value.replace('_', ' ')}"
    if body.detail:
        text += f" ({body.detail})"
    if body.attempt:
        text += f", attempt {body.attempt}"
    return text


def _gap(body: Gap) -> str:
    lasted = "" if body.until_ns is None else f" for {_seconds(body.until_ns - body.since_ns)}"
    match body.cause:
        case "disconnected":
            return f"no connection{lasted}" + (", nothing was missed" if body.lost == 0 else "")
        case "lost":
            count = "at least 1 message" if body.lost is None else f"{body.lost} message(s)"
            return f"{count} lost within {lasted.removeprefix(' for ') or 'an unknown time'}"
        case "topic_off":
            return f"{body.topic.value if body.topic else 'topic'} was off{lasted}"
        case cause:
            return f"{cause}{lasted}"


def _reach(event_type: str, body: NodeReach) -> str:
    words = {
        "peer_unreachable": "is out of reach",
        "peer_reachable": "is in reach again",
        "node_silent": "fell silent",
        "node_heard": "is heard again",
    }
    reason = f": {body.reason}" if body.reason else ""
    return f"{body.node_id} {words.get(event_type, event_type)}{reason}"
