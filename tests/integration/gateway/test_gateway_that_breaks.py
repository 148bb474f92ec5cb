"""A part of the gateway that breaks down must not leave sockets that look alive."""

import asyncio
from typing import Any

import aiohttp
import pytest

from helios_gateway.clusters.cluster import Notice


async def test_a_broken_part_is_logged_and_its_sockets_are_closed(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with serve(speed=50.0) as served, await served.open() as ws:
        await ws.receive_json(timeout=5)

        def break_down(_: Notice) -> None:
            raise RuntimeError("broken on purpose")

        served.gateway.cluster.listen(break_down)
        async with asyncio.timeout(20):
            await served.gateway.failed.wait()
            while (frame := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert frame.type is aiohttp.WSMsgType.CLOSE
    assert "a part of the gateway failed" in caplog.text
