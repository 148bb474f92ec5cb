"""RFC 6455 §7 and §8.1 at our endpoint: how a connection ends, which codes exist, and what is UTF-8."""

import socket
import struct

import pytest

from tests.hostile.process import GatewayProcess
from tests.hostile.wire import CLOSE, CONTINUATION, TEXT, close_payload, connected, fields, frame, opened

PING_TEXT = '{"type":"ping"}'
WRONG, NO_TEXT = 1002, 1007


async def test_rfc6455_7_1_1_the_server_ends_the_connection_once_both_have_said_close(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(1000, b"bye"), CLOSE))
        assert await wire.close_code() == 1000
        assert wire.reader.at_eof()


async def test_rfc6455_7_1_4_a_client_that_ends_only_its_side_without_a_close_frame_is_let_go(
    gateway: GatewayProcess,
) -> None:
    async with opened(gateway) as wire:
        wire.writer.write_eof()
        assert await wire.is_cut()


async def test_rfc6455_7_1_5_a_close_frame_without_a_code_is_answered_without_one(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"", CLOSE))
        assert await wire.close_code() == 0


async def test_rfc6455_7_1_7_nothing_is_processed_once_the_connection_was_failed(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame("x", 7) + frame(PING_TEXT) + frame(close_payload(1000), CLOSE))
        assert await wire.close_code() == WRONG


async def test_rfc6455_7_1_7_a_client_that_goes_on_sending_gets_the_close_frame_all_the_same(
    gateway: GatewayProcess,
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"x" * 400_000))
        assert await wire.close_code() == 1009


async def test_rfc6455_7_2_1_a_client_that_vanishes_by_a_reset_is_forgotten(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        raw = wire.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.writer.transport.abort()
    async with opened(gateway) as other:
        assert await other.is_answered()


async def test_rfc6455_7_2_1_a_client_that_vanishes_within_a_frame_is_forgotten(gateway: GatewayProcess) -> None:
    for cut in range(1, 20):
        async with connected(gateway) as wire:
            assert (await wire.ask(fields(gateway))).status == 101
            wire.send(frame("x" * 130)[:cut])
            wire.writer.write_eof()
            assert await wire.is_cut()


@pytest.mark.parametrize("code", [1000, 1001])
async def test_rfc6455_7_3_a_normal_closure_is_answered_with_its_code(gateway: GatewayProcess, code: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(code, b"x" * 123), CLOSE))
        assert await wire.close_code() == code


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 1010, 1011])
async def test_rfc6455_7_4_1_the_codes_that_an_endpoint_may_send_are_answered(
    gateway: GatewayProcess, code: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(code), CLOSE))
        assert await wire.close_code() == code


@pytest.mark.parametrize("code", [1004, 1005, 1006, 1015])
async def test_rfc6455_7_4_1_the_codes_that_are_never_sent_are_refused(gateway: GatewayProcess, code: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(code), CLOSE))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("code", [0, 1, 999, 1016, 1100, 2000, 2999, 5000, 65_535])
async def test_rfc6455_7_4_2_a_code_of_no_range_that_may_be_used_is_refused(gateway: GatewayProcess, code: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(code), CLOSE))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("code", [3000, 3999, 4000, 4401, 4999])
async def test_rfc6455_7_4_2_codes_for_libraries_and_applications_are_answered(
    gateway: GatewayProcess, code: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(code), CLOSE))
        assert await wire.close_code() == code


async def test_rfc6455_7_1_6_half_a_close_code_is_refused(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"\x03", CLOSE))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("reason", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"ok\xf4\x90\x80\x80", b"cut\xe2\x82"])
async def test_rfc6455_7_1_6_a_close_reason_that_is_not_utf_8_is_refused(
    gateway: GatewayProcess, reason: bytes
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(1000, reason), CLOSE))
        assert await wire.close_code() in {WRONG, NO_TEXT}


@pytest.mark.parametrize(
    "wrong",
    [b"\x80", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x82"],
)
@pytest.mark.parametrize("is_split", [False, True])
async def test_rfc6455_8_1_each_kind_of_wrong_utf_8_ends_the_connection(
    gateway: GatewayProcess, wrong: bytes, is_split: bool
) -> None:
    text = '{"type":"é'.encode() + wrong
    async with opened(gateway) as wire:
        if is_split:
            for byte in text[:-1]:
                wire.send(frame(bytes((byte,)), TEXT if byte == text[0] else CONTINUATION, is_final=False))
            wire.send(frame(text[-1:], CONTINUATION))
        else:
            wire.send(frame(text))
        assert await wire.close_code() == NO_TEXT


async def test_rfc6455_8_1_a_character_may_be_split_between_fragments(gateway: GatewayProcess) -> None:
    text = '{"type":"ping","x":"κόσμε 😀"}'.encode()
    async with opened(gateway) as wire:
        for at in range(1, len(text)):
            wire.send(frame(text[:at], is_final=False) + frame(text[at:], CONTINUATION))
        for _ in range(1, len(text)):
            await wire.message_of("pong")
