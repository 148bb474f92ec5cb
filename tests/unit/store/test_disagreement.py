"""Contradictions between observers are named, with who says what since when; a mere delay is none."""

import pytest

from helios_desktop.event import Disagreement, Dispute
from helios_desktop.observation import Cause, Phase
from helios_desktop.store.state import ClusterState, Role
from helios_desktop.store.verdict import Level, verdict
from tests.unit.store.scene import NS, STOPPED, THREE, Scene, three_live, types

DISPUTES = {kind.value for kind in Dispute} | {"agreement"}


def disputes(scene: Scene) -> list[str]:
    return [name for name in types(scene.events) if name in DISPUTES]


def sayings(one: Disagreement) -> list[tuple[str, str]]:
    return [(said.node, said.text) for said in one.sayings]


def real_three(
    scene: Scene, *, but: tuple[str, ...] = (), leader: str = "node1", term: int = 1, commit: int = 100
) -> None:
    for node in THREE:
        if node not in but:
            scene.real_status(node, "Leader" if node == leader else "Follower", term, commit)


def test_two_leaders_in_one_term_are_named_and_who_led_before_stays() -> None:
    scene = three_live()
    scene.wait(5)
    scene.beat(commit=110, but=("node3",))
    events = scene.status("node3", "Leader", 1, 110, leader="node3")
    assert types(events) == ["state_change", "two_leaders"]
    (one,) = scene.state.disagreements
    assert (one.kind, one.about, one.since_ns) == (Dispute.TWO_LEADERS, "1", scene.now_ns)
    assert sayings(one) == [
        ("node1", "it leads term 1"),
        ("node2", "node1 leads term 1"),
        ("node3", "it leads term 1"),
    ]
    assert [said.since_ns for said in one.sayings] == [scene.now_ns - 5 * NS, scene.now_ns - 5 * NS, scene.now_ns]
    assert (scene.state.leader, len(scene.state.leaderships)) == ("node1", 1)
    judged = verdict(scene.state)
    assert (judged.level, judged.text) == (Level.PROBLEM, "Two leaders in one term: what is written may be lost")
    assert judged.reasons[0].startswith("Two leaders in one term: node1 says it leads term 1; ")


def test_two_leaders_that_tell_again_and_again_make_one_event_and_no_change_of_leader() -> None:
    scene = three_live()
    for _beat in range(4):
        scene.wait(5)
        scene.status("node3", "Leader", 1, 110, leader="node3")
        scene.beat(but=("node3",))
    assert disputes(scene) == ["two_leaders"]
    assert types(scene.events).count("leader_change") == 1
    assert len(scene.state.leaderships) == 1


def test_leaders_of_different_terms_are_no_two_leaders() -> None:
    scene = three_live()
    scene.wait(5)
    scene.status("node3", "Leader", 2, 110, leader="node3")
    assert scene.state.disagreements == ()
    assert scene.state.leader == "node3"


def test_the_end_of_a_contradiction_is_told_with_how_long_it_lasted() -> None:
    scene = three_live()
    scene.status("node3", "Leader", 1, 110, leader="node3")
    scene.wait(7)
    events = scene.status("node3", "Follower", 1, 110, leader="node1")
    assert types(events) == ["state_change", "agreement"]
    over = events[-1].body
    assert isinstance(over, Disagreement)
    assert over.until_ns is not None
    assert over.until_ns - over.since_ns == 7 * NS
    assert scene.state.disagreements == ()
    assert verdict(scene.state).level is Level.WELL


def test_a_term_that_is_told_late_is_no_contradiction() -> None:
    scene = Scene()
    scene.live(*THREE)
    real_three(scene)
    scene.wait(3)
    scene.real_status("node2", "Leader", 2)
    scene.wait(2)
    scene.real_status("node1", "Follower", 2)
    scene.real_status("node3", "Follower", 2)
    assert disputes(scene) == []


def test_a_node_that_stays_in_an_older_term_is_named_with_the_others() -> None:
    scene = Scene()
    scene.live(*THREE)
    real_three(scene)
    scene.wait(5)
    scene.real_status("node2", "Leader", 2)
    scene.real_status("node3", "Follower", 2)
    scene.real_status("node1", "Leader", 1)
    assert disputes(scene) == []  # at the same moment: it may not have heard yet
    scene.wait(5)
    events = scene.real_status("node1", "Leader", 1)
    assert types(events) == ["terms_differ"]
    (one,) = scene.state.disagreements
    assert sayings(one) == [("node1", "term 1"), ("node2", "term 2"), ("node3", "term 2")]
    assert scene.state.leader == "node2"
    assert verdict(scene.state).level is Level.WARNING
    scene.wait(5)
    assert types(scene.real_status("node1", "Follower", 2)) == ["state_change", "agreement"]


def test_different_members_count_when_each_said_so_after_the_other() -> None:
    scene = Scene()
    scene.live(*THREE)
    real_three(scene)
    scene.wait(5)
    four = (*THREE, "node4")
    scene.real_status("node1", "Leader", members=four)
    scene.real_status("node2")
    assert disputes(scene) == []
    scene.wait(5)
    scene.real_status("node1", "Leader", members=four)
    events = scene.real_status("node2")
    assert types(events) == ["members_differ"]
    (one,) = scene.state.disagreements
    assert ("node1", "members node1, node2, node3, node4") in sayings(one)
    assert ("node2", "members node1, node2, node3") in sayings(one)


def test_a_removed_member_that_does_not_know_it_contradicts_nobody() -> None:
    scene = Scene()
    scene.live(*THREE)
    real_three(scene)
    for _beat in range(3):
        scene.wait(5)
        scene.real_status("node1", "Leader", members=("node1", "node2"))
        scene.real_status("node2", members=("node1", "node2"))
        scene.real_status("node3")
    assert sorted(scene.state.members) == ["node1", "node2"]
    assert "members_differ" not in disputes(scene)


def test_a_commit_index_that_goes_back_contradicts_what_the_node_said_before() -> None:
    scene = Scene()
    scene.live(*THREE)
    real_three(scene, commit=867)
    scene.wait(5)
    events = scene.real_status("node2", commit=41)
    assert types(events) == ["commit_went_back"]
    (one,) = scene.state.disagreements
    assert (one.about, events[-1].node) == ("node2", "node2")
    assert sayings(one) == [("node2", "commit index 867"), ("node2", "commit index 41 after that")]
    scene.wait(5)
    assert types(scene.real_status("node2", commit=868)) == ["agreement"]


@pytest.mark.parametrize("dialect", ["real", "guide"])
def test_a_restarted_node_may_begin_with_a_lower_commit_index(dialect: str) -> None:
    scene = Scene()
    scene.live(*THREE)
    if dialect == "real":
        scene.real_status("node2", commit=867, uptime="1h0m0s")
        scene.wait(5)
        events = scene.real_status("node2", commit=41, uptime="2s")
        assert types(events) == ["node_restarted"]
    else:
        scene.beat(commit=867)
        scene.frame("node2", "error", STOPPED)
        scene.wait(5)
        scene.status("node2", commit=41)
    assert "commit_went_back" not in disputes(scene)


def test_an_observer_that_is_lost_contradicts_nobody_any_more() -> None:
    scene = three_live()
    scene.status("node3", "Leader", 1, 110, leader="node3")
    events = scene.phase("node3", Phase.BACKOFF, Cause.SERVER_CLOSED)
    assert "agreement" in types(events)
    assert scene.state.disagreements == ()


def test_losing_one_observer_dims_only_what_it_alone_told() -> None:
    scene = three_live()
    scene.frame("node1", "latency", {"aggregated": {}, "peers": {"node3": {"peer_id": "node3", "reachable": True}}})
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(1)
    leader = scene.node("node1")
    # That it leads the others say, too; its indices nobody else tells.
    assert (leader.role, leader.term, leader.told_by, leader.is_direct) == (Role.LEADER, 1, "node2", False)
    assert (leader.is_stale, leader.is_own_stale) == (False, True)
    for name in ("node2", "node3"):
        node = scene.node(name)
        assert (node.is_stale, node.is_own_stale, node.is_direct) == (False, False, True)


def test_the_leader_that_one_knows_fills_the_blank_of_the_others() -> None:
    scene = Scene()
    scene.live("gw1:8443", "gw2:8443")
    scene.real_status("gw2:8443", node="node2")
    alone = scene.state
    scene.real_status("gw1:8443", "Leader", node="node1")
    assert (alone.leader, scene.state.leader) == (None, "node1")
    node3 = scene.node("node3")
    # Nobody observes it: that it is a member is all that is told.
    assert (node3.is_direct, node3.role, node3.commit_index) == (False, Role.UNKNOWN, None)


def test_nothing_is_contradicted_before_anybody_spoke() -> None:
    scene = Scene()
    scene.live(*THREE)
    scene.wait(60)
    assert scene.state.disagreements == ClusterState().disagreements == ()


def test_a_follower_that_names_the_leader_of_the_last_term_for_a_moment_contradicts_nobody() -> None:
    scene = three_live()
    scene.wait(5)
    scene.status("node3", "Follower", 2, 100, "node1")
    scene.wait(0.2)
    scene.status("node2", "Leader", 2, 100, "node2")
    assert disputes(scene) == []
    scene.wait(5)
    assert "two_leaders" in types(scene.status("node3", "Follower", 2, 100, "node1"))  # said again, it counts


def test_a_removed_member_that_goes_on_from_term_to_term_contradicts_nobody() -> None:
    scene = Scene()
    scene.live(*THREE)
    real_three(scene, term=3)
    for beat in range(3):
        scene.wait(5)
        scene.real_status("node1", "Leader", 3, members=THREE[:2])
        scene.real_status("node2", term=3, members=THREE[:2])
        scene.real_status("node3", "Candidate", 5 + beat)
    assert disputes(scene) == []
