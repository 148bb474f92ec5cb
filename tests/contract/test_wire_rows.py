"""The 34 rows of wire.md §4, in which the real gateway differs from its guide: one test a row, or a few.

What is expected was read from the captures by hand.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import jwt
import pytest

from helios_desktop.client.address import AddressError, parse_address
from helios_desktop.client.classify import failure_of_status
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.effects import Announce, CloseSocket, LogIn, OpenSocket, Read, Refresh, Send
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    FirstFrame,
    GotToken,
    Opened,
    ReadEnded,
    Subscribe,
)
from helios_desktop.event import Event
from helios_desktop.export.event_json import event_record
from helios_desktop.observation import Cause, Kind, Observation, Phase
from helios_desktop.protocol.auth import LoginAnswer, token_expiry_s
from helios_desktop.protocol.codec import decode, decode_as, decode_body
from helios_desktop.protocol.messages import (
    ClusterHealth,
    CustomMetrics,
    Latency,
    Malformed,
    Metric,
    PeerChange,
    Pong,
    ServerError,
    Snapshot,
    StateChange,
    Status,
    StatusIndices,
    StatusLeader,
    Uptime,
)
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import PING_FRAME, UNSUBSCRIBE_FRAME, Topic
from helios_desktop.protocol.timestamps import parse_timestamp
from helios_desktop.store.silence import silence
from helios_desktop.store.state import NodeState
from helios_desktop.store.verdict import verdict
from tests.contract.life import NS, Life, watching
from tests.real_gateway.gateway import RealGateway
from tests.real_gateway.mode import Mode
from tests.unit.protocol.captured import captured_data, captured_frames
from tests.unit.store.scene import START_S, Scene, captured

TOKEN: Final = "393da6a811605dacee3d71d4bac51661c32a3e66bc372c245d506efde13ac42c"
ADMIN: Final = Credentials("admin", "admin123")
SILENCE: Final = Failure(Cause.SERVER_CLOSED, "closed without a word (code 1006)")
LEADER_LOG: Final = "steady_leader_60s_query.jsonl"
FOLLOWER_LOG: Final = "steady_follower_60s_header.jsonl"
ELECTION: Final = "leader_stopped_election_upstream_wiring.jsonl"


def statuses(folder: Path, name: str) -> list[Status]:
    """All statuses of a capture, of either type."""
    bodies = [decode(raw).body for raw in captured_frames(folder, name)]
    return [body for body in bodies if isinstance(body, Status)]


def played(folder: Path, name: str, *, without: str = "") -> Scene:
    """A capture as a session would have seen it; `without` is a type of message that is left out."""
    scene = Scene()
    for observation in captured(folder / name):
        if not without or f'{{"type":"{without}"' not in observation.text:
            scene.see(observation)
    return scene


def live() -> Scene:
    """One session that is live and saw nothing yet."""
    scene = Scene()
    scene.live("gateway")
    return scene


def shown(scene: Scene, event_type: str) -> list[Event]:
    """The events of a type as the timeline shows them: what completes another stands in its place."""
    return [event for event in scene.events if event.type == event_type]


def second_of(at_ns: int | None) -> float | None:
    """When, in seconds since the capture began."""
    return None if at_ns is None else round(at_ns / NS - START_S, 2)


def handshake(folder: Path, case: str) -> Failure:
    """How a captured handshake failed."""
    (row,) = [row for row in json.loads((folder / "handshake_failures.json").read_text()) if row["case"] == case]
    return failure_of_status(int(row["status_line"].split()[1]), row["body"])


@pytest.mark.parametrize(
    ("typed", "http", "socket"),
    [
        ("http://localhost:8080", "http://localhost:8080/x", "ws://localhost:8080/ws/cluster"),
        ("ws://localhost:8443", "http://localhost:8443/x", "ws://localhost:8443/ws/cluster"),
        (
            "https://gw.example:8443/helios/",
            "https://gw.example:8443/helios/x",
            "wss://gw.example:8443/helios/ws/cluster",
        ),
        ("wss://gw.example/ws/cluster", "https://gw.example:443/x", "wss://gw.example:443/ws/cluster"),
        ("127.0.0.1:8443", "http://127.0.0.1:8443/x", "ws://127.0.0.1:8443/ws/cluster"),
    ],
)
def test_row_01_the_base_url_is_whatever_the_user_types(typed: str, http: str, socket: str) -> None:
    address = parse_address(typed)
    assert (address.http_url("/x"), address.socket_url(None)) == (http, socket)


async def test_row_02_the_real_gateways_login_is_tried_first() -> None:
    async with RealGateway() as gateway:
        async with watching(gateway.url, ADMIN) as watcher:
            await watcher.until(lambda: bool(watcher.frames))
        assert gateway.calls == ["POST /api/v1/auth/login 200", "GET /ws/cluster 101"]
    assert watcher.changes[-1].login_path == "/api/v1/auth/login"


@pytest.mark.parametrize(("status", "said"), [(404, "404 page not found\n"), (405, "Method not allowed\n")])
def test_row_02_where_it_is_not_there_the_guides_is_tried_and_remembered(status: int, said: str) -> None:
    life = Life()
    life.step(Connect())
    assert life.only(LogIn) == [LogIn(1, "/api/v1/auth/login")]
    life.step(CallFailed(1, failure_of_status(status, said)))
    assert life.only(LogIn) == [LogIn(2, "/api/auth/login")]
    life.step(GotToken(2, LoginAnswer(TOKEN)))
    assert life.change.login_path == "/api/auth/login"
    again = Life(login_path="/api/auth/login")
    again.step(Connect())
    assert again.only(LogIn) == [LogIn(1, "/api/auth/login")]


def test_row_03_of_a_login_the_token_is_read(captures: Path) -> None:
    answer = json.loads((captures / "rest_auth.json").read_text())["login ok"]["body"]
    read = decode_as(LoginAnswer, json.dumps(answer) + "\n")
    assert read == LoginAnswer(TOKEN, user_id="108a598ba6e18b2b1ca729157230ce04")
    assert decode_as(LoginAnswer, '{"token":"t"}') == LoginAnswer("t")


def test_row_04_an_opaque_token_is_never_parsed_and_a_jwt_gives_a_hint() -> None:
    assert token_expiry_s(TOKEN) is None
    assert token_expiry_s(jwt.encode({"exp": 1_800_000_000}, "k" * 32, "HS256")) == 1_800_000_000
    assert token_expiry_s("not.a.jwt") is None


def test_row_05_a_live_socket_outlives_its_token_and_is_left_alone(captures: Path) -> None:
    told = [json.loads(line) for line in (captures / "token_expires_while_connected.jsonl").read_text().splitlines()]
    assert [row["t"] for row in told if '"status_update"' in row.get("raw", "")] == [1.832, 6.833]  # of a life of 2 s
    life = Life()
    life.go_live(TOKEN)
    assert life.change.token_expires_at_ns == life.now_ns + 900 * NS
    life.wait(901, is_heard=True)
    assert (life.only(OpenSocket), life.only(CloseSocket), life.only(Refresh)) == ([], [], [])
    assert len(life.only(LogIn)) == 1  # for the next connection, and for REST


def test_row_05_before_a_reconnect_an_old_token_is_renewed_by_a_login() -> None:
    life = Life()
    life.go_live(TOKEN)
    life.wait(13 * 60, is_heard=True)
    life.refuse(SILENCE)
    life.wait(5, is_heard=False)
    assert [type(effect) for effect in life.effects if isinstance(effect, LogIn | Refresh | OpenSocket)] == [LogIn]
    life.step(GotToken(life.only(LogIn)[0].call, LoginAnswer("the-next-token")))
    assert life.only(OpenSocket) == [OpenSocket(2, "the-next-token")]


async def test_row_06_no_account_is_assumed_and_a_refusal_says_what_it_is() -> None:
    assert Credentials() == Credentials("", "", "")
    async with RealGateway() as gateway:
        for credentials, cause, said in (
            (Credentials(), Cause.BAD_CREDENTIALS, "401 Authentication required"),
            (Credentials("admin", "wrong"), Cause.BAD_CREDENTIALS, "401 Invalid credentials"),
            (Credentials("viewer", "viewer123"), Cause.NOT_ADMIN, "403 Admin permission required"),
        ):
            async with watching(gateway.url, credentials) as watcher:
                await watcher.until(lambda: watcher.is_in(Phase.REJECTED))
            assert (watcher.changes[-1].cause, watcher.changes[-1].detail) == (cause, said)


def test_row_07_status_and_status_update_are_one(captures: Path) -> None:
    frames = captured_frames(captures, LEADER_LOG)
    assert [decode(raw).type for raw in frames[:3]] == ["status", "status_update", "status_update"]
    for raw in frames:
        other = raw.replace('"type":"status_update"', '"type":"status"', 1)
        pushed, asked = live(), live()
        pushed.text("gateway", raw)
        asked.text("gateway", other)
        assert decode(other).body == decode(raw).body
        assert told_of(pushed) == told_of(asked)
        assert pushed.node("node-3").term == 1


def told_of(scene: Scene) -> dict[str, tuple[Any, ...]]:
    """What the picture says of each node."""
    return {name: (node.role, node.term, node.commit_index, node.lag, node.latency) for name, node in picture(scene)}


def picture(scene: Scene) -> list[tuple[str, NodeState]]:
    return list(scene.state.nodes.items())


def test_row_08_node_state_and_term_are_nested_or_flat(captures: Path) -> None:
    first = statuses(captures, ELECTION)[:3]
    assert [(told.node_id, told.state, told.term) for told in first] == [
        ("node-1", "Leader", 2),
        ("node-2", "Follower", 2),
        ("node-3", "Follower", 2),
    ]
    flat = decode_body("status", '{"node_id":"node1","state":"Leader","term":5}')
    assert flat == Status("node1", "Leader", 5)


def test_row_09_the_indices_are_nested_or_flat(captures: Path) -> None:
    last = statuses(captures, "snapshot.jsonl")[-1]
    assert last.indices == StatusIndices(20, 3, 2063, 2063)
    assert (last.commit_index, last.last_applied) == (2063, 2063)
    flat = decode_body("status", '{"node_id":"n","commit_index":1000,"last_applied":999}')
    assert flat == Status("n", commit_index=1000, last_applied=999)


def test_row_10_an_empty_leader_is_unknown_and_not_none(captures: Path) -> None:
    told = statuses(captures, FOLLOWER_LOG)[0]
    assert (told.leader, told.leader_id) == (StatusLeader("", "", False), None)
    assert statuses(captures, LEADER_LOG)[0].leader_id == "node-3"
    assert decode_body("status", '{"node_id":"n","leader":"node1"}') == Status("n", leader="node1")
    scene = played(captures, FOLLOWER_LOG)
    assert (scene.state.leader, "leader_lost" in {event.type for event in scene.events}) == (None, False)
    assert "who leads is not told" in verdict(scene.state).text


def test_row_10_the_leader_that_one_observer_knows_fills_the_blank_of_the_others(captures: Path) -> None:
    scene = Scene()
    for observation in captured(captures / ELECTION):
        if observation.received_ns <= (START_S + 0.2) * NS:
            scene.see(observation)
    assert {name: seen.status.value.leader_id for name, seen in scene.state.observers.items() if seen.status} == {
        "node-1:8443": "node-1",
        "node-2:8443": None,
        "node-3:8443": None,
    }
    assert scene.state.leader == "node-1"


def test_row_11_peers_are_objects_in_random_order_and_are_read_in_one(captures: Path) -> None:
    _before, one, other = statuses(captures, "peer_added_removed.jsonl")
    assert [peer.id for peer in one.peers or () if not isinstance(peer, str)] == ["node-4", "node-1", "node-2"]
    assert [peer.id for peer in other.peers or () if not isinstance(peer, str)] == ["node-1", "node-2", "node-4"]
    assert one.peer_ids == other.peer_ids == ("node-1", "node-2", "node-4")
    assert [peer.address for peer in one.peer_details] == ["127.0.0.1:17000", "127.0.0.1:17001", "127.0.0.1:17003"]
    guide = decode_body("status", '{"node_id":"n","peers":["node3","node2"]}')
    assert isinstance(guide, Status)
    assert guide.peer_ids == ("node2", "node3")


def test_row_12_what_the_guide_does_not_have_is_read_where_it_is_there(captures: Path) -> None:
    leader, follower = statuses(captures, LEADER_LOG)[1], statuses(captures, FOLLOWER_LOG)[0]
    assert (leader.sessions, leader.tls) == ({"active_count": 0}, {"enabled": False, "verify_peer": False})
    assert leader.cluster_health == ClusterHealth(2, 0, 2, 1.327071, 20.178495, 0.0)
    assert leader.uptime == "5.185410799s"
    assert leader.uptime_stats is not None
    assert (leader.uptime_stats.current_uptime_ms, leader.uptime_stats.total_elections) == (5185, 1)
    latency = leader.peer_details[0].latency
    assert latency is not None
    assert (latency.p50_latency_ms, latency.sample_count, latency.reachable) == (0.451633, 30, True)
    assert follower.cluster_health is None
    assert [peer.latency for peer in follower.peer_details] == [None, None]


@pytest.mark.parametrize(
    "extra", ["sessions", "tls", "uptime", "uptime_stats", "cluster_health", "snapshot", "custom_metrics"]
)
def test_row_12_and_each_of_them_may_be_missing(captures: Path, extra: str) -> None:
    data = captured_data(captures, LEADER_LOG, "status_update")
    del data[extra]
    told = decode_body("status", json.dumps(data))
    assert isinstance(told, Status)
    assert (told.node_id, told.state, told.term, told.commit_index) == ("node-3", "Leader", 1, 1)


def test_row_13_the_index_of_the_snapshot_has_two_places(captures: Path) -> None:
    assert [told.snapshot_last for told in statuses(captures, "snapshot.jsonl")[:2]] == [None, 2063]
    assert decode_body("status", '{"node_id":"n","snapshot_last":900}') == Status("n", snapshot_last=900)


def test_row_14_a_state_change_is_found_between_two_statuses(captures: Path) -> None:
    scene = played(captures, ELECTION)
    (event,) = shown(scene, "state_change")
    assert (event.node, event.body) == ("node-2", StateChange("Follower", "Leader", 3))
    assert event.is_derived
    # The last status that said Follower, and the first that said Leader.
    assert (second_of(event.after_ns), second_of(event.at_ns)) == (1.74, 6.74)
    assert [second_of(told.received_ns) for told in event.evidence] == [1.74, 6.74]


def test_row_14_a_push_that_leaves_out_role_and_term_is_filled_and_told_once(captures: Path) -> None:
    raw = next(raw for raw in captured_frames(captures, "no_quorum_candidate_loop.jsonl") if "state_change" in raw)
    assert decode(raw).body == StateChange("", "Candidate", 0)
    scene = Scene()
    told: list[Event] = []
    for observation in captured(captures / "no_quorum_candidate_loop.jsonl"):
        if second_of(observation.received_ns) == 10.0:
            break
        told += [event for event in scene.see(observation) if event.type == "state_change"]
    pushed, completed = told
    # The role is known from the status at 0.08, the term of that role only from the one at 4.99.
    assert isinstance(pushed.body, StateChange)
    assert (pushed.body.old_state, pushed.body.new_state) == ("Follower", "Candidate")
    assert completed.completes is pushed
    assert completed.body == StateChange("Follower", "Candidate", 4)
    assert shown(scene, "state_change") == [completed]
    assert not completed.is_derived
    assert second_of(completed.at_ns) == 1.74


def test_row_14_a_push_that_comes_after_the_status_completes_what_was_derived() -> None:
    scene = live()
    scene.real_status("gateway", "Follower", 1, node="n")
    scene.wait(5)
    scene.real_status("gateway", "Leader", 2, node="n")
    (derived,) = shown(scene, "state_change")
    scene.wait(1)
    scene.frame("gateway", "state_change", {"old_state": "", "new_state": "Leader", "term": 0})
    (event,) = shown(scene, "state_change")
    assert (derived.is_derived, event.is_derived) == (True, False)
    assert event.completes is derived
    assert event.body == StateChange("Follower", "Leader", 2)
    assert (event.after_ns, event.at_ns) == (derived.after_ns, derived.at_ns)


@pytest.mark.parametrize("key", ["event_type", "event", "action"])
def test_row_15_what_happened_to_a_peer_has_three_names(key: str) -> None:
    told = decode_body("peer_change", json.dumps({key: "removed", "peer_id": "p"}))
    assert isinstance(told, PeerChange)
    assert (told.event_type, told.peer_id) == ("removed", "p")


def test_row_15_as_the_real_gateway_says_it(captures: Path) -> None:
    for name, peer in (("peer_added_removed.jsonl", "node-4"), ("forced_broadcast_each.jsonl", "node-9")):
        told = decode_body("peer_change", json.dumps(captured_data(captures, name, "peer_change")))
        assert isinstance(told, PeerChange)
        assert (told.event_type, told.peer_id) == ("added", peer)


def test_row_16_an_address_that_a_push_leaves_out_is_looked_up(captures: Path) -> None:
    told = captured_data(captures, "forced_broadcast_each.jsonl", "peer_change")
    read = decode_body("peer_change", json.dumps(told))
    assert isinstance(read, PeerChange)
    assert read.peer_address == "127.0.0.1:7009"
    scene = live()
    scene.text("gateway", captured_frames(captures, "peer_added_removed.jsonl")[0])
    scene.frame("gateway", "peer_change", {"event": "removed", "peer_id": "node-1", "address": ""})
    (removed,) = shown(scene, "peer_change")
    assert isinstance(removed.body, PeerChange)
    assert (removed.body.peer_id, removed.body.peer_address) == ("node-1", "127.0.0.1:17000")


def test_row_16_else_the_next_status_fills_it(captures: Path) -> None:
    scene = played(captures, "peer_added_removed.jsonl")
    (added,) = shown(scene, "peer_change")
    assert isinstance(added.body, PeerChange)
    assert (added.body.event_type, added.body.peer_id, added.body.peer_address) == (
        "added",
        "node-4",
        "127.0.0.1:17003",
    )
    assert (added.is_derived, second_of(added.at_ns)) == (False, 0.5)
    assert added.completes is not None


def test_row_17_a_peer_that_nobody_pushed_is_found_in_the_lists(captures: Path) -> None:
    scene = played(captures, "peer_added_removed.jsonl", without="peer_change")
    (added,) = shown(scene, "peer_change")
    assert added.is_derived
    assert added.body == PeerChange("node-4", "added", "127.0.0.1:17003")
    assert (second_of(added.after_ns), second_of(added.at_ns)) == (0.1, 2.61)
    scene.text("gateway:8443", captured_frames(captures, "peer_added_removed.jsonl")[0])
    removed = shown(scene, "peer_change")[-1]
    assert isinstance(removed.body, PeerChange)
    assert (removed.body.event_type, removed.body.peer_id, removed.is_derived) == ("removed", "node-4", True)


def test_row_17_one_that_was_pushed_is_told_once(captures: Path) -> None:
    scene = played(captures, "peer_added_removed.jsonl")
    assert [event.is_derived for event in shown(scene, "peer_change")] == [False]


def test_row_18_latency_is_told_apart_by_shape(captures: Path) -> None:
    pushed = decode_body("latency", json.dumps(captured_data(captures, "latency_broadcast.jsonl", "latency")))
    assert isinstance(pushed, Latency)
    assert pushed.aggregated is None
    assert pushed.peers is not None
    kinds = {name: peer.append_entries for name, peer in pushed.peers.items()}
    assert {name: kind and (kind.count, kind.p50_value_ms) for name, kind in kinds.items()} == {
        "node-1": (100, 0.434254),
        "node-2": (100, 0.537067),
    }
    rest = json.loads((captures / "rest_leader.json").read_text())["/admin/cluster/latency"]["body"]
    asked = decode_body("latency", json.dumps(rest))
    assert isinstance(asked, Latency)
    assert (asked.aggregated, asked.total and asked.total.count) == (None, 3446)
    assert asked.peers is not None
    assert asked.peers["node-2"].append_entries is not None
    assert asked.peers["node-2"].append_entries.avg_value_ms == 0.475823
    guide = '{"aggregated":{"append_entries":{"count":9,"avg_value_ms":2.5,"min_value_ms":1,"max_value_ms":10}}'
    for more in ("", ',"peers":{}', ',"health_summary":{"healthy":1,"unhealthy":0,"total":1}'):
        told = decode_body("latency", guide + more + "}")
        assert isinstance(told, Latency)
        assert told.aggregated is not None
        assert told.aggregated["append_entries"].avg_value_ms == 2.5


def test_row_18_where_none_is_pushed_the_status_tells_it(captures: Path) -> None:
    scene = live()
    scene.text("gateway", captured_frames(captures, LEADER_LOG)[1])
    told = {name: node.latency and (node.latency.count, node.latency.p50_value_ms) for name, node in picture(scene)}
    assert told == {"node-1": (30, 0.451633), "node-2": (30, 0.549845), "node-3": None}


def test_row_18_a_peer_that_was_never_reached_has_no_last_contact() -> None:
    told = '{"b":{"peer_id":"b","last_contact":"0001-01-01T00:00:00Z","last_contact_unix":-62135596800}}'
    never = decode_body("latency", told)
    assert isinstance(never, Latency)
    assert never.peers is not None
    assert never.peers["b"].last_contact_ns is None


def test_row_19_uptime_is_read_by_its_milliseconds_else_by_its_text(captures: Path) -> None:
    pushed = decode_body("uptime", json.dumps(captured_data(captures, "forced_broadcast_each.jsonl", "uptime")))
    assert isinstance(pushed, Uptime)
    assert (pushed.current_ns, pushed.total_sessions, pushed.total_uptime) == (146_052_000_000, 1, "2m26.052s")
    guide = decode_body("uptime", '{"current_uptime":"24h30m0s","total_sessions":5,"total_uptime":"120h15m30s"}')
    assert guide == Uptime("24h30m0s", 5, "120h15m30s")
    text = decode_body("uptime", '{"current_uptime_str":"1d4h5s"}')
    assert isinstance(text, Uptime)
    assert text.current_ns == 100_805 * NS


def test_row_19_where_none_is_pushed_the_status_tells_it(captures: Path) -> None:
    scene = live()
    scene.text("gateway", captured_frames(captures, LEADER_LOG)[1])
    assert scene.node("node-3").uptime_ns == 5_185_000_000
    data = captured_data(captures, LEADER_LOG, "status_update")
    del data["uptime_stats"]
    scene = live()
    scene.frame("gateway", "status", data)
    assert scene.node("node-3").uptime_ns == 5_185_410_799


def test_row_20_a_snapshot_is_an_event_or_statistics(captures: Path) -> None:
    frames = [raw for raw in captured_frames(captures, "snapshot.jsonl") if '"type":"snapshot"' in raw]
    none, one = (decode(raw).body for raw in frames)
    assert isinstance(none, Snapshot)
    assert isinstance(one, Snapshot)
    assert none.index is None
    assert (one.index, one.term, one.size_bytes, one.duration_ms) == (2063, 3, 14316, 1)
    guide = decode_body("snapshot", '{"index":1000,"term":5,"size_bytes":1048576,"duration_ms":150}')
    assert guide == Snapshot(1000, 5, 1048576, 150)


def test_row_20_a_snapshot_that_nobody_pushed_is_found_between_two_statuses(captures: Path) -> None:
    scene = played(captures, "snapshot.jsonl", without="snapshot")
    (event,) = shown(scene, "snapshot")
    assert isinstance(event.body, Snapshot)
    assert (event.node, event.body.index, event.body.term, event.body.size_bytes) == ("node-2", 2063, 3, 14316)
    assert event.is_derived
    assert (second_of(event.after_ns), second_of(event.at_ns)) == (0.0, 4.13)


def test_row_20_the_push_that_comes_later_completes_it(captures: Path) -> None:
    scene = played(captures, "snapshot.jsonl")
    taken = [event for event in shown(scene, "snapshot") if isinstance(event.body, Snapshot) and event.body.index]
    assert [(event.body.duration_ms, event.is_derived) for event in taken if isinstance(event.body, Snapshot)] == [
        (1, False)
    ]
    assert second_of(taken[0].at_ns) == 4.13


def test_row_21_custom_metrics_are_a_flat_map_or_a_table(captures: Path) -> None:
    frames = [raw for raw in captured_frames(captures, "custom_metrics_rest.jsonl") if '"type":"custom_metrics"' in raw]
    told = decode(frames[1]).body
    assert isinstance(told, CustomMetrics)
    assert told.is_complete
    assert {name: (one.type, one.value, one.help, one.labels) for name, one in told.metrics.items()} == {
        "app_requests_total": ("counter", 0, "reqs", {"env": "prod", "zone": "é"}),
        "queue_depth": ("gauge", 0, "depth", None),
    }
    flat = '{"request_count":{"type":"counter","help":"Total number of requests","value":1500}}'
    guide = CustomMetrics({"request_count": Metric("counter", 1500, "Total number of requests")})
    assert decode_body("custom_metrics", flat) == guide


@pytest.mark.parametrize("name", ["metrics", "total_metrics"])
def test_row_21_a_metric_of_a_confusing_name_is_a_metric_in_either(name: str) -> None:
    metric = {"type": "gauge", "value": 1.5}
    table = {"total_metrics": 1, "counter_metrics": 0, "metrics": {name: metric}}
    for data, is_complete in (({name: metric}, False), (table, True)):
        told = decode_body("custom_metrics", json.dumps(data))
        assert told == CustomMetrics({name: Metric("gauge", 1.5)}, is_complete=is_complete)


def test_row_22_metrics_created_changed_and_deleted_are_found_between_statuses(captures: Path) -> None:
    scene = played(captures, "custom_metrics_rest.jsonl", without="custom_metrics")
    told = []
    for event in shown(scene, "custom_metrics"):
        assert isinstance(event.body, CustomMetrics)
        assert event.is_derived
        values = {name: metric.value for name, metric in event.body.metrics.items()}
        told.append((second_of(event.after_ns), second_of(event.at_ns), values, event.body.removed))
    assert told == [
        (0.43, 5.43, {"app_requests_total": 0, "latency_s": 0, "odd": 0, "queue_depth": 42.5}, ()),
        (5.43, 10.43, {"app_requests_total": 7, "latency_s": 2, "big": 1e21, "neg": 0, "tiny": 1e-9}, ()),
        (10.43, 15.43, {}, ("odd",)),
    ]


def test_row_22_what_was_pushed_is_not_told_again(captures: Path) -> None:
    scene = played(captures, "custom_metrics_rest.jsonl")
    assert [event.is_derived for event in shown(scene, "custom_metrics")] == 12 * [False]


def test_row_23_an_error_is_read_from_either_key(captures: Path) -> None:
    pushed = decode_body("error", json.dumps(captured_data(captures, "forced_broadcast_each.jsonl", "error")))
    assert pushed == ServerError("adapter error")
    other = decode_body("error", '{"message":"adapter error"}')
    assert isinstance(other, ServerError)
    assert other.error == "adapter error"


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("2026-11-23T08:20:52.800094841Z", 1_795_422_052_800_094_841),
        ("2026-11-23T08:28:20.94088779Z", 1_795_422_500_940_887_790),
        ("2026-11-23T13:50:52.800094841+05:30", 1_795_422_052_800_094_841),
        ("2026-11-23t08:20:52z", 1_795_422_052 * NS),
        ("2026-11-23T08:20:52.8-00:00", 1_795_422_052_800_000_000),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("2026-11-23T08:20:52", None),
        ("", None),
    ],
)
def test_row_24_a_timestamp_has_any_fraction_and_offset(text: str, at_ns: int | None) -> None:
    assert parse_timestamp(text) == at_ns


@pytest.mark.parametrize("timestamp", ["yesterday", "", None, 5])
def test_row_24_where_it_cannot_be_read_the_time_of_receipt_counts(timestamp: object) -> None:
    scene = live()
    scene.text("gateway", json.dumps({"type": "status", "timestamp": timestamp, "data": {"node_id": "n"}}))
    (event,) = shown(scene, "status")
    assert (event.at_ns, event.node) == (START_S * NS, "n")
    record = event_record(event)
    assert record["received_at"] == "2027-01-15T08:00:00.000000000Z"
    assert record["timestamp"] == (timestamp if timestamp == "yesterday" else record["received_at"])


def test_row_25_a_subscribe_names_all_seven_and_comes_again_after_a_reconnect() -> None:
    wanted = {topic.value: topic is Topic.LATENCY for topic in Topic}
    life = Life()
    life.go_live(TOKEN)
    life.step(Subscribe(frozenset({Topic.LATENCY})))
    (asked,) = life.only(Send)
    assert json.loads(asked.text) == {"type": "subscribe", "data": wanted}
    assert len(wanted) == 7
    life.refuse(SILENCE)
    life.wait(5, is_heard=False)
    assert life.only(OpenSocket) == [OpenSocket(2, TOKEN)]
    life.step(Opened(2))
    asked_again, _ping = life.only(Send)
    assert json.loads(asked_again.text) == {"type": "subscribe", "data": wanted}


def test_row_26_without_any_topic_a_ping_still_tells_that_the_gateway_lives(captures: Path) -> None:
    told = [decode(raw).type for raw in captured_frames(captures, "unsubscribe.jsonl")]
    assert told == ["status", "error", "pong", "error"]
    life = Life(topics=frozenset())
    life.go_live(TOKEN)
    life.wait(60, is_heard=True)
    assert [sent.text for sent in life.only(Send)] == 12 * [PING_FRAME]
    assert life.only(Announce) == []


def test_row_26_what_was_turned_off_is_not_missed(captures: Path) -> None:
    scene = live()
    scene.text("gateway", captured_frames(captures, "unsubscribe.jsonl")[0])
    scene.see(Observation("gateway", 1, scene.now_ns, Kind.SENT, UNSUBSCRIBE_FRAME))
    assert "node_silent" not in [event.type for event in scene.wait(120)]
    assert not any(seen.requested for seen in scene.observer("gateway").topics.values())


async def test_row_27_native_pongs_keep_a_session_alive_far_beyond_the_read_deadline(captures: Path) -> None:
    # The captured client sent JSON pings, but no pongs, and was cut at its deadline.
    (cut,) = [line for line in (captures / "no_control_pong.jsonl").read_text().splitlines() if '"result"' in line]
    assert json.loads(cut)["after"] == 60.0
    quick = RealGateway(ping_s=0.1, read_deadline_s=1.0, cadence_s=0.1)
    async with quick as gateway, watching(gateway.url, ADMIN) as watcher:
        await watcher.until(lambda: len(watcher.frames) > 25)
        assert [change.phase for change in watcher.changes].count(Phase.LIVE) == 1
        assert gateway.calls.count("GET /ws/cluster 101") == 1


def test_row_27_a_json_ping_measures_the_round_trip() -> None:
    scene = live()
    scene.see(Observation("gateway", 1, scene.now_ns, Kind.SENT, PING_FRAME))
    scene.wait(0.25)
    scene.text("gateway", '{"type":"pong","timestamp":"2027-01-15T08:00:00.125Z"}\n')
    assert (scene.observer("gateway").rtt_ns, scene.observer("gateway").clock_offset_ns) == (NS // 4, 0)


@asynccontextmanager
async def overheard(requests: asyncio.Queue[str]) -> AsyncIterator[str]:
    """A server that keeps what it is asked, and lets nobody in; gives its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.put_nowait((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_row_28_the_token_travels_in_the_header_alone() -> None:
    requests: asyncio.Queue[str] = asyncio.Queue()
    async with overheard(requests) as url, watching(url, Credentials(token=TOKEN)):
        request = await asyncio.wait_for(requests.get(), 20)
    assert request.startswith("GET /ws/cluster HTTP/1.1\r\n")
    assert f"\r\nAuthorization: Bearer {TOKEN}\r\n" in request
    assert request.count(TOKEN) == 1
    with pytest.raises(AddressError):
        parse_address(f"ws://localhost:8443/ws/cluster?token={TOKEN}")


@pytest.mark.parametrize("case", ["no_token", "bad_token_header", "expired_token_1s", "token_from_other_node"])
def test_row_29_a_401_leads_to_one_fresh_login_and_then_to_the_user(captures: Path, case: str) -> None:
    failure = handshake(captures, case)
    life = Life()
    life.step(Connect())
    life.step(GotToken(1, LoginAnswer(TOKEN)))
    life.refuse(failure)
    assert [type(effect) for effect in life.effects] == [Announce, LogIn]
    life.step(GotToken(2, LoginAnswer("another-token")))
    assert life.only(OpenSocket) == [OpenSocket(2, "another-token")]
    life.refuse(failure)
    assert (life.change.phase, life.change.cause) == (Phase.REJECTED, Cause.BAD_CREDENTIALS)
    assert life.connection.deadline_ns is None


@pytest.mark.parametrize("case", ["readonly_role", "user_role"])
def test_row_29_a_403_stops_at_once(captures: Path, case: str) -> None:
    life = Life()
    life.step(Connect())
    life.step(GotToken(1, LoginAnswer(TOKEN)))
    life.refuse(handshake(captures, case))
    assert (life.change.phase, life.change.cause) == (Phase.REJECTED, Cause.NOT_ADMIN)
    assert life.change.detail == "403 Admin permission required"


def test_row_29_a_404_is_a_wrong_address(captures: Path) -> None:
    life = Life()
    life.step(Connect())
    life.step(GotToken(1, LoginAnswer(TOKEN)))
    life.refuse(handshake(captures, "trailing_slash"))
    # A proxy that knows no such path says the same, so REST is asked before the user is.
    (read,) = life.only(Read)
    assert read.call is RestCall.STATUS
    not_there = failure_of_status(404, "404 page not found\n")
    life.step(ReadEnded(read.number, 404, not_there))
    assert (life.change.phase, life.change.cause) == (Phase.REJECTED, Cause.NOT_FOUND)


@pytest.mark.parametrize(
    "failure",
    [Failure(Cause.REFUSED, "Connection refused"), failure_of_status(503, "Service Unavailable"), SILENCE],
    ids=["refused", "503", "closed"],
)
def test_row_29_all_else_backs_off(failure: Failure) -> None:
    life = Life()
    life.step(Connect())
    life.step(GotToken(1, LoginAnswer(TOKEN)))
    life.refuse(failure)
    for read in life.only(Read):
        life.step(ReadEnded(read.number, None, failure))
    assert (life.change.phase, life.change.cause) == (Phase.BACKOFF, failure.cause)
    assert life.change.retry_at_ns is not None
    assert life.change.retry_at_ns >= life.now_ns + NS


async def test_row_30_a_status_in_fragments_is_one_message_and_ends_with_a_new_line(captures: Path) -> None:
    async with RealGateway() as gateway:
        gateway.play(captures / LEADER_LOG)
        async with watching(gateway.url, ADMIN) as watcher:
            await watcher.until(lambda: any('"type":"status"' in text for text in watcher.frames))
    whole = captured_frames(captures, LEADER_LOG)[0]
    assert whole.endswith("}\n")
    assert len(whole.encode()) > 2076
    assert whole in watcher.frames
    assert not any(isinstance(decode(text).body, Malformed) for text in watcher.frames)


def test_row_31_where_not_even_a_ping_is_answered_the_hub_does_not_run() -> None:
    life = Life()
    life.open(TOKEN)
    assert [json.loads(sent.text)["type"] for sent in life.only(Send)] == ["subscribe", "ping"]
    life.wait(11.9, is_heard=False)
    assert life.only(Announce) == []
    life.wait(0.2, is_heard=False)
    assert (life.change.phase, life.change.cause) == (Phase.BACKOFF, Cause.HUB_NOT_RUNNING)
    life.step(Disconnect())


@pytest.mark.parametrize(
    ("status", "said"),
    [(503, "Raft not enabled\n"), (500, "Failed to get cluster status: raft not enabled\n")],
)
def test_row_31_where_pings_are_answered_and_no_status_comes_rest_says_why(status: int, said: str) -> None:
    scene = live()
    for _ in range(4):
        scene.wait(5)
        scene.text("gateway", '{"type":"pong","timestamp":"2027-01-15T08:00:00Z"}\n')
    assert silence(scene.observer("gateway"), scene.now_ns) is Cause.NO_STATUS
    scene.rest("gateway", RestCall.STATUS, said, status)
    assert silence(scene.observer("gateway"), scene.now_ns) is Cause.RAFT_NOT_ENABLED
    assert failure_of_status(status, said).cause is Cause.RAFT_NOT_ENABLED


@pytest.mark.parametrize("mode", [Mode.RAFT_OFF, Mode.RAFT_DISABLED])
async def test_row_31_a_gateway_without_raft_answers_pings_alone(mode: Mode) -> None:
    async with RealGateway(mode=mode) as gateway, watching(gateway.url, ADMIN) as watcher:
        await watcher.until(lambda: bool(watcher.frames))
        assert [decode(text).type for text in watcher.frames] == ["pong"]
        assert watcher.is_in(Phase.LIVE)


def test_row_32_a_reconnect_waits_for_a_second_at_least_and_by_chance() -> None:
    life = Life()
    life.go_live(TOKEN)
    waits_s = []
    for _ in range(6):
        life.refuse(SILENCE)
        retry_ns = life.change.retry_at_ns
        assert retry_ns is not None
        waits_s.append((retry_ns - life.now_ns) / NS)
        life.wait(waits_s[-1] + 0.1, is_heard=False)
        for login in life.only(LogIn):
            life.step(GotToken(login.call, LoginAnswer(TOKEN)))
        assert len(life.only(OpenSocket)) == 1
    assert min(waits_s) >= 1.0
    assert max(waits_s) > 4.0
    assert len(set(waits_s)) == 6


def test_row_32_no_socket_is_closed_before_its_first_message_or_half_a_second() -> None:
    life = Life()
    life.open(TOKEN)
    life.step(Disconnect())
    assert life.only(CloseSocket) == []
    life.wait(0.4, is_heard=False)
    assert life.only(CloseSocket) == []
    life.wait(0.2, is_heard=False)
    assert life.only(CloseSocket) == [CloseSocket(1)]
    early = Life()
    early.open(TOKEN)
    early.step(Disconnect())
    early.step(FirstFrame(1))
    assert early.only(CloseSocket) == [CloseSocket(1)]


async def test_row_32_a_session_that_is_ended_at_once_does_not_kill_the_gateway() -> None:
    async with RealGateway(first_status_s=60, mode=Mode.HUB_OFF) as gateway:
        async with watching(gateway.url, ADMIN) as watcher:
            await watcher.until(lambda: watcher.is_in(Phase.SYNCING))
        assert not gateway.has_crashed
        assert gateway.is_running


def test_row_33_a_pong_has_no_data(captures: Path) -> None:
    raw = next(raw for raw in captured_frames(captures, "ping_pong.jsonl") if "pong" in raw)
    assert raw == '{"type":"pong","timestamp":"2026-11-23T08:23:17.570849699Z"}\n'
    for text in (raw, '{"type":"pong","timestamp":"","data":null}', '{"type":"pong","timestamp":"","data":{"x":1}}'):
        message = decode(text)
        assert (message.type, message.body) == ("pong", Pong())


def test_row_34_a_status_replaces_all_that_was_told_before(captures: Path) -> None:
    for name in (LEADER_LOG, "custom_metrics_rest.jsonl", "peer_added_removed.jsonl"):
        frames = [raw for raw in captured_frames(captures, name) if raw.startswith('{"type":"status')]
        every, last = live(), live()
        for raw in frames:
            every.text("gateway", raw)
        last.text("gateway", frames[-1])
        assert len(frames) > 2
        assert told_of(every) == told_of(last)
        assert every.state.members == last.state.members
        known, fresh = every.observer("gateway").metrics, last.observer("gateway").metrics
        assert known is not None
        assert fresh is not None
        assert known.value == fresh.value


def test_no_row_was_left_out() -> None:
    rows = {name.split("_")[2] for name in globals() if name.startswith("test_row_")}
    assert rows == {f"{number:02}" for number in range(1, 35)}
