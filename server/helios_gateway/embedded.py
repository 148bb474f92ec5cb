"""The gateway that the application starts for its demo: in its own loop, on a free loopback port."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from helios_gateway.accounts.accounts import Account, FixedAccounts, Role
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.simulation.simulation import Simulation


@dataclass(frozen=True, slots=True)
class Embedded:
    """Where it is and who may log in; `members` names the nodes that exist now."""

    url: str
    username: str
    password: str = field(repr=False)
    members: Callable[[], tuple[str, ...]] = field(repr=False)


@asynccontextmanager
async def embedded_gateway(
    *, nodes: int = 3, seed: int | None = None, is_calm: bool = False, speed: float = 1.0
) -> AsyncIterator[Embedded]:
    """Serve a simulated cluster of `nodes` nodes, at `speed` simulated seconds a second (1 to 50).

    The password is a new one each time. At the end all is closed within a second.
    """
    simulation = Simulation(seed=secrets.randbits(32) if seed is None else seed, nodes=nodes, is_calm=is_calm)
    cluster = SimulatedCluster(simulation, now_ns=time.time_ns, speed=speed)
    admin, password = Account("admin", Role.ADMIN), secrets.token_urlsafe(18)
    # One client in the same process hardly ever comes back: little need be kept for it.
    limits = Limits(ring_bytes=64 << 10)
    gateway = Gateway(cluster, Options(FixedAccounts({admin: password}), port=0, limits=limits))
    async with gateway.serving():
        yield Embedded(gateway.ports["node1"].url, admin.username, password, cluster.members)
