"""Fan-out by property: whatever is published, and whoever comes, goes, subscribes or lags, no loss is untold."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.protocol.messages import PeerChange
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic, topic_of
from helios_gateway.sockets.client import Client
from tests.unit.gateway.crowd import BOUND, Crowd, FakeTransport

TYPES = ("status", "state_change", "peer_change", "latency", "error")
SIZES = (0, 300, 2_000)


@dataclass
class Reader:
    """A client, and an account of what was due to it that is kept without any grouping."""

    client: Client
    transport: FakeTransport
    since: int = 0
    due: list[str] = field(default_factory=list)
    is_in: bool = True
    is_cut: bool = False

    def check(self, crowd: Crowd, numbers: dict[str, int]) -> None:
        """Compare what came with what was due; `numbers` are those of the published messages."""
        got = self.transport.messages()
        last, place = self.since, 0
        for message in got:
            data = message.get("data") or {}
            if "lost" in data:
                lost = self.due[place : place + data["lost"]]
                assert len(lost) == data["lost"] > 0
                place += len(lost)
                # Whoever looks at `prev` alone sees the hole, too: it names the last one that was lost.
                assert message["prev"] == numbers.get(lost[-1], message["prev"])
                assert message["prev"] > last
            else:
                assert self.due[place] == data.get("peer_address", "pong")[:8]
                place += 1
                assert message["prev"] == last
            assert message["seq"] > message["prev"]
            last = message["seq"]
        if self.is_in or self.is_cut:
            assert len(self.due) - place == crowd.channel.lost_by(self.client)
        if self.transport.is_read:
            assert not any("lost" in (message.get("data") or {}) for message in got)
        longest = max(SIZES) + 400
        assert self.transport.most_waiting <= BOUND + (256 << 10) + 2 * longest


READERS = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(TYPES), st.sampled_from(SIZES)),
        st.tuples(st.just("publish"), st.sampled_from(TYPES), st.sampled_from(SIZES)),
        st.tuples(st.just("subscribe"), READERS, st.frozensets(st.sampled_from(Topic), max_size=7)),
        st.tuples(st.just("pong"), READERS, st.none()),
        st.tuples(st.just("read"), st.integers(1, 3), st.sampled_from([500, 2_000, 10_000])),
        st.tuples(st.just("read"), st.integers(1, 3), st.sampled_from([500, 2_000, 10_000])),
        st.tuples(st.just("leave"), READERS, st.none()),
        st.tuples(st.just("join"), READERS, st.none()),
        st.tuples(st.just("resume"), READERS, st.none()),
        st.tuples(st.just("wait"), st.floats(0, 8), st.none()),
        st.tuples(st.just("turn"), st.none(), st.none()),
        st.tuples(st.just("stall"), st.integers(1, 3), st.none()),
        st.tuples(st.just("burst"), st.sampled_from(TYPES), st.integers(2, 5)),
    ),
    min_size=30,
    max_size=90,
)


class Story:
    """Takes the steps, and keeps the accounts."""

    def __init__(self) -> None:
        self.crowd = Crowd()
        self.readers: list[Reader] = []
        self.gone: list[Reader] = []
        # By what marks it: its topic and number.
        self.published: dict[str, tuple[Topic | None, int]] = {}
        for place in range(4):
            self.readers.append(Reader(*self.crowd.joined(is_read=place == 0)))

    async def take(self, kind: str, what: Any, more: Any) -> None:
        """Do one step."""
        crowd = self.crowd
        match kind:
            case "publish":
                self._publish(what, more)
            case "burst":
                for _ in range(more):
                    self._publish(what, 0)
            case "stall":
                # As if it had read nothing for a while.
                self.readers[what].transport.waiting += BOUND + 1
            case "subscribe":
                crowd.channel.subscribe(self.readers[what].client, more)
            case "pong":
                self._ping(self.readers[what])
            case "read":
                self.readers[what].transport.read(more)
            case "leave":
                # It may have been due and not written yet: not told, but nobody is left to be told.
                crowd.channel.flush()
                crowd.channel.leave(self.readers[what].client)
                self.readers[what].is_in = False
            case "join" | "resume" if not self.readers[what].is_in:
                self._come_back(what, is_resumed=kind == "resume")
            case "wait":
                crowd.now_s += what
                crowd.channel.look_after()
            case "turn":
                await asyncio.sleep(0)
        self._see_cut()

    def _publish(self, message_type: str, size: int) -> None:
        mark = f"{len(self.published):08}"
        topic = topic_of(message_type)
        for reader in self.readers:
            if reader.is_in and (topic is None or topic in reader.client.topics):
                reader.due.append(mark)
        self.crowd.channel.publish(message_type, PeerChange("node4", "added", mark + "x" * size))
        self.published[mark] = (topic, self.crowd.envelopes.last)

    def _ping(self, reader: Reader) -> None:
        self.crowd.channel.flush()
        self._see_cut()
        if reader.is_in:
            reader.due.append("pong")
        self.crowd.channel.send(reader.client, "pong", None)

    def _come_back(self, place: int, *, is_resumed: bool) -> None:
        gone = self.readers[place]
        self.gone.append(gone)
        told = gone.transport.messages()
        seq = told[-1]["seq"] if told else gone.since
        client, transport = self.crowd.newcomer(is_read=place == 0)
        if is_resumed:
            assert self.crowd.channel.resume(client, seq)
            due = [
                mark
                for mark, (topic, number) in self.published.items()
                if number > seq and (topic is None or topic in ALL_TOPICS)
            ]
            self.readers[place] = Reader(client, transport, seq, due)
        else:
            self.crowd.channel.join(client)
            self.readers[place] = Reader(client, transport)

    def _see_cut(self) -> None:
        for reader in self.readers:
            if reader.client in self.crowd.cut:
                reader.is_in, reader.is_cut = False, True


@given(STEPS)
def test_each_gets_what_it_selects_in_order_and_each_hole_with_its_count(steps: list[tuple[str, Any, Any]]) -> None:
    async def run() -> None:
        story = Story()
        for step in steps:
            await story.take(*step)
        story.crowd.channel.flush()
        story._see_cut()
        numbers = {mark: number for mark, (_, number) in story.published.items()}
        for reader in itertools.chain(story.gone, story.readers):
            reader.check(story.crowd, numbers)
        # Whoever reads in the end has been told of all that it lost.
        for reader in story.readers:
            reader.transport.read(1 << 30)
        story.crowd.channel.look_after()
        for reader in story.readers:
            assert story.crowd.channel.lost_by(reader.client) == 0
            reader.check(story.crowd, numbers)

    asyncio.run(run())
