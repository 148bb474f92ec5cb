"""Recordings of a cluster that is told by hand: a minute and a half with an election, a lost node, and two runs."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.retention import DAY_S, Limits
from helios_desktop.journal.scribe import Run
from helios_desktop.observation import Cause, Phase
from helios_desktop.store.checkpoint import FOLD_VERSION
from tests.qt.scene import NS, START_S, Story

NODES = ("node1", "node2", "node3")
FIRST_RUN_S = 30
BETWEEN_S = 60
ELECTION_S = 20
"""After the beginning of the second run: node1 goes, nobody leads for two seconds, then node2 does."""

Until = Callable[[Callable[[], bool]], Awaitable[None]]


async def begin(path: Path, start_s: float = START_S) -> Story:
    """Record a cluster of which nothing is known yet."""
    # Of years ago, and kept all the same.
    run = Run(round(start_s * NS), "test", FOLD_VERSION, {"cluster": "Demo"})
    recorder = Recorder(path, run, limits=Limits(age_s=100 * 365 * DAY_S))
    await recorder.open()
    return Story(start_s=start_s, recorder=recorder)


def go_on(story: Story, seconds: int, *, leader: str = "node1", term: int = 4, nodes: tuple[str, ...] = NODES) -> None:
    """Let so many seconds go by: a tick each, and a status of each node every five."""
    for second in range(seconds):
        story.now_s += 1
        story.tick()
        if second % 5 == 0:
            for node in nodes:
                story.status(node, leader=leader, term=term, commit=104_221 + round(story.now_s - START_S))


def elect(story: Story) -> None:
    """Let node1 be lost and node2 be elected two seconds later."""
    story.phase("node1", Phase.BACKOFF, Cause.REFUSED, attempt=1)
    story.now_s += 0.1
    for node in NODES[1:]:
        story.frame(node, "status", {"node_id": node, "state": "Candidate", "term": 5, "leader": "", "peers": []})
    story.now_s += 0.9
    story.tick()
    story.now_s += 1
    for node in NODES[1:]:
        story.status(node, leader="node2", term=5)


async def journal(path: Path) -> Story:
    """Two runs: the second one goes on. Its monitor is live, and must be closed by `close_recording`."""
    first = await begin(path)
    first.go_live()
    go_on(first, FIRST_RUN_S)
    await first.monitor.close_recording()
    story = await begin(path, START_S + FIRST_RUN_S + BETWEEN_S)
    story.go_live()
    go_on(story, ELECTION_S)
    elect(story)
    go_on(story, ELECTION_S, leader="node2", term=5, nodes=NODES[1:])
    return story


async def written(story: Story, until: Until) -> Path:
    """Wait until all that was told is on the disk; gives where."""
    path = story.monitor.history
    assert path is not None

    def is_there() -> bool:
        status = story.monitor.recording
        return status is not None and status.is_recording and status.last_event >= story.monitor.log.end - 1

    await until(is_there)
    return path


def events_of(path: Path, event_type: str) -> list[int]:
    """Numbers of the events of that type, oldest first."""
    with Reader(path) as reader:
        return reader.select(EventFilter(types=frozenset({event_type})), 2**62, 1_000)[::-1]
