"""The one socket of a check: opened once, listened to, and never closed too early (wire.md §2, "Closing")."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from helios_desktop.client.failure import detail_of
from helios_desktop.client.gateway import CLOSE_S, Gateway
from helios_desktop.client.held_socket import GRACE_S
from helios_desktop.client.tokens import NS
from helios_desktop.protocol.codec import decode
from helios_desktop.protocol.frames import Message
from helios_desktop.protocol.messages import Malformed, Pong, Status
from helios_desktop.protocol.subscription import PING_FRAME
from helios_desktop.protocol.timestamps import parse_timestamp

PING_S: Final = 2.0
"""From one ping to the next while there is something to wait for."""


@dataclass(frozen=True)
class RoundTrip:
    """A ping and its pong. offset_ns: the gateway's clock minus ours, None where the pong does not say its time."""

    took_ns: int
    offset_ns: int | None


class Listening:
    """Open it once, then `hear`; `close` it in any case, even where opening was cancelled. `now_ns` never goes back.

    status:      the first message with a status, None until it came
    malformed:   why a status that came could not be read, "" where that did not happen
    counts:      of all messages, by type; what has none counts as "malformed"
    round_trip:  of the last ping that was answered, None before the first
    ending:      what the other side said at the end, None while the socket is open
    """

    def __init__(self, gateway: Gateway, now_ns: Callable[[], int]) -> None:
        self.status: Message | None = None
        self.malformed = ""
        self.counts: Counter[str] = Counter()
        self.round_trip: RoundTrip | None = None
        self.ending: str | None = None
        self._gateway = gateway
        self._now_ns = now_ns
        self._opening: asyncio.Task[aiohttp.ClientWebSocketResponse] | None = None
        self._opened_ns = self._ping_due_ns = 0
        self._pings_ns: deque[int] = deque()

    @property
    def age_s(self) -> float:
        """Since it was opened."""
        return (self._now_ns() - self._opened_ns) / NS

    async def open(self, token: str) -> None:
        """Open the socket. Raises `CallError`."""
        # Shielded, so that `close` decides what becomes of a half-opened one.
        self._opening = asyncio.create_task(self._gateway.open_socket(token), name="check: open socket")
        await asyncio.shield(self._opening)
        self._opened_ns = self._now_ns()

    async def hear(self, holds: Callable[[], bool], until_s: float) -> bool:
        """Listen until it holds, the socket's age is `until_s` or the socket ends, with a ping every few seconds.

        Gives whether it holds.
        """
        while not holds() and self.ending is None and self.age_s < until_s:
            if not self._pings_ns and self._now_ns() >= self._ping_due_ns:
                await self._ping()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(until_s - self.age_s, PING_S)):
                    await self._receive()
        return holds()

    async def measure(self, within_s: float) -> RoundTrip | None:
        """The round trip of a ping that is sent now; None where it is not answered in time."""
        if self.ending is not None:
            return None
        await self._ping()
        # Pongs come in the order of their pings, so that of this one is the last.
        is_answered = await self.hear(lambda: not self._pings_ns, self.age_s + within_s)
        return self.round_trip if is_answered else None

    async def close(self) -> None:
        """Leave nothing behind; takes three seconds at most."""
        opening = self._opening
        if opening is None:
            return
        if not opening.done() and self._gateway.has_sent_upgrade:
            await asyncio.wait({opening}, timeout=2 * GRACE_S)
        opening.cancel()
        await asyncio.wait({opening})
        if opening.cancelled() or opening.exception() is not None:
            return
        # Who was cancelled meanwhile does not know when it was opened: as late as now.
        self._opened_ns = self._opened_ns or self._now_ns()
        if not self.counts:
            await asyncio.sleep(max(0.0, GRACE_S - self.age_s))
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(2 * CLOSE_S):
                await self._socket().close()

    async def _ping(self) -> None:
        now_ns = self._now_ns()
        self._pings_ns.append(now_ns)
        self._ping_due_ns = now_ns + int(PING_S * NS)
        try:
            await self._socket().send_str(PING_FRAME)
        except (aiohttp.ClientError, OSError):
            self.ending = "closed while it was written to"

    def _socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._opening is None:
            raise RuntimeError("the socket was not opened")
        return self._opening.result()

    async def _receive(self) -> None:
        socket = self._socket()
        message = await socket.receive()
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            case aiohttp.WSMsgType.BINARY:
                self._take(message.data.decode("utf-8", "replace"))
            case aiohttp.WSMsgType.CLOSE:
                self.ending = detail_of(f"close code {message.data} {message.extra or ''}")
            case aiohttp.WSMsgType.ERROR:
                self.ending = detail_of(f"broken message: {message.data}")
            case _:
                self.ending = f"closed without a word (code {socket.close_code})"

    def _take(self, text: str) -> None:
        message = decode(text)
        self.counts[message.type or "malformed"] += 1
        match message.body:
            case Pong() if self._pings_ns:
                self._answered(message)
            case Status() if self.status is None:
                self.status = message
            case Malformed(reason) if message.type in {"", "status", "status_update"}:
                self.malformed = reason
            case _:
                pass

    def _answered(self, pong: Message) -> None:
        now_ns, sent_ns = self._now_ns(), self._pings_ns.popleft()
        told_ns = parse_timestamp(pong.timestamp)
        offset_ns = None if told_ns is None else told_ns - (sent_ns + now_ns) // 2
        self.round_trip = RoundTrip(now_ns - sent_ns, offset_ns)
