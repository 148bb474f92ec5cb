"""RFC 6455 §4.2 at our endpoint: what a client must send to be let in, and what it is answered."""

import pytest

from tests.hostile.process import GatewayProcess
from tests.hostile.wire import KEY, PING, PONG, connected, fields, frame


async def test_rfc6455_4_2_1_a_request_of_http_1_0_is_no_handshake(gateway: GatewayProcess) -> None:
    async with connected(gateway) as wire:
        assert (await wire.ask(fields(gateway), version="1.0")).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE"])
async def test_rfc6455_4_2_1_a_method_other_than_get_is_refused(gateway: GatewayProcess, method: str) -> None:
    async with connected(gateway) as wire:
        wire.send(f"{method} /ws/cluster HTTP/1.1\r\n".encode())
        wire.send("".join(f"{name}: {value}\r\n" for name, value in fields(gateway).items()).encode() + b"\r\n")
        head = (await wire.reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 405 ")


async def test_rfc6455_4_2_1_a_handshake_without_host_is_refused(gateway: GatewayProcess) -> None:
    async with connected(gateway) as wire:
        assert (await wire.ask(fields(gateway, Host=None))).status in {400, 403}


@pytest.mark.parametrize("name", ["Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"])
async def test_rfc6455_4_2_1_each_field_must_be_there(gateway: GatewayProcess, name: str) -> None:
    async with connected(gateway) as wire:
        head = await wire.ask(fields(gateway, **{name.replace("-", "_"): None}))
        assert head.status == 400
        assert "Failed to upgrade connection" in head.body


async def test_rfc6455_4_2_1_tokens_are_read_without_regard_to_case_and_in_lists(gateway: GatewayProcess) -> None:
    async with connected(gateway) as wire:
        asked = fields(gateway, Connection="keep-alive, uPGRADE", Upgrade="h2c, WebSocket")
        assert (await wire.ask(asked)).status == 101


@pytest.mark.parametrize("key", ["", "AAAA", "A" * 24, "!" * 22 + "==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "é" * 24])
async def test_rfc6455_4_2_1_a_key_must_be_16_bytes_in_base64(gateway: GatewayProcess, key: str) -> None:
    async with connected(gateway) as wire:
        assert (await wire.ask(fields(gateway, Sec_WebSocket_Key=key))).status == 400


@pytest.mark.parametrize("version", ["", "0", "8", "12", "14", "130", "013", "13, 8", "thirteen"])
async def test_rfc6455_4_2_1_another_version_is_told_which_one_is_spoken(gateway: GatewayProcess, version: str) -> None:
    async with connected(gateway) as wire:
        head = await wire.ask(fields(gateway, Sec_WebSocket_Version=version))
        assert (head.status, head.fields["sec-websocket-version"]) == (400, "13")


async def test_rfc6455_4_2_1_unknown_fields_are_passed_over(gateway: GatewayProcess) -> None:
    async with connected(gateway) as wire:
        assert (await wire.ask(fields(gateway, Sec_WebSocket_Colour="blue", X_Any="1"))).status == 101


async def test_rfc6455_4_2_2_the_answer_holds_the_accept_value_of_the_rfc(gateway: GatewayProcess) -> None:
    async with connected(gateway) as wire:
        head = await wire.ask(fields(gateway, Sec_WebSocket_Key=KEY))
        assert head.status == 101
        assert head.fields["upgrade"].lower() == "websocket"
        assert head.fields["connection"].lower() == "upgrade"
        assert head.fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


async def test_rfc6455_4_2_2_no_protocol_and_no_extension_is_chosen_that_is_not_ours(gateway: GatewayProcess) -> None:
    async with connected(gateway) as wire:
        asked = fields(gateway, Sec_WebSocket_Protocol="chat", Sec_WebSocket_Extensions="permessage-deflate, x-webkit")
        head = await wire.ask(asked)
        assert head.status == 101
        assert not {"sec-websocket-protocol", "sec-websocket-extensions"} & head.fields.keys()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "//["])
async def test_rfc6455_4_2_2_a_page_of_another_origin_is_refused(gateway: GatewayProcess, origin: str) -> None:
    async with connected(gateway) as wire:
        assert (await wire.ask(fields(gateway, Origin=origin))).status == 403


async def test_rfc6455_4_2_2_what_comes_in_the_packet_of_the_handshake_is_read_as_frames(
    gateway: GatewayProcess,
) -> None:
    async with connected(gateway) as wire:
        assert (await wire.ask(fields(gateway), behind=frame("early", PING))).status == 101
        assert (await wire.frame_of(PONG)).payload == b"early"


@pytest.mark.parametrize("again", ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 8"])
async def test_rfc6455_4_2_1_a_field_that_may_come_once_only_is_refused_twice(
    gateway: GatewayProcess, again: str
) -> None:
    lines = [f"{name}: {value}" for name, value in fields(gateway).items()]
    async with connected(gateway) as wire:
        wire.send("\r\n".join(["GET /ws/cluster HTTP/1.1", *lines, again, "", ""]).encode())
        assert (await wire.answer()).status == 400
