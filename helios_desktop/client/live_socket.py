"""A WebSocket that is open, on aiohttp: sending, closing, and what its end says."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from helios_desktop.client.failure import Failure, detail_of
from helios_desktop.client.gateway import CLOSE_S
from helios_desktop.client.resuming import Place
from helios_desktop.observation import Cause

SEND_S: Final = 10.0
_BY_CODE: Final = {
    4401: Cause.LOGIN_EXPIRED,
    4403: Cause.REVOKED,
    4408: Cause.TOO_SLOW,
    4429: Cause.TOO_MANY,
}
"""Close codes of our own gateway. All others, 1001 (going away) too, say no more than that it closed."""


@dataclass(slots=True)
class LiveSocket:
    """`opened_ns` by the session's clock; set `has_message` with the first, `last` at the end with the last's place."""

    epoch: int
    ws: aiohttp.ClientWebSocketResponse
    opened_ns: int
    has_message: bool = False
    last: Place | None = None
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

    def farewell(self, last: aiohttp.WSMessage) -> Failure:
        """Why it ended, as the other side said with its last message, which was no text."""
        if last.type is aiohttp.WSMsgType.CLOSE:
            said = detail_of(f"close code {last.data} {last.extra or ''}")
            return Failure(_BY_CODE.get(last.data, Cause.SERVER_CLOSED), said)
        if last.type is aiohttp.WSMsgType.ERROR:
            return Failure(Cause.SERVER_CLOSED, detail_of(f"broken message: {last.data}"))
        return Failure(Cause.SERVER_CLOSED, f"closed without a word (code {self.ws.close_code})")
