"""The socket of a check is never closed too early, not even one that is only half open (wire.md §2, "Closing")."""

import asyncio
import time
from collections.abc import Callable

import aiohttp
import pytest

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.gateway import Gateway
from helios_desktop.monitor.checks.listening import Listening
from tests.real_gateway.gateway import RealGateway


class SlowGateway(Gateway):
    """Whoever opens the socket hears of it only when it `may_return`; just after that, `on_return` is called."""

    def __init__(self, url: str) -> None:
        super().__init__(parse_address(url), Credentials(), node=None, tls=None)
        self.may_return = asyncio.Event()
        self.on_return: Callable[[], object] = lambda: None

    async def open_socket(self, token: str, since: str = "") -> aiohttp.ClientWebSocketResponse:
        """Open it."""
        opened = await super().open_socket(token, since)
        await self.may_return.wait()
        asyncio.get_running_loop().call_soon(self.on_return)
        return opened


async def test_a_socket_whose_opening_was_cancelled_is_closed_only_once_it_is_old_enough() -> None:
    async with RealGateway(first_status_s=20.0) as stub:
        gateway = SlowGateway(stub.url)
        listening = Listening(gateway, time.time_ns)
        opening = asyncio.create_task(listening.open(stub.accounts.make_token("admin")))
        await stub.until(lambda: bool(stub.sockets))
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        asyncio.get_running_loop().call_later(0.1, gateway.may_return.set)
        await listening.close()
        await gateway.close()
        await stub.until(lambda: not stub.sockets)
    # The stub would have crashed, and failed this test, of one that was closed at once.


async def test_a_socket_whose_opening_was_cancelled_when_it_was_just_done_is_not_closed_at_once() -> None:
    async with RealGateway(first_status_s=20.0) as stub:
        gateway = SlowGateway(stub.url)
        listening = Listening(gateway, time.time_ns)
        opening = asyncio.create_task(listening.open(stub.accounts.make_token("admin")))
        gateway.on_return = opening.cancel
        gateway.may_return.set()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await listening.close()
        await gateway.close()
        await stub.until(lambda: not stub.sockets)


async def test_closing_before_anything_was_opened_does_nothing() -> None:
    async with RealGateway() as stub:
        gateway = SlowGateway(stub.url)
        await Listening(gateway, time.time_ns).close()
        await gateway.close()
        assert stub.calls == []
