"""A client of the stub that sends and sees bytes, since what counts here is below any library."""

import asyncio
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.real_gateway.gateway import RealGateway

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""Of the WebSocket RFC, as in the captures."""
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


class Clock:
    """Seconds that go on when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Seconds since some time."""
        return self.now_s


@dataclass(frozen=True)
class Head:
    """An HTTP answer. headers: as `Name: value`, in their order."""

    status_line: str
    headers: list[str]
    body: str

    @property
    def status(self) -> int:
        """The number in it."""
        return int(self.status_line.split()[1])

    @property
    def json(self) -> object:
        """The body, read."""
        return json.loads(self.body)

    def without_date(self) -> list[str]:
        """The headers, with the date's value left out."""
        return ["Date" if header.startswith("Date: ") else header for header in self.headers]


@dataclass(frozen=True)
class Frame:
    """A frame from the server."""

    opcode: int
    payload: bytes
    is_final: bool = True


@dataclass
class RawClient:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: list[Frame] = field(default_factory=list)

    async def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: str = "") -> Head:
        """Send a request; gives its answer."""
        lines = [f"{method} {target} HTTP/1.1", "Host: gateway"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().removesuffix("\r\n\r\n").split("\r\n")
        length = next((int(line.split()[1]) for line in head if line.startswith("Content-Length: ")), 0)
        return Head(head[0], head[1:], (await self.reader.readexactly(length)).decode())

    async def upgrade(self, token: str) -> None:
        """Open the socket."""
        head = await self.ask("GET", "/ws/cluster", {**UPGRADE, "Authorization": f"Bearer {token}"})
        assert head.status == 101

    def send(self, payload: bytes | str, opcode: int = 1) -> None:
        """Send a frame, masked as a client must."""
        data = payload.encode() if isinstance(payload, str) else payload
        assert len(data) < 1 << 16
        size = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self.writer.write(struct.pack("!B", 0x80 | opcode) + size + mask + masked)

    async def frame(self) -> Frame:
        """The next frame. Raises `asyncio.IncompleteReadError` at the end."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        frame = Frame(first & 0x0F, await self.reader.readexactly(size), bool(first & 0x80))
        self.seen.append(frame)
        return frame

    async def message(self) -> dict[str, object]:
        """The next text message, put together."""
        text = b""
        while True:
            frame = await self.frame()
            if frame.opcode in {0, 1}:
                text += frame.payload
                if frame.is_final:
                    told: dict[str, object] = json.loads(text)
                    return told

    async def frames_to_end(self) -> list[Frame]:
        """All frames, those seen before too, once the connection has ended."""
        with suppress(asyncio.IncompleteReadError):
            while True:
                await self.frame()
        return self.seen

    async def rest(self) -> bytes:
        """All that comes until the connection ends."""
        return await self.reader.read()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[RawClient]:
    """A connection to the gateway at a port of this machine; what is awaited within must come within 20 s."""
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield RawClient(reader, writer)
        finally:
            writer.transport.abort()


async def asked(
    gateway: RealGateway, method: str, target: str, headers: dict[str, str] | None = None, body: str = ""
) -> Head:
    """The answer to one request, on a connection of its own."""
    async with connected(gateway.port) as client:
        return await client.ask(method, target, headers, body)
