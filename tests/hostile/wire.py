"""A client that can say anything: bytes and frames as no library would send them."""

import asyncio
import itertools
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.hostile.process import GatewayProcess

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""Of RFC 6455 §1.3, which also says what must be answered."""
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
_ADDRESSES = itertools.cycle(f"127.0.{third}.{fourth}" for third in range(1, 200) for fourth in range(1, 250))
PATIENCE_S = 20.0


def new_address() -> str:
    """An address of this machine from which no attack came yet, so that a limit by address is each attack's own."""
    return next(_ADDRESSES)


def frame(
    payload: bytes | str = b"",
    opcode: int = TEXT,
    *,
    is_final: bool = True,
    reserved: int = 0,
    mask: bytes | None = b"",
    claimed: int | None = None,
    wide: int = 0,
) -> bytes:
    """One frame. mask: "" takes a random one, None leaves it out. claimed: a length that is not the payload's.

    wide: 2 or 8 writes the length in so many bytes where fewer would do
    """
    data = payload.encode() if isinstance(payload, str) else payload
    length = len(data) if claimed is None else claimed
    masked_bit = 0 if mask is None else 0x80
    if wide == 8 or length > 0xFFFF:
        size = struct.pack("!BQ", masked_bit | 127, length)
    elif wide == 2 or length > 125:
        size = struct.pack("!BH", masked_bit | 126, length)
    else:
        size = struct.pack("!B", masked_bit | length)
    head = bytes(((0x80 if is_final else 0) | reserved << 4 | opcode,)) + size
    if mask is None:
        return head + data
    key = mask or os.urandom(4)
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(data))


def close_payload(code: int, reason: bytes = b"") -> bytes:
    """What a close frame carries."""
    return code.to_bytes(2, "big") + reason


@dataclass(frozen=True)
class Frame:
    """A frame from the gateway."""

    opcode: int
    payload: bytes
    is_final: bool
    is_masked: bool
    reserved: int


@dataclass(frozen=True)
class Head:
    """An HTTP answer: its status, its fields by lower-case name, and its body."""

    status: int
    fields: dict[str, str]
    body: str


@dataclass
class Wire:
    """One connection to the gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        """Put bytes on the wire, whatever becomes of them."""
        self.writer.write(data)

    async def ask(
        self,
        headers: dict[str, str],
        target: str = "/ws/cluster",
        *,
        method: str = "GET",
        version: str = "1.1",
        behind: bytes = b"",
    ) -> Head:
        """Send a request with exactly these fields, and `behind` in the same packet; give the answer."""
        lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in headers.items())]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + behind)
        return await self.answer()

    async def answer(self) -> Head:
        """The next HTTP answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:]}
        body = (await self.reader.readexactly(int(fields.get("content-length", "0")))).decode()
        return Head(int(head[0].split()[1]), fields, body)

    async def open(self, gateway: GatewayProcess) -> None:
        """Make it a WebSocket whose first status came."""
        head = await self.ask(fields(gateway))
        if head.status == 429:
            # So many upgrades a second and user are taken; it says when to come again.
            await asyncio.sleep(float(head.fields["retry-after"]))
            head = await self.ask(fields(gateway))
        assert head.status == 101, head
        await self.message_of("status")

    async def frame(self) -> Frame:
        """The next frame. Raises `asyncio.IncompleteReadError` at the end."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        payload = await self.reader.readexactly(length)
        return Frame(first & 0xF, payload, bool(first & 0x80), bool(second & 0x80), first >> 4 & 7)

    async def frame_of(self, opcode: int) -> Frame:
        """The next frame of that kind; others are passed over."""
        while (got := await self.frame()).opcode != opcode:
            pass
        return got

    async def message_of(self, message_type: str) -> dict[str, Any]:
        """The next message of that type; others are passed over."""
        while True:
            message: dict[str, Any] = json.loads((await self.frame_of(TEXT)).payload)
            if message["type"] == message_type:
                return message

    async def is_answered(self) -> bool:
        """Whether the connection still works: a JSON ping gets its pong."""
        self.send(frame('{"type":"ping"}'))
        await self.message_of("pong")
        return True

    async def close_code(self) -> int | None:
        """Read to the end: the code of the close frame, None where the connection was cut without one.

        Nothing may come behind a close frame (§5.5.1), and the server ends the connection (§7.1.1).
        """
        try:
            while (got := await self.frame()).opcode != CLOSE:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        with suppress(ConnectionError):
            assert not await self.reader.read(), "something came behind the close frame"
        return int.from_bytes(got.payload[:2], "big") if got.payload else 0

    async def is_cut(self) -> bool:
        """Read to the end of the connection."""
        try:
            while await self.reader.read(1 << 16):
                pass
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def connected(gateway: GatewayProcess, *, address: str = "", within_s: float = PATIENCE_S) -> AsyncIterator[Wire]:
    """A connection from that address, or one of its own; what is awaited within must come in time."""
    async with asyncio.timeout(within_s):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", gateway.port, local_addr=(address or new_address(), 0)
        )
        try:
            yield Wire(reader, writer)
        finally:
            writer.transport.abort()


@asynccontextmanager
async def opened(gateway: GatewayProcess) -> AsyncIterator[Wire]:
    """A WebSocket whose first status came."""
    async with connected(gateway) as wire:
        await wire.open(gateway)
        yield wire


def fields(gateway: GatewayProcess, **changed: str | None) -> dict[str, str]:
    """The fields of a proper opening handshake; `changed` (with _ for -) replaces some, None leaves one out."""
    proper = {"Host": f"127.0.0.1:{gateway.port}", "Authorization": f"Bearer {gateway.token}", **UPGRADE}
    names = {name.lower(): name for name in proper}
    for name, value in changed.items():
        title = names.get(name.replace("_", "-").lower(), name.replace("_", "-"))
        if value is None:
            del proper[title]
        else:
            proper[title] = value
    return proper
