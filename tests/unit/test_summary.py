"""One line an event, in English that no locale changes."""

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
from helios_desktop.observation import Cause, Phase, tick
from helios_desktop.protocol.codec import decode
from helios_desktop.protocol.subscription import Topic
from helios_desktop.summary import MAX_CHARACTERS, summary
from tests.unit.store.scene import NS


def line(event_type: str, body: Fact) -> str:
    return summary(Event(event_type, 1, "", "node1", "node1", body, tick(1)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                '{"type":"status","data":{"node_id":"n","state":"Leader","term":5,"commit_index":1000,"last_applied":998,'
                '"leader":"n","peers":["node2","node3"]}}'
            ),
            "Leader, term 5, commit 1000, applied 998, 2 peers",
        ),
        ('{"type":"status","data":{"node_id":"n","leader":"m"}}', "state unknown, leader m"),
        (
            '{"type":"state_change","data":{"old_state":"Follower","new_state":"Leader","term":6}}',
            "Follower → Leader, term 6",
        ),
        ('{"type":"state_change","data":{"old_state":"","new_state":"Leader","term":0}}', "unknown → Leader"),
        (
            '{"type":"peer_change","data":{"event_type":"added","peer_id":"node4","peer_address":"h:8004"}}',
            "node4 added (h:8004)",
        ),
        (
            (
                '{"type":"latency","data":{"aggregated":{"append_entries":{"count":1,"avg_value_ms":2.5,'
                '"min_value_ms":1,"max_value_ms":10}}}}'
            ),
            "append_entries avg 2.5 ms, max 10 ms",
        ),
        ('{"type":"latency","data":{"aggregated":{}}}', "no latency told"),
        (
            (
                '{"type":"latency","data":{"node-4":{"peer_id":"node-4","aggregated":{"count":0,"avg_value_ms":0,'
                '"min_value_ms":0,"max_value_ms":0}}}}'
            ),
            "node-4 —",
        ),
        (
            '{"type":"uptime","data":{"current_uptime":"24h30m0s","total_sessions":5,"total_uptime":"120h15m30s"}}',
            "up 24h30m0s, session 5, 120h15m30s in all",
        ),
        (
            '{"type":"snapshot","data":{"index":1000,"term":5,"size_bytes":1048576,"duration_ms":150}}',
            "snapshot up to index 1000, term 5, 1048576 bytes, took 150 ms",
        ),
        ('{"type":"custom_metrics","data":{"requests":{"type":"counter","value":1500}}}', "requests 1500"),
        ('{"type":"custom_metrics","data":{}}', "no metrics"),
        ('{"type":"error","data":{"error":"Failed"}}', "Failed"),
        ('{"type":"pong"}', "pong"),
        ('{"type":"new","data":1}', '{"type":"new","data":1}'),
    ],
)
def test_a_message_in_one_line(text: str, expected: str) -> None:
    message = decode(text)
    assert line(message.type, message.body) == expected


@pytest.mark.parametrize(
    ("event_type", "body", "expected"),
    [
        ("connection", ConnectionEvent(Phase.LIVE, Cause.NONE, "", 0, None), "live"),
        (
            "connection_lost",
            ConnectionEvent(Phase.BACKOFF, Cause.SERVER_CLOSED, "code 1006", 2, None),
            "backoff: server closed (code 1006), attempt 2",
        ),
        ("gap", Gap("node1", "disconnected", 0, 12_340_000_000), "no connection for 12.3 s"),
        (
            "gap",
            Gap("node1", "disconnected", 0, 12_340_000_000, lost=0),
            "no connection for 12.3 s, nothing was missed",
        ),
        ("gap", Gap("node1", "lost", 0, NS), "at least 1 message lost within 1.0 s"),
        ("gap", Gap("node1", "topic_off", 0, NS, Topic.LATENCY), "latency was off for 1.0 s"),
        ("leader_change", LeaderChange(None, "node1", 5), "node1 leads, term 5"),
        ("leader_change", LeaderChange("node1", "node2", 6), "node1 → node2, term 6"),
        (
            "leader_lost",
            LeaderLost("node1", 5, "a later term has begun"),
            "node1 leads no more, term 5: a later term has begun",
        ),
        ("term_change", TermChange(5, 6), "term 5 → 6"),
        ("peer_unreachable", NodeReach("node3", "no answer"), "node3 is out of reach: no answer"),
        ("peer_reachable", NodeReach("node3", ""), "node3 is in reach again"),
        ("node_silent", NodeReach("node3", "no status for 11 s"), "node3 fell silent: no status for 11 s"),
        ("node_heard", NodeReach("node3", "a status came"), "node3 is heard again: a status came"),
        ("node_restarted", NodeRestarted("node3", 3_600 * NS, 2 * NS), "node3 restarted: up 2s, before 1h"),
        ("commit_stalled", CommitProgress(140, 15 * NS), "commit index 140 stands still for 15.0 s"),
        (
            "commit_resumed",
            CommitProgress(141, 25 * NS),
            "commit index 141 moves again after standing still for 25.0 s",
        ),
    ],
)
def test_what_is_of_our_own_in_one_line(event_type: str, body: Fact, expected: str) -> None:
    assert event_type in SEVERITIES
    assert line(event_type, body) == expected


def test_text_of_a_server_stays_on_one_line_without_controls_and_within_bounds() -> None:
    message = decode('{"type":"error","data":{"error":"a\\r\\n\\u001b[31mb\\u202ec\\u0000 ' + "x" * 1_000 + '"}}')
    told = line("error", message.body)
    assert told.startswith("a [31mb c x")
    assert len(told) == MAX_CHARACTERS
    assert told.endswith("…")
