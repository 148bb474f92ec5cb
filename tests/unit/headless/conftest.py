"""A monitor that sees what a test writes down, and never a network."""

import asyncio
import random
from collections.abc import Callable, Sequence

import pytest

from helios_desktop.client.address import parse_addresses
from helios_desktop.client.credentials import Credentials
from helios_desktop.headless.gather import Cluster
from helios_desktop.journal.recorder import Recorder
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_observation
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic

OBSERVER = "gw:8080"
START_NS = 1_705_314_600_123_456_789
STATUS = (
    '{"type":"status","timestamp":"2024-01-15T10:30:00Z","data":{"node_id":"node1","state":"Leader","term":5,'
    '"commit_index":10,"last_applied":10,"leader":"node1","peers":["node2","node3"]}}'
)


class ScriptedMonitor(Monitor):
    """Sees each observation of `script` in a turn of its own, then nothing, until it is cancelled."""

    def __init__(
        self,
        script: Sequence[Observation],
        topics: frozenset[Topic],
        gateways: str,
        recorder: Recorder | None = None,
    ) -> None:
        target = Target("Test", parse_addresses(gateways), Credentials("ops", "hunter2"), topics=topics)
        super().__init__(target, now_ns=lambda: START_NS, rng=random.Random(1), recorder=recorder)
        self._script = script
        self.has_played = asyncio.Event()
        self.reconnects = 0

    async def run(self) -> None:
        """Play the script."""
        for observation in self._script:
            self._see(observation)
            await asyncio.sleep(0)
        self.has_played.set()
        await asyncio.Event().wait()

    def reconnect_now(self) -> None:
        """Count it."""
        self.reconnects += 1


def _monitor(
    *script: Observation | str, topics: frozenset[Topic] = ALL_TOPICS, gateways: str = OBSERVER
) -> ScriptedMonitor:
    seen = [Observation(OBSERVER, 1, START_NS, Kind.FRAME, part) if isinstance(part, str) else part for part in script]
    return ScriptedMonitor(seen, topics, gateways)


class ScriptedCluster(Cluster):
    """A cluster whose monitor sees what is scripted; `monitor` is the last one that was made."""

    monitor: ScriptedMonitor


def _cluster(*script: Observation | str, gateways: str = OBSERVER) -> ScriptedCluster:
    seen = [Observation(OBSERVER, 1, START_NS, Kind.FRAME, part) if isinstance(part, str) else part for part in script]

    def make_monitor(recorder: Recorder) -> Monitor:
        monitor = ScriptedMonitor(seen, ALL_TOPICS, gateways, recorder)
        object.__setattr__(cluster, "monitor", monitor)
        return monitor

    target = Target("Test", parse_addresses(gateways), Credentials("ops", "hunter2"))
    cluster = ScriptedCluster(target, lambda: START_NS, make_monitor)
    return cluster


def _phase(phase: Phase, cause: Cause = Cause.NONE, detail: str = "", observer: str = OBSERVER) -> Observation:
    return connection_observation(observer, 1, START_NS, ConnectionChange(phase, cause, detail))


MakeMonitor = Callable[..., ScriptedMonitor]
MakeCluster = Callable[..., ScriptedCluster]
MakePhase = Callable[..., Observation]


@pytest.fixture
def scripted() -> MakeMonitor:
    """Make a monitor of observations, or of texts that are frames."""
    return _monitor


@pytest.fixture
def cluster_of() -> MakeCluster:
    """Make a cluster that is recorded, of observations, or of texts that are frames."""
    return _cluster


@pytest.fixture
def phase() -> MakePhase:
    """Make the observation of a phase that the connection entered."""
    return _phase


@pytest.fixture
def status() -> str:
    """A frame of the guide."""
    return STATUS
