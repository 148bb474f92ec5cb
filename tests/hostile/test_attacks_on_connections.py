"""Connections that are many, slow, broken or silent."""

import asyncio
import contextlib
import socket
import struct

import pytest

from tests.hostile.crowd import AT_ONCE, CROWD, hold
from tests.hostile.process import GatewayProcess, size
from tests.hostile.wire import Wire, connected, fields, frame, new_address, opened


async def drip(wire: Wire, data: bytes) -> None:
    """Send a byte each 50 ms until the gateway has had enough."""
    for byte in data:
        wire.send(bytes((byte,)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                if not await wire.reader.read(1 << 16):
                    return
    raise AssertionError("the gateway waited for all of it")


async def test_who_says_nothing_or_too_little_too_slowly_is_cut(gateway: GatewayProcess) -> None:
    login = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    upgrade = "".join(f"{name}: {value}\r\n" for name, value in fields(gateway).items()).encode()

    async def silent() -> None:
        async with connected(gateway) as wire:
            assert await wire.is_cut()

    async def half_a_handshake() -> None:
        async with connected(gateway) as wire:
            wire.send(b"GET /ws/cluster HTTP/1.1\r\n" + upgrade)
            assert await wire.is_cut()

    async def half_a_body() -> None:
        async with connected(gateway) as wire:
            wire.send(login + b'Content-Length: 100\r\n\r\n{"username":')
            assert (await wire.answer()).status == 408
            assert await wire.is_cut()

    async def slow_head() -> None:
        with contextlib.suppress(ConnectionError):
            async with connected(gateway) as wire:
                await drip(wire, b"GET /ws/cluster HTTP/1.1\r\n" + b"X-Slow: 1\r\n" * 100)

    async def slow_body() -> None:
        with contextlib.suppress(ConnectionError):
            async with connected(gateway) as wire:
                wire.send(login + b"Transfer-Encoding: chunked\r\n\r\n")
                await drip(wire, b"1\r\n \r\n" * 200)

    few = size(40, 4)
    attacks = (silent, half_a_handshake, half_a_body, slow_head, slow_body)
    await asyncio.gather(*(attack() for attack in attacks for _ in range(few)))


async def test_quick_connects_and_disconnects_leave_nothing(gateway: GatewayProcess) -> None:
    at_once = asyncio.Semaphore(AT_ONCE)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields(gateway).items())
    handshake = f"GET /ws/cluster HTTP/1.1\r\n{head}\r\n".encode()

    async def come_and_go(number: int) -> None:
        async with at_once:
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, local_addr=(new_address(), 0))
            # Nothing, half a handshake, a whole one that is not awaited, and one that is.
            writer.write((b"", handshake[:99], handshake, handshake)[number % 4])
            if number % 4 == 3:
                with contextlib.suppress(ConnectionError):
                    await reader.read(1)
            if number % 8 > 3:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    await asyncio.gather(*(come_and_go(number) for number in range(size(10_000, 400))))


@pytest.mark.timeout(240)
async def test_a_crowd_of_idle_sockets_is_held_and_forgotten(gateway: GatewayProcess) -> None:
    before = gateway.footprint()
    await hold(gateway, CROWD)
    # A task, its buffers and a client are less than this.
    assert gateway.footprint().rss - before.rss < CROWD * 50_000


async def test_who_asks_without_end_and_reads_no_answer_is_held_back_and_cut(gateway: GatewayProcess) -> None:
    before = gateway.footprint()
    requests = b"GET /asyncapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100

    async def ask() -> None:
        async with connected(gateway) as wire:
            raw = wire.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can
            with contextlib.suppress(ConnectionError):
                while True:
                    wire.send(requests)
                    await wire.writer.drain()

    await asyncio.gather(*(ask() for _ in range(size(50, 3))))
    assert gateway.footprint().rss - before.rss < 16 << 20


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
        b"\0" * 1_000,
        b"GET\r\n\r\n",
        b"GET /ws/cluster?token=secret-of-mine HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 5_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=["tls", "zeros", "word", "version", "path", "field", "fields", "minus", "both", "chunk", "http2"],
)
async def test_what_is_no_request_is_refused_and_says_nothing_of_the_server(
    gateway: GatewayProcess, nonsense: bytes
) -> None:
    async with connected(gateway) as wire:
        with contextlib.suppress(ConnectionError):
            wire.send(nonsense)
            answer = await wire.reader.read(1 << 16)
            assert answer == b"" or answer.split()[1] in {b"400", b"403", b"408", b"413", b"431", b"505"}
            assert b"Python" not in answer
            assert b"Traceback" not in answer
    assert "secret-of-mine" not in gateway.told


async def test_a_client_that_vanishes_without_a_word_does_not_hold_its_frames(gateway: GatewayProcess) -> None:
    most_of_one = frame("x" * 60_000)[:50_000]

    async def half() -> None:
        async with opened(gateway) as wire:
            wire.send(most_of_one)
            await wire.writer.drain()

    await asyncio.gather(*(half() for _ in range(size(300, 40))))


async def test_clients_that_vanish_while_they_are_written_to_harm_nobody(gateway: GatewayProcess) -> None:
    body = b'{"fault":"heal"}'
    headers = {"Host": "localhost", "Authorization": f"Bearer {gateway.token}", "Content-Length": str(len(body))}
    is_over = asyncio.Event()

    async def write() -> None:
        """Each fault that is made sends a status to everybody."""
        async with connected(gateway) as wire:
            while not is_over.is_set():
                assert (await wire.ask(headers, "/api/demo/faults", method="POST", behind=body)).status == 200

    async def vanish() -> None:
        async with opened(gateway) as wire:
            await wire.message_of("status_update")
            linger = struct.pack("ii", 1, 0)
            wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        tasks.create_task(write())
        for _ in range(size(20, 3)):
            await asyncio.gather(*(vanish() for _ in range(50)))
        is_over.set()
