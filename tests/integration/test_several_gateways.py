"""Several gateways of one cluster, over real sockets: one session each, one picture, and polls where nothing comes."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.store.state import ClusterState, Role
from helios_desktop.store.verdict import verdict
from helios_gateway.accounts.accounts import DEMO_ACCOUNTS
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.simulation.faults import Start, Stop
from helios_gateway.simulation.simulation import Simulation


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Gateway, SimulatedCluster]]:
    """A gateway a node, each on a port of its own, with a fast beat."""
    clock = make_clock()
    cluster = SimulatedCluster(Simulation(seed=7, nodes=3, is_calm=True), now_ns=clock, speed=5)
    gateway = Gateway(cluster, Options(DEMO_ACCOUNTS, port=0, node=None, limits=Limits(status_s=0.5), now_ns=clock))
    async with gateway.serving():
        yield gateway, cluster


@asynccontextmanager
async def watching(gateway: Gateway) -> AsyncIterator[Monitor]:
    addresses = tuple(parse_address(port.url) for port in gateway.ports.values())
    target = Target("Test", addresses, Credentials("admin", "admin123"))
    monitor = Monitor(target, now_ns=make_clock(), rng=random.Random(1))
    running = asyncio.create_task(monitor.run())
    try:
        yield monitor
    finally:
        running.cancel()
        await asyncio.wait({running})


async def until(monitor: Monitor, holds: Callable[[ClusterState], bool]) -> None:
    """Wait for what the picture must become."""
    reached = asyncio.Event()

    def look(*_seen: object) -> None:
        if holds(monitor.state):
            reached.set()

    stop = monitor.listen(look)
    try:
        look()
        async with asyncio.timeout(20):
            await reached.wait()
    finally:
        stop()


async def test_three_gateways_make_one_picture_and_a_stopped_node_takes_only_its_own_away() -> None:
    async with served() as (gateway, cluster), watching(gateway) as monitor:
        await until(monitor, lambda state: verdict(state).text == "3 of 3 healthy: can lose 1")
        names = {node: parse_address(port.url).host_and_port for node, port in gateway.ports.items()}
        assert set(monitor.state.observers) == set(names.values())
        for node in monitor.state.nodes.values():
            assert (node.is_direct, node.told_by) == (True, names[node.id])
        first = monitor.state.leader
        assert first is not None
        await cluster.apply(Stop(first))
        await until(monitor, lambda state: state.leader not in {first, None})
        await until(monitor, lambda state: state.nodes[first].role is Role.UNREACHABLE)
        others = [node for node in monitor.state.nodes.values() if node.id != first]
        assert all(not node.is_stale and not node.is_own_stale for node in others)
        assert "2 of 3 healthy" in verdict(monitor.state).text
        await cluster.apply(Start(first))
        monitor.reconnect_now()
        await until(monitor, lambda state: verdict(state).text == "3 of 3 healthy: can lose 1")
        assert not monitor.state.nodes[first].is_own_stale
        assert monitor.state.disagreements == ()
