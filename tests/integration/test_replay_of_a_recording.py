"""A recording of the demo under random faults, folded again, gives the same state, events and series."""

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Observation
from helios_desktop.store.fold import fold
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState
from helios_gateway.embedded import embedded_gateway

FAULTS = 8
STORY = ("leader_change", "leader_lost", "state_change", "peer_change", "peer_unreachable")


def random_fault(rng: random.Random) -> dict[str, object]:
    node = rng.choice(("node1", "node2", "node3"))
    faults: tuple[dict[str, object], ...] = (
        {"fault": "stop", "node": node},
        {"fault": "start", "node": node},
        {"fault": "partition", "nodes": [node], "one_way": rng.random() < 0.5},
        {"fault": "lose", "loss": 0.4},
        {"fault": "slow", "delay_ms": 300},
        {"fault": "heal"},
        {"fault": "add"},
        {"fault": "step", "seconds": 10},
    )
    return rng.choice(faults)


class Recording:
    """What a monitor saw and made of it."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.observations: list[Observation] = []
        self.events: list[Event] = []
        self._news = asyncio.Event()
        monitor.listen(self._see)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it, looking after each observation."""
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def has(self, event_type: str) -> bool:
        """It happened."""
        return any(event.type == event_type for event in self.events)

    def _see(self, observation: Observation, told: Sequence[Event]) -> None:
        self.observations.append(observation)
        self.events.extend(told)
        self._news.set()


async def recorded() -> Recording:
    rng = random.Random(5)
    async with embedded_gateway(seed=11, speed=10) as gateway:
        credentials = Credentials(gateway.username, gateway.password)
        address, members = parse_address(gateway.url), gateway.members()
        target = Target("Demo", (address,), credentials, follows_members=True, first_members=members)
        recording = Recording(Monitor(target, now_ns=make_clock(), rng=rng))
        watching = asyncio.create_task(recording.monitor.run())
        demo = DemoAccess(gateway.url, gateway.username, gateway.password)
        # A new member and a stop of the leader are in each story, whatever chance brings.
        await recording.until(lambda: recording.has("leader_change"))
        await demo.fault({"fault": "add"})
        await recording.until(lambda: recording.has("peer_change"))
        await demo.fault({"fault": "stop", "node": recording.monitor.state.leader})
        await recording.until(lambda: recording.has("leader_lost"))
        for _ in range(FAULTS):
            await demo.fault(random_fault(rng))
            enough = len(recording.observations) + 8
            await recording.until(partial(lambda count: len(recording.observations) > count, enough))
        watching.cancel()
        await asyncio.wait({watching})
    return recording


async def test_a_recording_of_random_faults_replays_to_the_same_state_events_and_series() -> None:
    recording = await recorded()
    monitor, events = recording.monitor, recording.events
    state = ClusterState(now_ns=recording.observations[0].received_ns)
    book = SeriesBook()
    again: list[Event] = []
    for observation in recording.observations:
        before = state
        state, told = fold(before, observation)
        book.add(before, state, observation)
        again.extend(told)
    assert again == events
    assert state == monitor.state
    assert list(book.keys()) == list(monitor.series.keys())
    for key in book.keys():  # noqa: SIM118 - no mapping
        replayed, live = book.get(key), monitor.series.get(key)
        assert replayed is not None
        assert live is not None
        assert replayed.times_s.tolist() == live.times_s.tolist()
        assert replayed.values.tolist() == live.values.tolist()
    missing = [kind for kind in STORY if not any(event.type == kind for event in events)]
    assert missing == []
