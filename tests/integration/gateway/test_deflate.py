"""permessage-deflate (RFC 7692): only where it is switched on and offered, and never a way to fill memory."""

import asyncio
import json
import zlib
from typing import Any

import pytest

from helios_desktop.protocol.messages import PeerChange
from helios_gateway.clusters.cluster import Told
from tests.integration.gateway.raw_socket import RawSocket

OFFER = "permessage-deflate"
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"
FLUSHED = b"\x00\x00\xff\xff"
LONG = PeerChange("node4", "added", "localhost:8004" * 50)


def compressed(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(FLUSHED)


def inflated(data: bytes) -> dict[str, Any]:
    # Each by itself, in the window that was agreed: nothing of the message before is needed.
    told: dict[str, Any] = json.loads(zlib.decompressobj(wbits=-12).decompress(data + FLUSHED))
    return told


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=15",
        "permessage-deflate; server_max_window_bits=12",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=8, permessage-deflate",
    ],
)
async def test_7_1_an_offer_that_can_be_followed_is_answered(serve: Any, offer: str) -> None:
    async with serve(is_deflating=True) as served:
        with await RawSocket.open(served, extensions=offer) as raw:
            assert f"sec-websocket-extensions: {AGREED}" in raw.head.replace("Sec-WebSocket-E", "sec-websocket-e")


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "x-webkit-deflate-frame",
        "permessage-deflate; server_max_window_bits=11",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; colour=blue",
        "permessage-deflate;;",
    ],
)
async def test_7_1_an_offer_that_cannot_be_followed_is_declined(serve: Any, offer: str) -> None:
    async with serve(is_deflating=True) as served:
        with await RawSocket.open(served, extensions=offer) as raw:
            assert "extensions" not in raw.head.lower()
            served.gateway.hub.see(Told("node1", LONG))
            assert [(await raw.message())["type"] for _ in range(2)] == ["status", "peer_change"]


async def test_it_is_off_unless_it_was_switched_on(served: Any) -> None:
    with await RawSocket.open(served, extensions=OFFER) as raw:
        assert "extensions" not in raw.head.lower()
        # RFC 6455 §5.2: a reserved bit that nobody agreed on fails the connection.
        await raw.send(0xC1, compressed(b'{"type":"ping"}'))
        await raw.message()
        while (frame := await raw.frame())[0] == 0x81:
            pass
        assert (frame[0], int.from_bytes(frame[1][:2], "big")) == (0x88, 1002)


async def test_6_1_long_messages_are_compressed_and_short_ones_are_not(serve: Any) -> None:
    async with serve(is_deflating=True) as served:
        with await RawSocket.open(served, extensions=OFFER) as raw, await RawSocket.open(served) as plain:
            assert {(await raw.frame())[0], (await plain.frame())[0]} <= {0x81, 0xC1}
            for _ in range(2):
                served.gateway.hub.see(Told("node1", LONG))
            await raw.send(0x81, b'{"type":"ping"}')
            for _ in range(2):
                first, payload = await raw.frame()
                told = await plain.message()
                assert (first, inflated(payload)["data"]) == (0xC1, told["data"])
                assert len(payload) < 350
            assert (await raw.message())["type"] == "pong"


async def test_7_2_2_messages_of_the_client_may_be_compressed_or_not_and_in_parts(serve: Any) -> None:
    async with serve(is_deflating=True) as served:
        with await RawSocket.open(served, extensions=OFFER) as raw:
            await raw.frame()
            data = compressed(b'{"type":"ping"}')
            await raw.send(0xC1, data)
            await raw.send(0x81, b'{"type":"ping"}')
            await raw.send(0x41, data[:5])
            await raw.send(0x80, data[5:])
            await raw.send(0xC1, data)
            assert [(await raw.message())["type"] for _ in range(4)] == ["pong"] * 4


async def test_8_a_bomb_is_refused_before_it_is_inflated(serve: Any) -> None:
    async with serve(is_deflating=True) as served:
        with await RawSocket.open(served, extensions=OFFER) as raw:
            bomb = compressed(b'{"type":"' + b"x" * 20_000_000 + b'"}')
            assert len(bomb) < 65_000
            await raw.send(0xC1, bomb)
            frames = [await raw.frame()]
            while frames[-1][0] != 0x88:
                frames.append(await raw.frame())
            assert int.from_bytes(frames[-1][1][:2], "big") == 1009


async def test_8_what_cannot_be_inflated_ends_that_socket_only(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(is_deflating=True) as served, await served.open() as other:
        await other.receive_json(timeout=5)
        with await RawSocket.open(served, extensions=OFFER) as raw:
            await raw.send(0xC1, b"\xff" * 50)
            while (frame := await raw.frame())[0] != 0x88:
                pass
            assert int.from_bytes(frame[1][:2], "big") == 1007
        await other.send_str('{"type":"ping"}')
        assert (await other.receive_json(timeout=5))["type"] == "pong"
    assert "Traceback" not in caplog.text


async def test_a_usual_client_reads_and_writes_compressed(serve: Any) -> None:
    async with serve(is_deflating=True) as served, await served.open(compress=15) as ws:
        assert ws.compress
        last: dict[str, Any] = await ws.receive_json(timeout=5)
        for _ in range(3):
            served.gateway.hub.see(Told("node1", LONG))
            await ws.send_str('{"type":"ping"}')
            async with asyncio.timeout(5):
                for message_type in ("peer_change", "pong"):
                    message = await ws.receive_json()
                    assert (message["type"], message["prev"]) == (message_type, last["seq"])
                    last = message


async def test_what_was_missed_is_compressed_too(serve: Any) -> None:
    async with serve(is_deflating=True) as served:
        async with await served.open() as ws:
            before = await ws.receive_json(timeout=5)
        served.gateway.hub.see(Told("node1", LONG))
        query = f"?since={before['boot']}:{before['seq']}"
        with await RawSocket.open(served, query, extensions=OFFER) as raw:
            first, payload = await raw.frame()
            assert (first, inflated(payload)["prev"]) == (0xC1, before["seq"])
