"""A cluster that really runs Raft, deterministic: one seed and the same calls give the same story, bit for bit."""

import math
import random
from collections.abc import Callable
from typing import Final

from helios_gateway.simulation.agenda import Agenda
from helios_gateway.simulation.clients import Clients
from helios_gateway.simulation.cluster import Cluster
from helios_gateway.simulation.faults import ClusterFault
from helios_gateway.simulation.happenings import Happening
from helios_gateway.simulation.host import Timing
from helios_gateway.simulation.life import Life
from helios_gateway.simulation.network import Climate
from helios_gateway.simulation.raft import Raft
from helios_gateway.simulation.server import MakeRaft
from helios_gateway.simulation.views import NodeView

START_LIMIT_S: Final = 600.0


class Simulation:
    """Servers, network, clients, and, unless it is calm, a life of its own.

    A new one has run until everybody follows a leader. Without `is_calm` nodes come and go, leaders crash and hand
    over; snapshots and load there are always.

    timing, climate: of servers and network
    make_raft:       how a server process comes to be
    inspect:         called with the cluster after every step, from the first on; may raise
    """

    def __init__(
        self,
        *,
        seed: int,
        nodes: int = 3,
        is_calm: bool = False,
        timing: Timing | None = None,
        climate: Climate | None = None,
        make_raft: MakeRaft = Raft,
        inspect: Callable[[Cluster], None] | None = None,
    ) -> None:
        if not 1 <= nodes <= 9:
            raise ValueError(f"a simulation begins with 1 to 9 nodes, not {nodes}")
        self._agenda = Agenda()
        # Each has a generator of its own: what the clients draw must not change what the network does.
        self._cluster = Cluster(
            self._agenda,
            random.Random(f"{seed} servers"),
            nodes=nodes,
            timing=timing or Timing(),
            climate=climate or Climate(),
            make_raft=make_raft,
        )
        self._inspect = inspect
        self._after_each = None if inspect is None else self._inspect_step
        self._settle()
        Clients(self._cluster, random.Random(f"{seed} clients"))
        if not is_calm:
            Life(self._cluster, random.Random(f"{seed} life"))
        self._cluster.happenings.clear()

    @property
    def now_s(self) -> float:
        """Simulated seconds since the servers started."""
        return self._agenda.now

    @property
    def cluster(self) -> Cluster:
        """The servers themselves, for who examines them; leave them as they are."""
        return self._cluster

    def advance(self, seconds: float) -> list[Happening]:
        """Let time pass, and tell what happened in it, in order. Needs a finite number, 0 or more."""
        if not 0.0 <= seconds < math.inf:
            raise ValueError(f"time advances by a finite number of seconds, not {seconds}")
        # To the nanosecond: a thousand small steps then end where one big step does.
        self._agenda.run_until(round(self._agenda.now + seconds, 9), self._after_each)
        return self._cluster.collect()

    def apply(self, fault: ClusterFault) -> list[Happening]:
        """Do this to the cluster, now; tells what happened at once. Raises `FaultError` where it cannot be done."""
        self._cluster.apply(fault)
        if self._inspect is not None:
            self._inspect(self._cluster)
        return self._cluster.collect()

    def members(self) -> tuple[str, ...]:
        """Every node that exists, running or stopped, in the order of their numbers."""
        return self._cluster.members()

    def view(self, node: str) -> NodeView:
        """What that node tells of itself. KeyError: it does not exist."""
        return self._cluster.servers[node].view()

    def _settle(self) -> None:
        while not self._cluster.is_settled():
            if self._agenda.now > START_LIMIT_S:
                raise RuntimeError(f"no settled leader within {START_LIMIT_S:g} simulated seconds")
            self._agenda.run_until(round(self._agenda.now + 0.1, 9), self._after_each)

    def _inspect_step(self) -> None:
        if self._inspect is not None:
            self._inspect(self._cluster)
