"""Frames counted, topics confirmed, rates, round trips, losses, silence, gaps."""

import json

from helios_desktop.event import ConnectionEvent, Gap, NodeReach
from helios_desktop.observation import Cause, Kind, Phase
from helios_desktop.protocol.messages import Malformed, Unknown
from helios_desktop.protocol.subscription import (
    ALL_TOPICS,
    PING_FRAME,
    UNSUBSCRIBE_FRAME,
    Topic,
    subscribe_frame,
)
from helios_desktop.protocol.timestamps import format_timestamp
from tests.unit.store.scene import NS, Scene, three_live, types


def test_each_frame_gives_one_event_of_its_type_as_received() -> None:
    scene = Scene()
    scene.live("node1")
    for message_type in ("pong", "custom_metrics", "brand_new"):
        (event,) = scene.frame("node1", message_type, {}, timestamp="2024-01-15T10:30:00Z")
        assert (event.type, event.timestamp, event.observer) == (message_type, "2024-01-15T10:30:00Z", "node1")
        assert not event.is_derived


def test_a_frame_that_is_no_message_and_a_bad_body_are_counted_and_told_with_their_text() -> None:
    scene = Scene()
    scene.live("node1")
    for text in ("not json", '{"type":"status","data":5}'):
        (event,) = scene.text("node1", text)
        assert event.type == "malformed"
        assert isinstance(event.body, Malformed)
        assert event.body.raw == text
    assert (scene.observer("node1").malformed, scene.observer("node1").messages) == (2, 2)


def test_an_unknown_type_that_bears_the_name_of_ours_is_told_as_received() -> None:
    scene = three_live()
    (event,) = scene.frame("node1", "leader_lost", {})
    assert isinstance(event.body, Unknown)
    assert scene.state.leader == "node1"


def test_a_pong_gives_round_trip_and_clock_offset() -> None:
    scene = Scene()
    scene.live("node1")
    scene.text("node1", PING_FRAME, Kind.SENT)
    scene.now_ns += 4_000_000
    stamp = format_timestamp(scene.now_ns - 2_000_000 + 7_000_000)
    scene.text("node1", json.dumps({"type": "pong", "timestamp": stamp}))
    assert scene.observer("node1").rtt_ns == 4_000_000
    assert scene.observer("node1").clock_offset_ns == 7_000_000
    scene.text("node1", json.dumps({"type": "pong", "timestamp": stamp}))
    assert scene.observer("node1").rtt_ns == 4_000_000


def test_a_pong_without_a_readable_time_gives_the_round_trip_alone() -> None:
    scene = Scene()
    scene.live("node1")
    scene.text("node1", PING_FRAME, Kind.SENT)
    scene.text("node1", '{"type":"pong","timestamp":"noon"}')
    assert (scene.observer("node1").rtt_ns, scene.observer("node1").clock_offset_ns) == (0, None)


def test_rates_are_over_the_last_ten_seconds_and_end_at_zero() -> None:
    scene = Scene()
    scene.live("node1")
    scene.wait(1)
    for _ in range(20):
        scene.frame("node1", "custom_metrics", {})
        scene.frame("node1", "custom_metrics", {})
        scene.wait(1)
    observer = scene.observer("node1")
    assert observer.rate_hz == 2.0
    assert observer.topics[Topic.CUSTOM_METRICS].rate_hz == 2.0
    assert observer.topics[Topic.STATUS].rate_hz == 0.0
    scene.wait(5)
    assert scene.observer("node1").rate_hz == 1.0
    scene.wait(6)
    observer = scene.observer("node1")
    assert (observer.rate_hz, observer.topics[Topic.CUSTOM_METRICS].rate_hz) == (0.0, 0.0)
    scene.wait(1)
    assert scene.observer("node1") is observer
    scene.wait(100)
    scene.frame("node1", "custom_metrics", {})
    scene.wait(1)
    assert scene.observer("node1").rate_hz == 0.1


def test_a_topic_is_confirmed_by_its_traffic_and_one_turned_off_by_two_periods_of_silence() -> None:
    scene = Scene()
    scene.live("node1")
    assert not scene.observer("node1").topics[Topic.STATUS].is_confirmed
    scene.status("node1")
    assert scene.observer("node1").topics[Topic.STATUS].is_confirmed
    scene.text("node1", subscribe_frame(ALL_TOPICS - {Topic.STATUS}), Kind.SENT)
    off = scene.observer("node1").topics[Topic.STATUS]
    assert (off.requested, off.is_confirmed, off.requested_ns) == (False, False, scene.now_ns)
    scene.wait(9)
    scene.status("node1")
    assert not scene.observer("node1").topics[Topic.STATUS].is_confirmed
    scene.wait(9)
    assert not scene.observer("node1").topics[Topic.STATUS].is_confirmed
    scene.wait(1)
    assert scene.observer("node1").topics[Topic.STATUS].is_confirmed


def test_a_subscription_that_changes_nothing_leaves_confirmed_topics_as_they_are() -> None:
    scene = Scene()
    scene.live("node1")
    scene.status("node1")
    before = scene.observer("node1").topics[Topic.STATUS]
    scene.text("node1", subscribe_frame(ALL_TOPICS), Kind.SENT)
    assert scene.observer("node1").topics[Topic.STATUS] is before


def test_a_topic_that_is_off_is_a_gap_until_it_is_on_again() -> None:
    scene = three_live()
    assert scene.text("node1", subscribe_frame(ALL_TOPICS - {Topic.LATENCY}), Kind.SENT) == ()
    since_ns = scene.now_ns
    assert scene.state.gaps == (Gap("node1", "topic_off", since_ns, None, Topic.LATENCY),)
    scene.wait(3)
    (event,) = scene.text("node1", subscribe_frame(ALL_TOPICS), Kind.SENT)
    gap = Gap("node1", "topic_off", since_ns, scene.now_ns, Topic.LATENCY)
    assert (event.type, event.body, event.node) == ("gap", gap, "node1")
    assert scene.state.gaps == (gap,)


def test_unsubscribing_turns_all_topics_off() -> None:
    scene = three_live()
    scene.text("node1", UNSUBSCRIBE_FRAME, Kind.SENT)
    assert {gap.topic for gap in scene.state.gaps} == set(Topic)
    assert not any(topic.requested for topic in scene.observer("node1").topics.values())


def test_a_missing_message_is_a_gap_of_unknown_size_and_is_counted() -> None:
    scene = Scene()
    scene.live("node1")
    scene.frame("node1", "custom_metrics", {}, boot="a", seq=5, prev=0)
    scene.frame("node1", "custom_metrics", {}, boot="a", seq=9, prev=5)
    since_ns = scene.now_ns
    scene.wait(1)
    message, gap = scene.frame("node1", "custom_metrics", {}, boot="a", seq=20, prev=14)
    assert message.type == "custom_metrics"
    assert gap.body == Gap("node1", "lost", since_ns, scene.now_ns)
    assert gap.is_derived
    assert scene.state.gaps == (gap.body,)
    assert scene.observer("node1").lost == 1


def test_a_new_run_of_the_gateway_and_a_new_socket_are_no_loss() -> None:
    scene = Scene()
    scene.live("node1")
    scene.frame("node1", "custom_metrics", {}, boot="a", seq=5, prev=0)
    scene.frame("node1", "custom_metrics", {}, boot="b", seq=2, prev=1)
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.live("node1")
    scene.frame("node1", "custom_metrics", {}, boot="b", seq=90, prev=80)
    assert scene.observer("node1").lost == 0
    assert [gap.cause for gap in scene.state.gaps] == ["disconnected"]


def test_a_lost_connection_is_a_gap_while_it_lasts_and_a_row_when_it_ends() -> None:
    scene = three_live()
    scene.wait(1)
    (lost,) = scene.phase("node2", Phase.BACKOFF, Cause.SERVER_CLOSED, 1)
    assert lost.type == "connection_lost"
    assert lost.body == ConnectionEvent(Phase.BACKOFF, Cause.SERVER_CLOSED, "", 1, None)
    since_ns = scene.now_ns
    assert scene.state.gaps == (Gap("node2", "disconnected", since_ns),)
    assert scene.node("node2").is_stale
    scene.wait(4)
    events = scene.live("node2")
    assert types(events) == ["connection", "connection", "gap"]
    assert scene.state.gaps == (Gap("node2", "disconnected", since_ns, scene.now_ns),)


def test_a_connection_that_fell_silent_is_missed_since_its_last_frame() -> None:
    scene = three_live()
    last_ns = scene.now_ns
    scene.wait(30)
    scene.phase("node2", Phase.BACKOFF, Cause.SILENT)
    assert scene.state.gaps[-1].since_ns == last_ns


def test_the_first_connection_is_no_gap() -> None:
    scene = Scene()
    scene.phase("node1", Phase.BACKOFF, Cause.REFUSED)
    scene.live("node1")
    assert scene.state.gaps == ()


def test_connection_events_come_with_changes_only() -> None:
    scene = Scene()
    assert types(scene.phase("node1", Phase.CONNECTING)) == ["connection"]
    assert scene.phase("node1", Phase.CONNECTING) == ()
    assert types(scene.phase("node1", Phase.BACKOFF, Cause.TIMEOUT, 1)) == ["connection"]
    assert types(scene.phase("node1", Phase.REJECTED, Cause.NOT_ADMIN)) == ["connection_refused"]


def test_two_missed_beats_make_a_node_stale_and_silent_and_a_status_ends_both() -> None:
    scene = three_live()
    since_ns = scene.now_ns
    assert scene.wait(11) == ()
    for node in ("node1", "node3"):
        scene.status(node, "Leader" if node == "node1" else "Follower")
    (silent,) = scene.wait(1)
    assert (silent.type, silent.node) == ("node_silent", "node2")
    assert silent.body == NodeReach("node2", "no status for 12 s", since_ns)
    assert [told.kind for told in silent.evidence] == [Kind.FRAME, Kind.TICK]
    assert scene.observer("node2").is_stale
    assert scene.node("node2").is_stale
    assert not scene.node("node1").is_stale
    assert scene.wait(5) == ()
    assert types(scene.status("node2")) == ["node_heard"]
    assert not scene.node("node2").is_stale


def test_no_node_is_called_silent_while_its_statuses_are_not_asked_for() -> None:
    scene = three_live()
    for node in ("node1", "node2", "node3"):
        scene.text(node, subscribe_frame(ALL_TOPICS - {Topic.STATUS}), Kind.SENT)
    assert scene.wait(20) == ()
    assert scene.observer("node2").is_stale


def test_a_token_that_is_renewed_is_no_event() -> None:
    scene = three_live()
    text = '{"phase":"live","token_expires_at_ns":5}'
    assert scene.text("node1", text, Kind.CONNECTION) == ()
    assert scene.observer("node1").token_expires_at_ns == 5


def test_what_no_session_would_write_changes_nothing_but_the_time() -> None:
    scene = three_live()
    before = scene.state
    scene.now_ns += NS
    for kind in (Kind.CONNECTION, Kind.SENT, Kind.REST):
        assert scene.text("node1", "{", kind, "GET /nowhere") == ()
    assert scene.state.observers is before.observers
    assert scene.state.now_ns == scene.now_ns
