"""What the demo shows by itself, at every seed; and that a calm one does not."""

import os
from collections import defaultdict

import pytest

from helios_gateway.simulation.happenings import (
    Happening,
    MetricsChanged,
    PeerChanged,
    SnapshotTaken,
    Started,
    StateChanged,
    Stopped,
)
from helios_gateway.simulation.invariants import Safety
from helios_gateway.simulation.simulation import Simulation

SEEDS = 1000 if os.environ.get("HELIOS_FUZZ") == "1" else 20


def by_node(happenings: list[Happening]) -> dict[str, list[Happening]]:
    told: dict[str, list[Happening]] = defaultdict(list)
    for happening in happenings:
        told[happening.node].append(happening)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [3, 5])
def test_whoever_watches_any_node_from_the_start_sees_all_of_it(nodes: int) -> None:
    for seed in range(SEEDS):
        simulation = Simulation(seed=seed, nodes=nodes)
        first_minute = by_node(simulation.advance(60.0))
        later = by_node(simulation.advance(120.0))
        for number in range(1, nodes + 1):
            kinds = {type(happening) for happening in first_minute[f"node{number}"]}
            assert {SnapshotTaken, PeerChanged, MetricsChanged} <= kinds, (seed, number, kinds)
        elections = [
            happening
            for told in later.values()
            for happening in told
            if isinstance(happening, StateChanged) and happening.new_state == "Leader"
        ]
        assert elections, seed
        assert any(isinstance(happening, StateChanged) for happening in later["node1"]), seed


@pytest.mark.parametrize("nodes", [1, 2, 9])
def test_a_cluster_of_any_size_lives_on(nodes: int) -> None:
    simulation = Simulation(seed=3, nodes=nodes, inspect=Safety())
    kinds = {type(happening) for happening in simulation.advance(180.0)}
    assert {StateChanged, PeerChanged, SnapshotTaken, MetricsChanged, Started, Stopped} <= kinds
    before = simulation.view("node1").commit_index
    simulation.advance(60.0)
    assert simulation.view("node1").commit_index > before


def test_a_calm_cluster_has_load_and_snapshots_and_nothing_else() -> None:
    for seed in range(10):
        simulation = Simulation(seed=seed, is_calm=True)
        assert {type(happening) for happening in simulation.advance(300.0)} == {SnapshotTaken, MetricsChanged}


def test_the_load_breathes() -> None:
    simulation = Simulation(seed=5, is_calm=True)
    committed = []
    for _ in range(30):
        before = simulation.view("node1").commit_index
        simulation.advance(5.0)
        committed.append((simulation.view("node1").commit_index - before) / 5.0)
    assert min(committed) >= 8
    assert max(committed) <= 60
    assert max(committed) > 1.5 * min(committed)


def test_the_visitor_goes_and_comes_again_under_its_old_name() -> None:
    simulation = Simulation(seed=8)
    changes = [
        (happening.event_type, happening.peer_id)
        for happening in simulation.advance(900.0)
        if isinstance(happening, PeerChanged) and happening.node == "node1"
    ]
    assert changes[:4] == [("added", "node4"), ("removed", "node4"), ("added", "node4"), ("removed", "node4")]
