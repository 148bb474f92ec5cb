"""A WebSocket that is open, on aiohttp: sending, closing, and what its end says."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from helios_desktop.client.failure import detail_of
from helios_desktop.client.gateway import CLOSE_S

SEND_S: Final = 10.0


@dataclass(slots=True)
class LiveSocket:
    """`opened_ns` by the session's clock; set `has_message` with the first."""

    epoch: int
    ws: aiohttp.ClientWebSocketResponse
    opened_ns: int
    has_message: bool = False
    closing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, text: str) -> None:
        """Send it; where that fails, close, so that whoever reads sees the end."""
        try:
            async with asyncio.timeout(SEND_S):
                await self.ws.send_str(text)
        except (aiohttp.ClientError, OSError):
            await self.close()

    async def close(self) -> None:
        """Close it, once; whoever comes second waits until it is closed. Takes twice `CLOSE_S` at most."""
        async with self.closing:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with asyncio.timeout(2 * CLOSE_S):
                    await self.ws.close()

    def farewell(self, last: aiohttp.WSMessage) -> str:
        """What the other side said with its last message, which was no text."""
        if last.type is aiohttp.WSMsgType.CLOSE:
            return detail_of(f"close code {last.data} {last.extra or ''}")
        if last.type is aiohttp.WSMsgType.ERROR:
            return detail_of(f"broken message: {last.data}")
        return f"closed without a word (code {self.ws.close_code})"
