"""Row 12: how much faster than the wall clock a five-node cluster runs, a tick every 10 ms, under its normal load."""

import time

from helios_gateway.simulation.simulation import Simulation
from tests.benchmarks.row import Row

TICK_S = 0.01
ROUND_S = 20.0
ROUNDS = 20
TARGET = 1000.0


def measure() -> list[Row]:
    """One row. The best of several rounds, in time of the processor: what disturbs only ever slows down."""
    simulation = Simulation(seed=1, nodes=5, is_calm=True)
    simulation.advance(20.0)
    fastest = max(_times_real_time(simulation) for _ in range(ROUNDS))
    return [
        Row(
            12,
            "simulation, five nodes at a 10 ms tick",
            f"{fastest:,.0f} × real time",
            f"≥ {TARGET:,.0f} ×",
            fastest >= TARGET,
        )
    ]


def _times_real_time(simulation: Simulation) -> float:
    began = time.process_time()
    for _ in range(round(ROUND_S / TICK_S)):
        simulation.advance(TICK_S)
    return ROUND_S / (time.process_time() - began)
