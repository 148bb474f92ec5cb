"""One gateway a node over a simulated cluster, faults injected: the merged picture is the simulation's own truth.

Or it says that it does not know: each value is equal or marked unknown, in both dialects, with gateways missing too.
"""

import os
import random
from typing import Final

import pytest

from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.protocol.codec import encode
from helios_desktop.protocol.messages import Latency, Status
from helios_desktop.store.fold import fold
from helios_desktop.store.state import ClusterState, NodeState, Role
from helios_desktop.store.verdict import Level, verdict
from helios_gateway.clusters import rpc_stats
from helios_gateway.clusters.simulated_admin import SimulatedAdmin
from helios_gateway.simulation.faults import (
    Add,
    ClusterFault,
    FaultError,
    Heal,
    Partition,
    Remove,
    Start,
    Stop,
    Transfer,
)
from helios_gateway.simulation.simulation import Simulation
from helios_gateway.simulation.views import NodeView

NS: Final = 1_000_000_000
START_NS: Final = 1_800_000_000 * NS
BEAT_S: Final = 5.0
SETTLING_BEATS: Final = 12
CALM_BEATS: Final = 4
"""So many beats without a change of role, term or members: longer than an old status may look live."""
IS_FUZZING: Final = os.environ.get("HELIOS_FUZZ") == "1"
SEEDS: Final = 400 if IS_FUZZING else 12
FAULTS: Final = 6


class Gateways:
    """A gateway a running node, told from outside as sessions would tell it; `unheard` nodes have none."""

    def __init__(self, seed: int, *, dialect: str, unheard: int) -> None:
        self.rng = random.Random(f"{seed} gateways")
        self.simulation = Simulation(seed=seed, nodes=self.rng.choice((3, 3, 4, 5)), is_calm=True)
        self.admin = SimulatedAdmin(self.view, lambda: self.simulation.now_s, self._wall_ns)
        self.state = ClusterState()
        self.is_real = dialect == "real"
        names = list(self.simulation.members())
        self.unheard = frozenset(self.rng.sample(names, unheard))
        self.cut: frozenset[frozenset[str]] = frozenset()  # the pairs that do not reach each other
        self._open: dict[str, int] = {}
        self._calm = 0
        self._before: object = None

    def view(self, node: str) -> NodeView:
        """What that node tells of itself."""
        return self.simulation.view(node)

    def fault(self) -> None:
        """Do something to the cluster."""
        members = self.simulation.members()
        node = self.rng.choice(members)
        choices: list[ClusterFault] = [Stop(node), Start(node), Partition((node,)), Heal(), Transfer(), Add()]
        if len(members) > 3 and node not in self.unheard:
            choices.append(Remove(node))
        chosen = self.rng.choice(choices)
        try:
            self.simulation.apply(chosen)
        except FaultError:
            return
        match chosen:
            case Partition(nodes):
                self.cut |= {frozenset((one, other)) for one in nodes for other in members if other not in nodes}
            case Heal():
                self.cut = frozenset()
            case Remove(removed):
                self.cut = frozenset(pair for pair in self.cut if removed not in pair)
            case _:
                pass

    def settle(self) -> bool:
        """Let beats pass until nothing changed for some of them; False where the cluster does not come to rest."""
        self._calm = 0
        for _beat in range(SETTLING_BEATS):
            self.beat()
            if self._calm >= CALM_BEATS:
                return True
        return False

    def beat(self) -> None:
        """Let five seconds pass, and every gateway tell its status and its latency."""
        for _second in range(int(BEAT_S)):
            self.simulation.advance(1.0)
            self._see(tick(self._now_ns))
        members = self.simulation.members()
        for node in sorted({*members, *self._open} - self.unheard):
            if node in members and self.view(node).is_running:
                self._tell(node)
            elif node in self._open:
                del self._open[node]
                self._connection(node, ConnectionChange(Phase.BACKOFF, Cause.REFUSED))
        told = [(node, view.is_running, view.role, view.term) for node in members for view in (self.view(node),)]
        self._calm = self._calm + 1 if told == self._before else 0
        self._before = told

    def truth(self) -> NodeView | None:
        """The leader of the latest term that hears a majority; None where there is none."""
        leading = [view for view in self._running() if view.role == "Leader" and self._hears_majority(view)]
        return max(leading, key=lambda view: view.term, default=None)

    def is_well(self) -> bool:
        """Somebody leads, and everybody runs and is in reach of the leader."""
        return all(self.is_in_reach(node) for node in self.simulation.members())

    def is_in_reach(self, node: str) -> bool:
        """Whether the leader can speak with it."""
        leader = self.truth()
        return leader is not None and self.view(node).is_running and self._reach(leader.id, node)

    def _reach(self, one: str, other: str) -> bool:
        return one == other or frozenset((one, other)) not in self.cut

    def _hears_majority(self, view: NodeView) -> bool:
        members = self.simulation.members()
        reached = [node for node in members if self.view(node).is_running and self._reach(view.id, node)]
        return len(reached) > len(members) // 2

    def _running(self) -> list[NodeView]:
        return [view for node in self.simulation.members() if (view := self.view(node)).is_running]

    def _tell(self, node: str) -> None:
        if node not in self._open:
            self._open[node] = 1
            self._connection(node, ConnectionChange(Phase.LIVE))
        view = self.view(node)
        if self.is_real:
            self._frame(node, "status_update", self.admin.status(node))
            return
        peers = tuple(peer.id for peer in view.peers)
        told = Status(view.id, view.role, view.term, view.commit_index, view.last_applied, view.leader, peers)
        self._frame(node, "status", told)
        table = rpc_stats.peer_table(view, self.simulation.now_s, self._wall_ns)
        self._frame(node, "latency", Latency(aggregated={}, peers=table))

    def _frame(self, node: str, message_type: str, data: object) -> None:
        text = encode({"type": message_type, "data": data}).decode()
        self._see(Observation(self._gateway(node), 1, self._now_ns, Kind.FRAME, text))

    def _connection(self, node: str, change: ConnectionChange) -> None:
        self._see(connection_observation(self._gateway(node), 1, self._now_ns, change))

    def _see(self, observation: Observation) -> None:
        self.state, _events = fold(self.state, observation)

    def _gateway(self, node: str) -> str:
        return f"{node}.example:8443"

    @property
    def _now_ns(self) -> int:
        return self._wall_ns(self.simulation.now_s)

    def _wall_ns(self, at_s: float) -> int:
        return START_NS + round(at_s * NS)


def compare(gateways: Gateways) -> None:
    """Each value is the truth, or says that it is not known."""
    state, leader = gateways.state, gateways.truth()
    members = set(gateways.simulation.members())
    told_members = {node for node in members - gateways.unheard if gateways.view(node).is_running}
    if leader is not None and leader.id not in gateways.unheard:
        assert set(state.nodes) == members
    if leader is None:
        assert state.leader is None or verdict(state).level is not Level.WELL
    else:
        assert state.leader in {leader.id, None}
        if leader.id not in gateways.unheard:
            assert state.leader == leader.id
    for node in sorted(told_members & set(state.nodes)):
        view, told = gateways.view(node), state.nodes[node]
        assert (told.term, told.commit_index, told.is_own_stale) == (view.term, view.commit_index, False)
        assert told.role.value == view.role.lower()
    for node in sorted(members & set(state.nodes)):
        compare_reach(gateways, node, state.nodes[node])
    if verdict(state).level is Level.WELL:
        assert gateways.is_well()
    assert not any(one.kind == "two_leaders" for one in state.disagreements)


def compare_reach(gateways: Gateways, node: str, told: NodeState) -> None:
    """Of a node without a voice of its own: what others say of it is true or not said."""
    is_running = gateways.view(node).is_running
    if not is_running and node not in gateways.unheard:
        assert told.role is Role.UNREACHABLE
    if told.is_reachable is True and node in gateways.unheard:
        assert gateways.is_in_reach(node)
    if told.role is Role.UNREACHABLE:
        assert not gateways.is_in_reach(node)
    if node in gateways.unheard:
        assert told.role in {Role.UNKNOWN, Role.UNREACHABLE, Role(gateways.view(node).role.lower())}
        assert told.commit_index is None


@pytest.mark.slow
@pytest.mark.parametrize("unheard", [0, 1])
@pytest.mark.parametrize("dialect", ["guide", "real"])
@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed{seed}")
def test_the_merged_picture_is_the_truth_or_says_that_it_is_not_known(seed: int, dialect: str, unheard: int) -> None:
    gateways = Gateways(seed, dialect=dialect, unheard=unheard)
    settled = 0
    for _fault in range(FAULTS):
        if gateways.settle():
            settled += 1
            compare(gateways)
        gateways.fault()
    assert settled
