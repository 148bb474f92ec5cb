"""Fan-out: who gets which bytes, with which `prev`, in how many writes."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.protocol.messages import PeerChange, StateChange
from helios_desktop.protocol.subscription import Topic
from helios_gateway.client import Client
from helios_gateway.fanout import Channel, Envelopes

CHANGE = PeerChange("node4", "added", "localhost:8004")
STATE = StateChange("Follower", "Leader", 6)
ONLY_STATES = frozenset({Topic.STATE_CHANGES})


class FakeTransport:
    """Keeps what was written; `waiting` bytes pretend to be unsent."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.waiting = 0

    def write(self, data: bytes) -> None:
        """As asyncio's."""
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        """As asyncio's."""
        return self.waiting


def a_client() -> tuple[Client, FakeTransport]:
    transport = FakeTransport()
    return Client(
        cast("asyncio.Transport", transport), "node1", "node1", "sid", pinged_at=0.0, ponged_at=0.0
    ), transport


def a_channel(too_slow: Callable[[Client], None] = lambda _: None) -> Channel:
    return Channel(Envelopes("boot", lambda: 1_700_000_000_000_000_000), 1000, too_slow)


def messages_in(data: bytes) -> list[dict[str, Any]]:
    """Cut frames apart by their own lengths."""
    found = []
    while data:
        assert data[0] == 0x81
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        found.append(msgspec.json.decode(data[start : start + size]))
        data = data[start + size :]
    return found


def received(transport: FakeTransport) -> list[dict[str, Any]]:
    return messages_in(b"".join(transport.writes))


async def test_one_turn_is_one_write_with_the_same_bytes_for_all() -> None:
    channel = a_channel()
    transports = []
    for _ in range(3):
        client, transport = a_client()
        channel.join(client)
        transports.append(transport)
    for _ in range(2):
        for _ in range(3):
            channel.publish("peer_change", CHANGE)
        await asyncio.sleep(0)
    assert [len(transport.writes) for transport in transports] == [2, 2, 2]
    assert [message["seq"] for message in received(transports[0])] == [1, 2, 3, 4, 5, 6]
    assert [message["prev"] for message in received(transports[0])] == [0, 1, 2, 3, 4, 5]
    # By then they are one group: not equal bytes but the same ones.
    assert transports[0].writes[1] is transports[1].writes[1] is transports[2].writes[1]


async def test_prev_skips_what_the_subscription_leaves_out() -> None:
    channel = a_channel()
    everything, whole = a_client()
    states, few = a_client()
    channel.join(everything)
    channel.join(states)
    channel.subscribe(states, ONLY_STATES)
    channel.publish("state_change", STATE)
    channel.publish("peer_change", CHANGE)
    channel.publish("state_change", STATE)
    await asyncio.sleep(0)
    assert [(m["seq"], m["prev"]) for m in received(whole)] == [(1, 0), (2, 1), (3, 2)]
    assert [(m["seq"], m["prev"]) for m in received(few)] == [(1, 0), (3, 1)]


async def test_an_answer_comes_after_what_was_published_before_it() -> None:
    channel = a_channel()
    client, transport = a_client()
    channel.join(client)
    channel.publish("peer_change", CHANGE)
    channel.send(client, "pong", None)
    channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    got = received(transport)
    assert [message["type"] for message in got] == ["peer_change", "pong", "peer_change"]
    assert [message["prev"] for message in got] == [0, 1, 2]
    assert "data" not in got[1]


async def test_who_is_too_slow_is_reported_and_nobody_else_waits() -> None:
    slow: list[Client] = []
    channel = a_channel(slow.append)
    stuck, stuck_transport = a_client()
    good, good_transport = a_client()
    channel.join(stuck)
    channel.join(good)
    stuck_transport.waiting = 1001
    channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    assert slow == [stuck]
    assert stuck_transport.writes == []
    assert len(received(good_transport)) == 1


async def test_who_left_gets_nothing() -> None:
    channel = a_channel()
    client, transport = a_client()
    channel.join(client)
    channel.publish("peer_change", CHANGE)
    channel.leave(client)
    channel.leave(client)
    await asyncio.sleep(0)
    assert transport.writes == []
    assert len(channel) == 0


SUBSCRIPTIONS = st.frozensets(st.sampled_from(Topic), max_size=7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("subscribe"), st.integers(0, 3), SUBSCRIPTIONS),
        st.tuples(st.just("publish"), st.sampled_from(["state_change", "peer_change", "error"]), st.none()),
        st.tuples(st.just("pong"), st.integers(0, 3), st.none()),
        st.tuples(st.just("turn"), st.none(), st.none()),
    ),
    max_size=40,
)


@given(STEPS)
def test_every_chain_of_prev_is_whole_and_only_selected_messages_come(steps: list[tuple[str, Any, Any]]) -> None:
    async def run() -> None:
        channel = a_channel()
        crowd = [a_client() for _ in range(4)]
        # What each must get, by an account kept without any grouping.
        expected: list[list[str]] = [[] for _ in crowd]
        topics_of = {"state_change": Topic.STATE_CHANGES, "peer_change": Topic.PEER_CHANGES, "error": None}
        for client, _ in crowd:
            channel.join(client)
        for kind, what, more in steps:
            if kind == "subscribe":
                channel.subscribe(crowd[what][0], more)
            elif kind == "publish":
                for (client, _), account in zip(crowd, expected, strict=True):
                    if topics_of[what] is None or topics_of[what] in client.topics:
                        account.append(what)
                channel.publish(what, STATE)
            elif kind == "pong":
                expected[what].append("pong")
                channel.send(crowd[what][0], "pong", None)
            else:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        for (_, transport), account in zip(crowd, expected, strict=True):
            got = received(transport)
            assert [message["type"] for message in got] == account
            assert all(after["prev"] == before["seq"] for before, after in itertools.pairwise(got))
            assert not got or got[0]["prev"] == 0

    asyncio.run(run())
