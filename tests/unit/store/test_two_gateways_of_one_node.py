"""Two gateways that speak for one node: each change is told once, and it is silent where neither is heard."""

from typing import Any

import pytest

from tests.unit.store.scene import Scene, types

BEFORE: dict[str, Any] = {
    "uptime_stats": {"current_uptime_ms": 90_000, "total_sessions": 1, "total_crashes": 0},
    "snapshot": {"has_snapshot": False, "latest_snapshot_index": 0},
    "custom_metrics": {"total_metrics": 0, "metrics": {}},
}
AFTER: dict[str, Any] = {
    "uptime_stats": {"current_uptime_ms": 2_000, "total_sessions": 2, "total_crashes": 1},
    "snapshot": {"has_snapshot": True, "latest_snapshot_index": 9, "latest_snapshot_term": 1},
    "custom_metrics": {"total_metrics": 1, "metrics": {"a": {"type": "counter", "help": "", "value": 1}}},
}


def two_live() -> Scene:
    scene = Scene()
    scene.live("gw1", "gw2")
    for gateway in ("gw1", "gw2"):
        scene.real_status(gateway, node="node1", **BEFORE)
    return scene


def test_what_both_show_is_told_once_and_follows_from_what_either_said_last() -> None:
    scene = two_live()
    scene.wait(5)
    events = scene.real_status("gw1", "Candidate", 2, node="node1", **AFTER)
    changes = ["state_change", "snapshot", "custom_metrics", "node_restarted", "node_crashed", "term_change"]
    assert types(events) == changes
    scene.wait(1)
    assert types(scene.real_status("gw2", "Candidate", 2, node="node1", **AFTER)) == []
    said_ns = scene.now_ns
    scene.wait(1)
    (_status, changed) = scene.real_status("gw1", "Follower", 2, node="node1", **AFTER)
    assert (changed.type, changed.after_ns) == ("state_change", said_ns)


def test_what_one_of_them_pushed_is_not_derived_from_the_other() -> None:
    scene = two_live()
    scene.wait(5)
    scene.frame("gw1", "custom_metrics", AFTER["custom_metrics"])
    scene.wait(1)
    told = BEFORE | {"custom_metrics": AFTER["custom_metrics"]}
    assert types(scene.real_status("gw2", node="node1", **told)) == []


def test_a_node_that_one_of_them_still_hears_is_not_silent() -> None:
    scene = two_live()
    for _beat in range(4):
        scene.wait(5)
        scene.real_status("gw2", node="node1", **BEFORE)
    assert scene.observer("gw1").is_stale
    assert "node_silent" not in types(scene.events)
    scene.wait(12)
    assert types(scene.events).count("node_silent") == 1
    assert types(scene.real_status("gw1", node="node1", **BEFORE)) == ["node_heard"]
    assert types(scene.real_status("gw2", node="node1", **BEFORE)) == []


@pytest.mark.parametrize("beats", [7, 8])
def test_the_commit_index_follows_whichever_of_them_the_leader_speaks_by(beats: int) -> None:
    scene = Scene()
    scene.live("gw1", "gw2")
    for beat in range(beats):
        scene.wait(2.5)
        scene.real_status(("gw1", "gw2")[beat % 2], "Leader", 3, 100 + beat, node="node1")
    assert scene.state.commit_index == 100 + beats - 1
