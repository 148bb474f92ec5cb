"""RFC 6455 §5 at our endpoint: framing, masking, fragments, control frames."""

import asyncio

import pytest

from tests.hostile.process import GatewayProcess
from tests.hostile.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, frame, opened

PING_TEXT = '{"type":"ping"}'
WRONG, TOO_BIG, NO_TEXT = 1002, 1009, 1007


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
async def test_rfc6455_5_1_unmasked_frames_end_the_connection(gateway: GatewayProcess, opcode: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(1000) if opcode == CLOSE else PING_TEXT, opcode, mask=None))
        assert await wire.close_code() == WRONG


async def test_rfc6455_5_1_an_unmasked_frame_among_masked_ones_ends_the_connection(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT) + frame('{"type":"p', is_final=False))
        wire.send(frame('ing"}', CONTINUATION, mask=None))
        assert await wire.close_code() == WRONG


async def test_rfc6455_5_1_the_gateways_own_frames_are_never_masked(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT) + frame("x", PING) + frame(close_payload(1000), CLOSE))
        got = [await wire.frame() for _ in range(3)]
        assert not any(one.is_masked or one.reserved for one in got)


@pytest.mark.parametrize("reserved", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("opcode", [TEXT, PING])
async def test_rfc6455_5_2_a_reserved_bit_ends_the_connection(
    gateway: GatewayProcess, reserved: int, opcode: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT, opcode, reserved=reserved))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
async def test_rfc6455_5_2_an_unknown_opcode_ends_the_connection(gateway: GatewayProcess, opcode: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"", opcode))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535])
async def test_rfc6455_5_2_a_length_of_each_form_is_read(gateway: GatewayProcess, length: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(" " * length))
        assert "not a message" in (await wire.message_of("error"))["data"]["error"]
        assert await wire.is_answered()


@pytest.mark.parametrize("claimed", [65_537, 1 << 31, 1 << 32, (1 << 63) - 1])
async def test_rfc6455_5_2_a_length_beyond_the_bound_ends_before_a_byte_of_it_came(
    gateway: GatewayProcess, claimed: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"x", claimed=claimed))
        assert await wire.close_code() == TOO_BIG


@pytest.mark.parametrize("claimed", [1 << 63, (1 << 64) - 1])
async def test_rfc6455_5_2_a_length_whose_highest_bit_is_set_ends_the_connection(
    gateway: GatewayProcess, claimed: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"x", claimed=claimed))
        assert await wire.close_code() in {WRONG, TOO_BIG}


@pytest.mark.parametrize("wide", [2, 8])
async def test_rfc6455_5_2_a_length_in_more_bytes_than_it_needs_ends_the_connection(
    gateway: GatewayProcess, wide: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT, wide=wide))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04"])
async def test_rfc6455_5_3_any_mask_is_taken_off(gateway: GatewayProcess, mask: bytes) -> None:
    async with opened(gateway) as wire:
        for length in range(9):
            wire.send(frame("x" * length, PING, mask=mask))
            assert (await wire.frame_of(PONG)).payload == b"x" * length


async def test_rfc6455_5_3_a_frame_may_come_byte_by_byte(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        for byte in frame("slow and steady", PING) + frame("x" * 130):
            wire.send(bytes((byte,)))
            await wire.writer.drain()
            await asyncio.sleep(0)
        assert (await wire.frame_of(PONG)).payload == b"slow and steady"
        await wire.message_of("error")


async def test_rfc6455_5_4_fragments_are_put_together(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame("", is_final=False))
        for letter in PING_TEXT:
            wire.send(frame(letter, CONTINUATION, is_final=False) + frame("", CONTINUATION, is_final=False))
        wire.send(frame("", CONTINUATION))
        await wire.message_of("pong")


async def test_rfc6455_5_4_a_control_frame_may_come_between_fragments(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT[:5], is_final=False) + frame("between", PING) + frame(PING_TEXT[5:], CONTINUATION))
        assert (await wire.frame_of(PONG)).payload == b"between"
        await wire.message_of("pong")


@pytest.mark.parametrize("is_final", [True, False])
async def test_rfc6455_5_4_a_continuation_of_nothing_ends_the_connection(
    gateway: GatewayProcess, is_final: bool
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT, CONTINUATION, is_final=is_final))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("first", ["", '{"type"'])
@pytest.mark.parametrize("is_final", [True, False])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_rfc6455_5_4_a_new_message_within_another_ends_the_connection(
    gateway: GatewayProcess, first: str, is_final: bool, opcode: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(first, is_final=False) + frame(PING_TEXT, opcode, is_final=is_final))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
async def test_rfc6455_5_5_a_control_frame_over_125_bytes_ends_the_connection(
    gateway: GatewayProcess, opcode: int
) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(1000) + b"x" * 124, opcode))
        assert await wire.close_code() == WRONG


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
async def test_rfc6455_5_5_a_fragmented_control_frame_ends_the_connection(gateway: GatewayProcess, opcode: int) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b"", opcode, is_final=False))
        assert await wire.close_code() == WRONG


async def test_rfc6455_5_5_1_nothing_that_comes_behind_a_close_frame_is_followed(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(close_payload(1000), CLOSE) + frame(PING_TEXT) + frame("x", PING))
        # `close_code` asserts that nothing more is sent.
        assert await wire.close_code() == 1000


async def test_rfc6455_5_5_2_a_ping_is_answered_with_its_payload(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        for payload in (b"", b"\0\xff\x80", b"x" * 125):
            wire.send(frame(payload, PING))
            assert (await wire.frame_of(PONG)).payload == payload


async def test_rfc6455_5_5_3_a_pong_that_nobody_asked_for_is_not_answered(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame("unasked", PONG) + frame("asked", PING))
        assert (await wire.frame_of(PONG)).payload == b"asked"


async def test_rfc6455_5_6_a_text_that_is_not_utf_8_ends_the_connection(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(b'{"type":"ping\xff"}'))
        assert await wire.close_code() == NO_TEXT


async def test_rfc6455_5_6_a_binary_message_is_read_as_a_text_is(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame(PING_TEXT, BINARY) + frame(b"\xff\xfe", BINARY))
        await wire.message_of("pong")
        assert "not a message" in (await wire.message_of("error"))["data"]["error"]


async def test_rfc6455_5_7_the_examples_of_the_rfc_are_understood(gateway: GatewayProcess) -> None:
    hello = bytes.fromhex("37fa213d7f9f4d5158")
    async with opened(gateway) as wire:
        wire.send(b"\x81\x85" + hello)
        assert "not a message" in (await wire.message_of("error"))["data"]["error"]
        wire.send(b"\x89\x85" + hello)
        assert (await wire.frame_of(PONG)).payload == b"Hello"


async def test_rfc6455_5_8_no_extension_is_in_force_that_was_not_negotiated(gateway: GatewayProcess) -> None:
    async with opened(gateway) as wire:
        wire.send(frame('{"type"', is_final=False) + frame(':"ping"}', CONTINUATION, reserved=4))
        assert await wire.close_code() == WRONG
