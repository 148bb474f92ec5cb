"""What the gateway relies on: the same story for the same seed, views that are true, faults that are refused."""

import math
from collections.abc import Callable

import msgspec
import pytest

from helios_gateway.simulation.faults import (
    Add,
    ClusterFault,
    Fault,
    FaultError,
    Heal,
    Lose,
    Partition,
    Pause,
    Remove,
    Resume,
    Slow,
    Speed,
    Start,
    Step,
    Stop,
    TakeSnapshot,
    Transfer,
    check,
)
from helios_gateway.simulation.happenings import Happening, PeerChanged, SnapshotTaken, Started, StateChanged, Stopped
from helios_gateway.simulation.simulation import Simulation
from helios_gateway.simulation.views import NodeView

STORY: list[tuple[float, ClusterFault]] = [
    (3.0, Stop("node1")),
    (4.0, Add()),
    (2.0, Start("node1")),
    (1.0, Partition(("node2",), one_way=True)),
    (5.0, Slow(40.0)),
    (2.0, Lose(0.1, "node3")),
    (5.0, Heal()),
    (40.0, Remove("node4")),
    (30.0, Transfer()),
]


def play(seed: int, tick_s: float) -> tuple[list[Happening], list[NodeView]]:
    simulation = Simulation(seed=seed)
    told: list[Happening] = []
    for seconds, fault in STORY:
        for _ in range(round(seconds / tick_s)):
            told += simulation.advance(tick_s)
        try:
            told += simulation.apply(fault)
        except FaultError:
            assert isinstance(fault, Transfer)  # at some seeds nobody leads just then
    told += simulation.advance(20.0)
    return told, [simulation.view(node) for node in simulation.members()]


def test_the_same_seed_and_faults_give_the_same_story_bit_for_bit() -> None:
    first, second = play(17, 0.5), play(17, 0.5)
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert msgspec.json.encode(play(18, 0.5)) != msgspec.json.encode(first)


def test_the_story_does_not_depend_on_the_size_of_the_steps() -> None:
    assert msgspec.json.encode(play(17, 0.01)) == msgspec.json.encode(play(17, 1.0))


def test_looking_changes_nothing() -> None:
    unwatched, watched = Simulation(seed=6), Simulation(seed=6)
    told = []
    for _ in range(120):
        told += watched.advance(1.0)
        for node in watched.members():
            watched.view(node)
    assert told == unwatched.advance(120.0)


def test_a_new_simulation_has_a_leader_whom_all_follow_and_a_past_that_it_lived() -> None:
    for seed in range(30):
        simulation = Simulation(seed=seed, nodes=5)
        views = [simulation.view(node) for node in simulation.members()]
        assert len({view.leader for view in views}) == 1
        assert [view.role for view in views].count("Leader") == 1
        assert {view.commit_index for view in views} == {views[0].last_log_index}
        for view in views:
            (session,) = view.uptime.sessions
            assert session.start_s == view.uptime.session_started_s == view.uptime.first_tracked_s == 0.0
            spent = session.leader_s + session.follower_s + session.candidate_s
            assert spent == pytest.approx(simulation.now_s)


def leader_of(simulation: Simulation) -> str:
    return next(node for node in simulation.members() if simulation.view(node).role == "Leader")


def test_a_leader_tells_how_far_its_peers_are_and_followers_do_not() -> None:
    simulation = Simulation(seed=2, is_calm=True)
    simulation.advance(10.0)
    leader = simulation.view(leader_of(simulation))
    for peer in leader.peers:
        assert peer.match_index is not None
        assert peer.next_index is not None
        assert leader.commit_index - 10 <= peer.match_index <= leader.last_log_index
        follower = simulation.view(peer.id)
        assert [(other.match_index, other.next_index) for other in follower.peers] == [(None, None), (None, None)]
        assert follower.address == f"localhost:800{peer.id[-1]}" == peer.address
    assert [peer.id for peer in leader.peers] == sorted({"node1", "node2", "node3"} - {leader.id})


def test_round_trips_are_measured_and_slower_on_a_slow_link() -> None:
    simulation = Simulation(seed=2, is_calm=True)
    simulation.advance(30.0)
    leader = leader_of(simulation)
    slow, other = simulation.view(leader).latency
    before = simulation.view(leader).latency[slow].append_entries
    assert 0.4 < before.min_ms <= before.p50_ms <= before.p90_ms <= before.p99_ms <= before.max_ms < 6.0
    assert before.count == pytest.approx(300, abs=25)
    simulation.apply(Slow(50.0, slow))
    simulation.advance(15.0)
    after = simulation.view(leader).latency
    assert 100.0 < after[slow].append_entries.p50_ms < 106.0
    assert after[other].append_entries.p50_ms < 6.0
    assert after[slow].aggregated.count >= after[slow].append_entries.count


def test_a_stopped_peer_is_out_of_reach_after_three_errors_and_back_with_the_first_answer() -> None:
    simulation = Simulation(seed=2, is_calm=True)
    simulation.advance(5.0)
    leader = leader_of(simulation)
    peer = next(iter(simulation.view(leader).latency))
    simulation.apply(Stop(peer))
    simulation.advance(1.0)
    assert simulation.view(leader).latency[peer].reachable
    simulation.advance(0.5)
    record = simulation.view(leader).latency[peer]
    assert not record.reachable
    assert record.consecutive_errors == record.append_entries.error_count >= 3
    assert record.last_contact_s == pytest.approx(simulation.now_s - 1.5, abs=0.15)
    simulation.apply(Start(peer))
    simulation.advance(0.3)
    record = simulation.view(leader).latency[peer]
    assert record.reachable
    assert record.consecutive_errors == 0
    assert record.append_entries.error_count >= 3


def test_stopping_and_starting_keeps_the_log_and_is_written_into_the_uptime() -> None:
    simulation = Simulation(seed=9, is_calm=True)
    simulation.advance(5.0)
    leader = leader_of(simulation)
    before = simulation.view(leader)
    (stopped,) = simulation.apply(Stop(leader))
    assert stopped == Stopped(simulation.now_s, leader, "stop")
    dead = simulation.view(leader)
    assert not dead.is_running
    assert (dead.term, dead.last_log_index) == (before.term, before.last_log_index)
    assert dead.latency == {}
    assert leader in simulation.members()
    simulation.advance(5.0)
    assert simulation.apply(Start(leader)) == [Started(simulation.now_s, leader)]
    simulation.advance(3.0)
    uptime = simulation.view(leader).uptime
    assert [event.type for event in uptime.events] == ["start", "election", "stop", "restart"]
    first, second = uptime.sessions
    assert first.end_reason == "stop"
    assert first.elections == first.terms_served == 1
    assert first.end_s is not None
    assert second.start_s == pytest.approx(first.end_s + 5.0) == uptime.session_started_s
    assert second.follower_s == pytest.approx(3.0)


def test_an_added_node_gets_the_log_and_every_node_tells_its_own_change() -> None:
    simulation = Simulation(seed=9, is_calm=True)
    simulation.advance(60.0)
    (started,) = simulation.apply(Add())
    assert started == Started(simulation.now_s, "node4")
    told = [happening for happening in simulation.advance(3.0) if isinstance(happening, PeerChanged)]
    assert {change.node for change in told if change.peer_id == "node4"} == {"node1", "node2", "node3"}
    assert {change.peer_id for change in told if change.node == "node4"} == {"node1", "node2", "node3"}
    assert {change.peer_address for change in told if change.peer_id == "node4"} == {"localhost:8004"}
    view = simulation.view("node4")
    assert view.snapshots.received == view.snapshots.restores == 1
    assert view.commit_index > simulation.view("node1").commit_index - 20
    simulation.apply(Remove("node4"))
    told_later = simulation.advance(3.0)
    assert simulation.members() == ("node1", "node2", "node3")
    assert [happening.node for happening in told_later if isinstance(happening, Stopped)] == ["node4"]
    with pytest.raises(KeyError):
        simulation.view("node4")


def test_a_node_that_is_removed_while_no_majority_runs_goes_once_there_is_one() -> None:
    simulation = Simulation(seed=9, is_calm=True)
    leader = leader_of(simulation)
    others = [node for node in simulation.members() if node != leader]
    for node in others:
        simulation.apply(Stop(node))
    simulation.apply(Remove(others[0]))
    simulation.advance(20.0)
    assert others[0] in simulation.members()
    simulation.apply(Start(others[1]))
    simulation.advance(10.0)
    assert simulation.members() == tuple(sorted({leader, others[1]}))


def test_leadership_goes_where_it_was_asked_to_go() -> None:
    simulation = Simulation(seed=9, is_calm=True)
    old = leader_of(simulation)
    target = next(node for node in simulation.members() if node != old)
    simulation.apply(Transfer(target))
    changes = [happening for happening in simulation.advance(1.0) if isinstance(happening, StateChanged)]
    assert leader_of(simulation) == target
    assert {(change.node, change.old_state, change.new_state) for change in changes} == {
        (target, "Follower", "Candidate"),
        (target, "Candidate", "Leader"),
        (old, "Leader", "Follower"),
    }


def test_a_snapshot_takes_the_time_of_its_size_and_is_recorded() -> None:
    simulation = Simulation(seed=9, is_calm=True)
    simulation.advance(8.0)
    assert simulation.apply(TakeSnapshot("node2")) == []
    (taken,) = [happening for happening in simulation.advance(1.0) if isinstance(happening, SnapshotTaken)]
    assert taken.duration_ms == pytest.approx((taken.at_s - (simulation.now_s - 1.0)) * 1e3)
    assert taken.size_bytes > 200 * 50
    record = simulation.view("node2").snapshots
    assert record.latest is not None
    assert record.latest.id == f"{taken.term}-{taken.index}"
    assert (record.created, record.bytes_written) == (1, taken.size_bytes)
    assert [event.type for event in record.events] == ["created"]


def test_metrics_are_what_the_clients_saw() -> None:
    simulation = Simulation(seed=9, is_calm=True)
    simulation.advance(20.0)
    metrics = simulation.view("node1").metrics
    assert {name: metric.type for name, metric in metrics.items()} == {
        "request_count": "counter",
        "request_errors": "counter",
        "active_sessions": "gauge",
        "request_duration_seconds": "histogram",
    }
    durations = metrics["request_duration_seconds"]
    assert durations.value == metrics["request_count"].value == len(durations.observations)
    # Requests wait for the next heartbeat, at most 0.1 s, and for the round trip.
    assert 0.0 < min(durations.observations) < max(durations.observations) < 0.11
    assert metrics["request_errors"].value == 0
    assert 5 < metrics["active_sessions"].value < 60


REFUSED: list[tuple[ClusterFault, str]] = [
    (Stop("node9"), "node"),
    (Stop(""), "node"),
    (Start("node1"), "node"),
    (Start("node0"), "node"),
    (Add("node1"), "node"),
    (Add("../etc"), "node"),
    (Add(""), "node"),
    (Remove("nobody"), "node"),
    (Transfer("node7"), "node"),
    (TakeSnapshot("node7"), "node"),
    (Partition(()), "nodes"),
    (Partition(("node1", "node1")), "nodes"),
    (Partition(("node1", "node8")), "nodes"),
    (Partition(("node1", "node2", "node3")), "nodes"),
    (Heal(("node8",)), "nodes"),
    (Heal(()), "nodes"),
    (Slow(-1.0), "delay_ms"),
    (Slow(math.nan), "delay_ms"),
    (Slow(math.inf), "delay_ms"),
    (Slow(5.0, "node8"), "node"),
    (Lose(1.01), "loss"),
    (Lose(math.nan), "loss"),
    (Lose(0.5, "node8"), "node"),
]


@pytest.mark.parametrize(("fault", "field"), REFUSED, ids=str)
def test_a_fault_that_cannot_be_is_refused_and_changes_nothing(fault: ClusterFault, field: str) -> None:
    simulation, untouched = Simulation(seed=1), Simulation(seed=1)
    with pytest.raises(FaultError) as refused:
        simulation.apply(fault)
    assert refused.value.field == field
    assert refused.value.reason
    assert simulation.advance(5.0) == untouched.advance(5.0)


def refusals(*faults: ClusterFault) -> Callable[[Simulation], str]:
    def run(simulation: Simulation) -> str:
        for fault in faults[:-1]:
            simulation.apply(fault)
        with pytest.raises(FaultError) as refused:
            simulation.apply(faults[-1])
        return refused.value.reason

    return run


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (refusals(Stop("node1"), Stop("node1")), "node1 does not run"),
        (refusals(Stop("node1"), TakeSnapshot("node1")), "node1 does not run"),
        (refusals(Stop("node1"), Stop("node2"), Stop("node3"), Transfer()), "nobody leads"),
        (refusals(Remove("node1"), Remove("node1")), "already"),
        (refusals(Remove("node1"), Remove("node2"), Remove("node3")), "last"),
        (refusals(*(Add() for _ in range(13))), "15 nodes already"),
        (refusals(Add("node7"), Transfer("node7")), "not a member yet"),
    ],
)
def test_what_cannot_be_done_now_is_refused_with_its_reason(run: Callable[[Simulation], str], reason: str) -> None:
    assert reason in run(Simulation(seed=1, is_calm=True))


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        (Speed(0.5), "factor"),
        (Speed(50.1), "factor"),
        (Speed(math.nan), "factor"),
        (Step(0.0), "seconds"),
        (Step(-1.0), "seconds"),
        (Step(math.inf), "seconds"),
    ],
    ids=str,
)
def test_a_time_out_of_range_is_refused(fault: Fault, field: str) -> None:
    with pytest.raises(FaultError) as refused:
        check(fault)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ('{"fault":"stop","node":"node3"}', Stop("node3")),
        ('{"fault":"add"}', Add()),
        ('{"fault":"snapshot","node":"node1"}', TakeSnapshot("node1")),
        ('{"fault":"partition","nodes":["node1"],"one_way":true}', Partition(("node1",), one_way=True)),
        ('{"fault":"heal"}', Heal()),
        ('{"fault":"slow","delay_ms":20}', Slow(20.0)),
        ('{"fault":"lose","loss":0.5,"node":"node1"}', Lose(0.5, "node1")),
        ('{"fault":"speed","factor":50}', Speed(50.0)),
        ('{"fault":"pause"}', Pause()),
        ('{"fault":"resume"}', Resume()),
        ('{"fault":"step","seconds":1.5}', Step(1.5)),
    ],
)
def test_a_fault_is_read_from_json_and_passes_the_check(raw: str, fault: Fault) -> None:
    read = msgspec.json.decode(raw, type=Fault)
    assert read == fault
    check(read)


@pytest.mark.parametrize("seconds", [-0.1, math.nan, math.inf])
def test_time_does_not_go_back_nor_everywhere(seconds: float) -> None:
    with pytest.raises(ValueError, match="finite number of seconds"):
        Simulation(seed=1).advance(seconds)


def test_a_cluster_begins_with_one_to_nine_nodes() -> None:
    assert Simulation(seed=1, nodes=1).view("node1").role == "Leader"
    for nodes in (0, 10):
        with pytest.raises(ValueError, match="1 to 9 nodes"):
            Simulation(seed=1, nodes=nodes)
