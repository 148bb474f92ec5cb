"""Simulated instants on the wall clock."""

from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.clusters.timeline import Timeline
from helios_gateway.simulation.faults import Pause, Step
from helios_gateway.simulation.simulation import Simulation

S = 1_000_000_000


def test_at_natural_speed_both_clocks_agree() -> None:
    timeline = Timeline(2.0, 100 * S)
    timeline.reach(5.0, 103 * S)
    assert timeline.wall_ns(4.0) == 102 * S
    assert timeline.wall_ns(0.5) == 98 * S + S // 2


def test_at_fifty_fold_speed_no_instant_is_in_the_future() -> None:
    timeline = Timeline(0.0, 100 * S)
    timeline.turn(10.0, 110 * S)
    timeline.reach(60.0, 111 * S)
    assert timeline.wall_ns(60.0) == 111 * S
    assert timeline.wall_ns(35.0) == 110 * S + S // 2
    assert timeline.wall_ns(5.0) == 105 * S


def test_a_pause_lies_between_two_instants_and_a_step_in_one() -> None:
    timeline = Timeline(0.0, 100 * S)
    timeline.turn(10.0, 110 * S)
    timeline.turn(10.0, 170 * S)
    timeline.turn(40.0, 170 * S)
    timeline.reach(41.0, 171 * S)
    assert timeline.wall_ns(9.0) == 109 * S
    assert timeline.wall_ns(25.0) == 170 * S
    assert timeline.wall_ns(41.0) == 171 * S


def test_it_stays_small_and_does_not_change_what_it_said() -> None:
    timeline = Timeline(0.0, 0)
    for second in range(1, 5000):
        timeline.turn(float(second), second * S * 2)
    assert timeline.wall_ns(4900.5) == 9801 * S


def test_what_was_forgotten_still_lies_between_the_begin_and_what_is_known() -> None:
    timeline = Timeline(0.0, 100 * S)
    for second in range(1, 5000):
        timeline.turn(float(second), (100 + second * 2) * S)
    timeline.turn(5000.0, 10_101 * S)
    told = [timeline.wall_ns(second / 2) for second in range(10_001)]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (100 * S, 10_101 * S)


async def test_what_happened_in_a_long_step_happened_while_it_was_made() -> None:
    now_ns = 1_800_000_000 * S
    cluster = SimulatedCluster(Simulation(seed=1), now_ns=lambda: now_ns)
    begun_s = now_ns // S
    await cluster.apply(Pause())
    now_ns += 60 * S
    await cluster.apply(Step(1_500.0))
    histories = [cluster.admin.uptime_history(node, 1_000, 1) for node in cluster.members() if cluster.is_running(node)]
    instants = {event["timestamp_unix"] for history in histories for event in history["events"]}
    assert {instant for instant in instants if instant > begun_s} == {now_ns // S}
    assert min(instants) > begun_s - 10
