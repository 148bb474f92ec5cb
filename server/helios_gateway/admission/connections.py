"""The bounds of what is connected: how many, how often from one address, and how long a request's head may take."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple, cast
from weakref import WeakSet

from aiohttp import web

from helios_gateway.admission.address import rate_key
from helios_gateway.admission.limits import Limits
from helios_gateway.admission.rates import Buckets, Rate
from helios_gateway.admission.refusals import Refusals
from helios_gateway.admission.speaker import Speaker

_FULL_S: Final = 5.0
"""When to ask again where all places are taken: nobody knows when one goes."""
_LINGER_S: Final = 1.0
_MOST_LINGERING: Final = 64
"""Who was turned away may read why for so long, and so many at once, for they hold spare files."""


class Connections:
    """The connections of all ports of one gateway.

    is_proxied: they come from a proxy, so that their address says nothing
    """

    def __init__(
        self, limits: Limits, refusals: Refusals, now_s: Callable[[], float], *, is_proxied: bool = False
    ) -> None:
        self._header_s = limits.header_s
        self._answer_s = limits.body_s
        self._most = limits.connections
        self._most_of_address = limits.connections_per_address
        self._refusals = refusals
        self._now_s = now_s
        self._is_proxied = is_proxied
        rate = Rate(limits.connects_per_s, limits.connects_burst)
        self._by_address: Buckets[str] = Buckets(rate, limits.keys)
        self._servers: WeakSet[web.Server] = WeakSet()
        self._lingering: set[_Turned] = set()
        self._waiting: dict[asyncio.Protocol, asyncio.TimerHandle] = {}
        self._addresses: dict[asyncio.Protocol, str] = {}
        self._of_address: Counter[str] = Counter()
        self._shaking: Counter[str] = Counter()
        self._shaking_in_all = 0

    def __len__(self) -> int:
        """How many are open."""
        return sum(len(server.connections) for server in self._servers)

    def factory(self, server: web.Server, *, is_judged: bool = False) -> Callable[[], asyncio.Protocol]:
        """Wrap the factory of protocols that `create_server` is given; `is_judged`: each has begun a handshake here."""
        self._servers.add(server)
        return lambda: _Arriving(lambda transport: self._judge(server, transport, is_judged=is_judged))

    def begin_handshake(self, host: str) -> bool:
        """Let one in that will speak TLS, or not; then `end_handshake`, however it ends."""
        address = rate_key(host)
        if self._objection(address) is not None:
            return False
        self._shaking[address] += 1
        self._shaking_in_all += 1
        return True

    def end_handshake(self, host: str) -> None:
        """It is a connection like others by now, or gone."""
        address = rate_key(host)
        self._shaking_in_all -= 1
        self._shaking[address] -= 1
        if not self._shaking[address]:
            del self._shaking[address]

    def heard(self, protocol: asyncio.Protocol) -> None:
        """A request came."""
        timer = self._waiting.pop(protocol, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Forget all."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        for turned in tuple(self._lingering):
            turned.end()

    def _judge(self, server: web.Server, transport: asyncio.Transport, *, is_judged: bool) -> None:
        """Choose who speaks to a new connection."""
        address = rate_key(_host_of(transport))
        objection = None if is_judged else self._objection(address)
        protocol: asyncio.Protocol
        if objection is not None:
            protocol = _Turned(objection.answer(), self._lingering)
        else:
            protocol = Speaker(server, self._answer_s, self._forget)
            self._addresses[protocol] = address
            self._of_address[address] += 1
            # aiohttp alone would wait for ever.
            loop = asyncio.get_running_loop()
            self._waiting[protocol] = loop.call_later(self._header_s, self._expire, protocol, address)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _objection(self, address: str) -> "_Objection | None":
        """What speaks against one more from there, which is counted and logged; else it counts as having come."""
        if len(self) + self._shaking_in_all >= self._most:
            self._refusals.refused(
                "connections", address, f"{self._most} connections are open, others are turned away until some end"
            )
            return _Objection(503, "Service Unavailable", f"All {self._most} connections are taken", _FULL_S)
        if self._is_proxied:
            return None
        if self._of_address[address] + self._shaking[address] >= self._most_of_address:
            self._refusals.refused(
                "connections", address, f"{self._most_of_address} connections from there are open, which is the most"
            )
            return _Objection(429, "Too Many Requests", "Too many connections are open from your address", _FULL_S)
        wait_s = self._by_address.take(address, self._now_s())
        if wait_s:
            self._refusals.refused("connect_rate", address, "it connects too often and is turned away")
            return _Objection(429, "Too Many Requests", "Too many connections in a short time", wait_s)
        return None

    def _forget(self, protocol: asyncio.Protocol) -> None:
        self.heard(protocol)
        address = self._addresses.pop(protocol)
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]

    def _expire(self, protocol: web.RequestHandler, address: str) -> None:
        del self._waiting[protocol]
        if protocol.transport is None:
            return
        self._refusals.refused("header_time", address, f"no request came within {self._header_s:g} s, it is cut off")
        protocol.transport.write(_raw_answer(408, "Request Timeout", "Request timed out"))
        protocol.force_close()


class _Objection(NamedTuple):
    """Why a connection is turned away, and when to come again."""

    status: int
    title: str
    sentence: str
    wait_s: float

    def answer(self) -> bytes:
        """The same over HTTP."""
        seconds = max(1, math.ceil(self.wait_s))
        return _raw_answer(
            self.status, self.title, f"{self.sentence}: try again in {seconds} s", f"Retry-After: {seconds}\r\n"
        )


class _Arriving(asyncio.Protocol):
    """A connection until it is known from where it comes."""

    def __init__(self, judge: Callable[[asyncio.Transport], None]) -> None:
        self._judge = judge

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand it over to who will speak to it."""
        self._judge(cast("asyncio.Transport", transport))


class _Turned(asyncio.Protocol):
    """A connection that is turned away: it is told why, and what it sends is not looked at."""

    def __init__(self, answer: bytes, lingering: "set[_Turned]") -> None:
        self._answer = answer
        self._lingering = lingering
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer without a request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._answer)
        if len(self._lingering) >= _MOST_LINGERING or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            # Closed with its request unread, the connection would be reset, and the answer lost.
            self._transport.write_eof()
        except OSError:
            # It went meanwhile.
            self._transport.abort()
            return
        self._lingering.add(self)
        self._timer = asyncio.get_running_loop().call_later(_LINGER_S, self.end)

    def connection_lost(self, _error: Exception | None) -> None:
        """It is gone."""
        self._lingering.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def end(self) -> None:
        """It had its time."""
        if self._transport is not None:
            self._transport.abort()


def _host_of(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    # None where it is gone already.
    return str(peer[0]) if peer else ""


def _raw_answer(status: int, reason: str, sentence: str, fields: str = "") -> bytes:
    """As `answers.text` would write it, where there is no request that aiohttp could answer."""
    return (
        f"HTTP/1.1 {status} {reason}\r\nServer: helios-gateway\r\nConnection: close\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        f"{fields}Content-Length: {len(sentence) + 1}\r\n\r\n{sentence}\n"
    ).encode()
