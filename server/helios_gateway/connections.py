"""The bounds of what is connected: how many, and how long one may take to send a whole request's head."""

import asyncio
import logging
from collections.abc import Callable
from weakref import WeakSet

from aiohttp import web

from helios_gateway.limits import Limits

_log = logging.getLogger(__name__)


class Connections:
    """The connections of all ports of one gateway."""

    def __init__(self, limits: Limits) -> None:
        self._header_s = limits.header_s
        self._most = limits.connections
        self._servers: WeakSet[web.Server] = WeakSet()
        self._is_full = False
        self._waiting: dict[asyncio.Protocol, asyncio.TimerHandle] = {}

    def factory(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """Wrap the factory of protocols that `create_server` is given."""
        self._servers.add(server)

        def watched() -> asyncio.Protocol:
            if self._has_no_place():
                return _Turned()
            protocol = server()
            # aiohttp alone would wait for ever.
            self._waiting[protocol] = asyncio.get_running_loop().call_later(self._header_s, self._expire, protocol)
            return protocol

        return watched

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

    def _has_no_place(self) -> bool:
        was_full, self._is_full = self._is_full, sum(len(server.connections) for server in self._servers) >= self._most
        if self._is_full and not was_full:
            _log.warning("%d connections are open, others are turned away until some end", self._most)
        return self._is_full

    def _expire(self, protocol: web.RequestHandler) -> None:
        del self._waiting[protocol]
        protocol.force_close()


class _Turned(asyncio.Protocol):
    """A connection for which there is no place."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """End it."""
        if isinstance(transport, asyncio.Transport):
            transport.abort()
