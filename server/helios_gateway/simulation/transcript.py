"""Scenarios as text, read like a lab notebook: prose, commands, and the story that follows each of them.

A line that begins with `$ ` is a command, the lines with `> ` after it are what happened, all other lines are prose.
`play` writes the notebook anew from its prose and commands; a scenario holds when that changes nothing.

    $ cluster of 3, seed 7           begins it: a calm one, which has a leader already
    $ wait 2.5 s
    $ stop the leader                start, stop, remove, snapshot: with a node
    $ add                            or: add node7
    $ transfer                       or: transfer to node2
    $ partition node1 node2          or: partition node1 one way
    $ heal                           or: heal node1
    $ slow 200 ms                    or: slow node1 200 ms
    $ lose 30 %                      or: lose node1 30 %
    $ show                           every node's role, term, indices, peers and snapshots received

A node is a name, `the leader`, `a follower` (the first that runs) or `it`, the node that a command named last.
"""

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
from helios_gateway.simulation.happenings import Happening, MetricsChanged, PeerChanged, SnapshotTaken, Started, Stopped
from helios_gateway.simulation.messages import Role
from helios_gateway.simulation.simulation import Simulation


class TranscriptError(ValueError):
    """A command that means nothing; the message names the line."""


def play(text: str) -> str:
    """Run the commands of a notebook and return it with the story as it happens now."""
    lines: list[str] = []
    player: _Player | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("> "):
            continue
        lines.append(line)
        if not line.startswith("$ "):
            continue
        words = line[2:].replace(",", "").split()
        try:
            if words[:2] == ["cluster", "of"]:
                _, _, nodes, _, seed = words
                player = _Player(Simulation(seed=int(seed), nodes=int(nodes), is_calm=True))
            elif player is None:
                raise TranscriptError(f"line {number}: there is no cluster yet: {line}")
            else:
                lines.extend(f"> {told}" for told in player.run(words))
        except (ValueError, IndexError) as error:
            raise TranscriptError(f"line {number}: {error}: {line}") from error
    return "\n".join(lines) + "\n"


class _Player:
    """Runs one notebook's commands on one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._start_s = simulation.now_s
        self._it = ""

    def run(self, words: list[str]) -> list[str]:
        """Do one command; returns what happened, a line each."""
        simulation = self._simulation
        match words:
            case ["wait", seconds, "s"]:
                return self._tell(simulation.advance(float(seconds)))
            case ["show"]:
                return [self._show(node) for node in simulation.members()]
            case _:
                try:
                    return self._tell(simulation.apply(self._fault(words)))
                except FaultError as error:
                    return [f"cannot: {error}"]

    def _fault(self, words: list[str]) -> ClusterFault:
        match words:
            case ["stop", *node]:
                return Stop(self._node(node))
            case ["start", *node]:
                return Start(self._node(node))
            case ["remove", *node]:
                return Remove(self._node(node))
            case ["snapshot", *node]:
                return TakeSnapshot(self._node(node))
            case ["add"]:
                return Add()
            case ["add", node]:
                return Add(node)
            case ["transfer"]:
                return Transfer(None)
            case ["transfer", "to", *node]:
                return Transfer(self._node(node))
            case _:
                return self._network_fault(words)

    def _network_fault(self, words: list[str]) -> ClusterFault:
        match words:
            case ["partition", *nodes, "one", "way"]:
                return Partition(self._nodes(nodes), one_way=True)
            case ["partition", *nodes]:
                return Partition(self._nodes(nodes))
            case ["heal"]:
                return Heal()
            case ["heal", *nodes]:
                return Heal(self._nodes(nodes))
            case ["slow", *node, delay, "ms"]:
                return Slow(float(delay), self._node(node) if node else None)
            case ["lose", *node, percent, "%"]:
                return Lose(float(percent) / 100.0, self._node(node) if node else None)
            case _:
                raise TranscriptError("no such command")

    def _nodes(self, words: list[str]) -> tuple[str, ...]:
        if words[0].startswith("node"):
            return tuple(words)
        return (self._node(words),)

    def _node(self, words: list[str]) -> str:
        views = [self._simulation.view(node) for node in self._simulation.members()]
        match words:
            case ["the", "leader"]:
                leaders = [view for view in views if view.is_running and view.role == Role.LEADER]
                self._it = max(leaders, key=lambda view: view.term).id
            case ["a", "follower"]:
                self._it = next(view.id for view in views if view.is_running and view.role == Role.FOLLOWER)
            case ["it"]:
                pass
            case [name]:
                self._it = name
            case _:
                raise TranscriptError("which node?")
        return self._it

    def _tell(self, happenings: list[Happening]) -> list[str]:
        return [
            f"{happening.at_s - self._start_s:6.1f} s  {happening.node} {told}"
            for happening in happenings
            if (told := _told(happening))
        ]

    def _show(self, node: str) -> str:
        view = self._simulation.view(node)
        if not view.is_running:
            return f"{node} is stopped"
        peers = " ".join(peer.id for peer in view.peers) or "nobody"
        follows = f" of {view.leader}" if view.leader not in ("", node) else ""
        snapshots = f", {view.snapshots.received} snapshot received" if view.snapshots.received else ""
        return (
            f"{node} {view.role}{follows}, term {view.term}, committed {view.commit_index} of {view.last_log_index}, "
            f"with {peers}{snapshots}"
        )


def _told(happening: Happening) -> str:
    match happening:
        case MetricsChanged():
            return ""  # every five seconds, on every node: not what a notebook is for
        case PeerChanged():
            return f"has {happening.event_type} {happening.peer_id}"
        case SnapshotTaken():
            return f"took a snapshot of {happening.index}, term {happening.term}, {happening.size_bytes} bytes"
        case Stopped():
            return f"stopped ({happening.reason})"
        case Started():
            return "started"
        case _:
            return f"{happening.old_state} → {happening.new_state}, term {happening.term}"
