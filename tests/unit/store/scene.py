"""A cluster told frame by frame: what the tests of the store play."""

import json
from pathlib import Path
from typing import Any

from helios_desktop.event import Event, keep
from helios_desktop.observation import (
    Cause,
    ConnectionChange,
    Kind,
    Observation,
    Phase,
    connection_observation,
    tick,
)
from helios_desktop.protocol.rest import RestCall
from helios_desktop.store.fold import fold
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState, NodeState, ObserverState

NS = 1_000_000_000
START_S = 1_800_000_000
THREE = ("node1", "node2", "node3")
STOPPED = {"error": "Failed to retrieve cluster status"}
"""What a gateway says in place of a status while its node is stopped."""


def peer(peer_id: str, *, reachable: bool = True, errors: int = 0, p50: float = 1.0) -> dict[str, Any]:
    """What a `latency` message tells of one peer."""
    return {
        "peer_id": peer_id,
        "reachable": reachable,
        "consecutive_errors": errors,
        "append_entries": {
            "count": 10,
            "avg_value_ms": p50,
            "min_value_ms": p50,
            "max_value_ms": p50,
            "p50_value_ms": p50,
        },
    }


def latency(*peers: dict[str, Any]) -> dict[str, Any]:
    """The data of a `latency` message of our own gateway."""
    return {"aggregated": {}, "peers": {told["peer_id"]: told for told in peers}}


def real_data(node: str, state: str, term: int, commit: int, members: tuple[str, ...]) -> dict[str, Any]:
    """The data of a real gateway's status, without its optional parts."""
    is_leader = state == "Leader"
    return {
        "node": {"id": node, "state": state, "term": term},
        "leader": {"id": node if is_leader else "", "address": "", "is_leader": is_leader},
        "indices": {"last_log": commit, "last_log_term": term, "commit_index": commit, "applied_index": commit},
        "peers": [{"id": member, "address": f"{member}:7000"} for member in members if member != node],
    }


class Scene:
    """Folds what the observers see; the clock stands still but for `wait`. Each call gives the events that it made."""

    def __init__(self) -> None:
        self.state = ClusterState()
        self.series = SeriesBook()
        self.events: list[Event] = []
        self.observations: list[Observation] = []
        self.now_ns = START_S * NS
        self.epochs: dict[str, int] = {}

    def see(self, observation: Observation) -> tuple[Event, ...]:
        """Fold one observation, and take its samples."""
        before = self.state
        self.state, events = fold(before, observation)
        self.series.add(before, self.state, observation)
        self.observations.append(observation)
        keep(self.events, events)
        return events

    def wait(self, seconds: float) -> tuple[Event, ...]:
        """Let time pass, with a tick at each second."""
        until_ns = self.now_ns + int(seconds * NS)
        events: tuple[Event, ...] = ()
        while self.now_ns + NS <= until_ns:
            self.now_ns += NS
            events += self.see(tick(self.now_ns))
        self.now_ns = until_ns
        return events

    def live(self, *observers: str) -> tuple[Event, ...]:
        """Open the next socket of each."""
        events: tuple[Event, ...] = ()
        for observer in observers:
            self.epochs[observer] = self.epochs.get(observer, 0) + 1
            events += self.phase(observer, Phase.SYNCING)
            events += self.phase(observer, Phase.LIVE)
        return events

    def phase(self, observer: str, phase: Phase, cause: Cause = Cause.NONE, attempt: int = 0) -> tuple[Event, ...]:
        """Enter a phase."""
        change = ConnectionChange(phase, cause, attempt=attempt)
        return self.see(connection_observation(observer, self.epochs.get(observer, 0), self.now_ns, change))

    def text(self, observer: str, text: str, kind: Kind = Kind.FRAME, source: str = "") -> tuple[Event, ...]:
        """See a text as it is."""
        epoch = self.epochs.get(observer, 0)
        return self.see(Observation(observer, epoch, self.now_ns, kind, text, source))

    def frame(self, observer: str, message_type: str, data: Any, **envelope: Any) -> tuple[Event, ...]:
        """Receive a message."""
        return self.text(observer, json.dumps({"type": message_type, "data": data, **envelope}))

    def status(
        self,
        observer: str,
        state: str = "Follower",
        term: int = 1,
        commit: int = 100,
        leader: str | None = "node1",
        members: tuple[str, ...] = THREE,
        node: str | None = None,
    ) -> tuple[Event, ...]:
        """A status of the guide's dialect."""
        node = node or observer
        told = {
            "node_id": node,
            "state": state,
            "term": term,
            "commit_index": commit,
            "last_applied": commit,
            "leader": leader,
            "peers": [member for member in members if member != node],
        }
        return self.frame(observer, "status", told)

    def real_status(
        self,
        observer: str,
        state: str = "Follower",
        term: int = 1,
        commit: int = 100,
        members: tuple[str, ...] = THREE,
        node: str | None = None,
        **more: Any,
    ) -> tuple[Event, ...]:
        """A status of the real gateway's dialect (wire.md §3.1): a follower names no leader; `more` stands beside."""
        timestamp = more.pop("timestamp", None)
        told = real_data(node or observer, state, term, commit, members) | more
        stamp = {} if timestamp is None else {"timestamp": timestamp}
        return self.frame(observer, "status_update", told, **stamp)

    def rest(self, observer: str, call: RestCall, data: Any, status: int = 200) -> tuple[Event, ...]:
        """An answer over REST."""
        text = data if isinstance(data, str) else json.dumps(data)
        epoch = self.epochs.get(observer, 0)
        return self.see(Observation(observer, epoch, self.now_ns, Kind.REST, text, call.source, status))

    def beat(
        self,
        leader: str = "node1",
        term: int = 1,
        commit: int = 100,
        members: tuple[str, ...] = THREE,
        but: tuple[str, ...] = (),
    ) -> tuple[Event, ...]:
        """A status of every member but those of `but`, all at one instant."""
        events: tuple[Event, ...] = ()
        for node in members:
            if node not in but:
                role = "Leader" if node == leader else "Follower"
                events += self.status(node, role, term, commit, leader, members)
        return events

    def observer(self, name: str) -> ObserverState:
        """What is known of one session."""
        return self.state.observers[name]

    def node(self, name: str) -> NodeState:
        """The merged picture of one member."""
        return self.state.nodes[name]


def types(events: tuple[Event, ...] | list[Event]) -> list[str]:
    """Their types without the statuses, which come by the dozen."""
    return [event.type for event in events if event.type not in ("status", "status_update")]


def three_live() -> Scene:
    """Three members, each with its own session, node1 leading in term 1."""
    scene = Scene()
    scene.live(*THREE)
    scene.beat()
    return scene


def captured(path: Path) -> list[Observation]:
    """The observations that sessions of addresses of their own would have made of a captured scenario, with ticks."""
    seen: list[Observation] = []
    open_ones: set[str] = set()
    for line in path.read_text().splitlines():
        row = json.loads(line)
        at_ns = START_S * NS + int(row["t"] * NS)
        name = f"{row.get('tag') or 'gateway'}:8443"
        if "handshake" in row:
            open_ones.add(name)
            seen += [connection_observation(name, 1, at_ns, ConnectionChange(Phase.LIVE))]
        elif row["dir"] == "recv" and row.get("opcode") == "text":
            seen.append(Observation(name, 1, at_ns, Kind.FRAME, row["raw"]))
        elif row["dir"] == "send" and "raw" in row:
            seen.append(Observation(name, 1, at_ns, Kind.SENT, row["raw"]))
        elif "close_code" in row and name in open_ones:
            for phase, cause in ((Phase.BACKOFF, Cause.SERVER_CLOSED), (Phase.CONNECTING, Cause.NONE)):
                seen.append(connection_observation(name, 1, at_ns, ConnectionChange(phase, cause)))
            change = ConnectionChange(Phase.BACKOFF, Cause.REFUSED)
            seen.append(connection_observation(name, 1, at_ns, change))
    last_s = (seen[-1].received_ns - START_S * NS) // NS
    seen += [tick((START_S + second) * NS) for second in range(1, last_s + 1)]
    return sorted(seen, key=lambda observation: observation.received_ns)
