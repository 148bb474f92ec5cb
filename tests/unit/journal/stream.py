"""Observations as a monitor gives them to its recorder, each told from the others by a number in its text."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Event, NodeReach
from helios_desktop.journal.writer import Checkpoint, Seen
from helios_desktop.observation import MONITOR, Kind, Observation
from helios_desktop.protocol.codec import decode

NS: Final = 1_000_000_000
START_NS: Final = 1_800_000_000 * NS
APART_NS: Final = NS // 10
FOLD: Final = 1


class Stream:
    """One life of a monitor. Frames are `APART_NS` apart; each tells one event or more.

    `seen` is all that it made; `events` what each number is by now.
    """

    def __init__(self, first_event: int = 1, started_ns: int = START_NS, *, first: int = 0) -> None:
        self.started_ns = started_ns
        self.now_ns = started_ns
        self.next_event = first_event
        self.count = first
        self.seen: list[Seen] = []
        self.events: dict[int, Event] = {}

    def frame(self, padding: int = 0, node: str = "node1") -> Seen:
        """A pushed latency, with its plain event."""
        text = (
            f'{{"type": "latency", "timestamp": "t", "data": {{"node_id": "{node}", "peer_id": "peer{self.count % 5}", '
            f'"latency_ms": {self.count}, "note": "{"x" * padding}"}}}}'
        )
        observation = self._observation(node, Kind.FRAME, text)
        return self._see(observation, (self._plain(observation, node),))

    def frames(self, count: int) -> list[Seen]:
        """So many."""
        return [self.frame() for _ in range(count)]

    def tick(self) -> Seen:
        """A second, which tells nothing."""
        return self._see(self._observation(MONITOR, Kind.TICK, ""), ())

    def derived(self) -> Seen:
        """An answer of which an event is concluded."""
        observation = self._observation("node2", Kind.REST, f'{{"number": {self.count}}}', "GET /api/cluster/status")
        before = self.seen[-1].observation if self.seen else observation
        body = NodeReach("node3", f"reason {self.count}")
        event = Event(
            "peer_unreachable", observation.received_ns, "", "node2", "node3", body, observation, (before, observation)
        )
        return self._see(observation, (event,))

    def completing(self, number: int) -> Seen:
        """A frame that completes the event of that number, and tells one of its own."""
        earlier = self.events[number]
        node = "node1"
        observation = self._observation(node, Kind.FRAME, f'{{"type": "pong", "timestamp": "completes {self.count}"}}')
        whole = replace(earlier, evidence=(*earlier.evidence, observation), completes=earlier, is_pushed=True)
        moved = replace(whole, node="node9", observation=observation) if number % 2 else whole
        own = self._plain(observation, node)
        seen = Seen(observation, (moved, own), (number, self.next_event))
        self.events[number] = moved
        self.events[self.next_event] = own
        self.next_event += 1
        self.seen.append(seen)
        return seen

    def checkpoint(self, size: int = 200) -> Checkpoint:
        """The state after all of it."""
        return Checkpoint(self.now_ns, self.next_event, FOLD, f"state after {self.count}".encode().ljust(size), b"")

    def pause(self, pause_s: float) -> None:
        """Let the time go on."""
        self.now_ns += int(pause_s * NS)

    def _observation(self, observer: str, kind: Kind, text: str, source: str = "") -> Observation:
        self.count += 1
        self.now_ns += APART_NS
        return Observation(observer, 1, self.now_ns, kind, text, source, 200 if source else 0)

    def _plain(self, observation: Observation, node: str) -> Event:
        message = decode(observation.text)
        return Event(message.type, observation.received_ns, "t", observation.observer, node, message.body, observation)

    def _see(self, observation: Observation, events: Sequence[Event]) -> Seen:
        numbers = tuple(range(self.next_event, self.next_event + len(events)))
        self.next_event += len(events)
        self.events.update(zip(numbers, events, strict=True))
        seen = Seen(observation, tuple(events), numbers)
        self.seen.append(seen)
        return seen
