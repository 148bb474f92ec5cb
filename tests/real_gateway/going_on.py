"""What a real gateway's status would be a while later, for a person who looks at the stub after a capture has ended."""

import copy
from datetime import UTC, datetime
from typing import Any, Final

from helios_desktop.protocol.durations import format_duration, format_duration_in_days, parse_duration

NS: Final = 1_000_000_000
HEARTBEATS_A_SECOND: Final = 10
ENTRIES_A_SECOND: Final = 1

Status = dict[str, Any]


def later(status: Status, seconds: float) -> Status:
    """The same cluster `seconds` on, if nothing happens: a little is written, and times go on."""
    status = copy.deepcopy(status)
    entries = int(seconds * ENTRIES_A_SECOND)
    for name in ("last_log", "commit_index", "applied_index"):
        status["indices"][name] += entries
    for peer in status["peers"]:
        for name in ("match_index", "next_index"):
            if name in peer and _is_reachable(peer):
                peer[name] += entries
        if "latency" in peer and _is_reachable(peer):
            peer["latency"]["sample_count"] += int(seconds * HEARTBEATS_A_SECOND)
            peer["latency"]["last_contact_unix"] = int(datetime.now(UTC).timestamp())
    status["uptime"] = format_duration((parse_duration(status["uptime"]) or 0) + int(seconds * NS))
    for name in ("current_uptime", "total_uptime"):
        _age(status.get("uptime_stats", {}), name, seconds)
    snapshot = status.get("snapshot", {})
    if snapshot.get("has_snapshot"):
        snapshot["latest_snapshot_age_ms"] += int(seconds * 1000)
        snapshot["latest_snapshot_age"] = format_duration(snapshot["latest_snapshot_age_ms"] // 1000 * NS)
    return status


def as_follower(status: Status, peer_id: str) -> Status:
    """What a follower would say at the same time: its leader's status without what only a leader knows."""
    node = status["node"]
    members = {peer["id"]: peer["address"] for peer in status["peers"]} | {node["id"]: status["leader"]["address"]}
    seen = copy.deepcopy(status)
    seen["node"] = {"id": peer_id, "state": "Follower", "term": node["term"]}
    seen["leader"] = {"id": "", "address": "", "is_leader": False}
    seen["peers"] = [{"id": name, "address": address} for name, address in members.items() if name != peer_id]
    seen.pop("cluster_health", None)
    return seen


def _is_reachable(peer: Status) -> bool:
    return bool(peer.get("latency", {}).get("reachable", True))


def _age(statistics: Status, name: str, seconds: float) -> None:
    if f"{name}_ms" in statistics:
        statistics[f"{name}_ms"] += int(seconds * 1000)
        statistics[f"{name}_str"] = format_duration_in_days(statistics[f"{name}_ms"] * 1_000_000)
