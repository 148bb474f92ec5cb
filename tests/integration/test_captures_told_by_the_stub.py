"""Each captured scenario, told again by the stub of the real gateway: the picture and the story, written by hand.

What is expected was read from the captures (states, terms, indices, peers, what was done to the cluster), not printed
by the program. Polls over REST rest meanwhile: they have tests of their own.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, keep
from helios_desktop.monitor import monitor as monitor_module
from helios_desktop.monitor.clock import make_clock
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation
from helios_desktop.store.verdict import verdict
from helios_desktop.summary import summary
from tests.real_gateway.gateway import RealGateway
from tests.real_gateway.playback import Playback, read_script, tags

SILENT = frozenset({"status", "status_update", "pong", "connection", "latency", "uptime"})
LEADS = "ƒ leader_change node-3 leads, term 1"
WELL = "3 of 3 healthy: can lose 1"
THREE = {"node-1": "unknown None None", "node-2": "unknown None None", "node-3": "leader 1 126"}
"""Of a leader alone: role, term and commit index of its own; of the others only that they are members."""
EMPTY = {"node-1": "unknown None None", "node-2": "unknown None None", "node-3": "leader 1 1"}
PUSHED_METRICS = "custom_metrics"


@dataclass(frozen=True)
class Scenario:
    """What must be known at the end, and the rows of the timeline: `ƒ` derived, type, and the start of its summary."""

    leader: str | None
    nodes: dict[str, str]
    verdict: str
    story: list[str] = field(default_factory=lambda: [LEADS])


STEADY = Scenario("node-3", THREE, WELL)
ERROR = "error adapter error"
SCENARIOS = {
    "client_invalid_json": STEADY,
    "client_timestamp_empty": STEADY,
    "custom_metrics_rest": Scenario("node-3", EMPTY, WELL, [LEADS, *[PUSHED_METRICS] * 12]),
    "latency_broadcast": Scenario("node-3", EMPTY, WELL),
    "no_control_pong": STEADY,
    "peer_added_removed": Scenario(
        "node-3",
        {**THREE, "node-4": "unreachable None None"},
        "3 of 4 healthy: can lose none",
        [
            LEADS,
            "peer_change node-4 added (127.0.0.1:17003)",
            "ƒ peer_unreachable node-4 is out of reach: no answer to its peers",
        ],
    ),
    "ping_pong": STEADY,
    "snapshot": Scenario(
        "node-2",
        {"node-1": "unknown None None", "node-2": "leader 3 2063", "node-3": "unknown None None"},
        WELL,
        [
            "ƒ leader_change node-2 leads, term 3",
            "snapshot no snapshot yet",
            "snapshot snapshot up to index 2063, term 3, 14316 bytes, took 1 ms",
        ],
    ),
    "status_single_node": Scenario(
        "node-1",
        {"node-1": "leader 1 0"},
        "1 of 1 healthy: can lose none",
        ["ƒ leader_change node-1 leads, term 1"],
    ),
    "steady_follower_60s_header": Scenario(
        None,
        {"node-1": "follower 1 1", "node-2": "unknown None None", "node-3": "unknown None None"},
        "1 of 3 healthy, who leads is not told",
        [],
    ),
    "steady_leader_60s_query": Scenario("node-3", EMPTY, WELL),
    "subscribe_partial_data": Scenario(
        "node-3",
        THREE,
        WELL,
        [LEADS, *[ERROR] * 5, PUSHED_METRICS, ERROR, PUSHED_METRICS, ERROR],
    ),
    "subscribe_subset": Scenario(
        "node-3",
        {**THREE, "node-9": "unknown None None"},
        "3 of 4 healthy, 1 not told",
        [LEADS, PUSHED_METRICS, "peer_change node-9 added (127.0.0.1:7009)", ERROR],
    ),
    "token_expires_while_connected": STEADY,
    "two_clients": STEADY,
    "unknown_type": STEADY,
    "unsubscribe": Scenario("node-3", THREE, WELL, [LEADS, ERROR, ERROR]),
    "uptime_broadcast": Scenario("node-3", EMPTY, WELL),
    "no_quorum_candidate_loop": Scenario(
        None,
        {"node-1": "unreachable None None", "node-2": "candidate 21 4", "node-3": "unreachable None None"},
        "No quorum, writes stopped 0 s ago: 1 of 3 healthy",
        [
            "state_change Follower → Candidate, term 4",
            "ƒ term_change term 1 → 4",
            "ƒ peer_unreachable node-1 is out of reach: no answer to its peers",
            "ƒ peer_unreachable node-3 is out of reach: no answer to its peers",
            *(f"ƒ term_change term {old} → {new}" for old, new in ((4, 7), (7, 11), (11, 15), (15, 18), (18, 21))),
        ],
    ),
}
NOT_TOLD_HERE = {
    "slow_reader",  # what it received was counted, not kept
    "forced_broadcast_each",  # its pushes were made up and contradict its statuses: test_wire_rows.py
    "leader_stopped_election_upstream_wiring",  # below
}


class Watch:
    """A monitor of some gateways, its rows as `Scenario.story` has them, and the way to wait."""

    def __init__(self, gateways: list[RealGateway]) -> None:
        addresses = tuple(parse_address(gateway.url) for gateway in gateways)
        target = Target("Test", addresses, Credentials("admin", "admin123"))
        self.monitor = Monitor(target, now_ns=make_clock(), rng=random.Random(1))
        self.events: list[Event] = []
        self.frames = 0
        self._news = asyncio.Event()
        self.monitor.listen(self._see)

    @property
    def story(self) -> list[str]:
        """The rows that are no mere messages."""
        rows = [event for event in self.events if event.type not in SILENT]
        return [_row(event) for event in rows]

    @property
    def nodes(self) -> dict[str, str]:
        """Role, term and commit index of each member."""
        return {
            node.id: f"{node.role.value} {node.term} {node.commit_index}" for node in self.monitor.state.nodes.values()
        }

    async def until_frames(self, count: int) -> None:
        """Wait until so many messages came."""
        await self.until(lambda: self.frames >= count)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(20):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def _see(self, observation: Observation, events: tuple[Event, ...]) -> None:
        keep(self.events, events)
        self.frames += observation.kind is Kind.FRAME and '"pong"' not in observation.text
        self._news.set()


def _row(event: Event) -> str:
    mark = "ƒ " if event.is_derived else ""
    return f"{mark}{event.type} {summary(event)}"


@asynccontextmanager
async def told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Watch, list[RealGateway], list[Playback]]]:
    """A gateway a connection of the capture, each greeted, and nothing told yet."""
    monkeypatch.setattr(monitor_module, "TICK_S", 3600)
    async with AsyncExitStack() as stack:
        gateways = [await stack.enter_async_context(RealGateway(cadence_s=None)) for _tag in tags(path)]
        plays = [gateway.play(path, tag) for gateway, tag in zip(gateways, tags(path), strict=True)]
        watch = Watch(gateways)
        running = asyncio.create_task(watch.monitor.run())
        try:
            await watch.until_frames(len(gateways))
            yield watch, gateways, plays
        finally:
            running.cancel()
            await asyncio.wait({running})


async def play_all(watch: Watch, plays: list[Playback]) -> None:
    """Tell the rest of each connection, frame by frame."""
    for play in plays:
        while not play.is_over:
            wanted = watch.frames + 1
            await play.step()
            await watch.until_frames(wanted)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_captured_scenario_gives_its_picture_and_its_story(
    captures: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = SCENARIOS[name]
    async with told(captures / f"{name}.jsonl", monkeypatch) as (watch, _gateways, plays):
        await play_all(watch, plays)
        state = watch.monitor.state
        assert (state.leader, watch.nodes, verdict(state).text) == (expected.leader, expected.nodes, expected.verdict)
        story = watch.story
        assert len(story) == len(expected.story)
        assert [row for row, begin in zip(story, expected.story, strict=True) if not row.startswith(begin)] == []


async def test_a_leader_that_is_stopped_is_lost_and_followed_by_the_one_that_was_elected(
    captures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = captures / "leader_stopped_election_upstream_wiring.jsonl"
    async with told(path, monkeypatch) as (watch, _gateways, plays):
        stopping = plays[tags(path).index("node-1")]
        while not stopping.is_over:
            await stopping.step()
        await watch.until(lambda: "ƒ leader_lost" in "".join(watch.story))
        await play_all(watch, [play for play in plays if play is not stopping])
        assert watch.nodes["node-2"] == "leader 3 2013"
        assert watch.nodes["node-3"] == "follower 3 2013"
        assert watch.nodes["node-1"].startswith("unreachable")
        assert verdict(watch.monitor.state).text == "2 of 3 healthy: can lose none"
        assert [row.split(" (")[0] for row in watch.story if not row.startswith("connection")] == [
            "ƒ leader_change node-1 leads, term 2",
            "ƒ leader_lost node-1 leads no more, term 2: its gateway refuses connections",
            "ƒ peer_unreachable node-1 is out of reach: it refuses connections",
            "ƒ state_change Follower → Leader, term 3",
            "ƒ term_change term 2 → 3",
            "ƒ leader_change node-1 → node-2, term 3",
        ]


def test_no_capture_is_forgotten(captures: Path) -> None:
    names = {path.stem for path in captures.glob("*.jsonl")}
    assert names == SCENARIOS.keys() | NOT_TOLD_HERE
    with pytest.raises(ValueError, match="no connection"):
        read_script(captures / "slow_reader.jsonl", None)
