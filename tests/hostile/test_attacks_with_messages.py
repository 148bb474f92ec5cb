"""Messages that are too large, too many, too deep, or of the wrong types."""

import asyncio
import json
import zlib
from pathlib import Path

import pytest

from tests.hostile.process import GatewayProcess, running, size
from tests.hostile.wire import CONTINUATION, PING, TEXT, connected, fields, frame, opened

TOPICS = ("status", "latency", "uptime", "snapshot", "custom_metrics", "state_changes", "peer_changes")
NO_FLAGS = ("1", "0", '"true"', "null", "[]", "{}", "1e999", "-0.0")
DEEP = 10_000
TOO_MANY, WRONG, NO_TEXT, TOO_BIG = 4429, 1002, 1007, 1009


@pytest.mark.parametrize("topic", TOPICS)
async def test_a_flag_of_a_wrong_type_is_named_and_the_socket_stays(gateway: GatewayProcess, topic: str) -> None:
    async with opened(gateway) as wire:
        for value in NO_FLAGS:
            wire.send(frame(f'{{"type":"subscribe","data":{{"{topic}":{value}}}}}'))
            assert topic in (await wire.message_of("error"))["data"]["error"]
        assert await wire.is_answered()


@pytest.mark.parametrize("value", ["1", "null", "true", "[]", "{}", "1.5", '["ping"]'])
async def test_a_type_that_is_no_word_is_named_and_the_socket_stays(gateway: GatewayProcess, value: str) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(f'{{"type":{value}}}'))
        assert "type" in (await wire.message_of("error"))["data"]["error"]
        assert await wire.is_answered()


@pytest.mark.parametrize("request_type", ["ping", "unsubscribe"])
@pytest.mark.parametrize("value", ["1", '"x"', "[]", "{}", "null", "true"])
async def test_data_of_any_type_harms_no_message_that_needs_none(
    gateway: GatewayProcess, request_type: str, value: str
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(f'{{"type":"{request_type}","data":{value},"timestamp":{value}}}'))
        assert await wire.is_answered()


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP + "]" * DEEP,
        '{"type":"ping","data":' + "[" * DEEP + "]" * DEEP + "}",
        '{"type":"subscribe","data":' + "[" * DEEP + "]" * DEEP + "}",
        '{"type":"subscribe","data":{"status":' + '{"a":' * DEEP + "1" + "}" * DEEP + "}}",
        '{"type":"subscribe","data":{"unknown":' + "[" * DEEP + "]" * DEEP + "}}",
        '{"x":' * DEEP,
    ],
    ids=["arrays", "ping", "subscribe", "flag", "unknown", "open"],
)
async def test_json_of_any_depth_is_answered(gateway: GatewayProcess, text: str) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(text))
        assert await wire.is_answered()


async def test_of_keys_that_come_twice_the_last_counts(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame('{"type":"subscribe","type":"ping","data":{"status":true,"status":false}}'))
        await wire.message_of("pong")


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30, "9" * 5_000, "1e400", "NaN", "Infinity", "0x10", "1_0"])
async def test_numbers_of_any_size_are_refused_or_passed_over(gateway: GatewayProcess, number: str) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(f'{{"type":"subscribe","data":{{"status":{number}}}}}'))
        await wire.message_of("error")
        wire.send(frame(f'{{"type":"ping","id":{number}}}'))
        assert await wire.is_answered()


@pytest.mark.parametrize("text", ["", "\0", '{"type":"\\ud800"}', "﻿{}", '{"type":"ping"', '{"type":"ping"}{}'])
async def test_text_that_is_no_message_harms_nothing(gateway: GatewayProcess, text: str) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(text))
        assert await wire.is_answered()


@pytest.mark.parametrize("fragment", ["", "x"])
async def test_fragments_without_end_end_the_connection(gateway: GatewayProcess, fragment: str) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(fragment, is_final=False))
        more = frame(fragment, CONTINUATION, is_final=False, mask=b"abcd") * 1_000
        for _ in range(70):
            wire.send(more)
        assert await wire.close_code() == TOO_BIG


async def test_a_message_over_the_bound_ends_that_connection(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(" " * 65_537))
        assert await wire.close_code() == TOO_BIG


@pytest.mark.parametrize(("text", "opcode"), [('{"type":"ping"}', TEXT), ("x" * 125, PING), ("no json", TEXT)])
async def test_a_flood_of_messages_is_told_and_ended(gateway: GatewayProcess, text: str, opcode: int) -> None:
    async with opened(gateway) as wire:
        for _ in range(40):
            wire.send(frame(text, opcode) * 100)
        assert await wire.close_code() == TOO_MANY


async def test_a_flood_from_one_that_never_reads_is_cut(gateway: GatewayProcess) -> None:
    before = gateway.footprint()

    async def flood() -> None:
        async with opened(gateway) as wire:
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can
            for _ in range(40):
                wire.send(frame('{"type":"ping"}') * 100)
            wire.writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
            assert await wire.is_cut()

    await asyncio.gather(*(flood() for _ in range(size(20, 3))))
    assert gateway.footprint().rss - before.rss < 64 << 20


async def test_a_compressed_frame_that_nobody_agreed_on_ends_the_connection(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(bomb(1 << 20), reserved=4))
        assert await wire.close_code() == WRONG


async def test_a_compressed_bomb_is_not_blown_up(tmp_path: Path) -> None:
    with running(tmp_path / "stderr", HELIOS_GATEWAY_WEBSOCKET_DEFLATE="true") as deflating:
        before = deflating.footprint()
        offer = fields(deflating, Sec_WebSocket_Extensions="permessage-deflate")
        for payload, code in (
            (bomb(50 << 20), TOO_BIG),
            (bomb(66_000), TOO_BIG),
            (b"\xff" * 1_000, NO_TEXT),
            (squeezed(b"\xff\xfe"), NO_TEXT),
        ):
            async with connected(deflating) as wire:
                head = await wire.ask(offer)
                assert (head.status, "permessage-deflate" in head.fields["sec-websocket-extensions"]) == (101, True)
                wire.send(frame(squeezed(b'{"type":"ping"}'), reserved=4) + frame(payload, reserved=4))
                assert await wire.close_code() == code
        assert deflating.footprint().rss - before.rss < 8 << 20
        assert "Traceback" not in deflating.told


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/refresh", "/api/demo/faults"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[" * 30_000, None),
        (b'{"username":' + b"[" * DEEP + b"]" * DEEP + b"}", None),
        (json.dumps({"username": ["admin"], "password": {"$ne": 1}, "refresh_token": 7, "fault": 1}).encode(), None),
        (b'{"username":"\\ud800","password":"\\ud800","refresh_token":"\\ud800","fault":"\\ud800"}', None),
        (b"\xff\xfe", None),
        (b"x" * 70_000, None),
        (zlib.compress(b" " * (20 << 20)), "deflate"),
    ],
    ids=["deep", "field", "types", "surrogate", "bytes", "large", "bomb"],
)
async def test_a_body_that_is_wrong_is_refused_and_not_blown_up(
    gateway: GatewayProcess, path: str, body: bytes, field: str | None
) -> None:
    before = gateway.footprint()
    headers = {"Host": "localhost", "Authorization": f"Bearer {gateway.token}", "Content-Length": str(len(body))}
    if field:
        headers["Content-Encoding"] = field
    async with connected(gateway) as wire:
        head = await wire.ask(headers, path, method="POST", behind=body)
        assert head.status in {400, 401, 413, 415}
    assert gateway.footprint().rss - before.rss < 8 << 20


def squeezed(data: bytes) -> bytes:
    """As a frame of permessage-deflate carries it."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def bomb(size_bytes: int) -> bytes:
    """That many blanks in a thousandth of the bytes."""
    return squeezed(b" " * size_bytes)
