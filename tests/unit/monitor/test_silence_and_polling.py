"""Each silence of an open connection has a reason of its own, and what does not come is asked for by REST."""

import pytest

from helios_desktop.client.causes import explain
from helios_desktop.monitor.wanted import NOTHING, wanted_calls
from helios_desktop.observation import Cause, Kind, Phase
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic, subscribe_frame
from helios_desktop.store.silence import silence
from tests.unit.store.scene import Scene, real_data

GATEWAY = "gw:8443"
RAFT_OFF = "Raft not enabled\n"
STATUS = frozenset({RestCall.STATUS})
POLLED = frozenset({RestCall.LATENCY, RestCall.UPTIME, RestCall.UPTIME_HISTORY, RestCall.SNAPSHOT, RestCall.METRICS})


def opened() -> Scene:
    scene = Scene()
    scene.live(GATEWAY)
    scene.frame(GATEWAY, "pong", None)
    return scene


def why(scene: Scene) -> Cause:
    return silence(scene.observer(GATEWAY), scene.now_ns)


def wanted(scene: Scene) -> frozenset[RestCall]:
    return wanted_calls(scene.observer(GATEWAY), scene.now_ns)


def test_a_gateway_that_answers_pings_alone_is_asked_by_rest_before_it_is_called_silent() -> None:
    scene = opened()
    scene.wait(5)
    assert (why(scene), wanted(scene)) == (Cause.NONE, NOTHING)
    scene.wait(2)
    assert (why(scene), wanted(scene)) == (Cause.NONE, STATUS)
    scene.wait(5)
    assert why(scene) is Cause.NO_STATUS


@pytest.mark.parametrize(
    ("status", "text"), [(503, RAFT_OFF), (500, "Failed to get cluster status: raft not enabled\n")]
)
def test_rest_confirms_that_raft_is_not_enabled(status: int, text: str) -> None:
    scene = opened()
    scene.wait(7)
    scene.rest(GATEWAY, RestCall.STATUS, text, status)
    assert (why(scene), wanted(scene)) == (Cause.RAFT_NOT_ENABLED, STATUS)
    scene.real_status(GATEWAY, node="node1")
    assert why(scene) is Cause.NONE


def test_another_refusal_does_not_say_that_raft_is_off() -> None:
    scene = opened()
    scene.wait(12)
    scene.rest(GATEWAY, RestCall.STATUS, "Rate limit exceeded\n", 429)
    assert why(scene) is Cause.NO_STATUS


def test_a_status_that_only_rest_tells_is_a_picture_and_is_said_to_be_polled() -> None:
    scene = opened()
    for _beat in range(3):
        scene.wait(5)
        scene.rest(GATEWAY, RestCall.STATUS, real_data("node1", "Leader", 3, 50, ("node1", "node2")))
    assert why(scene) is Cause.STATUS_BY_REST
    assert (scene.state.leader, scene.node("node1").is_stale) == ("node1", False)
    assert RestCall.STATUS in wanted(scene)


def test_where_no_socket_is_let_through_the_picture_comes_by_rest() -> None:
    scene = Scene()
    scene.phase(GATEWAY, Phase.POLLING, Cause.SOCKET_BLOCKED)
    scene.rest(GATEWAY, RestCall.STATUS, real_data("node1", "Leader", 3, 50, ("node1", "node2")))
    assert (scene.state.leader, scene.node("node1").is_stale) == ("node1", False)
    assert wanted(scene) == POLLED
    scene.wait(12)
    assert scene.node("node1").is_stale


def test_a_topic_that_is_off_is_neither_missed_nor_asked_for() -> None:
    scene = opened()
    scene.real_status(GATEWAY, node="node1")
    scene.text(GATEWAY, subscribe_frame(frozenset()), Kind.SENT)
    scene.wait(60)
    assert (why(scene), wanted(scene)) == (Cause.NONE, NOTHING)


def test_the_real_gateway_is_asked_for_what_it_never_pushes() -> None:
    scene = opened()
    scene.real_status(GATEWAY, node="node1")
    assert wanted(scene) == POLLED
    scene.frame(GATEWAY, "custom_metrics", {"total_metrics": 0, "metrics": {}})
    assert wanted(scene) == POLLED - {RestCall.METRICS}


def test_our_own_gateway_is_asked_only_for_what_stays_away() -> None:
    scene = opened()
    scene.text(GATEWAY, subscribe_frame(ALL_TOPICS - {Topic.UPTIME}), Kind.SENT)
    scene.status(GATEWAY, node="node1")
    assert wanted(scene) == NOTHING
    for _beat in range(8):
        scene.wait(5)
        scene.status(GATEWAY, node="node1")
    assert wanted(scene) == {RestCall.LATENCY}
    scene.frame(GATEWAY, "latency", {"aggregated": {}})
    assert wanted(scene) == NOTHING


def test_a_stopped_node_whose_gateway_says_so_is_not_silent() -> None:
    scene = opened()
    scene.status(GATEWAY, node="node1")
    for _beat in range(10):
        scene.wait(5)
        scene.frame(GATEWAY, "error", {"error": "Failed to retrieve cluster status"})
    # Our own gateway's REST says it in the words of one without Raft.
    scene.rest(GATEWAY, RestCall.LATENCY, "Raft not enabled: node1 is stopped", 503)
    assert (why(scene), wanted(scene)) == (Cause.NONE, NOTHING)


def test_each_reason_has_a_sentence_and_a_next_step_of_its_own() -> None:
    reasons = (
        *(Cause.SILENT, Cause.HUB_NOT_RUNNING, Cause.RAFT_NOT_ENABLED, Cause.NO_STATUS, Cause.STATUS_BY_REST),
        *(Cause.SOCKET_BLOCKED, Cause.SLEPT),
    )
    told = [explain(reason, "") for reason in reasons]
    assert all(one.sentence and one.next_step for one in told)
    assert len({one.sentence for one in told}) == len({one.next_step for one in told}) == len(reasons)
