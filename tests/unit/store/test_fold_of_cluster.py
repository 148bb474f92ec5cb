"""The merged picture and what is derived of it, in the guide's dialect, each rule by a short story."""

import pytest

from helios_desktop.event import (
    CommitProgress,
    LeaderChange,
    LeaderLost,
    NodeReach,
    NodeRestarted,
    TermChange,
)
from helios_desktop.observation import Cause, Kind, Phase
from helios_desktop.protocol.messages import PeerChange, StateChange
from helios_desktop.store.state import LeadershipSpan, Role
from tests.unit.store.scene import NS, STOPPED, THREE, Scene, latency, peer, three_live, types


def test_three_views_make_one_picture_and_the_leader_is_told_once() -> None:
    scene = Scene()
    scene.live(*THREE)
    assert types(scene.beat()) == ["leader_change"]
    assert list(scene.state.nodes) == list(THREE)
    assert [node.role for node in scene.state.nodes.values()] == [Role.LEADER, Role.FOLLOWER, Role.FOLLOWER]
    assert all(node.is_direct and not node.is_stale and node.is_reachable for node in scene.state.nodes.values())
    assert (scene.state.leader, scene.state.term, scene.state.leader_since_ns) == ("node1", 1, scene.now_ns)
    assert types(scene.beat(commit=130)) == []
    assert scene.state.commit_index == 130


def test_an_election_is_a_leader_lost_and_a_leader_change_told_once() -> None:
    scene = three_live()
    scene.wait(2)
    events = scene.frame("node1", "error", STOPPED)
    assert types(events) == ["error", "leader_lost", "peer_unreachable"]
    assert events[1].body == LeaderLost("node1", 1, "its gateway says that the node is stopped")
    assert scene.node("node1").role is Role.UNREACHABLE
    lost_ns = scene.now_ns
    scene.wait(1)
    events = scene.frame("node2", "state_change", {"old_state": "Follower", "new_state": "Candidate", "term": 2})
    assert types(events) == ["state_change", "term_change"]
    assert events[1].body == TermChange(1, 2)
    events = scene.frame("node2", "state_change", {"old_state": "Candidate", "new_state": "Leader", "term": 2})
    assert types(events) == ["state_change", "leader_change"]
    change = events[1]
    assert change.body == LeaderChange("node1", "node2", 2)
    assert change.evidence[-1] is change.observation
    assert len(change.evidence) == 2
    scene.wait(1)
    assert types(scene.beat("node2", 2, but=("node1",))) == []
    assert scene.state.leaderships == (
        LeadershipSpan("node1", 1, lost_ns - 2 * NS, lost_ns),
        LeadershipSpan(None, 1, lost_ns, lost_ns + NS),
        LeadershipSpan("node2", 2, lost_ns + NS),
    )


def test_a_node_that_starts_again_is_reached_again_and_restarted() -> None:
    scene = three_live()
    scene.frame("node3", "uptime", {"current_uptime": "1h0m0s"})
    scene.wait(1)
    assert types(scene.frame("node3", "error", STOPPED)) == ["error", "peer_unreachable"]
    assert types(scene.frame("node3", "error", STOPPED)) == ["error"]
    scene.wait(20)
    assert "node_silent" not in types([event for event in scene.events if event.node == "node3"])
    scene.beat(but=("node3",))
    assert types(scene.status("node3")) == ["peer_reachable"]
    (_, restarted) = scene.frame("node3", "uptime", {"current_uptime": "2s"})
    assert restarted.body == NodeRestarted("node3", 3600 * NS, 2 * NS)
    assert types(scene.frame("node3", "uptime", {"current_uptime": "12s"})) == ["uptime"]
    assert scene.node("node3").uptime_ns == 12 * NS


def test_a_deposed_leader_of_a_lower_term_does_not_count_and_cannot_come_back() -> None:
    scene = three_live()
    scene.wait(1)
    scene.frame("node2", "state_change", {"old_state": "Candidate", "new_state": "Leader", "term": 2})
    scene.status("node3", term=2, leader="node2")
    assert scene.state.leader == "node2"
    assert types(scene.status("node1", "Leader", 1)) == []
    assert scene.state.leader == "node2"
    assert scene.node("node1").role is Role.LEADER
    scene.frame("node2", "error", STOPPED)
    assert types(scene.status("node1", "Leader", 1)) == []
    assert scene.state.leader is None


def test_an_isolated_candidate_of_a_high_term_deposes_nobody() -> None:
    scene = three_live()
    events = scene.frame("node3", "state_change", {"old_state": "Follower", "new_state": "Candidate", "term": 9})
    assert types(events) == ["state_change", "term_change"]
    scene.wait(5)
    scene.beat(but=("node3",))
    assert (scene.state.leader, scene.state.term) == ("node1", 9)


def test_the_same_leader_of_a_later_term_is_a_leader_change() -> None:
    scene = three_live()
    scene.wait(5)
    events = scene.beat(term=3)
    assert types(events) == ["term_change", "leader_change"]
    assert events[2].body == LeaderChange("node1", "node1", 3)


def test_a_leader_that_steps_down_is_lost_by_its_own_word_although_others_still_name_it() -> None:
    scene = three_live()
    events = scene.frame("node1", "state_change", {"old_state": "Leader", "new_state": "Follower", "term": 2})
    assert types(events) == ["state_change", "term_change", "leader_lost"]
    assert isinstance(events[2].body, LeaderLost)
    assert events[2].body.reason == "it says itself that it is follower"


def test_mere_silence_of_the_leader_deposes_it_not() -> None:
    scene = three_live()
    for second in range(0, 60, 5):
        scene.beat(commit=100 + second, but=("node1",))
        scene.wait(5)
    assert scene.state.leader == "node1"
    node1 = scene.node("node1")
    assert (node1.role, node1.told_by, node1.is_stale, node1.is_own_stale) == (Role.LEADER, "node2", False, True)
    for observer in THREE:
        scene.phase(observer, Phase.BACKOFF, Cause.SERVER_CLOSED)
    assert scene.state.leader == "node1"
    assert "leader_lost" not in types(scene.events)


def test_a_leader_is_lost_when_no_node_knows_one() -> None:
    scene = Scene()
    scene.live("node2", "node3")
    scene.beat(but=("node1",))
    scene.wait(1)
    assert types(scene.status("node2", leader="")) == []
    (_, lost) = scene.status("node3", leader="")
    assert lost.body == LeaderLost("node1", 1, "no node knows a leader")


def test_a_follower_alone_tells_who_leads_and_nothing_more_of_the_others() -> None:
    scene = Scene()
    scene.live("node2")
    scene.status("node2")
    leader, silent = scene.node("node1"), scene.node("node3")
    assert (leader.role, leader.told_by, leader.is_direct) == (Role.LEADER, "node2", False)
    assert (leader.commit_index, leader.lag, leader.uptime_ns) == (None, None, None)
    assert (silent.role, silent.told_by, silent.term, silent.is_reachable) == (Role.UNKNOWN, "", None, None)
    scene.phase("node2", Phase.BACKOFF, Cause.SERVER_CLOSED)
    assert scene.state.leader == "node1"
    assert scene.node("node1").is_stale


def test_a_gateway_that_refuses_connections_speaks_for_its_node_but_not_for_one_asked_by_name() -> None:
    for name, expected in (("localhost:8081", Role.UNREACHABLE), ("node1", Role.LEADER)):
        scene = Scene()
        scene.live(name)
        scene.status(name, "Leader", node="node1")
        scene.phase(name, Phase.BACKOFF, Cause.SERVER_CLOSED)
        assert scene.node("node1").role is Role.LEADER
        scene.phase(name, Phase.BACKOFF, Cause.REFUSED)
        assert scene.node("node1").role is expected


def test_the_only_gateway_that_refuses_connections_leaves_the_leader_unknown_and_not_lost() -> None:
    scene = Scene()
    scene.live("localhost:8081")
    scene.status("localhost:8081", "Leader", node="node1")
    scene.phase("localhost:8081", Phase.BACKOFF, Cause.SERVER_CLOSED)
    events = scene.phase("localhost:8081", Phase.BACKOFF, Cause.REFUSED)
    assert "leader_lost" not in [event.type for event in events]
    assert [span.leader for span in scene.state.leaderships] == ["node1"]
    assert all(observer.is_stale for observer in scene.state.observers.values())


def test_a_leader_whose_gateway_refuses_is_lost_where_others_are_heard() -> None:
    scene = Scene()
    scene.live("localhost:8081", "localhost:8082")
    scene.status("localhost:8081", "Leader", node="node1")
    scene.status("localhost:8082", "Follower", node="node2", leader=None)
    scene.phase("localhost:8081", Phase.BACKOFF, Cause.SERVER_CLOSED)
    events = scene.phase("localhost:8081", Phase.BACKOFF, Cause.REFUSED)
    assert "leader_lost" in [event.type for event in events]


def test_a_role_that_changed_unseen_is_derived_and_one_that_was_pushed_is_not_told_twice() -> None:
    scene = three_live()
    scene.frame("node2", "state_change", {"old_state": "Follower", "new_state": "Candidate", "term": 2})
    assert types(scene.status("node2", "Candidate", 2, leader=None)) == []
    scene.wait(1)
    (_, derived) = scene.status("node2", "Follower", 2, leader=None)
    assert (derived.type, derived.node) == ("state_change", "node2")
    assert derived.body == StateChange("Candidate", "Follower", 2)
    assert [told.text for told in derived.evidence][-1] == derived.observation.text
    assert len(derived.evidence) == 2
    assert derived.after_ns == derived.evidence[0].received_ns == derived.at_ns - NS


def test_a_state_change_without_a_term_keeps_the_one_that_is_known() -> None:
    scene = three_live()
    scene.frame("node2", "state_change", {"old_state": "", "new_state": "Candidate", "term": 0})
    assert (scene.node("node2").role, scene.node("node2").term) == (Role.CANDIDATE, 1)


def test_a_pushed_peer_change_moves_members_at_once_and_lists_do_not_tell_it_again() -> None:
    scene = three_live()
    added = {"event_type": "added", "peer_id": "node4", "peer_address": "localhost:8004"}
    assert types(scene.frame("node1", "peer_change", added)) == ["peer_change"]
    assert list(scene.state.nodes) == [*THREE, "node4"]
    assert types(scene.status("node2")) == []
    assert "node4" in scene.state.nodes
    four = (*THREE, "node4")
    assert types(scene.beat(members=four, but=("node4",))) == []
    removed = {"event_type": "removed", "peer_id": "node4", "peer_address": ""}
    assert types(scene.frame("node1", "peer_change", removed)) == ["peer_change"]
    assert list(scene.state.nodes) == list(THREE)
    assert types(scene.status("node2", members=four)) == []
    assert list(scene.state.nodes) == list(THREE)


def test_a_peer_change_that_nobody_pushed_is_derived_once() -> None:
    scene = three_live()
    scene.wait(5)
    four = (*THREE, "node4")
    events = scene.beat(members=four, but=("node4",))
    assert types(events) == ["peer_change"]
    derived = next(event for event in events if event.is_derived)
    assert derived.body == PeerChange("node4", "added")
    assert len(derived.evidence) == 2
    scene.wait(5)
    events = scene.beat()
    assert types(events) == ["peer_change"]
    assert PeerChange("node4", "removed") in [event.body for event in events]
    assert list(scene.state.nodes) == list(THREE)


def test_a_removed_member_leaves_and_nothing_of_it_is_missed() -> None:
    scene = three_live()
    scene.phase("node3", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(2)
    scene.frame("node1", "peer_change", {"event_type": "removed", "peer_id": "node3"})
    assert list(scene.state.nodes) == ["node1", "node2"]
    assert scene.state.gaps[-1].until_ns == scene.now_ns
    scene.live("node3")
    scene.phase("node3", Phase.CLOSED, Cause.ASKED)
    assert all(gap.until_ns is not None for gap in scene.state.gaps)


def test_the_leader_tells_who_is_out_of_reach_and_a_follower_does_not() -> None:
    scene = three_live()
    assert types(scene.frame("node2", "latency", latency(peer("node3", reachable=False, errors=5)))) == ["latency"]
    events = scene.frame("node1", "latency", latency(peer("node2"), peer("node3", reachable=False, errors=3)))
    assert types(events) == ["latency", "peer_unreachable"]
    assert events[1].body == NodeReach("node3", "no answer to its peers, 3 times in a row", scene.now_ns)
    events = scene.frame("node1", "latency", latency(peer("node2"), peer("node3", reachable=False, errors=4)))
    assert types(events) == ["latency"]
    scene.wait(1)
    assert types(scene.status("node3")) == []
    events = scene.frame("node1", "latency", latency(peer("node2"), peer("node3")))
    assert types(events) == ["latency", "peer_reachable"]


def test_a_partitioned_node_keeps_the_role_that_its_own_gateway_tells() -> None:
    scene = three_live()
    scene.frame("node1", "latency", latency(peer("node3", reachable=False)))
    scene.frame("node3", "state_change", {"old_state": "Follower", "new_state": "Candidate", "term": 2})
    assert scene.node("node3").role is Role.CANDIDATE
    assert scene.node("node3").is_reachable is False


def test_an_election_neither_takes_nodes_out_of_reach_nor_brings_them_back() -> None:
    scene = three_live()
    scene.frame("node3", "state_change", {"old_state": "Follower", "new_state": "Candidate", "term": 2})
    scene.frame("node1", "latency", latency(peer("node2"), peer("node3", reachable=False)))
    scene.frame("node3", "latency", latency(peer("node1", reachable=False), peer("node2", reachable=False)))
    scene.wait(1)
    events = scene.frame("node1", "state_change", {"old_state": "Leader", "new_state": "Follower", "term": 3})
    assert types(events) == ["state_change", "term_change", "leader_lost"]
    assert set(scene.state.unreachable) == {"node3"}
    events = scene.frame("node2", "state_change", {"old_state": "Candidate", "new_state": "Leader", "term": 4})
    assert types(events) == ["state_change", "term_change", "leader_change"]
    events = scene.frame("node2", "latency", latency(peer("node1"), peer("node3")))
    assert types(events) == ["latency", "peer_reachable"]


def test_what_a_deposed_leader_told_of_others_is_no_longer_told_after_two_beats() -> None:
    scene = Scene()
    scene.live("node1")
    scene.status("node1", "Leader")
    scene.frame("node1", "latency", latency(peer("node2"), peer("node3", reachable=False)))
    assert scene.node("node3").role is Role.UNREACHABLE
    scene.frame("node1", "state_change", {"old_state": "Leader", "new_state": "Follower", "term": 2})
    for _ in range(3):
        scene.wait(5)
        scene.status("node1", term=2, leader="node2")
    assert (scene.node("node3").role, scene.node("node3").is_reachable) == (Role.UNKNOWN, None)
    assert "peer_reachable" not in types(scene.events)


def test_latency_to_a_node_is_the_leaders_and_the_leader_has_none() -> None:
    scene = three_live()
    scene.frame("node1", "latency", latency(peer("node2", p50=1.5), peer("node3", p50=2.5)))
    told = scene.node("node2").latency
    assert told is not None
    assert told.p50_value_ms == 1.5
    assert scene.node("node2").latency_ns == scene.now_ns
    assert scene.node("node1").latency is None
    scene.frame("node2", "state_change", {"old_state": "Follower", "new_state": "Leader", "term": 2})
    assert scene.node("node3").latency is None


def test_lag_is_of_statuses_of_the_same_beat_only() -> None:
    scene = three_live()
    assert (scene.node("node1").lag, scene.node("node2").lag) == (None, 0)
    scene.wait(5)
    scene.status("node1", "Leader", commit=150)
    assert scene.node("node2").lag == 0
    scene.status("node2", commit=147)
    assert (scene.node("node2").lag, scene.node("node2").lag_ns) == (3, scene.now_ns)
    scene.wait(3)
    scene.status("node3", commit=160)
    assert scene.node("node3").lag == 0
    scene.frame("node3", "error", STOPPED)
    assert scene.node("node3").lag is None


def test_commits_that_moved_steadily_and_then_stand_still_are_stalled_until_they_move() -> None:
    scene = three_live()
    for commit in (110, 120, 130, 140):
        scene.wait(5)
        scene.beat(commit=commit)
    moved_ns = scene.now_ns
    for _ in range(2):
        scene.wait(5)
        assert types(scene.beat(commit=140)) == []
    scene.wait(5)
    events = scene.beat(commit=140)
    assert types(events) == ["commit_stalled"]
    assert events[1].body == CommitProgress(140, 15 * NS)
    assert scene.state.is_commit_stalled
    scene.wait(5)
    assert types(scene.beat(commit=140)) == []
    scene.wait(5)
    events = scene.beat(commit=141)
    assert types(events) == ["commit_resumed"]
    assert events[1].body == CommitProgress(141, 25 * NS)
    assert (scene.state.commit_moved_ns, scene.state.is_commit_stalled) == (moved_ns + 25 * NS, False)


def test_a_cluster_that_nobody_writes_to_is_not_stalled() -> None:
    scene = three_live()
    for _ in range(10):
        scene.wait(5)
        scene.beat()
    assert "commit_stalled" not in types(scene.events)


def test_a_snapshot_that_only_a_status_tells_is_derived() -> None:
    scene = three_live()
    data = {"node_id": "node1", "state": "Leader", "term": 1, "leader": "node1", "peers": ["node2", "node3"]}
    scene.frame("node1", "snapshot", {"index": 50, "term": 1, "size_bytes": 10, "duration_ms": 1})
    assert types(scene.frame("node1", "status", {**data, "snapshot_last": 50})) == []
    (_, derived) = scene.frame("node1", "status", {**data, "snapshot_last": 90})
    assert (derived.type, derived.node, len(derived.evidence)) == ("snapshot", "node1", 2)


def test_metrics_of_the_guides_dialect_add_up() -> None:
    scene = three_live()
    scene.frame("node1", "custom_metrics", {"a": {"type": "counter", "value": 1}})
    scene.frame("node1", "custom_metrics", {"b": {"type": "gauge", "value": 2}})
    scene.frame("node1", "custom_metrics", {"a": {"type": "counter", "value": 3}})
    told = scene.observer("node1").metrics
    assert told is not None
    assert {name: metric.value for name, metric in told.value.metrics.items()} == {"a": 3, "b": 2}


def test_another_node_behind_one_address_takes_nothing_over() -> None:
    scene = Scene()
    scene.live("gateway:1")
    scene.status("gateway:1", "Leader", node="node1")
    scene.frame("gateway:1", "uptime", {"current_uptime": "5h0m0s"})
    events = scene.status("gateway:1", "Follower", node="node2", leader="node1")
    assert types(events) == []
    assert scene.observer("gateway:1").uptime is None
    assert scene.node("node2").is_direct
    assert not scene.node("node1").is_direct


def test_a_cluster_set_up_anew_starts_at_its_own_term() -> None:
    scene = Scene()
    scene.live("node1")
    scene.status("node1", "Leader", 7, 5_000)
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.live("node1")
    events = scene.status("node1", "Follower", 1, 0, leader="", members=("node1", "node2"))
    assert types(events) == ["state_change", "leader_lost"]
    assert (scene.state.term, scene.state.leader, list(scene.state.nodes)) == (1, None, ["node1", "node2"])
    scene.status("node1", "Leader", 2, 1, members=("node1", "node2"))
    assert (scene.state.term, scene.state.leader, scene.state.commit_index) == (2, "node1", 1)


def test_another_run_of_the_gateway_takes_nothing_over_that_the_former_measured() -> None:
    scene = Scene()
    scene.live("node1")
    scene.status("node1", "Leader", commit=9_000)
    scene.frame("node1", "snapshot", {"index": 8_303, "term": 1, "size_bytes": 1, "duration_ms": 1}, boot="a")
    scene.frame("node1", "uptime", {"current_uptime": "1h0m0s"}, boot="a")
    assert scene.node("node1").snapshot is not None
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.live("node1")
    told = {"node_id": "node1", "state": "Leader", "term": 1, "commit_index": 211, "leader": "node1", "peers": []}
    scene.frame("node1", "status", told, boot="b")
    assert scene.node("node1").commit_index == 211
    assert scene.node("node1").snapshot is None
    assert scene.node("node1").uptime_ns is None


def test_answers_over_http_fill_what_is_not_pushed_without_a_row_of_their_own() -> None:
    scene = three_live()
    text = '{"current_uptime_ms":60000,"total_sessions":2}'
    assert scene.text("node1", text, Kind.REST, "GET /admin/cluster/uptime") == ()
    assert scene.node("node1").uptime_ns == 60 * NS
    assert scene.text("node1", '{"has_snapshot":false}', Kind.REST, "GET /admin/cluster/snapshot?x=1") == ()
    assert scene.observer("node1").snapshot is not None


def test_floods_leave_the_picture_and_the_other_observers_the_same_objects() -> None:
    scene = three_live()
    before = scene.state
    scene.frame("node1", "pong", None)
    scene.frame("node1", "custom_metrics", {"a": {"type": "counter", "value": 1}})
    scene.frame("node1", "peer_change", {"event_type": "added", "peer_id": "node2"})
    scene.frame("node2", "latency", latency(peer("node3")))
    scene.wait(1)
    after = scene.state
    assert after.nodes is before.nodes
    assert after.leaderships is before.leaderships
    assert after.gaps is before.gaps
    assert after.unreachable is before.unreachable
    assert after.observers["node3"].topics is not None
    assert after.observers["node1"].status is before.observers["node1"].status


def test_what_one_node_tells_leaves_the_pictures_of_the_others_the_same_objects() -> None:
    scene = three_live()
    before = scene.state.nodes
    scene.now_ns += NS
    scene.frame("node2", "uptime", {"current_uptime": "5s"})
    scene.frame("node2", "snapshot", {"index": 4})
    scene.status("node2")
    after = scene.state.nodes
    assert after["node1"] is before["node1"]
    assert after["node3"] is before["node3"]
    assert after["node2"] is not before["node2"]


@pytest.mark.parametrize("state", ["leader", "LEADER", "Leader"])
def test_roles_are_read_in_any_case(state: str) -> None:
    scene = Scene()
    scene.live("node1")
    scene.status("node1", state)
    assert scene.state.leader == "node1"


def test_what_a_lost_gateway_told_of_its_peers_holds_no_more_when_it_is_old() -> None:
    scene = Scene()
    scene.live("node1", "node2")
    scene.status("node2")
    scene.status("node1", "Leader")
    scene.frame("node1", "latency", latency(peer("node2"), peer("node3", reachable=False, errors=5)))
    assert scene.node("node3").role is Role.UNREACHABLE
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(10)
    scene.status("node2", "Leader", 2, leader="node2")
    assert scene.node("node3").role is Role.UNREACHABLE  # nobody had the time to say otherwise
    scene.wait(5)
    scene.status("node2", "Leader", 2, leader="node2")
    assert (scene.node("node3").role, scene.node("node3").is_reachable) == (Role.UNKNOWN, None)
    assert "peer_reachable" not in types(scene.events)


def test_a_member_that_only_the_last_leader_was_told_of_is_removed_by_nobody() -> None:
    scene = Scene()
    scene.live(*THREE)
    scene.real_status("node1", "Leader", 3)
    scene.real_status("node2", term=3)
    scene.frame("node1", "peer_change", {"event": "added", "peer_id": "node9", "address": ""})
    scene.wait(5)
    scene.real_status("node1", "Leader", 3, members=(*THREE, "node9"))
    scene.real_status("node2", term=3)
    scene.phase("node1", Phase.BACKOFF, Cause.REFUSED)
    assert "peer_change" not in types(scene.real_status("node2", "Leader", 4))
    assert list(scene.state.nodes) == list(THREE)  # the leader's list is taken whole all the same


def test_a_leader_that_is_heard_for_the_first_time_has_added_nobody() -> None:
    scene = Scene()
    scene.live("node1", "node2")
    scene.real_status("node2")
    assert "peer_change" not in types(scene.real_status("node1", "Leader", members=(*THREE, "node4")))
    assert list(scene.state.nodes) == [*THREE, "node4"]


def test_an_isolated_leader_that_still_claims_to_lead_does_not_shorten_when_the_next_was_elected() -> None:
    scene = Scene()
    scene.live(*THREE)
    scene.real_status("node1", "Leader", 3)
    scene.wait(1)
    scene.real_status("node2", term=3)
    follower_ns = scene.now_ns
    scene.wait(4)
    scene.real_status("node1", "Leader", 3)
    scene.wait(1)
    derived = [event for event in scene.real_status("node2", "Leader", 4) if event.is_derived]
    assert [event.type for event in derived] == ["state_change", "term_change", "leader_change"]
    assert {event.after_ns for event in derived} == {follower_ns}


def test_what_a_followers_log_has_beyond_its_commit_index_is_no_stall() -> None:
    scene = Scene()
    scene.live("node2")
    indices = {"last_log": 867, "last_log_term": 1, "commit_index": 41, "applied_index": 41}
    for _beat in range(6):
        scene.real_status("node2", indices=indices)
        scene.wait(5)
    assert "commit_stalled" not in types(scene.events)


def test_a_follower_does_not_end_the_stall_that_its_leader_told() -> None:
    scene = Scene()
    scene.live(*THREE)
    indices = {"last_log": 150, "last_log_term": 3, "commit_index": 100, "applied_index": 100}
    for _beat in range(5):
        scene.real_status("node1", "Leader", 3, indices=indices)
        scene.real_status("node2", term=3)
        scene.wait(5)
    assert scene.state.is_commit_stalled
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.real_status("node2", term=3)
    assert "commit_resumed" not in types(scene.events)


def test_a_cluster_set_up_anew_is_told_once_however_many_of_its_nodes_show_it() -> None:
    scene = three_live()
    scene.beat(term=5)
    for node in THREE:
        scene.phase(node, Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(3)
    events: list[str] = []
    for node in THREE:
        scene.live(node)
        events += types(scene.status(node, "Leader" if node == "node1" else "Follower", 1, 3))
        scene.wait(1)
    assert events.count("leader_change") == 1
    assert [(led.leader, led.term) for led in scene.state.leaderships[-3:]] == [
        ("node1", 5),
        (None, None),
        ("node1", 1),
    ]


def test_an_entry_that_is_on_its_way_in_an_idle_cluster_is_no_stall_until_the_next_status_tells_it_again() -> None:
    scene = Scene()
    scene.live("node1")
    for last_log in (100, 100, 100, 100, 101):
        indices = {"last_log": last_log, "last_log_term": 3, "commit_index": 100, "applied_index": 100}
        scene.real_status("node1", "Leader", 3, indices=indices)
        scene.wait(5)
    assert "commit_stalled" not in types(scene.events)
    assert types(scene.real_status("node1", "Leader", 3, indices=indices)) == ["commit_stalled"]


def test_a_gateway_that_refuses_is_not_its_node_where_the_leader_goes_on_reaching_that() -> None:
    scene = Scene()
    scene.live("node1", "gw3:8443")
    scene.status("node1", "Leader")
    scene.status("gw3:8443", node="node3")
    scene.phase("gw3:8443", Phase.BACKOFF, Cause.REFUSED)
    scene.wait(5)
    scene.frame("node1", "latency", latency(peer("node3")))
    assert scene.node("node3").role is Role.UNREACHABLE  # what the leader tells may be from before
    scene.wait(10)
    scene.status("node1", "Leader")
    events = scene.frame("node1", "latency", latency(peer("node3")))
    assert "peer_reachable" in types(events)
    node3 = scene.node("node3")
    assert (node3.role, node3.is_reachable, node3.is_own_stale) == (Role.FOLLOWER, True, True)
    scene.frame("node1", "latency", latency(peer("node3", reachable=False, errors=3)))
    assert scene.node("node3").role is Role.UNREACHABLE
