"""A journal as a monitor records it, of observations that a test writes down."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from helios_desktop.event import Event
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.writer import Checkpoint, Seen, Writer
from helios_desktop.monitor.picture import blank_picture
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_observation, tick
from helios_desktop.store.checkpoint import FOLD_VERSION, store

START_NS = 1_705_314_600_123_456_789  # 2024-01-15T10:30:00.123456789Z
NS = 1_000_000_000
OBSERVER = "gw:8080"
ABOUT = {"cluster": "Test", "environment": "", "sources": "http://gw:8080\nhttp://gw:8081"}


def frame(second: float, message: object, observer: str = OBSERVER) -> Observation:
    """A frame of that second of the story; text as it is, all else as JSON."""
    text = message if isinstance(message, str) else json.dumps(message)
    return Observation(observer, 1, START_NS + int(second * NS), Kind.FRAME, text)


def status(second: float, *, term: int = 5, leader: str = "node1", commit: int = 10) -> Observation:
    """A status of node1 in the guide's dialect."""
    data = {
        "node_id": "node1",
        "state": "Leader" if leader == "node1" else "Follower",
        "term": term,
        "commit_index": commit,
        "last_applied": commit,
        "leader": leader,
        "peers": ["node2", "node3"],
    }
    return frame(second, {"type": "status", "timestamp": "2024-01-15T10:30:00Z", "data": data})


def story(seconds: int, *, elections: Sequence[int] = ()) -> list[Observation]:
    """A live connection with a status and a tick a second; at each of `elections` another leads, in the next term."""
    seen = [connection_observation(OBSERVER, 1, START_NS, ConnectionChange(Phase.LIVE))]
    term, leader = 5, "node1"
    for second in range(seconds):
        if second in elections:
            term, leader = term + 1, "node2" if leader == "node1" else "node1"
        seen.append(status(second + 0.5, term=term, leader=leader, commit=10 + second))
        seen.append(tick(START_NS + (second + 1) * NS))
    return seen


def write_journal(path: Path, *runs: Iterable[Observation], index: bool = True) -> list[Event]:
    """Record each run as a monitor does, with a state at its end; gives all events, as they stand in the end."""
    events: dict[int, Event] = {}
    connection = open_journal(path)
    writer = Writer(connection)
    for seen in runs:
        observations = list(seen)
        started_ns = observations[0].received_ns
        picture = blank_picture(started_ns, max(started_ns // 1000, writer.last_event + 1))
        writer.begin_run(started_ns, picture.log.end, "1.2.3", FOLD_VERSION)
        writer.describe(ABOUT)
        for observation in observations:
            told, numbers = picture.see(observation)
            writer.write([Seen(observation, told, numbers)])
            events |= dict(zip(numbers, told, strict=True))
        writer.write(
            [Checkpoint(picture.state.now_ns, picture.log.end, FOLD_VERSION, store(picture.state), b"")],
        )
        while index and writer.index():
            pass
        writer.end_run(observations[-1].received_ns)
    connection.close()
    return [events[number] for number in sorted(events)]
