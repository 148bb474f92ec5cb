"""A change that a push and a status both tell is told once: the first is shown, the other completes it."""

import pytest

from helios_desktop.event import Event, keep
from helios_desktop.event_filter import EventFilter
from helios_desktop.export.event_json import event_record
from helios_desktop.protocol.messages import CustomMetrics, Metric, PeerChange, Snapshot, StateChange
from helios_desktop.protocol.rest import RestCall
from helios_desktop.store.log import NOT_KEPT, EventLog
from tests.unit.store.scene import NS, THREE, Scene, three_live, types

COUNTER = {"type": "counter", "help": "", "value": 1}


def real() -> Scene:
    scene = Scene()
    scene.live(*THREE)
    scene.real_status("node1", "Leader", 5)
    scene.real_status("node2", term=5)
    scene.wait(5)
    return scene


def of_type(scene: Scene, event_type: str) -> list[Event]:
    return [event for event in scene.events if event.type == event_type]


def table(**metrics: dict[str, object]) -> dict[str, object]:
    return {"total_metrics": len(metrics), "metrics": metrics}


def test_a_push_after_the_status_completes_the_derived_change_and_is_no_event_of_its_own() -> None:
    scene = real()
    (_status, derived, *_rest) = scene.real_status("node2", "Candidate", 6)
    assert (derived.type, derived.is_derived) == ("state_change", True)
    scene.wait(1)
    (completed,) = scene.frame(
        "node2",
        "state_change",
        {"old_state": "", "new_state": "Candidate", "term": 0},
        timestamp="2026-11-23T08:00:00.5Z",
    )
    assert completed.completes is derived
    assert completed.body == StateChange("Follower", "Candidate", 6)
    assert (completed.is_derived, completed.is_pushed, completed.timestamp) == (False, True, "2026-11-23T08:00:00.5Z")
    assert (completed.at_ns, completed.after_ns) == (derived.at_ns, derived.at_ns - 5 * NS)
    assert len(completed.evidence) == 3
    assert of_type(scene, "state_change") == [completed]
    record = event_record(completed)
    assert "derived" not in record
    assert record["data"] == {"node_id": "node2", "old_state": "Follower", "new_state": "Candidate", "term": 6}


def test_a_status_after_the_push_makes_no_second_event_and_fills_the_term() -> None:
    scene = real()
    (pushed,) = scene.frame("node2", "state_change", {"old_state": "", "new_state": "Leader", "term": 0})[:1]
    assert pushed.body == StateChange("Follower", "Leader", 5)  # of what is known
    scene.wait(2)
    scene.real_status("node2", "Leader", 6)
    (told,) = of_type(scene, "state_change")
    assert told.completes is pushed
    assert told.body == StateChange("Follower", "Leader", 6)
    assert (told.is_derived, told.observation) == (False, pushed.observation)


def test_a_derived_change_says_between_which_two_statuses_it_happened() -> None:
    scene = real()
    before_ns = scene.now_ns - 5 * NS
    (_status, derived, *_rest) = scene.real_status("node2", "Leader", 6)
    assert [told.received_ns for told in derived.evidence] == [before_ns, scene.now_ns]
    record = event_record(derived)
    assert record["derived"] is True
    assert record["interval"] == {"after": "2027-01-15T08:00:00.000000000Z", "until": "2027-01-15T08:00:05.000000000Z"}


def test_every_derived_event_of_an_election_has_two_observations_and_an_interval() -> None:
    scene = real()
    scene.real_status("node2", "Leader", 6)
    derived = [event for event in scene.events if event.is_derived and event.at_ns == scene.now_ns]
    assert [event.type for event in derived] == ["state_change", "term_change", "leader_change"]
    for event in derived:
        assert len(event.evidence) == 2
        assert event.after_ns == event.evidence[0].received_ns < event.at_ns


def test_two_pushes_of_one_node_are_two_happenings() -> None:
    scene = real()
    for new in ("Candidate", "Leader", "Candidate"):
        scene.frame("node2", "state_change", {"old_state": "x", "new_state": new, "term": 6})
    assert len(of_type(scene, "state_change")) == 3


def test_a_push_that_comes_much_later_is_another_happening() -> None:
    scene = real()
    scene.real_status("node2", "Leader", 6)
    scene.wait(16)
    scene.frame("node2", "state_change", {"old_state": "", "new_state": "Leader", "term": 0})
    assert len(of_type(scene, "state_change")) == 2


def test_a_peer_that_each_member_pushes_is_told_once() -> None:
    scene = three_live()
    change = {"event_type": "added", "peer_id": "node4", "peer_address": "node4:1"}
    for node in THREE:
        scene.frame(node, "peer_change", change)
    (told,) = of_type(scene, "peer_change")
    assert [one.observer for one in (told.observation, *told.evidence)] == list(THREE)
    assert not told.is_derived
    scene.frame("node1", "peer_change", change)  # the same member again: it happened again
    assert len(of_type(scene, "peer_change")) == 2


def test_a_peer_change_without_an_address_is_filled_from_the_statuses() -> None:
    scene = real()
    scene.frame("node1", "peer_change", {"event": "added", "peer_id": "node4", "address": ""})
    assert of_type(scene, "peer_change")[0].body == PeerChange("node4", "added", None, "added", None, "")
    scene.real_status("node1", "Leader", 5, members=(*THREE, "node4"))
    (told,) = of_type(scene, "peer_change")
    assert isinstance(told.body, PeerChange)
    assert told.body.peer_address == "node4:7000"
    scene.frame("node1", "peer_change", {"event": "removed", "peer_id": "node4", "address": ""})
    removed = of_type(scene, "peer_change")[-1].body
    assert isinstance(removed, PeerChange)
    assert removed.peer_address == "node4:7000"


def test_a_derived_peer_change_is_completed_by_the_push() -> None:
    scene = real()
    scene.real_status("node1", "Leader", 5, members=(*THREE, "node4"))
    (derived,) = of_type(scene, "peer_change")
    assert derived.is_derived
    scene.frame("node1", "peer_change", {"event": "added", "peer_id": "node4", "address": ""})
    (told,) = of_type(scene, "peer_change")
    assert told.completes is derived
    assert isinstance(told.body, PeerChange)
    assert (told.is_derived, told.body.peer_address) == (False, "node4:7000")


def test_metrics_that_are_new_changed_or_gone_are_derived_from_two_full_sets() -> None:
    scene = real()
    scene.real_status("node1", "Leader", 5, custom_metrics=table(a=COUNTER, b=COUNTER))
    assert of_type(scene, "custom_metrics") == []  # the first set is no change
    scene.wait(5)
    scene.real_status("node1", "Leader", 5, custom_metrics=table(a=COUNTER | {"value": 2}, c=COUNTER))
    (told,) = of_type(scene, "custom_metrics")
    assert isinstance(told.body, CustomMetrics)
    assert told.body.metrics == {"a": Metric("counter", 2), "c": Metric("counter", 1)}
    assert told.body.removed == ("b",)
    assert event_record(told)["more"] == {"removed": ["b"], "node": "node1"}


def test_metrics_that_were_pushed_before_their_status_are_not_derived_again() -> None:
    scene = real()
    scene.real_status("node1", "Leader", 5, custom_metrics=table(a=COUNTER))
    scene.frame("node1", "custom_metrics", table(a=COUNTER, b=COUNTER))
    scene.real_status("node1", "Leader", 5, custom_metrics=table(a=COUNTER, b=COUNTER))
    (told,) = of_type(scene, "custom_metrics")
    assert not told.is_derived


def test_metrics_that_are_pushed_after_their_status_complete_the_derived_event() -> None:
    scene = real()
    scene.real_status("node1", "Leader", 5, custom_metrics=table(a=COUNTER))
    scene.real_status("node1", "Leader", 5, custom_metrics=table(a=COUNTER, b=COUNTER))
    scene.frame("node1", "custom_metrics", table(a=COUNTER, b=COUNTER))
    (told,) = of_type(scene, "custom_metrics")
    assert (told.is_derived, told.is_pushed) == (False, True)


def test_a_snapshot_that_rest_tells_first_is_derived_once() -> None:
    scene = real()
    none_yet = {"has_snapshot": False, "latest_snapshot_index": 0}
    taken = {"has_snapshot": True, "latest_snapshot_id": "5-90", "latest_snapshot_index": 90, "latest_snapshot_term": 5}
    scene.real_status("node1", "Leader", 5, snapshot=none_yet)
    scene.wait(1)
    scene.rest("node1", RestCall.SNAPSHOT, taken)
    scene.wait(4)
    scene.real_status("node1", "Leader", 5, snapshot=taken)
    (told,) = of_type(scene, "snapshot")
    assert isinstance(told.body, Snapshot)
    assert (told.body.index, told.body.term, told.is_derived) == (90, 5, True)
    assert told.observation.source == "GET /admin/cluster/snapshot"


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({"current_uptime_ms": 90_000}, {"current_uptime_ms": 2_000}, ["node_restarted"]),
        (
            {"current_uptime_ms": 1_000, "total_sessions": 1},
            {"current_uptime_ms": 4_000, "total_sessions": 2},
            ["node_restarted"],
        ),
        (
            {"current_uptime_ms": 90_000, "total_crashes": 0},
            {"current_uptime_ms": 2_000, "total_crashes": 1},
            ["node_restarted", "node_crashed"],
        ),
        ({"current_uptime_ms": 90_000, "total_crashes": 3}, {"current_uptime_ms": 95_000, "total_crashes": 3}, []),
    ],
)
def test_restarts_and_crashes_show_in_the_uptime(
    before: dict[str, int], after: dict[str, int], wanted: list[str]
) -> None:
    scene = real()
    scene.real_status("node2", term=5, uptime_stats=before)
    scene.wait(5)
    assert types(scene.real_status("node2", term=5, uptime_stats=after)) == wanted


def test_an_answer_over_rest_that_comes_late_is_no_restart() -> None:
    scene = real()
    scene.real_status("node2", term=5, uptime_stats={"current_uptime_ms": 90_000, "total_sessions": 1})
    scene.wait(1)
    events = scene.rest("node2", RestCall.UPTIME, {"current_uptime_ms": 80_000, "total_sessions": 1})
    assert events == ()


def test_a_log_puts_the_completed_event_in_the_place_of_the_first() -> None:
    scene = real()
    log = EventLog(8)
    (_status, derived, *rest) = scene.real_status("node2", "Candidate", 6)
    log.extend((derived, *rest))
    completed = scene.frame("node2", "state_change", {"old_state": "", "new_state": "Candidate", "term": 0})
    end, revision = log.end, log.revision
    log.extend(completed)
    assert (log.end, log.revision, log[0]) == (end, revision + 1, completed[0])
    assert log.select(EventFilter(types=frozenset({"state_change"})), 0) == [0]


def test_what_completes_an_event_that_a_log_has_let_go_was_told_already() -> None:
    scene = real()
    (_status, _derived, *_rest) = scene.real_status("node2", "Candidate", 6)
    completed = scene.frame("node2", "state_change", {"old_state": "", "new_state": "Candidate", "term": 0})
    kept: list[Event] = []
    keep(kept, completed)
    log = EventLog(8)
    assert kept == [*completed]
    assert log.extend(completed) == [NOT_KEPT]
    assert log.end == log.start
