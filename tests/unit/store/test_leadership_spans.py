"""Who led when: led, leaderless and unknown are three things."""

from helios_desktop.observation import Cause, Phase
from helios_desktop.store.leadership_spans import leader_at, leaderless_ns, leads, unknown_ns
from helios_desktop.store.state import ClusterState
from tests.unit.store.scene import NS, START_S, THREE, Scene, three_live

START_NS = START_S * NS


def story(scene: Scene) -> list[tuple[str | None, bool, int, int]]:
    """Leader, whether it is known, and from which second to which."""
    return [
        (lead.leader, lead.is_known, (lead.since_ns - START_NS) // NS, (lead.until_ns - START_NS) // NS)
        for lead in leads(scene.state)
    ]


def election() -> Scene:
    """node1 leads for 10 s, nobody for 5 s, node2 for 5 s."""
    scene = three_live()
    scene.wait(5)
    scene.beat()
    scene.wait(5)
    scene.frame("node1", "state_change", {"old_state": "Leader", "new_state": "Follower", "term": 2})
    scene.wait(5)
    scene.beat("node2", 2)
    scene.wait(5)
    scene.beat("node2", 2)
    return scene


def test_an_election_is_a_leaderless_stretch_between_two_leaders() -> None:
    scene = election()
    assert story(scene) == [("node1", True, 0, 10), (None, True, 10, 15), ("node2", True, 15, 20)]
    assert leaderless_ns(scene.state, 0, scene.now_ns) == 5 * NS
    assert leaderless_ns(scene.state, START_NS + 12 * NS, START_NS + 13 * NS) == NS
    assert unknown_ns(scene.state, 0, scene.now_ns) == 0


def test_while_nobody_is_heard_who_leads_is_unknown_and_not_led() -> None:
    scene = election()
    scene.wait(2)
    for node in THREE:
        scene.phase(node, Phase.BACKOFF, Cause.SERVER_CLOSED)
    scene.wait(20)
    assert story(scene)[2:] == [("node2", True, 15, 20), (None, False, 20, 42)]  # known until the last beat
    scene.live(*THREE)
    scene.beat("node2", 2)
    scene.wait(3)
    assert story(scene)[2:] == [("node2", True, 15, 20), (None, False, 20, 42), ("node2", True, 42, 45)]
    assert unknown_ns(scene.state, 0, scene.now_ns) == 22 * NS
    assert leaderless_ns(scene.state, 0, scene.now_ns) == 5 * NS


def test_who_led_at_an_instant() -> None:
    state = election().state
    led = [leader_at(state, START_NS + second * NS) for second in (3, 12, 17)]
    assert [None if lead is None else lead.leader for lead in led] == ["node1", None, "node2"]
    assert leader_at(state, START_NS - NS) is None


def test_nothing_is_known_before_the_first_word() -> None:
    assert leads(ClusterState(now_ns=5)) == ()
