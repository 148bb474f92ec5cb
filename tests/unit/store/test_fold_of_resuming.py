"""What was missed, where our own gateway goes on from where a socket ended or says how many messages it left out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.event import Disagreement, Dispute, Event, Gap
from helios_desktop.observation import Cause, Kind, Phase
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, Topic, subscribe_frame
from helios_desktop.store.checkpoint import restore, store
from helios_desktop.summary import summary
from tests.unit.store.scene import THREE, Scene

METRICS = ("custom_metrics", {"load": {"type": "gauge", "value": 1.0, "help": ""}})


def types(events: tuple[Event, ...]) -> list[str]:
    return [event.type for event in events]


def tell(scene: Scene, seq: int, prev: int, boot: str = "a", observer: str = "node1") -> tuple[Event, ...]:
    """A message with our gateway's numbers."""
    return scene.frame(observer, *METRICS, boot=boot, seq=seq, prev=prev)


def lost_after(scene: Scene, seq: int, observer: str = "node1") -> int:
    """Live until message `seq`, then no connection for four seconds; gives since when."""
    scene.live(observer)
    tell(scene, seq, 0, observer=observer)
    scene.wait(1)
    scene.phase(observer, Phase.BACKOFF, Cause.SERVER_CLOSED, 1)
    since_ns = scene.now_ns
    scene.wait(4)
    return since_ns


def numbered_status(scene: Scene, observer: str, seq: int, prev: int, **told: Any) -> tuple[Event, ...]:
    """A status with our gateway's numbers."""
    data = {"node_id": observer, "state": "Follower", "commit_index": 9, "leader": "node1", "term": 1} | told
    peers = [member for member in told.get("members", THREE) if member != observer]
    return scene.frame(observer, "status", data | {"peers": peers}, boot="a", seq=seq, prev=prev)


def test_a_socket_that_goes_on_where_the_last_one_ended_shows_that_nothing_was_missed() -> None:
    scene = Scene()
    since_ns = lost_after(scene, 5)
    assert types(scene.live("node1")) == ["connection", "connection"]
    assert scene.state.gaps == (Gap("node1", "disconnected", since_ns),)
    message, gap = tell(scene, 6, 5)
    assert (message.type, gap.type) == ("custom_metrics", "gap")
    assert gap.body == Gap("node1", "disconnected", since_ns, scene.now_ns, lost=0)
    assert summary(gap) == "no connection for 4.0 s, nothing was missed"
    assert scene.state.gaps == (gap.body,)
    assert types(tell(scene, 7, 6)) == ["custom_metrics"]
    assert scene.observer("node1").lost == 0


@pytest.mark.parametrize(("boot", "seq", "prev"), [("a", 90, 0), ("a", 90, 4), ("a", 90, 6), ("b", 6, 5), ("b", 1, 0)])
def test_a_socket_that_begins_anew_leaves_the_gap_as_it_is(boot: str, seq: int, prev: int) -> None:
    scene = Scene()
    since_ns = lost_after(scene, 5)
    scene.live("node1")
    assert types(tell(scene, seq, prev, boot)) == ["custom_metrics", "gap"]
    assert scene.state.gaps == (Gap("node1", "disconnected", since_ns, scene.now_ns),)
    assert scene.observer("node1").lost == 0


def test_a_gateway_that_numbers_nothing_in_the_place_of_ours_leaves_the_gap_as_it_is() -> None:
    scene = Scene()
    since_ns = lost_after(scene, 5)
    scene.live("node1")
    assert types(scene.frame("node1", *METRICS)) == ["custom_metrics", "gap"]
    assert scene.state.gaps == (Gap("node1", "disconnected", since_ns, scene.now_ns),)


def test_a_gap_lasts_over_sockets_that_bring_no_message() -> None:
    scene = Scene()
    since_ns = lost_after(scene, 5)
    scene.phase("node1", Phase.SYNCING)
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED, 2)
    scene.live("node1")
    scene.phase("node1", Phase.CLOSED, Cause.ASKED)
    scene.wait(2)
    assert scene.state.gaps == (Gap("node1", "disconnected", since_ns),)
    scene.live("node1")
    assert types(tell(scene, 6, 5)) == ["custom_metrics", "gap"]
    assert scene.state.gaps == (Gap("node1", "disconnected", since_ns, scene.now_ns, lost=0),)


def test_what_is_polled_ends_the_gap_at_once_and_the_socket_after_it_misses_nothing() -> None:
    scene = Scene()
    since_ns = lost_after(scene, 5)
    assert types(scene.phase("node1", Phase.POLLING, Cause.SOCKET_BLOCKED)) == ["connection", "gap"]
    blocked = Gap("node1", "disconnected", since_ns, scene.now_ns)
    assert list(scene.state.gaps) == [blocked]
    scene.wait(1)
    scene.live("node1")
    assert types(tell(scene, 6, 5)) == ["custom_metrics", "gap"]
    opening = Gap("node1", "disconnected", scene.now_ns, scene.now_ns, lost=0)
    assert list(scene.state.gaps) == [blocked, opening]


def test_the_way_to_the_first_message_survives_a_checkpoint() -> None:
    scene = Scene()
    since_ns = lost_after(scene, 5)
    scene.live("node1")
    scene.state = restore(store(scene.state))
    tell(scene, 6, 5)
    assert scene.state.gaps == (Gap("node1", "disconnected", since_ns, scene.now_ns, lost=0),)


def test_a_message_of_a_topic_that_is_off_comes_again_and_does_not_turn_it_on() -> None:
    scene = Scene()
    scene.live("node1")
    scene.text("node1", subscribe_frame(ALL_TOPICS - {Topic.CUSTOM_METRICS}), Kind.SENT)
    scene.frame("node1", "pong", None, boot="a", seq=5, prev=0)
    off_ns = scene.now_ns
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED, 1)
    scene.wait(3)
    scene.live("node1")
    tell(scene, 6, 5)
    scene.text("node1", subscribe_frame(ALL_TOPICS - {Topic.CUSTOM_METRICS}), Kind.SENT)
    topic = scene.observer("node1").topics[Topic.CUSTOM_METRICS]
    assert (topic.requested, topic.is_confirmed, topic.count) == (False, False, 1)
    assert scene.state.gaps[0] == Gap("node1", "topic_off", off_ns, topic=Topic.CUSTOM_METRICS)
    assert scene.state.gaps[1].lost == 0


def test_a_gateway_that_says_how_many_messages_it_left_out_makes_a_gap_of_so_many() -> None:
    scene = Scene()
    scene.live("node1")
    tell(scene, 5, 0)
    since_ns = scene.now_ns
    scene.wait(2)
    told = {"error": "17 messages were lost: you read too slowly", "lost": 17}
    # Its `prev` names the last that was left out, so that the numbers show a hole as well.
    error, gap = scene.frame("node1", "error", told, boot="a", seq=30, prev=28)
    assert error.type == "error"
    assert gap.body == Gap("node1", "lost", since_ns, scene.now_ns, lost=17)
    assert scene.observer("node1").lost == 1
    assert types(tell(scene, 31, 30)) == ["custom_metrics"]


def test_what_was_left_out_is_told_though_the_numbers_show_no_hole() -> None:
    scene = Scene()
    scene.live("node1")
    tell(scene, 5, 0)
    _, gap = scene.frame("node1", "error", {"error": "x", "lost": 1}, boot="a", seq=7, prev=5)
    assert isinstance(gap.body, Gap)
    assert gap.body.lost == 1


@pytest.mark.parametrize("lost", [None, 0, -1, "17", True, 1.5, []])
def test_an_error_whose_count_is_none_makes_no_gap(lost: Any) -> None:
    scene = Scene()
    scene.live("node1")
    tell(scene, 5, 0)
    assert types(scene.frame("node1", "error", {"error": "x", "lost": lost}, boot="a", seq=7, prev=5)) == ["error"]


@pytest.mark.parametrize("lost", [None, 0, -1])
def test_a_hole_before_an_error_whose_count_is_none_is_of_unknown_size(lost: int | None) -> None:
    scene = Scene()
    scene.live("node1")
    tell(scene, 5, 0)
    _, gap = scene.frame("node1", "error", {"error": "x", "lost": lost}, boot="a", seq=9, prev=7)
    assert gap.body == Gap("node1", "lost", scene.now_ns, scene.now_ns)


def test_a_count_of_a_gateway_that_numbers_nothing_is_none() -> None:
    scene = Scene()
    scene.live("node1")
    assert types(scene.frame("node1", "error", {"error": "x", "lost": 9})) == ["error"]


def test_an_old_term_and_list_of_members_that_come_again_contradict_nobody() -> None:
    scene = Scene()
    scene.live("node1", "node2")
    numbered_status(scene, "node1", 5, 0)
    numbered_status(scene, "node2", 5, 0)
    scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED, 1)
    scene.wait(3)
    numbered_status(scene, "node2", 9, 5, term=2, members=("node1", "node2"))
    scene.wait(3)
    scene.live("node1")
    scene.text("node1", PING_FRAME, Kind.SENT)
    numbered_status(scene, "node1", 8, 5)
    assert scene.observer("node1").is_catching_up
    assert scene.state.disagreements == ()
    numbered_status(scene, "node1", 12, 8)
    scene.frame("node1", "pong", None, boot="a", seq=13, prev=12)
    assert not scene.observer("node1").is_catching_up
    scene.wait(5)
    # What it goes on to say is no echo any more.
    numbered_status(scene, "node1", 20, 13)
    disagreements: tuple[Disagreement, ...] = scene.state.disagreements
    assert Dispute.TERMS_DIFFER in {told.kind for told in disagreements}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("goes on"), st.integers(1, 4)),
        st.tuples(st.just("leaves out"), st.integers(1, 4)),
        st.tuples(st.just("says so"), st.integers(1, 4)),
        st.tuples(st.just("resumes"), st.integers(0, 3)),
        st.tuples(st.just("begins anew"), st.integers(0, 3)),
        st.tuples(st.just("restarts"), st.integers(0, 3)),
    ),
    max_size=25,
)


@given(steps)
def test_every_loss_is_one_gap_and_every_gap_is_a_loss_or_says_that_there_was_none(todo: list[tuple[str, int]]) -> None:
    scene = Scene()
    scene.live("node1")
    boot, seq = 0, 1
    expected: list[tuple[str, int | None]] = []
    tell(scene, seq, 0, "0")
    for what, number in todo:
        scene.wait(1)
        if what in {"resumes", "begins anew", "restarts"}:
            scene.phase("node1", Phase.BACKOFF, Cause.SERVER_CLOSED, 1)
            for _ in range(number):
                scene.phase("node1", Phase.SYNCING)
                scene.phase("node1", Phase.BACKOFF, Cause.REFUSED, 2)
            scene.live("node1")
        prev = seq
        match what:
            case "leaves out":
                prev = seq + number
                expected.append(("lost", None))
            case "says so":
                prev = seq + number
                expected.append(("lost", number))
            case "resumes":
                expected.append(("disconnected", 0))
            case "begins anew":
                prev = 0
                expected.append(("disconnected", None))
            case "restarts":
                boot, prev = boot + 1, seq
                expected.append(("disconnected", None))
        seq = max(seq, prev) + number + 1
        if what == "says so":
            scene.frame("node1", "error", {"error": "lost", "lost": number}, boot=str(boot), seq=seq, prev=prev)
        else:
            tell(scene, seq, prev, str(boot))
    assert [(gap.cause, gap.lost) for gap in scene.state.gaps] == expected
    assert [event.body for event in scene.events if event.type == "gap"] == list(scene.state.gaps)
    assert all(gap.until_ns is not None and gap.until_ns >= gap.since_ns for gap in scene.state.gaps)


def test_the_count_stands_beside_the_guides_keys_and_is_no_part_of_them() -> None:
    scene = Scene()
    scene.live("node1")
    text = json.dumps({"type": "error", "data": {"error": "x", "lost": 3}})
    (event,) = scene.text("node1", text)
    assert json.loads(event.observation.text)["data"]["lost"] == 3
    assert summary(event) == "x"
