"""Frames of a real gateway tell a sensible story (wire.md: nested statuses, a leader that only itself knows)."""

from pathlib import Path

from helios_desktop.event import Event, LeaderChange, LeaderLost, NodeReach, TermChange, keep
from helios_desktop.protocol.messages import PeerChange, Snapshot, StateChange
from helios_desktop.store.fold import fold
from helios_desktop.store.series import SeriesKey
from helios_desktop.store.state import ClusterState, Role
from helios_desktop.store.verdict import Level, verdict
from tests.unit.store.scene import NS, START_S, Scene, captured


def played(path: Path) -> Scene:
    scene = Scene()
    for observation in captured(path):
        scene.see(observation)
    return scene


def story(scene: Scene) -> list[tuple[str, object]]:
    ordinary = ("status", "status_update", "connection", "pong")
    return [(event.type, event.body) for event in scene.events if event.type not in ordinary]


def test_a_stopped_leader_gives_a_loss_an_election_and_a_new_leader(captures: Path) -> None:
    scene = played(captures / "leader_stopped_election_upstream_wiring.jsonl")
    told = story(scene)
    assert told[0] == ("leader_change", LeaderChange(None, "node-1", 2))
    assert [name for name, _ in told[1:4]] == ["connection_lost", "leader_lost", "peer_unreachable"]
    assert told[2][1] == LeaderLost("node-1", 2, "its gateway refuses connections")
    assert told[4:] == [
        ("state_change", StateChange("Follower", "Leader", 3)),
        ("term_change", TermChange(2, 3)),
        ("leader_change", LeaderChange("node-1", "node-2", 3)),
        # It was started again: its own gateway is not tried here, but the new leader reaches it.
        ("peer_reachable", NodeReach("node-1", "", START_S * NS + 6_202_000_000)),
    ]
    assert [led.leader for led in scene.state.leaderships] == ["node-1", None, "node-2"]
    node3 = scene.node("node-3")
    assert (node3.role, node3.lag, node3.address) == (Role.FOLLOWER, 0, "127.0.0.1:17002")
    assert node3.latency is not None
    assert node3.uptime_ns is not None


def test_the_graphs_of_that_election_begin_a_new_segment_with_the_new_leader(captures: Path) -> None:
    scene = played(captures / "leader_stopped_election_upstream_wiring.jsonl")
    series = scene.series.get(SeriesKey("peer", "node-3", "p50"))
    assert series is not None
    assert [round(at - START_S) for at in series.breaks_s] == [7]
    assert len(list(series.segments())) == 2
    assert (series.values > 0).all()


def test_a_node_without_a_quorum_raises_its_term_and_tells_that_nobody_answers(captures: Path) -> None:
    scene = Scene()
    for observation in captured(captures / "no_quorum_candidate_loop.jsonl"):
        if observation.received_ns < (START_S + 30) * NS:
            scene.see(observation)
    told = story(scene)
    # The push left both out: the role is known from before, the term from the status after it.
    assert told[0] == ("state_change", StateChange("Follower", "Candidate", 4))
    assert [body for name, body in told if name == "term_change"][:2] == [TermChange(1, 4), TermChange(4, 7)]
    lost = [body for name, body in told if name == "peer_unreachable"]
    assert [body.node_id for body in lost if isinstance(body, NodeReach)] == ["node-1", "node-3"]
    assert (scene.state.leader, scene.state.leaderships) == (None, ())
    judged = verdict(scene.state)
    assert judged.level is Level.PROBLEM
    assert judged.text == "No quorum, writes stopped 25 s ago: 1 of 3 healthy"


def peer_changes(scene: Scene) -> list[tuple[str, str, bool]]:
    """Kind, peer, and whether it was derived."""
    return [
        (event.body.event_type, event.body.peer_id, event.is_derived)
        for event in scene.events
        if isinstance(event.body, PeerChange)
    ]


def test_peers_added_and_removed_are_told_once_whether_pushed_or_not(captures: Path) -> None:
    observations = captured(captures / "peer_added_removed.jsonl")
    first_status = next(seen.text for seen in observations if '"status"' in seen.text)
    pushed, unpushed = Scene(), Scene()
    for observation in observations:
        pushed.see(observation)
        if '"peer_change"' not in observation.text:
            unpushed.see(observation)
    assert peer_changes(pushed) == [("added", "node-4", False)]
    assert peer_changes(unpushed) == [("added", "node-4", True)]
    derived = next(event for event in unpushed.events if event.type == "peer_change")
    assert derived.body == PeerChange("node-4", "added", "127.0.0.1:17003")
    for scene in (pushed, unpushed):
        # The capture ends with the fourth peer; the leader's list of before, once more, takes it out again.
        scene.text("gateway:8443", first_status)
        assert peer_changes(scene)[1:] == [("removed", "node-4", True)]
        assert list(scene.state.nodes) == ["node-1", "node-2", "node-3"]


def test_a_leader_alone_tells_lag_latency_and_reach_of_its_peers(captures: Path) -> None:
    scene = played(captures / "steady_leader_60s_query.jsonl")
    peers = [node for node in scene.state.nodes.values() if node.id != scene.state.leader]
    assert len(peers) == 2
    for node in peers:
        assert (node.role, node.is_direct, node.is_reachable, node.lag) == (Role.UNKNOWN, False, True, 0)
        assert node.latency is not None
    assert verdict(scene.state).text == "3 of 3 healthy: can lose 1"
    assert scene.state.term == scene.state.leaderships[-1].term


def test_a_follower_alone_does_not_know_the_leader_and_the_verdict_says_so(captures: Path) -> None:
    scene = played(captures / "steady_follower_60s_header.jsonl")
    assert scene.state.leader is None
    assert verdict(scene.state).level is Level.UNKNOWN
    assert "who leads is not told" in verdict(scene.state).text


def test_a_snapshot_is_found_in_the_status_and_the_push_that_comes_later_completes_it(captures: Path) -> None:
    observations = captured(captures / "snapshot.jsonl")
    scene = Scene()
    found: list[Event] = []
    for observation in observations:
        found += [event for event in scene.see(observation) if event.type == "snapshot" and event.node == "node-2"]
    _none_yet, derived, completed = found
    assert (derived.is_derived, derived.completes) == (True, None)
    assert isinstance(derived.body, Snapshot)
    assert (derived.body.index, derived.body.duration_ms) == (2063, None)
    assert [told.received_ns for told in derived.evidence] == [derived.after_ns, derived.at_ns]
    assert completed.completes is derived
    assert (completed.is_derived, completed.at_ns, completed.after_ns) == (False, derived.at_ns, derived.after_ns)
    assert isinstance(completed.body, Snapshot)
    assert completed.body.duration_ms == 1
    assert [event.type for event in scene.events].count("snapshot") == 2


def test_every_capture_folds_and_the_same_frames_give_the_same_story_again(captures: Path) -> None:
    files = sorted(captures.glob("*.jsonl"))
    assert files
    for path in files:
        scene = played(path)
        state = ClusterState()
        events: list[Event] = []
        for observation in scene.observations:
            state, more = fold(state, observation)
            keep(events, more)
        assert state == scene.state
        assert events == scene.events
