"""Both dialects by shape, with parts missing, empty or of a wrong type (wire.md §3, §4 and §6)."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from helios_desktop.protocol.codec import decode, decode_body
from helios_desktop.protocol.frames import Message
from helios_desktop.protocol.history import UptimeEvent, UptimeSession
from helios_desktop.protocol.messages import (
    CustomMetrics,
    Latency,
    Malformed,
    Metric,
    MetricsTable,
    PeerChange,
    PeerLatency,
    ServerError,
    Snapshot,
    StateChange,
    Stats,
    Status,
    StatusPeer,
    Unknown,
    Uptime,
    UptimeHistory,
)
from tests.unit.protocol.captured import captured_data, captured_frames

WRONG: list[Any] = [None, {}, [], "x", 5, True, [[]], [None]]
"""What may stand where a part should."""
S = {"count": 3, "avg_value_ms": 1.5, "min_value_ms": 1, "max_value_ms": 2}
STATS = Stats(3, 1.5, 1.0, 2.0)
COUNTER = {"type": "counter", "value": 7}


def read(message_type: str, data: object) -> Message:
    return decode(json.dumps({"type": message_type, "timestamp": "", "data": data}))


@pytest.fixture
def leader(captures: Path) -> dict[str, Any]:
    """The data of a captured leader's status."""
    return captured_data(captures, "steady_leader_60s_query.jsonl", "status_update")


def status_of(data: object) -> Status:
    body = read("status", data).body
    assert isinstance(body, Status)
    return body


PARTS = {
    "leader": ["leader"],
    "indices": ["indices", "commit_index", "last_applied"],
    "peers": ["peers"],
    "sessions": ["sessions"],
    "tls": ["tls"],
    "uptime": ["uptime"],
    "uptime_stats": ["uptime_stats"],
    "cluster_health": ["cluster_health"],
    "snapshot": ["snapshot", "snapshot_last"],
    "custom_metrics": ["custom_metrics"],
}
"""The parts of a real status, and the fields that are read from each."""


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("wrong", ["missing", *WRONG], ids=str)
def test_a_status_with_one_part_missing_or_wrong_still_gives_all_others(
    leader: dict[str, Any], part: str, wrong: object
) -> None:
    whole = status_of(leader)
    rest = {name: value for name, value in leader.items() if name != part}
    body = status_of(rest if wrong == "missing" else rest | {part: wrong})
    assert (body.node_id, body.state, body.term) == ("node-3", "Leader", 1)
    others = dict.fromkeys(PARTS[part])
    assert replace(body, **others) == replace(whole, **others)


@pytest.mark.parametrize("wrong", [wrong for wrong in WRONG if wrong != {}], ids=str)
def test_a_wrong_latency_of_one_peer_hides_neither_that_peer_nor_the_other(
    leader: dict[str, Any], wrong: object
) -> None:
    leader["peers"][0]["latency"] = wrong
    told = {peer.id: peer for peer in status_of(leader).peer_details}
    bare, whole = leader["peers"]
    assert told[bare["id"]] == StatusPeer(bare["id"], bare["address"], bare["match_index"], bare["next_index"])
    assert told[whole["id"]].latency is not None


def test_a_list_of_peers_that_lacks_a_name_is_not_told_since_it_would_tell_that_one_is_gone(
    leader: dict[str, Any],
) -> None:
    del leader["peers"][1]["id"]
    body = status_of(leader)
    assert (body.node_id, body.peers, body.commit_index) == ("node-3", None, leader["indices"]["commit_index"])


def test_an_empty_part_tells_nothing(leader: dict[str, Any]) -> None:
    body = status_of({**leader, **{part: {} for part in PARTS}})
    assert (body.custom_metrics, body.uptime_stats, body.snapshot, body.peers, body.uptime) == 5 * (None,)
    assert (body.leader_id, body.commit_index, body.snapshot_last) == (None, None, None)
    assert body.cluster_health is not None
    assert body.cluster_health.healthy_peers is None


def test_parts_of_a_status_are_mended_as_their_own_messages_are(leader: dict[str, Any]) -> None:
    body = status_of(
        leader | {"uptime_stats": {"current_uptime_str": "1m20s"}, "snapshot": {"latest_snapshot_index": 41}}
    )
    assert body.uptime_stats is not None
    assert body.snapshot is not None
    assert (body.uptime_stats.current_uptime_ms, body.snapshot.has_snapshot, body.snapshot_last) == (80_000, True, 41)


def test_a_number_beyond_all_floats_is_not_told_and_spoils_nothing() -> None:
    latency = '{"avg_latency_ms":1e400,"p50_latency_ms":0.5,"sample_count":3}'
    text = f'{{"type":"status","data":{{"node_id":"n","peers":[{{"id":"p","latency":{latency}}}],"term":-1e400}}}}'
    body = decode(text).body
    assert isinstance(body, Status)
    (peer,) = body.peer_details
    assert peer.latency is not None
    assert (peer.latency.avg_latency_ms, peer.latency.p50_latency_ms, peer.latency.sample_count) == (None, 0.5, 3)


def test_what_is_unreadable_is_named_as_a_whole_and_at_most_twenty_times() -> None:
    assert read("status", {"node_id": "n", "peers": [{"address": 5}]}).unread == ("data.peers",)
    nothing = {"total_metrics": 1, "metrics": {"bad": 5}}
    assert read("status", {"node_id": "n", "custom_metrics": nothing}).unread == ("data.custom_metrics",)
    many = {"total_metrics": 50, "metrics": {"good": COUNTER, **{f"bad{number}": number for number in range(49)}}}
    message = read("custom_metrics", many)
    assert message.unread == tuple(f"data.metrics.bad{number}" for number in range(20))


def test_what_is_of_a_wrong_type_is_named_and_null_is_not(leader: dict[str, Any]) -> None:
    leader["node"]["term"] = "1"
    leader["indices"]["commit_index"] = True
    leader["peers"][0]["latency"]["sample_count"] = 1.5
    leader["snapshot"] = leader["uptime"] = None
    message = read("status", leader)
    assert set(message.unread) == {
        "data.node.term",
        "data.indices.commit_index",
        "data.peers[0].latency.sample_count",
    }
    assert isinstance(message.body, Status)
    assert (message.body.term, message.body.commit_index) == (None, None)


def test_of_the_captures_nothing_is_left_unread(captures: Path) -> None:
    frames = captured_frames(captures)
    assert len(frames) > 100
    assert [raw for raw in frames if decode(raw).unread] == []


def swapped(value: Any) -> Any:
    """All whole numbers as floats, and all whole floats as integers."""
    match value:
        case dict():
            return {name: swapped(inner) for name, inner in value.items()}
        case list():
            return [swapped(inner) for inner in value]
        case bool():
            return value
        case int():
            return float(value)
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def test_numbers_may_be_written_as_integer_or_float(captures: Path) -> None:
    frames = [json.loads(raw) for raw in captured_frames(captures)]
    assert '"term": 1.0' in json.dumps(swapped(frames[0]))
    for frame in frames:
        assert decode(json.dumps(swapped(frame))).body == decode(json.dumps(frame)).body


@pytest.mark.parametrize(
    ("number", "term"),
    [
        ("5", 5),
        ("5.0", 5),
        ("5e0", 5),
        ("1e3", 1_000),
        ("0", 0),
        ("-0.0", 0),
        (str(2**64 - 1), 2**64 - 1),
        ("5.5", None),
        ("1e300", None),
        ("1e400", None),
        ('"5"', None),
        ("true", None),
        ("false", None),
        ("null", None),
    ],
)
def test_a_term_is_a_whole_number_and_nothing_else(number: str, term: int | None) -> None:
    for data in (
        f'{{"node_id":"n","state":"Leader","term":{number}}}',
        f'{{"node":{{"id":"n","state":"Leader","term":{number}}}}}',
    ):
        body = decode(f'{{"type":"status","data":{data}}}').body
        assert isinstance(body, Status)
        assert (body.node_id, body.state, body.term) == ("n", "Leader", term)


@pytest.mark.parametrize(("number", "value"), [("5", 5.0), ("5.0", 5.0), ("1e3", 1000.0), ("0.25", 0.25)])
def test_a_float_may_be_written_as_an_integer(number: str, value: float) -> None:
    data = f'{{"aggregated":{{"vote":{{"count":1.0,"avg_value_ms":{number},"min_value_ms":0,"max_value_ms":9}}}}}}'
    body = decode(f'{{"type":"latency","data":{data}}}').body
    assert body == Latency(aggregated={"vote": Stats(1, value, 0.0, 9.0)})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"node_id": ""},
        {"node_id": 5},
        {"node": {"id": ""}},
        {"node": {"id": None, "state": "Leader", "term": 1}},
        {"node": {"state": "Leader", "term": 1}},
        {"node": "n"},
        {"node": None, "node_id": None},
        [],
        None,
        "node1",
    ],
    ids=str,
)
def test_only_a_status_without_its_node_is_malformed(data: object) -> None:
    body = read("status", data).body
    assert isinstance(body, Malformed)
    assert "node_id" in body.reason or "data" in body.reason


def test_an_object_as_node_decides_and_the_flat_fields_fill_what_it_lacks() -> None:
    flat = {"node_id": "flat", "state": "Follower", "term": 3, "commit_index": 30, "last_applied": 20}
    nested = {"node": {"id": "nested", "state": "Leader", "term": 4}, "indices": {"commit_index": 40}}
    assert [
        (body.node_id, body.state, body.term, body.commit_index, body.last_applied)
        for body in map(status_of, (flat | nested, flat | {"node": {"id": "nested"}}, flat | {"node": {}}))
    ] == [("nested", "Leader", 4, 40, 20), ("nested", "Follower", 3, 30, 20), ("flat", "Follower", 3, 30, 20)]
    assert status_of(flat | {"node": {"id": "", "term": 9}}) == status_of(flat)


@pytest.mark.parametrize(
    ("leader", "name"),
    [
        ("node1", "node1"),
        ({"id": "node1", "address": "h:1", "is_leader": True}, "node1"),
        ({"id": "node1", "address": 5}, "node1"),
        ("", None),
        ({"id": "", "address": "", "is_leader": False}, None),
        ({}, None),
        ({"id": None}, None),
        (None, None),
        (5, None),
        (["node1"], None),
    ],
    ids=str,
)
def test_a_leader_is_a_name_or_an_object_and_without_a_name_it_is_unknown(leader: object, name: str | None) -> None:
    assert status_of({"node_id": "n", "leader": leader}).leader_id == name


def test_peers_are_names_or_objects_or_both_and_are_read_in_order() -> None:
    mixture = ["c", {"id": "a", "address": "h:1"}, "b", {"id": "d", "match_index": 7.0, "next_index": None, "x": 1}]
    body = status_of({"node_id": "n", "peers": mixture})
    assert body.peer_ids == ("a", "b", "c", "d")
    assert body.peer_details == (StatusPeer("a", "h:1"), StatusPeer("d", match_index=7))
    assert status_of({"node_id": "n", "peers": mixture[::-1]}).peer_ids == body.peer_ids
    assert status_of({"node_id": "n", "peers": []}).peer_ids == ()


def test_keys_unknown_to_us_change_nothing(leader: dict[str, Any]) -> None:
    whole = status_of(leader)
    for part in (leader, leader["node"], leader["leader"], leader["indices"], leader["peers"][0], leader["snapshot"]):
        part["of a later version"] = {"deep": [1, {"er": None}]}
    assert status_of(leader) == whole


def test_an_envelope_of_wrong_types_does_not_spoil_its_body() -> None:
    text = json.dumps({"type": "status", "timestamp": 5, "boot": 1, "seq": "x", "prev": None, "data": {"node_id": "n"}})
    message = decode(text + "\n")
    assert (message.timestamp, message.boot, message.seq, message.prev) == ("", None, None, None)
    assert message.body == Status("n")
    assert message.unread == ("message.timestamp", "message.boot", "message.seq")


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"old_state": "", "new_state": "Leader", "term": 0}, StateChange("", "Leader", 0)),
        ({"new_state": "Leader"}, StateChange("", "Leader", 0)),
        ({"old_state": None, "new_state": "Leader", "term": None}, StateChange("", "Leader", 0)),
        ({"old_state": 1, "new_state": "Leader", "term": 7.0, "node_id": "n"}, StateChange("", "Leader", 7)),
    ],
    ids=str,
)
def test_a_state_change_needs_only_the_new_state(data: object, body: StateChange) -> None:
    assert read("state_change", data).body == body


@pytest.mark.parametrize("data", [{}, {"old_state": "Leader", "term": 1}, {"new_state": None}, None, "Leader"], ids=str)
def test_a_state_change_without_it_is_malformed(data: object) -> None:
    assert isinstance(read("state_change", data).body, Malformed)


@pytest.mark.parametrize(
    ("data", "event_type", "address"),
    [
        ({"event_type": "added", "peer_address": "h:1"}, "added", "h:1"),
        ({"event": "removed", "address": ""}, "removed", None),
        ({"action": "added", "address": "h:1"}, "added", "h:1"),
        ({"event_type": "", "event": 5, "action": "added"}, "added", None),
        ({"event_type": "added", "event": "removed", "peer_address": "", "address": "h:2"}, "added", "h:2"),
        ({"event_type": "added", "peer_address": None}, "added", None),
    ],
    ids=str,
)
def test_a_peer_change_is_read_by_any_of_its_names(data: dict[str, Any], event_type: str, address: str | None) -> None:
    body = read("peer_change", {"peer_id": "p"} | data).body
    assert isinstance(body, PeerChange)
    assert (body.peer_id, body.event_type, body.peer_address) == ("p", event_type, address)


@pytest.mark.parametrize("data", [{"peer_id": "p"}, {"event": "added"}, {"peer_id": 4, "event": "added"}], ids=str)
def test_a_peer_change_without_its_peer_or_kind_is_malformed(data: object) -> None:
    assert isinstance(read("peer_change", data).body, Malformed)


def peer(name: str) -> dict[str, Any]:
    return {"peer_id": name, "address": "h:1", "append_entries": S, "reachable": True}


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"aggregated": {"append_entries": S}}, Latency({"append_entries": STATS})),
        ({"aggregated": {}}, Latency({})),
        (
            {"aggregated": {}, "peers": {"b": peer("b")}},
            Latency({}, {"b": PeerLatency("b", "h:1", STATS, reachable=True)}),
        ),
        ({"aggregated": {"a": S, "b": {"count": 1}}}, Latency({"a": STATS})),
        ({"aggregated": {"a": S}, "peers": 5}, Latency({"a": STATS})),
        ({"aggregated": {}, "peers": 5}, Latency({})),
        ({"aggregated": {"a": {}}, "peers": {}}, Latency(None, {})),
        (
            {"aggregated": S, "peers": {"b": peer("b")}},
            Latency(None, {"b": PeerLatency("b", "h:1", STATS, reachable=True)}, STATS),
        ),
        ({"aggregated": S, "peers": None}, Latency(total=STATS)),
        ({"aggregated": None, "peers": {}}, Latency(peers={})),
        ({"aggregated": 5, "peers": {"b": {"append_entries": None}}}, Latency(peers={"b": PeerLatency("b")})),
        ({"b": peer("b"), "c": 5}, Latency(peers={"b": PeerLatency("b", "h:1", STATS, reachable=True)})),
        (
            {name: peer(name) for name in ("aggregated", "peers", "total")},
            Latency(
                peers={
                    name: PeerLatency(name, "h:1", STATS, reachable=True) for name in ("aggregated", "peers", "total")
                }
            ),
        ),
        ({}, Latency(peers={})),
        (None, Latency(peers={})),
    ],
    ids=[
        "guide",
        "guide, empty",
        "guide, empty, beside peers",
        "guide, one kind unreadable",
        "guide, peers unreadable",
        "guide, empty, peers unreadable",
        "guide, only peers readable",
        "rest",
        "rest, no peers",
        "rest, no total",
        "rest, parts unreadable",
        "by peer, one unreadable",
        "by peer, of confusing names",
        "by peer, none",
        "raft off",
    ],
)
def test_latency_is_told_apart_by_shape(data: object, body: Latency) -> None:
    assert read("latency", data).body == body


@pytest.mark.parametrize(
    "data", [{"b": {"address": "h"}}, {"aggregated": 5}, {"peers": 5}, {"aggregated": {"a": {}}}, [], "x"], ids=str
)
def test_a_latency_of_no_shape_is_malformed(data: object) -> None:
    assert isinstance(read("latency", data).body, Malformed)


@pytest.mark.parametrize(
    ("told", "at_ns"),
    [
        ({"last_contact": "2026-11-23T08:24:27.30087045Z"}, 1_795_422_267_300_870_450),
        ({"last_contact_unix": 1_795_422_267}, 1_795_422_267 * 10**9),
        ({"last_contact": "0001-01-01T00:00:00Z", "last_contact_unix": -62_135_596_800}, None),
        ({"last_contact": "soon", "last_contact_unix": 5}, 5 * 10**9),
        ({}, None),
    ],
    ids=str,
)
def test_a_peer_that_was_never_contacted_has_no_last_contact(told: dict[str, Any], at_ns: int | None) -> None:
    body = read("latency", {"b": peer("b") | told}).body
    assert isinstance(body, Latency)
    assert body.peers is not None
    assert body.peers["b"].last_contact_ns == at_ns


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"req": COUNTER}, CustomMetrics({"req": Metric("counter", 7)})),
        ({"req": COUNTER, "bad": 5}, CustomMetrics({"req": Metric("counter", 7)})),
        ({}, CustomMetrics({})),
        ({"metrics": COUNTER}, CustomMetrics({"metrics": Metric("counter", 7)})),
        (
            {"metrics": COUNTER, "total_metrics": COUNTER, "bad": None},
            CustomMetrics({"metrics": Metric("counter", 7), "total_metrics": Metric("counter", 7)}),
        ),
        ({"metrics": {"value": 1}, "total_metrics": COUNTER}, CustomMetrics({"total_metrics": Metric("counter", 7)})),
        (
            {"total_metrics": True, "metrics": {"req": COUNTER}},
            CustomMetrics({"req": Metric("counter", 7)}, is_complete=True),
        ),
        (
            {"total_metrics": 1, "metrics": {"req": COUNTER}},
            CustomMetrics({"req": Metric("counter", 7)}, is_complete=True),
        ),
        (
            {"total_metrics": 1, "metrics": {"metrics": COUNTER}},
            CustomMetrics({"metrics": Metric("counter", 7)}, is_complete=True),
        ),
        ({"total_metrics": 2, "metrics": {"type": COUNTER, "bad": 5}}, CustomMetrics({"type": Metric("counter", 7)})),
        ({"metrics": {"req": COUNTER}}, CustomMetrics({"req": Metric("counter", 7)}, is_complete=True)),
        ({"metrics": {"req": COUNTER, "bad": 5}}, CustomMetrics({"req": Metric("counter", 7)})),
        ({"total_metrics": 0, "metrics": None}, CustomMetrics({}, is_complete=True)),
        ({"total_metrics": 3, "metrics": None}, CustomMetrics({})),
    ],
    ids=str,
)
def test_custom_metrics_are_a_flat_map_or_a_table(data: object, body: CustomMetrics) -> None:
    assert read("custom_metrics", data).body == body


def test_the_metrics_in_a_status_may_be_flat_too_and_lack_one() -> None:
    table = status_of({"node_id": "n", "custom_metrics": {"req": COUNTER, "bad": {"type": "gauge"}}}).custom_metrics
    assert table == MetricsTable({"req": Metric("counter", 7)}, 2)
    assert not table.is_complete


@pytest.mark.parametrize(
    ("data", "current_ns", "sessions"),
    [
        ({"current_uptime": "24h30m0s", "total_sessions": 5}, 88_200 * 10**9, 5),
        ({"current_uptime_ms": 1500, "current_uptime_str": "9h", "total_sessions": 2.0}, 1_500_000_000, 2),
        ({"current_uptime_ms": 1500.0}, 1_500_000_000, None),
        ({"current_uptime_str": "1d4h5s", "total_sessions": "2"}, 100_805 * 10**9, None),
        ({"current_uptime_ms": "x", "current_uptime_str": "1m20s"}, 80 * 10**9, None),
    ],
    ids=str,
)
def test_uptime_is_read_by_its_milliseconds_else_by_its_text(
    data: object, current_ns: int, sessions: int | None
) -> None:
    body = read("uptime", data).body
    assert isinstance(body, Uptime)
    assert (body.current_ns, body.total_sessions) == (current_ns, sessions)


@pytest.mark.parametrize(
    ("data", "index", "size_bytes"),
    [
        ({"index": 7.0, "size_bytes": 5}, 7, 5),
        ({"index": None, "has_snapshot": True, "latest_snapshot_index": 41}, 41, None),
        ({"index": "x", "has_snapshot": True, "latest_snapshot_index": 41, "latest_snapshot_size": 9}, 41, 9),
        ({"latest_snapshot_index": 41}, 41, None),
        ({"latest_snapshot_index": 0}, None, None),
        ({"has_snapshot": False, "message": "No snapshots yet"}, None, None),
    ],
    ids=str,
)
def test_a_snapshot_is_the_guides_else_the_latest_of_the_statistics(
    data: object, index: int | None, size_bytes: int | None
) -> None:
    body = read("snapshot", data).body
    assert isinstance(body, Snapshot)
    assert (body.index, body.size_bytes) == (index, size_bytes)


@pytest.mark.parametrize("data", [{"latest_snapshot_index": True}, {"index": True}, {"index": None}, {}, []], ids=str)
def test_a_snapshot_without_an_index_is_malformed(data: object) -> None:
    assert isinstance(read("snapshot", data).body, Malformed)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"error": "no"}, "no"),
        ({"message": "no"}, "no"),
        ({"error": "", "message": "no"}, "no"),
        ({"error": 5, "message": "no"}, "no"),
        ({"error": "yes", "message": "no"}, "yes"),
        ({}, ""),
    ],
    ids=str,
)
def test_an_error_is_read_from_either_key(data: object, text: str) -> None:
    body = read("error", data).body
    assert isinstance(body, ServerError)
    assert body.error == text


@pytest.mark.parametrize("data", ['"data":null', '"data":{}', '"data":5', '"x":1'])
def test_a_pong_may_have_any_data(data: str) -> None:
    assert decode(f'{{"type":"pong","timestamp":"t",{data}}}').type == "pong"


def history_of(data: object) -> UptimeHistory:
    body = decode_body("uptime_history", json.dumps(data))
    assert isinstance(body, UptimeHistory)
    return body


def test_a_captured_uptime_history_is_read_whole(captures: Path) -> None:
    answers = json.loads((captures / "rest_leader.json").read_text())
    history = history_of(answers["/admin/cluster/uptime/history?max_events=5&max_sessions=3"]["body"])
    assert history.node_id == "node-1"
    assert [(event.type, event.state, event.term, event.leader_id) for event in history.events] == [
        ("start", "Follower", None, None),
        ("election", "Leader", 1, "node-1"),
    ]
    assert [event.at_ns for event in history.events] == [1_795_421_859 * 10**9, 1_795_421_861 * 10**9]
    assert history.stats is not None
    assert (history.stats.current_uptime_ms, history.stats.total_elections) == (173_343, 1)
    (session,) = history.recent_sessions
    assert (session.start_ns, session.end_ns, session.duration_ms) == (1_795_421_859 * 10**9, None, 173_343)
    assert (session.leader_time_ms, session.follower_time_ms, session.candidate_time_ms) == (172_113, 1_229, 0)


def test_a_history_may_lack_parts_and_go_writes_an_empty_list_as_null() -> None:
    assert history_of({"node_id": "n", "events": None, "recent_sessions": None}) == UptimeHistory("n")
    told = history_of({"events": [{"type": "crash", "term": 2.0, "x": 1}, {}], "stats": 5, "recent_sessions": [{}]})
    assert told == UptimeHistory(
        events=(UptimeEvent("crash", term=2), UptimeEvent()), recent_sessions=(UptimeSession(),)
    )
    mended = history_of({"stats": {"current_uptime_str": "10h"}}).stats
    assert mended is not None
    assert mended.current_uptime_ms == 36_000_000
    ended = UptimeSession(end_time="0001-01-01T00:00:00Z", end_time_unix=-62_135_596_800)
    assert (ended.start_ns, ended.end_ns) == (None, None)


@pytest.mark.parametrize("data", [{}, {"message": "no"}, [], None], ids=str)
def test_what_is_no_history_is_malformed(data: object) -> None:
    assert isinstance(decode_body("uptime_history", json.dumps(data)), Malformed)


def test_a_history_is_never_a_message() -> None:
    assert isinstance(read("uptime_history", {"node_id": "n", "events": []}).body, Unknown)
