"""Fan-out: who gets which bytes, with which `prev`, in how many writes, and what becomes of slow readers."""

import asyncio
import zlib

import pytest

from helios_desktop.protocol.messages import PeerChange, StateChange
from helios_desktop.protocol.subscription import Topic
from helios_gateway.admission.limits import Limits
from tests.unit.gateway.crowd import BOUND, Crowd, messages_in

CHANGE = PeerChange("node4", "added", "localhost:8004")
STATE = StateChange("Follower", "Leader", 6)
ONLY_STATES = frozenset({Topic.STATE_CHANGES})


async def test_one_turn_is_one_write_with_the_same_bytes_for_all() -> None:
    crowd = Crowd()
    transports = [crowd.joined()[1] for _ in range(3)]
    for _ in range(2):
        for _ in range(3):
            crowd.channel.publish("peer_change", CHANGE)
        await asyncio.sleep(0)
    assert [len(transport.writes) for transport in transports] == [2, 2, 2]
    assert [message["seq"] for message in transports[0].messages()] == [1, 2, 3, 4, 5, 6]
    assert [message["prev"] for message in transports[0].messages()] == [0, 1, 2, 3, 4, 5]
    # By then they are one group: not equal bytes but the same ones.
    assert transports[0].writes[1] is transports[1].writes[1] is transports[2].writes[1]
    assert crowd.metrics.delivered == 18
    assert crowd.metrics.bytes_out == sum(len(data) for transport in transports for data in transport.writes)


async def test_prev_skips_what_the_subscription_leaves_out() -> None:
    crowd = Crowd()
    _, whole = crowd.joined()
    states, few = crowd.joined()
    crowd.channel.subscribe(states, ONLY_STATES)
    for message_type, body in (("state_change", STATE), ("peer_change", CHANGE), ("state_change", STATE)):
        crowd.channel.publish(message_type, body)
    await asyncio.sleep(0)
    assert [(m["seq"], m["prev"]) for m in whole.messages()] == [(1, 0), (2, 1), (3, 2)]
    assert [(m["seq"], m["prev"]) for m in few.messages()] == [(1, 0), (3, 1)]


async def test_an_answer_comes_after_what_was_published_before_it() -> None:
    crowd = Crowd()
    client, transport = crowd.joined()
    crowd.channel.publish("peer_change", CHANGE)
    crowd.channel.send(client, "pong", None)
    crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    got = transport.messages()
    assert [message["type"] for message in got] == ["peer_change", "pong", "peer_change"]
    assert [message["prev"] for message in got] == [0, 1, 2]
    assert "data" not in got[1]


async def test_who_left_gets_nothing() -> None:
    crowd = Crowd()
    client, transport = crowd.joined()
    crowd.channel.publish("peer_change", CHANGE)
    crowd.channel.leave(client)
    crowd.channel.leave(client)
    await asyncio.sleep(0)
    assert transport.writes == []
    assert len(crowd.channel) == 0


async def test_who_reads_too_slowly_loses_messages_and_nobody_else_waits() -> None:
    crowd = Crowd()
    stuck, stuck_transport = crowd.joined(is_read=False)
    _, good_transport = crowd.joined()
    stuck_transport.waiting = BOUND + 1
    for _ in range(3):
        crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    crowd.channel.send(stuck, "pong", None)
    assert stuck_transport.writes == []
    assert len(good_transport.messages()) == 3
    assert crowd.channel.lost_by(stuck) == 4
    assert set(crowd.channel) == {stuck, *crowd.channel}
    assert len(crowd.channel) == 2


async def test_who_reads_again_is_told_what_it_lost_and_its_prev_shows_the_hole() -> None:
    crowd = Crowd()
    client, transport = crowd.joined(is_read=False)
    crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    transport.waiting = BOUND + 1
    for _ in range(2):
        crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    # Still more than half the bound: it would be above it again at once.
    transport.waiting = BOUND // 2 + 1
    crowd.channel.look_after()
    assert crowd.channel.lost_by(client) == 2
    transport.waiting = BOUND // 2
    crowd.channel.look_after()
    crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    first, told, after = transport.messages()
    assert (first["seq"], told["data"], told["prev"]) == (1, {"lost": 2}, 3)
    assert (told["seq"], after["prev"]) == (4, 4)
    assert crowd.metrics.lost == 2
    assert crowd.channel.lost_by(client) == 0


async def test_who_does_not_recover_in_time_is_told_and_given_up() -> None:
    crowd = Crowd()
    client, transport = crowd.joined(is_read=False)
    transport.waiting = BOUND + 1
    crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    crowd.now_s = crowd.limits.lag_s - 0.001
    crowd.channel.look_after()
    assert crowd.cut == []
    crowd.now_s = crowd.limits.lag_s
    crowd.channel.look_after()
    assert crowd.cut == [client]
    assert [(message["data"], message["prev"]) for message in transport.messages()] == [({"lost": 1}, 1)]
    assert len(crowd.channel) == 0


async def test_a_burst_of_one_turn_does_not_wait_for_its_end() -> None:
    crowd = Crowd(Limits(unsent_bytes=100_000))
    client, transport = crowd.joined(is_read=False)
    body = PeerChange("node4", "added", "x" * 10_000)
    for _ in range(500):
        crowd.channel.publish("peer_change", body)
    # No turn of the loop has passed, and yet no 5 MB wait.
    assert transport.most_waiting < 100_000 + 300_000
    assert len(transport.messages()) + crowd.channel.lost_by(client) >= 500 - 30
    await asyncio.sleep(0)
    assert len(transport.messages()) + crowd.channel.lost_by(client) == 500


async def test_compressed_frames_are_made_once_for_all_who_agreed() -> None:
    crowd = Crowd()
    transports = []
    for is_deflated in (True, True, False):
        client, transport = crowd.newcomer(is_deflated=is_deflated)
        crowd.channel.join(client)
        transports.append(transport)
    for _ in range(2):
        crowd.channel.publish("peer_change", PeerChange("node4", "added", "localhost:8004" * 30))
        crowd.channel.publish("error", {"error": "short"})
        await asyncio.sleep(0)
    first, second, plain = transports
    assert first.writes[1] is second.writes[1]
    assert len(first.writes[1]) < len(plain.writes[1]) / 2
    told = messages_in(b"".join(first.writes), lambda data: zlib.decompress(data + b"\x00\x00\xff\xff\x03\x00", -12))
    assert told == plain.messages()


@pytest.mark.parametrize("seq", [0, 2, 3])
async def test_who_resumes_gets_what_came_after_in_the_same_chain(seq: int) -> None:
    crowd = Crowd()
    for _ in range(3):
        crowd.channel.publish("peer_change", CHANGE)
    client, transport = crowd.newcomer()
    assert crowd.channel.resume(client, seq)
    crowd.channel.publish("peer_change", CHANGE)
    await asyncio.sleep(0)
    assert [(m["seq"], m["prev"]) for m in transport.messages()] == [(n, n - 1) for n in range(seq + 1, 5)]


async def test_who_resumes_where_messages_are_gone_is_not_taken_in() -> None:
    crowd = Crowd(Limits(ring_messages=2))
    for _ in range(4):
        crowd.channel.publish("peer_change", CHANGE)
    client, transport = crowd.newcomer()
    assert not crowd.channel.resume(client, 1)
    assert (transport.writes, len(crowd.channel)) == ([], 0)
    assert crowd.channel.resume(client, 2)
