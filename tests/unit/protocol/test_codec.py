"""Every message of the guide, every captured frame of a real gateway, and what is no message."""

import json
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.protocol.codec import decode, decode_as, decode_body, encode
from helios_desktop.protocol.messages import (
    SERVER_MESSAGE_TYPES,
    Body,
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
from tests.unit.protocol.captured import captured_frames

GUIDE: list[tuple[str, dict[str, Any], Body]] = [
    (
        "status",
        {
            "node_id": "node1",
            "state": "Leader",
            "term": 5,
            "commit_index": 1000,
            "last_applied": 1000,
            "leader": "node1",
            "peers": ["node2", "node3"],
        },
        Status("node1", "Leader", 5, 1000, 1000, "node1", ("node2", "node3")),
    ),
    (
        "state_change",
        {"old_state": "Follower", "new_state": "Leader", "term": 6},
        StateChange("Follower", "Leader", 6),
    ),
    (
        "peer_change",
        {"event_type": "added", "peer_id": "node4", "peer_address": "localhost:8004"},
        PeerChange("node4", "added", "localhost:8004"),
    ),
    (
        "latency",
        {
            "aggregated": {
                "append_entries": {"count": 1000, "avg_value_ms": 2.5, "min_value_ms": 1.0, "max_value_ms": 10.0}
            }
        },
        Latency(aggregated={"append_entries": Stats(1000, 2.5, 1.0, 10.0)}),
    ),
    (
        "uptime",
        {"current_uptime": "24h30m0s", "total_sessions": 5, "total_uptime": "120h15m30s"},
        Uptime("24h30m0s", 5, "120h15m30s"),
    ),
    (
        "snapshot",
        {"index": 1000, "term": 5, "size_bytes": 1048576, "duration_ms": 150},
        Snapshot(1000, 5, 1048576, 150),
    ),
    (
        "custom_metrics",
        {"request_count": {"type": "counter", "help": "Total number of requests", "value": 1500}},
        CustomMetrics({"request_count": Metric("counter", 1500, "Total number of requests")}),
    ),
    (
        "error",
        {"error": "Failed to retrieve cluster status"},
        ServerError("Failed to retrieve cluster status"),
    ),
]


def frame(message_type: str, data: object) -> str:
    return json.dumps({"type": message_type, "timestamp": "2024-01-15T10:30:00Z", "data": data})


@pytest.mark.parametrize(("message_type", "data", "body"), GUIDE, ids=[kind for kind, _, _ in GUIDE])
def test_a_message_of_the_guide_becomes_its_type(message_type: str, data: dict[str, Any], body: Body) -> None:
    message = decode(frame(message_type, data))
    assert (message.type, message.timestamp, message.body) == (message_type, "2024-01-15T10:30:00Z", body)


@pytest.mark.parametrize(("message_type", "data", "body"), GUIDE[:-2], ids=[kind for kind, _, _ in GUIDE[:-2]])
def test_a_body_is_written_with_exactly_the_guides_keys(message_type: str, data: dict[str, Any], body: Body) -> None:
    assert json.loads(encode(body)) == data


def test_the_guides_ten_types_are_all_known() -> None:
    unknown = [kind for kind in SERVER_MESSAGE_TYPES if isinstance(decode(frame(kind, {})).body, Unknown)]
    assert unknown == []


def test_a_status_update_is_a_status() -> None:
    assert decode(frame("status_update", GUIDE[0][1])).body == GUIDE[0][2]


def test_a_pong_needs_no_data() -> None:
    assert decode('{"type":"pong","timestamp":"2026-11-23T08:20:38.511833174Z"}\n').body == Pong()


def test_our_envelope_keys_are_read() -> None:
    message = decode('{"type":"pong","timestamp":"","boot":"b1","seq":7,"prev":5}')
    assert (message.boot, message.seq, message.prev) == ("b1", 7, 5)


def test_an_unknown_type_keeps_type_time_and_text() -> None:
    text = '{"type":"shard_moved","timestamp":"2024-01-15T10:30:00Z","data":[1]}'
    message = decode(text)
    assert (message.type, message.timestamp, message.body) == ("shard_moved", "2024-01-15T10:30:00Z", Unknown(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "[]",
        '"x"',
        "null",
        "5",
        '{"type":5}',
        '{"data":{}}',
        '{"type":"status"',
        "[" * 100_000,
        '{"type":"a"} x',
    ],
)
def test_a_broken_frame_is_a_value_with_its_text(text: str) -> None:
    body = decode(text).body
    assert isinstance(body, Malformed)
    assert body.raw == text
    assert body.reason


@pytest.mark.parametrize(
    ("message_type", "data"),
    [
        ("status", {}),
        ("status", {"node_id": 5, "state": "Leader", "term": 5}),
        ("status", []),
        ("state_change", {"old_state": "Follower"}),
        ("peer_change", {"peer_id": "node4"}),
        ("latency", {"aggregated": {"append_entries": {"count": 1}}}),
        ("uptime", {"total_sessions": 5}),
        ("snapshot", {"term": 5}),
        ("custom_metrics", {"request_count": 5}),
    ],
)
def test_a_bad_body_keeps_type_time_and_text(message_type: str, data: object) -> None:
    text = frame(message_type, data)
    message = decode(text)
    assert (message.type, message.timestamp) == (message_type, "2024-01-15T10:30:00Z")
    assert isinstance(message.body, Malformed)
    assert message.body.raw == text


def test_bad_utf8_is_a_value() -> None:
    body = decode(b'{"type":"\xff"}').body
    assert isinstance(body, Malformed)


def test_every_captured_frame_is_read(captures: Path) -> None:
    frames = captured_frames(captures)
    bad = [raw[:80] for raw in frames if isinstance(decode(raw).body, Malformed | Unknown)]
    assert len(frames) > 100
    assert bad == []


def test_a_real_status_fills_the_guides_fields(captures: Path) -> None:
    raw = captured_frames(captures, "steady_leader_60s_query.jsonl")[0]
    body = decode(raw).body
    told = json.loads(raw)["data"]
    assert isinstance(body, Status)
    assert (body.node_id, body.state, body.term) == ("node-3", "Leader", 1)
    assert (body.commit_index, body.last_applied) == (told["indices"]["commit_index"], told["indices"]["applied_index"])
    assert (body.leader_id, body.peer_ids) == ("node-3", ("node-1", "node-2"))
    assert [peer.match_index for peer in body.peer_details] == [1, 1]


def test_a_real_followers_empty_leader_is_unknown(captures: Path) -> None:
    raw = captured_frames(captures, "steady_follower_60s_header.jsonl")[0]
    body = decode(raw).body
    assert isinstance(body, Status)
    assert body.leader_id is None


@pytest.mark.parametrize(
    ("path", "message_type", "kind"),
    [
        ("/admin/cluster/status", "status", Status),
        ("/admin/cluster/latency", "latency", Latency),
        ("/admin/cluster/uptime", "uptime", Uptime),
        ("/admin/cluster/uptime/history?max_events=5&max_sessions=3", "uptime_history", UptimeHistory),
        ("/admin/cluster/snapshot", "snapshot", Snapshot),
        ("/admin/cluster/metrics", "custom_metrics", CustomMetrics),
    ],
)
@pytest.mark.parametrize("role", ["leader", "follower"])
def test_rest_answers_are_bodies(captures: Path, role: str, path: str, message_type: str, kind: type) -> None:
    answers = json.loads((captures / f"rest_{role}.json").read_text())
    if path not in answers:
        pytest.skip(f"{path} was not captured on a {role}")
    assert isinstance(decode_body(message_type, json.dumps(answers[path]["body"])), kind)


def test_rests_flat_aggregated_is_the_total_not_an_rpc_kind(captures: Path) -> None:
    answer = json.loads((captures / "rest_leader.json").read_text())["/admin/cluster/latency"]["body"]
    body = decode_body("latency", json.dumps(answer))
    assert isinstance(body, Latency)
    assert body.aggregated is None
    assert body.total is not None
    assert body.total.count == 3446
    assert set(body.peers or ()) == {"node-2", "node-3"}


def test_no_snapshot_yet_has_no_index(captures: Path) -> None:
    answer = json.loads((captures / "rest_leader.json").read_text())["/admin/cluster/snapshot"]["body"]
    body = decode_body("snapshot", json.dumps(answer))
    assert isinstance(body, Snapshot)
    assert body.index is None


def test_uint64_fits() -> None:
    body = decode(frame("status", {"node_id": "n", "term": 2**64 - 1})).body
    assert isinstance(body, Status)
    assert body.term == 2**64 - 1


def test_decode_as_gives_the_type_or_the_reason() -> None:
    assert decode_as(Metric, '{"type":"gauge","value":1}') == Metric("gauge", 1)
    assert isinstance(decode_as(Metric, "<html>"), Malformed)
