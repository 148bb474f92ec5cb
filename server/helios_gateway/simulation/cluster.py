"""The servers together, and their operator: who starts, stops, adds and removes them."""

import random
from collections import deque
from collections.abc import Callable
from typing import Final

from helios_gateway.simulation.agenda import Agenda
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
    check,
    quoted,
)
from helios_gateway.simulation.happenings import Happening
from helios_gateway.simulation.host import Timing
from helios_gateway.simulation.messages import Configuration, Entry
from helios_gateway.simulation.network import Climate, Network
from helios_gateway.simulation.raft import Raft
from helios_gateway.simulation.server import MakeRaft, Server
from helios_gateway.simulation.storage import Storage

MOST_NODES: Final = 15
OPERATOR_PATIENCE_S: Final = 0.2


class Cluster:
    """The nodes by name, on one network and one agenda.

    happenings:   what happened and was not collected yet
    on_committed: called with the entries that a leader committed
    """

    def __init__(
        self,
        agenda: Agenda,
        rng: random.Random,
        *,
        nodes: int,
        timing: Timing,
        climate: Climate,
        make_raft: MakeRaft,
    ) -> None:
        self.agenda = agenda
        self.network = Network(climate, rng)
        self.happenings: list[Happening] = []
        self.on_committed: Callable[[list[Entry]], None] = _ignore
        self._rng = rng
        self._timing = timing
        self._make_raft = make_raft
        self._servers: dict[str, Server] = {}
        self._retired: dict[str, Storage] = {}
        self._wishes: deque[tuple[str, bool]] = deque()
        self.servers = self._servers
        configuration = Configuration(tuple(sorted(f"node{number}" for number in range(1, nodes + 1))))
        for number in range(1, nodes + 1):
            self._install(f"node{number}", Storage(configuration))
        for server in self._servers.values():
            server.start()

    # What the servers call (`World`)

    def committed(self, entries: list[Entry]) -> None:
        """Pass it on."""
        self.on_committed(entries)

    def happened(self, happening: Happening) -> None:
        """Keep it until it is collected."""
        self.happenings.append(happening)

    def collect(self) -> list[Happening]:
        """What happened since it was last called, in order."""
        happenings = self.happenings
        if happenings:
            self.happenings = []
            return happenings
        return []

    # What is so

    @property
    def leader(self) -> Server | None:
        """The running server that leads the newest term, None if none leads."""
        leaders = self.leaders()
        return max(leaders, key=lambda server: server.storage.term) if leaders else None

    def leaders(self) -> list[Server]:
        """All that take themselves for the leader: more than one for a while, after a partition."""
        return [server for server in self._servers.values() if server.raft is not None and server.raft.leadership]

    @property
    def is_whole(self) -> bool:
        """All run, all links work, no change of membership waits, and somebody leads."""
        return (
            not self._wishes
            and self.network.is_healthy
            and self.leader is not None
            and all(server.raft for server in self._servers.values())
        )

    def is_settled(self) -> bool:
        """Everyone follows one leader, whose first entry everyone has committed."""
        leader = self.leader
        if leader is None:
            return False
        rafts = [server.raft for server in self._servers.values()]
        return all(
            raft is not None
            and raft.leader == leader.id
            and raft.commit_index > 0
            and raft.commit_index == leader.storage.log.last_index
            for raft in rafts
        )

    def members(self) -> tuple[str, ...]:
        """Every node that exists, running or not, in the order of their numbers."""
        return tuple(sorted(self._servers, key=_number))

    # What the operator does

    def apply(self, fault: ClusterFault) -> None:
        """Do it, or raise `FaultError`. A change of membership goes on from here, until the cluster has made it."""
        check(fault)
        match fault:
            case Stop(node):
                self.stop(node, "stop")
            case Start(node):
                self.start(node)
            case Add(node):
                self.add(node)
            case Remove(node):
                self.remove(node)
            case Transfer(node):
                self.transfer(node)
            case TakeSnapshot(node):
                self._take_snapshot(node)
            case Partition(nodes, one_way):
                self._partition(frozenset(nodes), one_way=one_way)
            case Heal(nodes):
                self.network.heal(None if nodes is None else self._known(frozenset(nodes)))
            case Slow(delay_ms, node):
                self.network.slow(self._link(node), delay_ms / 1e3)
            case Lose(loss, node):
                self.network.lose(self._link(node), loss)

    def start(self, node: str) -> None:
        """Run a stopped node."""
        server = self._server(node)
        if server.raft is not None:
            raise FaultError("node", f"{node} runs already")
        server.start()

    def stop(self, node: str, reason: str) -> None:
        """End a running node's process."""
        self._running(node)
        self._servers[node].stop(reason)

    def add(self, node: str | None = None) -> str:
        """Start a node and ask for its membership; returns its name."""
        if node is None:
            node = next(name for name in (f"node{number}" for number in range(1, 1000)) if name not in self._servers)
        if node in self._servers:
            raise FaultError("node", f"{node} exists already")
        if len(self._servers) >= MOST_NODES:
            raise FaultError("node", f"the cluster has {MOST_NODES} nodes already")
        # A node that comes back brings its disk: without its vote it could vote twice in one term.
        self._install(node, self._retired.pop(node) if node in self._retired else Storage(Configuration(())))
        self._servers[node].start()
        self._wish(node, is_add=True)
        return node

    def remove(self, node: str) -> None:
        """Ask for the end of a node's membership; once the cluster has agreed, the node goes."""
        self._server(node)
        if (node, False) in self._wishes:
            raise FaultError("node", f"{node} is being removed already")
        leaving = {name for name, is_add in self._wishes if not is_add}
        if not set(self._servers) - leaving - {node}:
            raise FaultError("node", f"{node} is the last of the cluster")
        self._wish(node, is_add=False)

    def transfer(self, node: str | None) -> str:
        """Ask the leader to hand over; returns to whom."""
        leader = self.leader
        if leader is None or leader.raft is None or leader.raft.leadership is None:
            raise FaultError("node", "nobody leads who could hand over")
        progress = leader.raft.leadership.progress
        if node is None:
            able = [peer for peer in leader.raft.configuration.voters if peer in progress and self._servers[peer].raft]
            if not able:
                raise FaultError("node", "no other node runs")
            node = max(able, key=lambda peer: progress[peer].match_index)
        self._running(node)
        if node == leader.id:
            raise FaultError("node", f"{node} leads already")
        if node not in leader.raft.configuration.voters:
            raise FaultError("node", f"{node} is not a member yet")
        leader.raft.transfer(node, self.agenda.now)
        leader.set_timer()
        return node

    def _take_snapshot(self, node: str) -> None:
        if not self._running(node).start_snapshot():
            raise FaultError("node", f"{node} has nothing new to keep, or is writing a snapshot now")

    def _partition(self, nodes: frozenset[str], *, one_way: bool) -> None:
        others = frozenset(self._servers) - self._known(nodes)
        if not others:
            raise FaultError("nodes", "names every node: nobody is left to be cut off from")
        self.network.partition(nodes, others, one_way=one_way)

    # Membership: asked for again until it is so

    def _wish(self, node: str, *, is_add: bool) -> None:
        self._wishes.append((node, is_add))
        if len(self._wishes) == 1:
            self._pursue(node)

    def _pursue(self, _: str) -> None:
        """Ask the leader for the first change that waits, and look again in a while."""
        node, is_add = self._wishes[0]
        if is_add and (node, False) in self._wishes and not self._is_voter(node):
            self._wishes.popleft()  # it shall go before it has come
        else:
            for leader in self.leaders():
                if leader.change(node, is_add=is_add) and leader is self.leader:
                    self._wishes.popleft()
                    if not is_add:
                        self._retire(node)
                    break
        if self._wishes:
            self.agenda.enter(self.agenda.now + OPERATOR_PATIENCE_S, self._pursue, node)

    def _is_voter(self, node: str) -> bool:
        return any(node in server.storage.configurations[-1][1].voters for server in self._servers.values())

    def _retire(self, node: str) -> None:
        server = self._servers[node]
        if server.raft is not None:
            server.stop("removed")
        self._retired[node] = server.storage
        del self._servers[node]
        self.network.heal(frozenset({node}))

    def _install(self, node: str, storage: Storage) -> None:
        self._servers[node] = Server(
            node,
            storage,
            world=self,
            servers=self._servers,
            agenda=self.agenda,
            network=self.network,
            rng=self._rng,
            timing=self._timing,
            make_raft=self._make_raft,
        )

    # Names in faults

    def _server(self, node: str) -> Server:
        server = self._servers.get(node)
        if server is None:
            raise FaultError("node", f"there is no {quoted(node)}; there are {', '.join(self.members())}")
        return server

    def _running(self, node: str) -> Raft:
        raft = self._server(node).raft
        if raft is None:
            raise FaultError("node", f"{node} does not run")
        return raft

    def _known(self, nodes: frozenset[str]) -> frozenset[str]:
        unknown = sorted(nodes - set(self._servers))
        if unknown:
            raise FaultError("nodes", f"there is no {quoted(unknown[0])}; there are {', '.join(self.members())}")
        return nodes

    def _link(self, node: str | None) -> str:
        return Network.EVERYWHERE if node is None else self._server(node).id


def _number(node: str) -> int:
    return int(node.removeprefix("node"))


def _ignore(entries: list[Entry]) -> None:
    """Nobody waits for commits yet."""
