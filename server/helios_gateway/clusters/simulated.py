"""The simulated cluster on the wall clock: drives it, tells what happens in it, and gives the guide's views of it."""

import asyncio
import math
from collections.abc import Callable, Iterable
from typing import Final, assert_never

from helios_desktop.protocol.messages import Latency, PeerChange, Snapshot, StateChange, Status, Uptime
from helios_gateway.clusters import metric_shapes, rpc_stats, uptime_shapes
from helios_gateway.clusters.cluster import Disturbed, NodeRemoved, NodeStarted, NodeStopped, Notice, Told
from helios_gateway.clusters.simulated_admin import SimulatedAdmin
from helios_gateway.clusters.timeline import Timeline
from helios_gateway.simulation.faults import Fault, Pause, Resume, Speed, Step, check
from helios_gateway.simulation.happenings import (
    Happening,
    MetricsChanged,
    PeerChanged,
    SnapshotTaken,
    Started,
    StateChanged,
    Stopped,
)
from helios_gateway.simulation.simulation import Simulation
from helios_gateway.simulation.views import NodeView

TICK_S: Final = 0.02
_LONGEST_TICK_S: Final = 0.5
"""After a longer stall, be it a busy loop or a sleeping machine, simulated time goes on from where it was."""
_STEP_SLICE_S: Final = 1.0


class SimulatedCluster:
    """A `Cluster` that is a simulation. `run` lets its time go by, `speed` simulated seconds a second.

    now_ns: the wall clock, in nanoseconds since the epoch
    turned_at_s: when `run` last went round, by the loop's clock; it does so while simulated time is held, too
    """

    def __init__(self, simulation: Simulation, *, now_ns: Callable[[], int], speed: float = 1.0) -> None:
        self._simulation = simulation
        self._now_ns = now_ns
        self._speed = speed
        self.turned_at_s = -math.inf
        self._is_paused = False
        self._stepping = asyncio.Lock()
        self._timeline = Timeline(simulation.now_s, now_ns())
        self._listeners: list[Callable[[Notice], None]] = []
        self._members = simulation.members()
        self._views: dict[str, NodeView] = {}
        self.admin = SimulatedAdmin(self._view, lambda: simulation.now_s, self._timeline.wall_ns)

    def members(self) -> tuple[str, ...]:
        """Every node that exists, running or stopped."""
        return self._members

    def is_running(self, node: str) -> bool:
        """Whether the node's process runs; False too for one that does not exist."""
        return node in self._members and self._view(node).is_running

    def listen(self, see: Callable[[Notice], None]) -> None:
        """Call `see` with whatever happens."""
        self._listeners.append(see)

    def status(self, node: str) -> Status:
        """The guide's `status`."""
        view = self._view(node)
        return Status(
            node_id=view.id,
            state=view.role,
            term=view.term,
            commit_index=view.commit_index,
            last_applied=view.last_applied,
            leader=view.leader,
            peers=tuple(peer.id for peer in view.peers),
        )

    def latency(self, node: str) -> Latency:
        """The guide's `latency`, of the RPCs that this node sent since it started."""
        view = self._view(node)
        return Latency(
            aggregated=rpc_stats.by_kind(view.latency.values()),
            peers=rpc_stats.peer_table(view, self._simulation.now_s, self._timeline.wall_ns),
        )

    def uptime(self, node: str) -> Uptime:
        """The guide's `uptime`."""
        return uptime_shapes.uptime(self._view(node).uptime, self._simulation.now_s)

    async def run(self) -> None:
        """Let time go by until cancelled."""
        loop = asyncio.get_running_loop()
        before = self.turned_at_s = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            now = self.turned_at_s = loop.time()
            self._pass(now - before)
            before = now

    async def apply(self, fault: Fault) -> None:
        """Do it. Raises `FaultError` where it cannot be done; nothing has happened then."""
        check(fault)
        happenings: list[Happening] = []
        match fault:
            case Speed(factor):
                self._turn()
                self._speed = factor
            case Pause():
                self._turn()
                self._is_paused = True
            case Resume():
                self._turn()
                self._is_paused = False
            case Step(seconds):
                await self._step(seconds)
            case _:
                happenings = self._simulation.apply(fault)
                self._see(happenings)
        told = {happening.node for happening in happenings if isinstance(happening, Started | Stopped)}
        self._tell(Disturbed(tuple(node for node in self._members if node not in told and self.is_running(node))))

    def _pass(self, elapsed_s: float) -> None:
        if self._is_paused or self._stepping.locked():
            return
        if elapsed_s > _LONGEST_TICK_S:
            elapsed_s = _LONGEST_TICK_S
            self._timeline.turn(self._simulation.now_s, self._now_ns() - round(elapsed_s * 1e9))
        happenings = self._simulation.advance(elapsed_s * self._speed)
        self._timeline.reach(self._simulation.now_s, self._now_ns())
        self._see(happenings)

    async def _step(self, seconds: float) -> None:
        async with self._stepping:
            self._turn()
            while seconds > 0.0:
                share_s = min(seconds, _STEP_SLICE_S)
                happenings = self._simulation.advance(share_s)
                self._timeline.reach(self._simulation.now_s, self._now_ns())
                self._see(happenings)
                seconds -= share_s
                # An hour takes seconds to compute: others have their turn in between.
                await asyncio.sleep(0)
            self._turn()

    def _turn(self) -> None:
        self._timeline.turn(self._simulation.now_s, self._now_ns())

    def _view(self, node: str) -> NodeView:
        view = self._views.get(node)
        if view is None:
            view = self._views[node] = self._simulation.view(node)
        return view

    def _see(self, happenings: Iterable[Happening]) -> None:
        self._views.clear()
        before, self._members = self._members, self._simulation.members()
        for happening in happenings:
            self._tell(_notice(happening))
        for node in before:
            if node not in self._members:
                self._tell(NodeRemoved(node))

    def _tell(self, notice: Notice) -> None:
        for see in self._listeners:
            see(notice)


def _notice(happening: Happening) -> Notice:
    match happening:
        case StateChanged(_, node, old_state, new_state, term):
            return Told(node, StateChange(old_state, new_state, term))
        case PeerChanged(_, node, event_type, peer_id, peer_address):
            return Told(node, PeerChange(peer_id, event_type, peer_address))
        case SnapshotTaken(_, node, index, term, size_bytes, duration_ms):
            return Told(node, Snapshot(index, term, size_bytes, round(duration_ms)))
        case MetricsChanged(_, node, metrics):
            return Told(node, metric_shapes.changed(metrics))
        case Stopped(_, node):
            return NodeStopped(node)
        case Started(_, node):
            return NodeStarted(node)
        case _:
            assert_never(happening)
