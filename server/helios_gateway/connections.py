"""Who opens a connection must send a whole request's head in time; aiohttp alone would wait for ever."""

import asyncio
from collections.abc import Callable

from aiohttp import web


class Connections:
    """The connections of one gateway that have not sent a request yet."""

    def __init__(self, header_s: float) -> None:
        self._header_s = header_s
        self._waiting: dict[asyncio.Protocol, asyncio.TimerHandle] = {}

    def factory(self, make: Callable[[], web.RequestHandler]) -> Callable[[], web.RequestHandler]:
        """Wrap the factory of protocols that `create_server` is given."""

        def watched() -> web.RequestHandler:
            protocol = make()
            loop = asyncio.get_running_loop()
            self._waiting[protocol] = loop.call_later(self._header_s, self._expire, protocol)
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

    def _expire(self, protocol: web.RequestHandler) -> None:
        del self._waiting[protocol]
        protocol.force_close()
