"""A WebSocket client by hand: it reads when the test says so, and sees each frame as it came."""

import asyncio
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Self

MASK = b"\x01\x02\x03\x04"


@dataclass
class RawSocket:
    """An open socket; `head` is the handshake's answer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str

    @classmethod
    async def open(
        cls,
        served: Any,
        query: str = "",
        receive_bytes: int = 1 << 16,
        extensions: str = "",
        trust: ssl.SSLContext | None = None,
    ) -> Self:
        """Connect and shake hands, with receive buffers of about that size and an offer of these extensions."""
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        address = ("127.0.0.1", served.gateway.ports["node1"].number)
        await asyncio.get_running_loop().sock_connect(connection, address)
        reader, writer = await asyncio.open_connection(
            sock=connection, limit=receive_bytes, ssl=trust, server_hostname=trust and "localhost"
        )
        lines = [
            f"GET /ws/cluster{query} HTTP/1.1",
            "Host: localhost",
            f"Authorization: {served.headers['Authorization']}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            *([f"Sec-WebSocket-Extensions: {extensions}"] if extensions else []),
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        return cls(reader, writer, head.decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def send(self, first: int, payload: bytes) -> None:
        """Send one frame, masked as a client's must be."""
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
        self.writer.write(bytes((first,)) + length + MASK + masked)
        await self.writer.drain()

    async def frame(self) -> tuple[int, bytes]:
        """The first byte and the payload of the next frame."""
        async with asyncio.timeout(20):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            return first, await self.reader.readexactly(size)

    async def message(self) -> dict[str, Any]:
        """The next message, which must be a text that is not compressed."""
        first, payload = await self.frame()
        assert first == 0x81
        told: dict[str, Any] = json.loads(payload)
        return told

    async def rest(self) -> tuple[list[dict[str, Any]], int, str]:
        """All messages up to the close frame, and its code and reason."""
        messages = []
        while (frame := await self.frame())[0] == 0x81:
            messages.append(json.loads(frame[1]))
        assert frame[0] == 0x88
        return messages, int.from_bytes(frame[1][:2], "big"), frame[1][2:].decode()
