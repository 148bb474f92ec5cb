"""Messages that come late, twice or not at all change nothing, and the ledger of their observer counts them."""

import pytest

from helios_desktop.event import Slept
from helios_desktop.observation import Cause, Kind, Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import Topic, subscribe_frame
from helios_desktop.store.state import MAX_KINDS, Ledger, Role
from tests.unit.store.scene import NS, THREE, Scene, real_data, three_live, types

STAMP = "2026-11-23T08:00:{:02d}.{:09d}Z"


def stamp(second: int, nanosecond: int = 1) -> str:
    return STAMP.format(second, nanosecond)


def one_live() -> Scene:
    scene = Scene()
    scene.live("node1")
    return scene


def ledger(scene: Scene, observer: str = "node1") -> Ledger:
    return scene.observer(observer).ledger


def test_a_status_that_another_overtook_is_shown_and_nothing_is_taken_from_it() -> None:
    scene = one_live()
    scene.real_status("node1", "Leader", 6, 100, timestamp=stamp(10), uptime="1m10s")
    events = scene.real_status("node1", "Follower", 5, 90, timestamp=stamp(5), uptime="1m5s")
    assert [event.type for event in events] == ["status_update"]
    assert (scene.state.leader, scene.state.term, scene.state.commit_index) == ("node1", 6, 100)
    assert ledger(scene).out_of_order == 1


def test_a_server_whose_clock_is_set_back_is_still_followed() -> None:
    scene = one_live()
    scene.real_status("node1", "Leader", 6, 100, timestamp=stamp(50), uptime="1m50s")
    scene.wait(5)
    scene.real_status("node1", "Follower", 7, 110, timestamp=stamp(5), uptime="1m55s")
    assert (scene.observer("node1").term, ledger(scene).out_of_order) == (7, 0)


def test_after_a_reconnect_another_clock_may_answer() -> None:
    scene = one_live()
    scene.real_status("node1", "Leader", 6, 100, timestamp=stamp(50))
    scene.live("node1")
    scene.real_status("node1", "Leader", 6, 110, timestamp=stamp(5))
    assert (scene.state.commit_index, ledger(scene).out_of_order) == (110, 0)


def test_our_gateway_is_followed_by_its_numbers_whatever_its_clock_says() -> None:
    scene = one_live()
    told = {"node_id": "node1", "state": "Leader", "term": 6}
    scene.frame("node1", "status", told, timestamp=stamp(50), boot="b", seq=7)
    scene.frame("node1", "status", told | {"term": 7}, timestamp=stamp(5), boot="b", seq=8, prev=7)
    assert (scene.observer("node1").term, ledger(scene).out_of_order) == (7, 0)


def test_a_role_change_that_is_older_than_the_status_is_told_and_not_believed() -> None:
    scene = one_live()
    scene.real_status("node1", "Leader", 6, timestamp=stamp(10))
    change = {"old_state": "Leader", "new_state": "Follower", "term": 5}
    events = scene.frame("node1", "state_change", change, timestamp=stamp(8))
    assert types(events) == ["state_change"]
    role = scene.observer("node1").role
    assert role is not None
    assert (role.value, scene.state.leader) == (Role.LEADER, "node1")


def test_a_change_that_comes_twice_to_the_letter_is_told_once() -> None:
    scene = three_live()
    change = {"event": "added", "peer_id": "node4", "address": ""}
    assert scene.frame("node1", "peer_change", change, timestamp=stamp(1)) != ()
    scene.frame("node1", "peer_change", {"event": "removed", "peer_id": "node4"}, timestamp=stamp(2))
    assert scene.frame("node1", "peer_change", change, timestamp=stamp(1)) == ()
    assert "node4" not in scene.state.members
    assert ledger(scene).out_of_order == 1


def test_beats_that_stay_away_are_an_estimate_on_the_real_gateway_alone() -> None:
    scene = three_live()
    scene.live("gw:8443")
    for seconds in (5, 5, 15, 6):
        scene.wait(seconds)
        scene.real_status("gw:8443", node="node9")
        scene.beat()
    assert ledger(scene, "gw:8443").missed_beats == 2
    assert ledger(scene).missed_beats == 0


@pytest.mark.parametrize("how", ["topic off", "another socket"])
def test_beats_that_were_not_due_are_not_missed(how: str) -> None:
    scene = Scene()
    scene.live("gw:8443")
    scene.real_status("gw:8443", node="node9")
    if how == "topic off":
        for topics in (frozenset(Topic) - {Topic.STATUS}, frozenset(Topic)):
            scene.wait(15)
            scene.text("gw:8443", subscribe_frame(topics), Kind.SENT)
    else:
        scene.wait(30)
        scene.live("gw:8443")
    scene.real_status("gw:8443", node="node9")
    assert ledger(scene, "gw:8443").missed_beats == 0


def test_the_ledger_counts_kinds_unknown_types_answers_and_what_was_concluded() -> None:
    scene = one_live()
    scene.real_status("node1", "Follower", 5)
    scene.real_status("node1", "Candidate", 6)
    scene.frame("node1", "state_change", {"old_state": "", "new_state": "Candidate", "term": 0})
    scene.frame("node1", "hello", {})
    scene.real_status("node1", "Candidate", 6, cluster_health={"healthy_peers": "many"})
    scene.text("node1", "{not json")
    scene.rest("node1", RestCall.UPTIME, {"current_uptime_ms": 5})
    scene.rest("node1", RestCall.LATENCY, "Rate limit exceeded\n", status=429)
    book = ledger(scene)
    assert book.kinds == {"status_update": 3, "state_change": 1, "hello": 1, "malformed": 1}
    assert (book.unknown, book.unread, book.pushed, book.derived, book.joined) == (1, 1, 1, 1, 1)
    assert (book.rest_answers, book.rest_failures) == (2, 1)


def test_a_server_that_names_a_new_type_each_time_does_not_fill_the_memory() -> None:
    scene = one_live()
    for number in range(3 * MAX_KINDS):
        scene.frame("node1", f"type-{number}", {})
    book = ledger(scene)
    assert len(book.kinds) <= MAX_KINDS + 1
    assert sum(book.kinds.values()) == book.unknown == 3 * MAX_KINDS


def test_seconds_that_are_missing_between_two_ticks_were_slept() -> None:
    scene = three_live()
    scene.wait(2)
    scene.now_ns += 3_600 * NS
    (slept,) = [event for event in scene.wait(1) if event.type == "slept"]
    assert slept.body == Slept(scene.now_ns - 3_601 * NS, scene.now_ns)
    assert slept.after_ns == scene.now_ns - 3_601 * NS
    assert all(node.is_stale for node in scene.state.nodes.values())


def test_a_status_over_rest_that_a_frame_overtook_is_counted_and_nothing_is_taken_from_it() -> None:
    scene = one_live()
    scene.real_status("node1", "Leader", 6, 120, uptime="1m42s")
    scene.wait(1)
    late = real_data("node1", "Follower", 5, 110, THREE) | {"uptime": "1m39s"}
    assert scene.rest("node1", RestCall.STATUS, late) == ()
    assert (scene.state.leader, scene.state.commit_index, ledger(scene).out_of_order) == ("node1", 120, 1)
    scene.wait(5)
    scene.rest("node1", RestCall.STATUS, real_data("node1", "Leader", 6, 130, THREE) | {"uptime": "1m48s"})
    assert scene.state.commit_index == 130


def test_while_polling_a_lower_uptime_is_a_restart_and_told_once_whichever_answer_shows_it() -> None:
    scene = Scene()
    scene.phase("node1", Phase.POLLING, Cause.SOCKET_BLOCKED)
    told = real_data("node1", "Follower", 3, 5, THREE)
    old = {"current_uptime_ms": 90_000, "total_sessions": 1, "total_crashes": 0}
    new = {"current_uptime_ms": 1_000, "total_sessions": 2, "total_crashes": 1}
    scene.rest("node1", RestCall.STATUS, told | {"uptime": "1m30s", "uptime_stats": old})
    scene.wait(3)
    assert types(scene.rest("node1", RestCall.UPTIME, new)) == ["node_restarted", "node_crashed"]
    scene.wait(1)
    assert scene.rest("node1", RestCall.STATUS, told | {"uptime": "2s", "uptime_stats": new}) == ()
    scene.wait(5)
    third = {"current_uptime_ms": 500, "total_sessions": 3, "total_crashes": 1}
    again = scene.rest("node1", RestCall.STATUS, told | {"uptime": "500ms", "uptime_stats": third})
    assert types(again) == ["node_restarted"]


@pytest.mark.parametrize("phase", [Phase.SYNCING, Phase.BACKOFF])
def test_an_answer_grows_old_in_whatever_phase_its_session_is(phase: Phase) -> None:
    scene = Scene()
    scene.phase("node1", Phase.POLLING, Cause.SOCKET_BLOCKED)
    scene.phase("node1", phase)
    scene.rest("node1", RestCall.STATUS, real_data("node1", "Leader", 3, 5, THREE))
    assert not scene.node("node1").is_stale
    scene.wait(12)
    assert scene.node("node1").is_stale
