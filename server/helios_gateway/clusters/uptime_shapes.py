"""Uptime as the wire tells it, from a simulated node's sessions. Durations are simulated, instants wall clock."""

from typing import Any

from helios_desktop.protocol.durations import format_duration, format_duration_in_days
from helios_desktop.protocol.messages import Uptime, UptimeStatistics
from helios_desktop.protocol.timestamps import NS, format_timestamp
from helios_gateway.clusters.rpc_stats import WallNs
from helios_gateway.simulation.views import SessionRecord, UptimeEvent, UptimeRecord

_DAY_S = 86_400.0


def uptime(record: UptimeRecord, now_s: float) -> Uptime:
    """The guide's `uptime`."""
    total_s = sum(_length_s(session, now_s) for session in record.sessions)
    return Uptime(
        current_uptime=go_duration(current_s(record, now_s)),
        total_sessions=len(record.sessions),
        total_uptime=go_duration(total_s),
    )


def current_s(record: UptimeRecord, now_s: float) -> float:
    """How long the running session lasts; 0 while there is none."""
    return 0.0 if record.session_started_s is None else now_s - record.session_started_s


def go_duration(seconds: float) -> str:
    """As Go prints it, to the millisecond."""
    return format_duration(round(seconds * 1e3) * 1_000_000)


def status_statistics(record: UptimeRecord, now_s: float, wall_ns: WallNs) -> UptimeStatistics:
    """The short form in the real gateway's status (wire.md §3.1)."""
    whole = statistics(record, now_s, wall_ns)
    return UptimeStatistics(
        current_uptime_ms=whole.current_uptime_ms,
        current_uptime_str=whole.current_uptime_str,
        total_uptime_ms=whole.total_uptime_ms,
        total_uptime_str=whole.total_uptime_str,
        total_sessions=whole.total_sessions,
        uptime_percentage_24h=whole.uptime_percentage_24h,
        uptime_percentage_7d=whole.uptime_percentage_7d,
        uptime_percentage_all=whole.uptime_percentage_all,
        total_restarts=whole.total_restarts,
        total_crashes=whole.total_crashes,
        leadership_ratio=whole.leadership_ratio,
        total_elections=whole.total_elections,
        first_tracked_time=whole.first_tracked_time,
    )


def statistics(record: UptimeRecord, now_s: float, wall_ns: WallNs) -> UptimeStatistics:
    """The whole of wire.md §3.5, without the bugs that it lists."""
    sessions = record.sessions
    lengths_s = [_length_s(session, now_s) for session in sessions]
    total_s = sum(lengths_s)
    leader_s = sum(session.leader_s for session in sessions)
    follower_s = sum(session.follower_s for session in sessions)
    candidate_s = sum(session.candidate_s for session in sessions)
    crashes = [session for session in sessions if session.end_reason == "crash"]
    down_s = max(0.0, now_s - record.first_tracked_s - total_s)
    between_failures_s = total_s / len(crashes) if crashes else 0.0
    started_s = sessions[-1].start_s if record.session_started_s is None else record.session_started_s
    crashed_at_s = crashes[-1].end_s if crashes else None
    return UptimeStatistics(
        current_session_start=_instant(started_s, wall_ns),
        current_uptime_ms=_ms(current_s(record, now_s)),
        current_uptime_str=_text(current_s(record, now_s)),
        total_sessions=len(sessions),
        total_uptime_ms=_ms(total_s),
        total_uptime_str=_text(total_s),
        total_downtime_ms=_ms(down_s),
        total_downtime_str=_text(down_s),
        longest_session_ms=_ms(max(lengths_s)),
        longest_session_str=_text(max(lengths_s)),
        shortest_session_ms=_ms(min(lengths_s)),
        shortest_session_str=_text(min(lengths_s)),
        average_session_ms=_ms(total_s / len(sessions)),
        average_session_str=_text(total_s / len(sessions)),
        uptime_percentage_24h=_percentage(record, now_s, _DAY_S),
        uptime_percentage_7d=_percentage(record, now_s, 7 * _DAY_S),
        uptime_percentage_30d=_percentage(record, now_s, 30 * _DAY_S),
        uptime_percentage_all=_percentage(record, now_s, now_s - record.first_tracked_s),
        total_leader_time_ms=_ms(leader_s),
        total_leader_time_str=_text(leader_s),
        total_follower_time_ms=_ms(follower_s),
        total_follower_time_str=_text(follower_s),
        total_candidate_time_ms=_ms(candidate_s),
        total_candidate_time_str=_text(candidate_s),
        leadership_ratio=leader_s / total_s if total_s else 0.0,
        total_elections=sum(session.elections for session in sessions),
        total_terms_as_leader=sum(session.terms_served for session in sessions),
        total_restarts=len(sessions) - 1,
        total_crashes=len(crashes),
        last_restart=_instant(sessions[-1].start_s, wall_ns) if len(sessions) > 1 else None,
        last_crash=None if crashed_at_s is None else _instant(crashed_at_s, wall_ns),
        mtbf_ms=_ms(between_failures_s),
        mtbf_str=_text(between_failures_s),
        first_tracked_time=_instant(record.first_tracked_s, wall_ns),
    )


def history(
    node: str, record: UptimeRecord, now_s: float, wall_ns: WallNs, max_events: int, max_sessions: int
) -> dict[str, Any]:
    """The last so many events and sessions, oldest first (wire.md §5)."""
    events = record.events[-max_events:] if max_events else ()
    sessions = record.sessions[-max_sessions:] if max_sessions else ()
    return {
        "node_id": node,
        "events": [_event(event, wall_ns) for event in events],
        "stats": statistics(record, now_s, wall_ns),
        "recent_sessions": [_session(session, now_s, wall_ns) for session in sessions],
    }


def _event(event: UptimeEvent, wall_ns: WallNs) -> dict[str, Any]:
    told: dict[str, Any] = {
        "timestamp": _instant(event.at_s, wall_ns),
        "timestamp_unix": wall_ns(event.at_s) // NS,
        "type": event.type,
    }
    if event.reason:
        told["reason"] = event.reason
    if event.duration_s:
        told["duration_ms"] = _ms(event.duration_s)
    told["duration_str"] = _text(event.duration_s or 0.0)
    told["state"] = event.state
    if event.term:
        told["term"] = event.term
    if event.leader_id:
        told["leader_id"] = event.leader_id
    return told


def _session(session: SessionRecord, now_s: float, wall_ns: WallNs) -> dict[str, Any]:
    told: dict[str, Any] = {
        "start_time": _instant(session.start_s, wall_ns),
        "start_time_unix": wall_ns(session.start_s) // NS,
    }
    if session.end_s is not None:
        told["end_time"] = _instant(session.end_s, wall_ns)
        told["end_time_unix"] = wall_ns(session.end_s) // NS
    length_s = _length_s(session, now_s)
    told |= {"duration_ms": _ms(length_s), "duration_str": _text(length_s)}
    if session.end_reason:
        told["end_reason"] = session.end_reason
    return told | {
        "leader_time_ms": _ms(session.leader_s),
        "leader_time_str": _text(session.leader_s),
        "follower_time_ms": _ms(session.follower_s),
        "follower_time_str": _text(session.follower_s),
        "candidate_time_ms": _ms(session.candidate_s),
        "candidate_time_str": _text(session.candidate_s),
        "elections": session.elections,
        "terms_served": session.terms_served,
    }


def _length_s(session: SessionRecord, now_s: float) -> float:
    return (now_s if session.end_s is None else session.end_s) - session.start_s


def _percentage(record: UptimeRecord, now_s: float, window_s: float) -> float:
    """How much of the window it ran, 0 to 100; the time before it was first tracked is not in the window."""
    since_s = max(record.first_tracked_s, now_s - window_s)
    if now_s <= since_s:
        return 100.0
    up_s = sum(
        max(0.0, (now_s if session.end_s is None else session.end_s) - max(since_s, session.start_s))
        for session in record.sessions
    )
    return min(100.0, 100.0 * up_s / (now_s - since_s))


def _instant(at_s: float, wall_ns: WallNs) -> str:
    return format_timestamp(wall_ns(at_s), 0)


def _ms(seconds: float) -> int:
    return int(seconds * 1e3)


def _text(seconds: float) -> str:
    return format_duration_in_days(int(seconds * 1e9))
