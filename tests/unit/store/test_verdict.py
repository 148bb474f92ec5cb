"""The one line above all: well only where that was told."""

from helios_desktop.observation import Cause, Phase
from helios_desktop.store.state import ClusterState
from helios_desktop.store.verdict import Level, verdict
from tests.unit.store.scene import STOPPED, THREE, Scene, latency, peer, three_live

FIVE = (*THREE, "node4", "node5")


def judged(scene: Scene) -> tuple[Level, str]:
    told = verdict(scene.state)
    return told.level, told.text


def test_nothing_told_is_unknown() -> None:
    assert verdict(ClusterState()).level is Level.UNKNOWN


def test_all_members_in_reach_is_well_and_says_how_many_may_fall() -> None:
    assert judged(three_live()) == (Level.WELL, "3 of 3 healthy: can lose 1")
    scene = Scene()
    scene.live(*FIVE)
    scene.beat(members=FIVE)
    assert judged(scene) == (Level.WELL, "5 of 5 healthy: can lose 2")
    alone = Scene()
    alone.live("node1")
    alone.beat(members=("node1",))
    assert judged(alone) == (Level.WELL, "1 of 1 healthy: can lose none")


def test_a_stopped_follower_is_a_warning_that_names_it() -> None:
    scene = three_live()
    scene.frame("node3", "error", STOPPED)
    assert judged(scene) == (Level.WARNING, "2 of 3 healthy: can lose none")
    assert verdict(scene.state).reasons == ("node3 is out of reach.",)


def test_a_lost_majority_is_a_problem_since_the_member_that_was_one_too_many() -> None:
    scene = three_live()
    scene.frame("node3", "error", STOPPED)
    scene.wait(5)
    scene.frame("node2", "error", STOPPED)
    scene.wait(3)
    assert judged(scene) == (Level.PROBLEM, "No quorum, writes stopped 3 s ago: 1 of 3 healthy")


def test_all_nodes_stopped_is_a_problem_and_not_unknown() -> None:
    scene = three_live()
    for node in THREE:
        scene.frame(node, "error", STOPPED)
    scene.wait(20)
    assert judged(scene) == (Level.PROBLEM, "No quorum, writes stopped 20 s ago: 0 of 3 healthy")


def test_a_leader_lost_is_a_problem_until_the_next_one() -> None:
    scene = three_live()
    scene.frame("node1", "error", STOPPED)
    scene.wait(2)
    assert judged(scene) == (Level.PROBLEM, "No leader for 2 s")
    scene.frame("node2", "state_change", {"old_state": "Candidate", "new_state": "Leader", "term": 2})
    assert judged(scene) == (Level.WARNING, "2 of 3 healthy: can lose none")


def test_no_connection_is_unknown_however_well_it_was() -> None:
    scene = three_live()
    for node in THREE:
        scene.phase(node, Phase.BACKOFF, Cause.SERVER_CLOSED)
    level, text = judged(scene)
    assert level is Level.UNKNOWN
    assert "nothing is heard" in text
    assert "node1 was last heard 0 s ago." in verdict(scene.state).reasons


def test_a_picture_that_is_old_by_the_clock_is_unknown_and_says_how_old_it_is() -> None:
    scene = three_live()
    at_ns = scene.state.now_ns
    assert verdict(scene.state, at_ns + 11_000_000_000) == verdict(scene.state)
    old = verdict(scene.state, at_ns + 11_000_000_001)
    assert (old.level, old.reasons) == (Level.UNKNOWN, ("The last that is known is 11 s old.",))
    assert "nothing is heard" in old.text


def test_members_of_whom_nobody_tells_are_counted_as_not_told() -> None:
    scene = Scene()
    scene.live("node1")
    scene.status("node1", "Leader")
    assert judged(scene) == (Level.UNKNOWN, "1 of 3 healthy, 2 not told")
    scene.frame("node1", "latency", latency(peer("node2"), peer("node3")))
    assert judged(scene) == (Level.WELL, "3 of 3 healthy: can lose 1")


def test_an_election_before_any_leader_was_known_is_a_problem() -> None:
    scene = Scene()
    scene.live(*THREE)
    scene.status("node1", "Candidate", leader="")
    scene.status("node2", leader="")
    scene.status("node3", leader="")
    assert judged(scene) == (Level.PROBLEM, "No leader: an election is on")


def test_commits_that_stand_still_are_a_problem() -> None:
    scene = three_live()
    for commit in (110, 120, 130, 140, 140, 140, 140):
        scene.wait(5)
        scene.beat(commit=commit)
    assert judged(scene) == (Level.PROBLEM, "Commits stand still for 15 s")


def test_a_deposed_leader_and_a_node_far_behind_are_named() -> None:
    scene = three_live()
    scene.wait(5)
    scene.status("node1", "Leader", 1, 100)
    scene.status("node2", "Leader", 2, 5_000)
    scene.status("node3", "Follower", 2, 100, leader="node2")
    reasons = verdict(scene.state).reasons
    assert "node1 still takes itself for the leader." in reasons
    assert "node3 is 4900 entries behind." in reasons
