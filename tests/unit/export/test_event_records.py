"""The record of an event: the guide's keys in any dialect, and nothing told is left out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.event import (
    SEVERITIES,
    CommitProgress,
    ConnectionEvent,
    Event,
    Fact,
    Gap,
    LeaderChange,
    LeaderLost,
    NodeReach,
    NodeRestarted,
    TermChange,
)
from helios_desktop.export.event_json import event_record, evidence_record
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.protocol.subscription import Topic

EventsOf = Callable[..., list[Event]]

STAMP = "2024-01-15T10:30:00Z"
GUIDE: list[tuple[str, dict[str, Any]]] = [
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
    ),
    ("state_change", {"old_state": "Follower", "new_state": "Leader", "term": 6}),
    ("peer_change", {"event_type": "added", "peer_id": "node4", "peer_address": "localhost:8004"}),
    (
        "latency",
        {
            "aggregated": {
                "append_entries": {"count": 1000, "avg_value_ms": 2.5, "min_value_ms": 1.0, "max_value_ms": 10.0}
            }
        },
    ),
    ("uptime", {"current_uptime": "24h30m0s", "total_sessions": 5, "total_uptime": "120h15m30s"}),
    ("snapshot", {"index": 1000, "term": 5, "size_bytes": 1048576, "duration_ms": 150}),
    ("custom_metrics", {"request_count": {"type": "counter", "help": "Total number of requests", "value": 1500}}),
    ("error", {"error": "Failed to retrieve cluster status"}),
]


def record_of(events: list[Event], event_type: str) -> dict[str, Any]:
    (event,) = [event for event in events if event.type == event_type and not event.is_derived]
    return event_record(event)


@pytest.mark.parametrize(("event_type", "data"), GUIDE, ids=[name for name, _ in GUIDE])
def test_the_guides_messages_come_out_as_they_went_in(
    events_of: EventsOf, event_type: str, data: dict[str, Any]
) -> None:
    record = record_of(events_of({"type": event_type, "timestamp": STAMP, "data": data}), event_type)
    assert record["data"] == data
    assert record["timestamp"] == STAMP
    assert record["received_at"] == "2024-01-15T10:30:00.123456789Z"
    assert record["observer"] == "gw:8080"
    assert record["summary"]
    assert list(record)[:6] == ["type", "timestamp", "received_at", "observer", "summary", "data"]
    assert record.get("more") is None
    assert "derived" not in record


def test_what_goes_beyond_the_guide_stands_under_more(events_of: EventsOf) -> None:
    stats = {"count": 3, "avg_value_ms": 1.5, "min_value_ms": 1.0, "max_value_ms": 2.0}
    frame = {
        "type": "latency",
        "timestamp": STAMP,
        "boot": "b1",
        "seq": 9,
        "prev": 8,
        "data": {"aggregated": {"append_entries": {**stats, "p99_value_ms": 1.9}}, "peers": {}},
    }
    record = record_of(events_of(frame), "latency")
    assert record["data"] == {"aggregated": {"append_entries": stats}}
    assert record["more"] == {
        "aggregated": {"append_entries": {"p99_value_ms": 1.9}},
        "peers": {},
        "boot": "b1",
        "seq": 9,
        "prev": 8,
    }


def test_details_of_metrics_do_not_mix_with_names_of_metrics(events_of: EventsOf) -> None:
    metric = {"type": "gauge", "help": "", "value": 1}
    frame = {"type": "custom_metrics", "seq": 4, "data": {"seq": {**metric, "labels": {"a": "b"}}}}
    record = record_of(events_of(frame), "custom_metrics")
    assert record["data"] == {"seq": metric}
    assert record["more"] == {"metrics": {"seq": {"labels": {"a": "b"}}}, "seq": 4}


def test_a_real_gateways_status_has_the_guides_keys_and_keeps_the_rest(events_of: EventsOf, captures: Path) -> None:
    lines = [json.loads(line) for line in (captures / "steady_leader_60s_query.jsonl").read_text().splitlines()]
    frames = [line["raw"] for line in lines if line["dir"] == "recv" and line["opcode"] == "text"]
    record = record_of(events_of(frames[0]), "status")
    assert record["data"] == {
        "node_id": "node-3",
        "state": "Leader",
        "term": 1,
        "commit_index": 1,
        "last_applied": 1,
        "leader": "node-3",
        "peers": ["node-1", "node-2"],
    }
    told = json.loads(frames[0])["data"]
    assert record["more"]["peers"] == told["peers"]
    assert record["more"]["indices"] == told["indices"]
    assert record["more"]["uptime_stats"] == told["uptime_stats"]
    assert record["timestamp"] == "2026-11-23T08:20:50.30700922Z"


def test_a_real_gateways_follower_says_null_for_the_leader_that_it_does_not_know(
    events_of: EventsOf, captures: Path
) -> None:
    lines = [json.loads(line) for line in (captures / "steady_follower_60s_header.jsonl").read_text().splitlines()]
    frame = next(line["raw"] for line in lines if line["dir"] == "recv" and line["opcode"] == "text")
    assert record_of(events_of(frame), "status")["data"]["leader"] is None


def test_nothing_that_was_captured_is_lost_in_a_record(events_of: EventsOf, captures: Path) -> None:
    texts = [
        json.loads(line).get("raw") or ""
        for name in sorted(captures.glob("*.jsonl"))
        for line in name.read_text().splitlines()
        if json.loads(line)["dir"] == "recv"
    ]
    frames = [text for text in texts if text.startswith("{")]
    assert len(frames) > 50
    for event in events_of(*frames):
        if event.is_derived:
            continue
        record = event_record(event)
        told = leaves(json.loads(event.observation.text).get("data"))
        kept = leaves(record["data"]) | leaves(record.get("more"))
        assert told - kept - {"", None} == set(), event.observation.text


def leaves(value: Any) -> set[Any]:
    if isinstance(value, dict):
        return set().union(*(leaves(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(leaves(inner) for inner in value))
    return {value}


def test_what_was_not_told_is_null(events_of: EventsOf) -> None:
    record = record_of(events_of({"type": "status", "data": {"node_id": "n1"}}), "status")
    assert record["data"] == {
        "node_id": "n1",
        "state": None,
        "term": None,
        "commit_index": None,
        "last_applied": None,
        "leader": None,
        "peers": None,
    }
    forced = {"type": "state_change", "data": {"old_state": "", "new_state": "Leader", "term": 0}}
    assert record_of(events_of(forced), "state_change")["data"] == {
        "old_state": None,
        "new_state": "Leader",
        "term": None,
    }


def test_without_a_timestamp_of_the_server_ours_stands_there(events_of: EventsOf) -> None:
    record = record_of(events_of({"type": "pong"}), "pong")
    assert record["timestamp"] == record["received_at"]
    assert record["data"] is None


def test_an_unknown_type_keeps_its_name_and_data(events_of: EventsOf) -> None:
    record = record_of(events_of({"type": "shard_moved", "data": {"shard": 7}, "extra": 1}), "shard_moved")
    assert record["data"] == {"shard": 7}
    assert record["more"] == {"extra": 1}


@pytest.mark.parametrize("text", ["", "not json", "[" * 100_000, '{"type":5}', '{"type":"status","data":{"term":"x"}}'])
def test_a_frame_that_is_no_message_is_shown_with_its_reason(events_of: EventsOf, text: str) -> None:
    record = record_of(events_of(text), "malformed")
    assert record["data"]["raw"] == text
    assert record["data"]["reason"]


def test_the_node_is_named_where_the_data_does_not(events_of: EventsOf) -> None:
    status = {"type": "status", "data": {"node_id": "n1", "state": "Follower"}}
    change = {"type": "state_change", "data": {"old_state": "Follower", "new_state": "Leader", "term": 2}}
    snapshot = {"type": "snapshot", "data": {"index": 7, "term": 2, "size_bytes": 1, "duration_ms": 1}}
    events = events_of(status, change, snapshot)
    assert record_of(events, "state_change")["data"]["node_id"] == "n1"
    assert "more" not in record_of(events, "state_change")
    assert record_of(events, "snapshot")["more"] == {"node": "n1"}
    assert "more" not in record_of(events, "status")


def test_a_derived_event_names_its_evidence(events_of: EventsOf) -> None:
    statuses = [
        {"type": "status", "data": {"node_id": "n1", "state": state, "term": term, "leader": leader, "peers": []}}
        for state, term, leader in (("Follower", 1, "n2"), ("Leader", 2, "n1"))
    ]
    records = [event_record(event) for event in events_of(*statuses) if event.type == "term_change"]
    record = records[-1]
    assert record["data"] == {"old_term": 1, "new_term": 2}
    assert record["derived"] is True
    assert record["evidence"] == [
        {
            "observer": "gw:8080",
            "epoch": 1,
            "received_at": received_at,
            "kind": "frame",
            "type": "status",
        }
        for received_at in ("2024-01-15T10:30:00.123456789Z", "2024-01-15T10:30:01.123456789Z")
    ]


OURS: list[tuple[str, Fact, dict[str, Any]]] = [
    (
        "connection_lost",
        ConnectionEvent(Phase.BACKOFF, Cause.SERVER_CLOSED, "", 1, 1_000_000_000),
        {
            "phase": "backoff",
            "cause": "server_closed",
            "detail": None,
            "attempt": 1,
            "retry_at": "1970-01-01T00:00:01.000000000Z",
        },
    ),
    (
        "gap",
        Gap("o", "topic_off", 0, 2_000_000_000, Topic.LATENCY),
        {
            "observer": "o",
            "cause": "topic_off",
            "topic": "latency",
            "since": "1970-01-01T00:00:00.000000000Z",
            "until": "1970-01-01T00:00:02.000000000Z",
            "lost": None,
        },
    ),
    ("leader_change", LeaderChange(None, "n1", 3), {"old_leader": None, "new_leader": "n1", "term": 3}),
    ("leader_lost", LeaderLost("n1", 3, "it stopped"), {"leader": "n1", "term": 3, "reason": "it stopped"}),
    ("term_change", TermChange(1, 2), {"old_term": 1, "new_term": 2}),
    ("node_silent", NodeReach("n1", "no status"), {"node_id": "n1", "reason": "no status", "since": None}),
    (
        "node_restarted",
        NodeRestarted("n1", 1_500_000_000, 0),
        {"node_id": "n1", "old_uptime_s": 1.5, "new_uptime_s": 0.0},
    ),
    ("commit_stalled", CommitProgress(7, 15_000_000_000), {"commit_index": 7, "stalled_s": 15.0}),
]


@pytest.mark.parametrize(("event_type", "body", "data"), OURS, ids=[name for name, _, _ in OURS])
def test_our_own_types_have_plain_keys(event_type: str, body: Fact, data: dict[str, Any]) -> None:
    assert event_type in SEVERITIES
    assert event_record(Event(event_type, 5, "", "o", "", body, tick(5)))["data"] == data


def test_evidence_says_what_kind_of_observation_it_was() -> None:
    change = connection_observation("o", 2, 1, ConnectionChange(Phase.LIVE))
    rest = Observation("o", 2, 1, Kind.REST, "{}", "GET /admin/cluster/status")
    assert evidence_record(change)["phase"] == "live"
    assert evidence_record(rest)["source"] == "GET /admin/cluster/status"
    assert evidence_record(tick(1))["kind"] == "tick"
    assert evidence_record(Observation("o", 1, 1, Kind.CONNECTION, "broken"))["phase"] is None
