"""A recording of the demo under random faults, folded again, gives the same state, events and series.

So does its journal: read back, at any instant, and in whatever order the instants are sought.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, keep
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Run
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.demo import DemoAccess
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.past import place_at
from helios_desktop.monitor.replay import open_replay
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Observation
from helios_desktop.store.checkpoint import FOLD_VERSION
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
        self.states: list[ClusterState] = []
        """After each observation."""
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
        self.states.append(self.monitor.state)
        self._news.set()


async def recorded(path: Path) -> Recording:
    rng = random.Random(5)
    async with embedded_gateway(seed=11, speed=10) as gateway:
        credentials = Credentials(gateway.username, gateway.password)
        address, members = parse_address(gateway.url), gateway.members()
        target = Target("Demo", (address,), credentials, follows_members=True, first_members=members)
        now_ns = make_clock()
        recorder = Recorder(path, Run(now_ns(), "test", FOLD_VERSION))
        await recorder.open()
        recording = Recording(Monitor(target, now_ns=now_ns, rng=rng, recorder=recorder))
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
        assert await recording.monitor.close_recording() == 0
    return recording


async def test_a_recording_of_random_faults_replays_to_the_same_state_events_and_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a long recording: most instants lie between two states that were kept.
    monkeypatch.setattr("helios_desktop.journal.recorder.CHECKPOINT_EVERY", 40)
    recording = await recorded(tmp_path / "demo.journal")
    monitor, events = recording.monitor, recording.events
    state = first_state(tmp_path / "demo.journal")
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
    with Reader(tmp_path / "demo.journal") as reader:
        check_what_is_read(reader, recording)
        check_instants(reader, recording)
    await check_seeks(tmp_path / "demo.journal", recording)
    missing = [kind for kind in STORY if not any(event.type == kind for event in events)]
    assert missing == []


def first_state(path: Path) -> ClusterState:
    """Of which the fold of its first run began."""
    with Reader(path) as reader:
        return ClusterState(now_ns=reader.runs()[0].started_ns)


def check_what_is_read(reader: Reader, recording: Recording) -> None:
    """All that was seen and all that was told is in the journal, in its order."""
    assert [observation for _seq, observation in reader.observations()] == recording.observations
    kept: list[Event] = []
    keep(kept, recording.events)
    numbers = reader.select(EventFilter(), 2**62, len(kept) + 1)[::-1]
    # An event that came of two reads is told as one: what it took the place of is not kept.
    assert [reader.event(number) for number in numbers] == [replace(event, completes=None) for event in kept]


def check_instants(reader: Reader, recording: Recording) -> None:
    """The picture at any observation is what it was live."""
    rng = random.Random(7)
    for seq in sorted(rng.sample(range(1, len(recording.states) + 1), 25)):
        place = place_at(reader, seq)
        assert place.seq == seq
        assert plain(place.picture.state) == plain(recording.states[seq - 1])


async def check_seeks(path: Path, recording: Recording) -> None:
    """In whatever order: the state of each instant is that of the straight way, and so is the end of playing on."""
    rng = random.Random(8)
    replay = await open_replay(path, recording.monitor.target)
    try:
        for _seek in range(15):
            at_ns = rng.randrange(replay.first_ns, replay.last_ns + 1)
            await replay.seek(at_ns)
            then = max(n for n, one in enumerate(recording.observations) if n == 0 or one.received_ns <= at_ns)
            assert plain(replay.state) == plain(recording.states[then])
        await replay.seek(rng.randrange(replay.first_ns, replay.last_ns))
        replay.speed = 1000.0
        ended = asyncio.Event()
        replay.moved = lambda: None if replay.is_playing else ended.set()
        replay.play()
        async with asyncio.timeout(30):
            await ended.wait()
        assert plain(replay.state) == plain(recording.states[-1])
    finally:
        await replay.close()


def plain(state: ClusterState) -> ClusterState:
    """Without the events that may yet be completed: those that are restored have forgotten what they complete."""
    return replace(state, recent={})
