"""A cluster that is told by hand, and a program around the window that only writes down what it is asked for."""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.journal.recorder import Recorder
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.profiles.file import Profiles
from helios_desktop.profiles.secrets import Secrets
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import Topic, subscribe_frame

NS = 1_000_000_000
START_S = 1_700_000_000


class SpyMonitor(Monitor):
    """A monitor that nobody runs, which remembers what it was told to do."""

    def __init__(self, target: Target, now_ns: Callable[[], int], recorder: Recorder | None = None) -> None:
        super().__init__(target, now_ns=now_ns, rng=random.Random(1), recorder=recorder)
        self.asked: list[frozenset[Topic]] = []
        self.reconnects = 0
        self.disconnects = 0

    def subscribe(self, topics: frozenset[Topic]) -> None:
        """Remember it too."""
        super().subscribe(topics)
        self.asked.append(topics)

    def reconnect_now(self) -> None:
        """Count it."""
        self.reconnects += 1

    def disconnect(self) -> None:
        """Count it."""
        self.disconnects += 1


class Story:
    """What the gateways of one cluster tell, on a clock that the test moves; by default one, of the demo.

    A `recorder` must be open, and its run must have begun at `start_s`.
    """

    def __init__(
        self,
        *addresses: str,
        name: str = "Demo",
        environment: str = "DEMO",
        start_s: float = START_S,
        recorder: Recorder | None = None,
    ) -> None:
        self.now_s = start_s
        gateways = tuple(parse_address(address) for address in addresses or ("http://127.0.0.1:8080",))
        target = Target(name, gateways, Credentials("admin", "hush"), environment=environment)
        self.monitor = SpyMonitor(target, lambda: self.now_ns, recorder)

    @property
    def now_ns(self) -> int:
        """The present."""
        return round(self.now_s * NS)

    def see(self, observation: Observation) -> None:
        """Take in one observation."""
        self.monitor._see(observation)  # as a session does

    def phase(self, observer: str, phase: Phase, cause: Cause = Cause.NONE, **more: Any) -> None:
        """Let an observer's connection enter a phase."""
        self.see(connection_observation(observer, 1, self.now_ns, ConnectionChange(phase, cause, **more)))

    def tick(self) -> None:
        """Let the monitor know that time went by."""
        self.see(tick(self.now_ns))

    def frame(self, observer: str, message_type: str, data: object) -> None:
        """Let an observer receive a message."""
        text = json.dumps({"type": message_type, "timestamp": "2023-11-14T22:13:20Z", "data": data})
        self.see(Observation(observer, 1, self.now_ns, Kind.FRAME, text))

    def rest(self, observer: str, call: RestCall, text: str, status: int = 200) -> None:
        """Let an observer receive an answer over REST."""
        self.see(Observation(observer, 1, self.now_ns, Kind.REST, text, call.source, status))

    def sent_subscribe(self, observer: str, topics: frozenset[Topic]) -> None:
        """Let an observer's session have sent a subscribe."""
        self.see(Observation(observer, 1, self.now_ns, Kind.SENT, subscribe_frame(topics)))

    def status(self, node: str, *, leader: str = "node1", term: int = 4, commit: int = 104_221) -> None:
        """Let a node's own gateway tell its status."""
        peers = [peer for peer in ("node1", "node2", "node3") if peer != node]
        state = "Leader" if node == leader else "Follower"
        facts = {"term": term, "commit_index": commit, "last_applied": commit, "leader": leader, "peers": peers}
        self.frame(node, "status", {"node_id": node, "state": state, **facts})

    def go_live(self) -> None:
        """Bring all three gateways live; node1 leads."""
        for node in ("node1", "node2", "node3"):
            self.phase(node, Phase.SYNCING)
            self.phase(node, Phase.LIVE)
            self.status(node)


class FakeDemo(DemoAccess):
    """A demo whose faults are only written down; `error` is what it answers."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:4242", "admin", "drowssap")
        self.faults: list[dict[str, object]] = []
        self.error: str | None = None

    async def fault(self, fault: Mapping[str, object]) -> str | None:
        """Write it down."""
        self.faults.append(dict(fault))
        return self.error


class FakeHost:
    """A program that only writes down what the window asks for; `error` is what it answers."""

    def __init__(self, folder: Path) -> None:
        self.profiles = Profiles(folder)
        self.secrets = Secrets(lambda: None)
        self.demo: DemoAccess | None = None
        self.demos = 0
        self.targets: list[Target] = []
        self.opened: list[Path] = []
        self.error: str | None = None

    async def start_demo(self) -> str | None:
        """Count it."""
        self.demos += 1
        return self.error

    async def connect(self, target: Target) -> str | None:
        """Write it down."""
        self.targets.append(target)
        return self.error

    async def open_recording(self, path: Path) -> str | None:
        """Write it down."""
        self.opened.append(path)
        return self.error
