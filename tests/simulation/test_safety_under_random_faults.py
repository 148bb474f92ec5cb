"""Figure 3 of the Raft paper, checked after every step while everything goes wrong; and that the check can fail.

The bug of figure 8 needs a story of its own: test_figure_8_of_the_raft_paper.py.
"""

import os
import random

import pytest

from helios_gateway.simulation.faults import (
    Add,
    ClusterFault,
    FaultError,
    Heal,
    Lose,
    Partition,
    Remove,
    Slow,
    Start,
    Stop,
    TakeSnapshot,
    Transfer,
)
from helios_gateway.simulation.host import Timing
from helios_gateway.simulation.invariants import Safety, ViolationError
from helios_gateway.simulation.messages import RequestVote
from helios_gateway.simulation.network import Climate
from helios_gateway.simulation.raft import Raft
from helios_gateway.simulation.server import MakeRaft
from helios_gateway.simulation.simulation import Simulation

HASTY = Timing(heartbeat_s=0.05, election_min_s=0.15, election_max_s=0.3, snapshot_every=20, kept_entries=4, batch=4)
RESUME_WITHIN_S = 50 * HASTY.election_max_s
IS_FUZZING = os.environ.get("HELIOS_FUZZ") == "1"
BLOCKS = 100 if IS_FUZZING else 8
SEEDS_A_BLOCK = 40


def troubled(seed: int, make_raft: MakeRaft = Raft) -> tuple[Simulation, Safety, random.Random]:
    """A small cluster on a bad network, with everything looked at."""
    rng = random.Random(f"{seed} trouble")
    climate = Climate(
        delay_s=rng.uniform(0.001, 0.01),
        jitter_s=rng.choice((0.005, 0.05, 0.1)),
        loss=rng.choice((0.0, 0.02, 0.1)),
        duplication=rng.choice((0.0, 0.05, 0.2)),
        bytes_per_s=2e6,
    )
    safety = Safety()
    simulation = Simulation(
        seed=seed,
        nodes=rng.choice((3, 3, 4, 5)),
        is_calm=True,
        timing=HASTY,
        climate=climate,
        make_raft=make_raft,
        inspect=safety,
    )
    return simulation, safety, rng


def any_fault(simulation: Simulation, rng: random.Random) -> ClusterFault:
    members = simulation.members()
    node = rng.choice(members)
    some = tuple(rng.sample(members, rng.randint(1, max(1, len(members) // 2))))
    faults: list[tuple[ClusterFault, int]] = [
        (Stop(node), 4),
        (Start(node), 6),
        (Partition(some), 3),
        (Partition(some, one_way=True), 3),
        (Heal(), 3),
        (Heal(some), 2),
        (Slow(rng.uniform(0.0, 300.0), rng.choice((None, node))), 2),
        (Lose(rng.uniform(0.0, 0.5), rng.choice((None, node))), 2),
        (Add() if len(members) < 7 else Remove(node), 2),
        (Remove(node), 2),
        (Transfer(rng.choice((None, node))), 3),
        (TakeSnapshot(node), 2),
    ]
    return rng.choices([fault for fault, _ in faults], [weight for _, weight in faults])[0]


def trouble(simulation: Simulation, rng: random.Random, seconds: float) -> None:
    """Let one thing after the other go wrong; what cannot be done is passed over."""
    end_s = simulation.now_s + seconds
    while simulation.now_s < end_s:
        simulation.advance(rng.choice((0.01, 0.1, 0.3, 0.8)))
        try:
            simulation.apply(any_fault(simulation, rng))
        except FaultError:
            continue


def end_faults(simulation: Simulation) -> None:
    simulation.apply(Heal())
    for node in simulation.members():
        if not simulation.view(node).is_running:
            simulation.apply(Start(node))


def seconds_until_commits_resume(simulation: Simulation) -> float:
    """Until every member has applied something that was not committed when the faults ended."""
    before = max(simulation.view(node).commit_index for node in simulation.members())
    start_s = simulation.now_s
    while any(simulation.view(node).last_applied <= before for node in simulation.members()):
        simulation.advance(0.1)
        if simulation.now_s - start_s > RESUME_WITHIN_S:
            pytest.fail(f"no commit for {simulation.now_s - start_s:.1f} s after the faults ended")
    return simulation.now_s - start_s


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_five_safety_properties_hold_and_commits_resume(block: int) -> None:
    for seed in range(block * SEEDS_A_BLOCK, (block + 1) * SEEDS_A_BLOCK):
        try:
            simulation, safety, rng = troubled(seed)
            trouble(simulation, rng, 8.0)
            end_faults(simulation)
            seconds_until_commits_resume(simulation)
            simulation.advance(0.5)
            for server in simulation.cluster.servers.values():
                assert server.raft is not None
                assert server.raft.machine.values == safety.replay(server.raft.last_applied).values
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


class VotesTwice(Raft):
    """Forgets whom it voted for."""

    def _may_vote(self, request: RequestVote) -> bool:
        self.storage.voted_for = ""
        return super()._may_vote(request)


class VotesForAnyLog(Raft):
    """Votes for candidates whose logs are behind its own."""

    def _may_vote(self, request: RequestVote) -> bool:
        return self.storage.voted_for in ("", request.sender)


def first_violation(make_raft: MakeRaft, seeds: int) -> ViolationError | None:
    for seed in range(seeds):
        try:
            simulation, _, rng = troubled(seed, make_raft)
            trouble(simulation, rng, 20.0)
        except ViolationError as violation:
            return violation
    return None


@pytest.mark.slow
def test_a_server_that_votes_twice_is_caught() -> None:
    violation = first_violation(VotesTwice, seeds=100)
    assert violation is not None
    assert violation.law == "Election Safety"


@pytest.mark.slow
def test_a_server_that_votes_for_any_log_is_caught() -> None:
    violation = first_violation(VotesForAnyLog, seeds=100)
    assert violation is not None
    assert violation.law in ("Leader Completeness", "State Machine Safety")
