"""The stub of the real gateway against what the real one did over its sockets (`fixtures/captures`; wire.md §2)."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import websockets

from tests.contract.raw_client import UPGRADE, Clock, Frame, RawClient, asked, connected
from tests.real_gateway.gateway import RealGateway

PING = '{"type":"ping"}'


async def test_the_ends_of_sockets_are_the_captured_bytes(gateway: RealGateway, captures: Path) -> None:
    there = json.loads((captures / "raw_close_bytes.json").read_text())
    sent: dict[str, Callable[[RawClient], None]] = {
        "invalid_json": lambda client: client.send("{not json"),
        "client_close_1000": lambda client: client.send(b"\x03\xe8", 8),
        "client_close_empty": lambda client: client.send(b"", 8),
        "reserved_opcode": lambda client: client.send(b"", 3),
    }
    for name, send in sent.items():
        async with connected(gateway.port) as client:
            await client.upgrade(gateway.accounts.make_token("admin"))
            await client.message()
            send(client)
            (captured,) = there[name]
            assert f"{await client.rest()!r}" == captured.replace("<EOF>", "")
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.send(b'{"type":"\xff"}')  # "invalid_utf8_text": the connection lives on
        client.send(PING)
        assert (await client.message())["type"] == "pong"


async def test_what_is_offered_beside_the_socket_is_ignored(gateway: RealGateway, captures: Path) -> None:
    there = json.loads((captures / "raw_close_bytes.json").read_text())["handshake_with_deflate_and_subprotocol_offer"]
    token = gateway.accounts.make_token("admin")
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate", "Sec-WebSocket-Protocol": "chat"}
    async with connected(gateway.port) as client:
        head = await client.ask("GET", f"/ws/cluster?token={token}", {**UPGRADE, **offer})
        await client.message()
    assert [head.status_line, *head.headers] == there.split("\r\n")


@pytest.mark.parametrize(
    ("first_byte", "reason"),
    [(0x81, "bad MASK"), (0xC1, "RSV1 set, bad MASK"), (0x09, "FIN not set on control, bad MASK")],
)
async def test_a_frame_against_the_rules_is_answered_with_close_1002(
    gateway: RealGateway, first_byte: int, reason: str
) -> None:
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.writer.write(bytes((first_byte, 0)))
        assert await client.frame() == Frame(8, b"\x03\xea" + reason.encode())
        assert await client.rest() == b""


@pytest.mark.parametrize(
    ("size", "fragments"),
    [
        (1024, [1024]),
        (1025, [1024, 1]),
        (1303, [1024, 279]),  # as in wire.md §2
        (2048, [1024, 1024]),
        (2076, [1024, 1024, 28]),
        (2077, [2077, 0]),
        (3153, [3153, 0]),  # as in wire.md §2
    ],
)
async def test_a_message_comes_in_the_fragments_of_the_real_buffers(
    gateway: RealGateway, size: int, fragments: list[int]
) -> None:
    text = json.dumps({"type": "error", "data": {"error": ""}})
    text = text.replace('""', '"' + "x" * (size - len(text) - 1) + '"')
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.seen.clear()
        gateway.tell(text)
        await client.message()
    assert [len(frame.payload) for frame in client.seen] == fragments
    assert [frame.opcode for frame in client.seen] == [1] + [0] * (len(fragments) - 1)
    assert [frame.is_final for frame in client.seen] == [False] * (len(fragments) - 1) + [True]
    assert client.seen[-1].payload.endswith(b"\n") or client.seen[-2].payload.endswith(b"\n")


async def test_a_capture_is_told_to_the_letter(gateway: RealGateway, captures: Path) -> None:
    path = captures / "steady_leader_60s_query.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    frames = [entry["raw"] for entry in entries if entry["dir"] == "recv" and entry["opcode"] == "text"]
    playback = gateway.play(path)
    token = gateway.accounts.make_token("admin")
    async with websockets.connect(
        f"ws://127.0.0.1:{gateway.port}/ws/cluster?token={token}", compression=None
    ) as client:
        heard = [await client.recv()]
        while await playback.step():
            heard.append(await client.recv())
    assert heard == frames
    assert playback.is_over
    head = await asked(gateway, "GET", "/admin/cluster/status", {"Authorization": token})
    assert head.json == json.loads(frames[-1])["data"]


async def test_three_gateways_play_a_cluster_of_which_one_stops(captures: Path) -> None:
    path = captures / "leader_stopped_election_upstream_wiring.jsonl"
    async with RealGateway() as one, RealGateway() as two, RealGateway() as three:
        stories = [gateway.play(path, tag) for gateway, tag in ((one, "node-1"), (two, "node-2"), (three, "node-3"))]
        async with connected(one.port) as client:
            await client.upgrade(one.accounts.make_token("admin"))
            assert (await client.message())["type"] == "status"
            async with asyncio.timeout(20):
                await asyncio.gather(*(story.run(speed=1000.0) for story in stories))
            assert (await client.message())["type"] == "status_update"
            assert await client.rest() == b"", "a gateway that stops says no farewell"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", one.port)
        roles = [gateway.status["node"] for gateway in (two, three) if isinstance(gateway.status, dict)]
    assert roles == [
        {"id": "node-2", "state": "Leader", "term": 3},
        {"id": "node-3", "state": "Follower", "term": 3},
    ]


TOLD_IN_CAPTURES = [
    "ping_pong",
    "subscribe_partial_data",
    "subscribe_subset",
    "two_clients",
    "unknown_type",
    "unsubscribe",
]


@pytest.mark.parametrize("name", TOLD_IN_CAPTURES)
async def test_subscriptions_let_through_what_they_let_through_there(
    gateway: RealGateway, captures: Path, name: str
) -> None:
    """What the client of the capture sent is sent, what was broadcast is told, and the same kinds come."""
    forced = [json.loads(line) for line in (captures / "forced_broadcast_each.jsonl").read_text().splitlines()]
    texts = {json.loads(entry["raw"])["type"]: entry["raw"] for entry in forced if entry.get("opcode") == "text"}
    entries = [json.loads(line) for line in (captures / f"{name}.jsonl").read_text().splitlines()]
    tag = entries[0]["tag"]
    mine = [entry for entry in entries if entry.get("tag", tag) == tag or "ctl" in entry]
    there = [json.loads(entry["raw"])["type"] for entry in mine if entry.get("opcode") == "text"]
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        kinds = [(await client.message())["type"]]
        for entry in mine:
            if entry["dir"] == "send":
                count = len(gateway.heard)
                client.send(entry["raw"])
                await gateway.until(lambda: len(gateway.heard) > count)  # noqa: B023 - awaited at once
            elif entry.get("ctl") == "/broadcast":
                gateway.tell(texts[entry["params"]["kind"].removeprefix("on_")])
            elif entry.get("opcode") == "text" and json.loads(entry["raw"])["type"] == "status_update":
                gateway.tell_status()
        client.send(PING)  # behind it nothing else is on its way
        while kinds[-1] != "pong" or kinds.count("pong") <= there.count("pong"):
            kinds.append((await client.message())["type"])
    assert Counter(kinds[:-1]) == Counter(there)
    assert kinds[0] == "status"


@pytest.mark.parametrize(
    "payload",
    [
        "{not json",
        "[]",
        '"x"',
        "",
        '{"type":5}',
        '{"type":"ping","timestamp":""}',
        '{"type":"ping","timestamp":1705314600}',
        '{"type":"ping","timestamp":"2024-01-15T10:30:00"}',
        '{"type":"ping","timestamp":"2024-01-15 10:30:00Z"}',
    ],
)
async def test_what_go_cannot_read_drops_the_connection_without_a_word(gateway: RealGateway, payload: str) -> None:
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.send(payload)
        client.send(PING)
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "payload",
    [
        '{"TYPE":"ping"}',
        '{"type":"ping"} and more',
        '{"type":"ping","timestamp":null}',
        '{"type":"ping","timestamp":"2024-01-15T10:30:00.123456789+05:30"}',
    ],
)
@pytest.mark.parametrize("opcode", [1, 2])
async def test_what_go_can_read_is_answered(gateway: RealGateway, payload: str, opcode: int) -> None:
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.send(payload, opcode)
        pong = await client.message()
    assert list(pong) == ["type", "timestamp"]


@pytest.mark.parametrize(
    ("data", "is_told"),
    [
        ('{"latency":true}', True),
        ('{"Latency":true,"other":1}', True),
        ('{"status":true}', False),
        ('{"latency":null}', False),
        ("{}", False),
        ("null", False),
        ('{"latency":"yes"}', True),  # cannot be followed, so the old set stays
        ("1", True),
    ],
)
async def test_a_subscription_replaces_the_whole_set_or_nothing(gateway: RealGateway, data: str, is_told: bool) -> None:
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.send(f'{{"type":"subscribe","data":{data}}}')
        await gateway.until(lambda: gateway.heard == ["subscribe"])
        gateway.tell('{"type":"latency","data":{}}')
        gateway.tell('{"type":"error","data":{"error":"last"}}')
        kinds = [(await client.message())["type"]]
        if is_told:
            kinds.append((await client.message())["type"])
    assert kinds == (["latency", "error"] if is_told else ["error"])


async def test_only_native_pongs_keep_a_connection_alive() -> None:
    async with RealGateway(ping_s=0.05, read_deadline_s=0.5) as gateway:
        token = gateway.accounts.make_token("admin")
        async with connected(gateway.port) as talker, connected(gateway.port) as listener:
            await talker.upgrade(token)
            await listener.upgrade(token)
            for count in range(20):  # a second, twice the deadline
                while (frame := await listener.frame()).opcode != 9:
                    pass
                assert frame.payload == b""
                listener.send(b"", 10)
                if count < 8:
                    talker.send(PING)
            opcodes = [frame.opcode for frame in await talker.frames_to_end()]
            assert opcodes.count(9) <= 10, "what it said put off nothing"
            assert 8 not in opcodes
            listener.send(b"echo", 9)
            while (frame := await listener.frame()).opcode != 10:
                pass
            assert frame.payload == b"echo"


async def test_statuses_come_by_one_ticker_for_all() -> None:
    async with RealGateway(cadence_s=0.02) as gateway, connected(gateway.port) as one, connected(gateway.port) as two:
        gateway.set_status({"node": {"id": "n", "state": "Follower", "term": 7}})
        stamps = []
        for client in (one, two):
            await client.upgrade(gateway.accounts.make_token("admin"))
            told = [await client.message() for _ in range(10)]
            assert told[0]["type"] in {"status", "status_update"}, "the ticker may come before the first status"
            assert told[-1] == {**told[-1], "type": "status_update", "data": gateway.status}
            stamps.append({message["timestamp"] for message in told if message["type"] == "status_update"})
        first_of_two = min(map(str, stamps[1]))
        while first_of_two not in stamps[0]:
            stamps[0].add((await one.message())["timestamp"])


async def test_an_open_socket_outlives_its_token(gateway: RealGateway, clock: Clock) -> None:
    gateway.accounts.token_life_s = 2.0
    token = gateway.accounts.make_token("admin")
    async with connected(gateway.port) as client:
        await client.upgrade(token)
        await client.message()
        clock.now_s += 7
        gateway.tell_status()
        assert (await client.message())["type"] == "status_update"
    assert (await asked(gateway, "GET", "/admin/cluster/status", {"Authorization": token})).body == "Invalid token\n"
    assert (await asked(gateway, "GET", f"/ws/cluster?token={token}", UPGRADE)).body == "Invalid token\n"


async def test_it_dies_of_a_client_that_leaves_before_the_first_message() -> None:
    gateway = RealGateway(first_status_s=5.0)
    await gateway.start()
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        client.send(b"\x03\xe8", 8)
        await gateway.until(lambda: not gateway.is_running)
    assert gateway.has_crashed
    with pytest.raises(AssertionError, match="before the first message"):
        await gateway.__aexit__(None, None, None)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", gateway.port)


async def test_it_lives_on_after_a_client_that_waited_for_the_first_message(gateway: RealGateway) -> None:
    async with connected(gateway.port) as client:
        await client.upgrade(gateway.accounts.make_token("admin"))
        await client.message()
        client.send(b"\x03\xe8", 8)
        await client.rest()
    assert gateway.is_running
