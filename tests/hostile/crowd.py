"""Many sockets that are opened, and then idle."""

import asyncio
from contextlib import AsyncExitStack

from tests.hostile.process import GatewayProcess, size
from tests.hostile.wire import connected

CROWD = size(2_000, 150)
AT_ONCE = 50
"""Connects that are on their way; more would measure the system's queue of them."""


async def hold(gateway: GatewayProcess, count: int) -> None:
    """Open so many, see each alive while all are there, and let them go."""
    at_once = asyncio.Semaphore(AT_ONCE)
    are_open = asyncio.Barrier(count)

    async def one() -> None:
        async with AsyncExitStack() as stack:
            async with at_once:
                wire = await stack.enter_async_context(connected(gateway, within_s=200))
                await wire.open(gateway)
            await are_open.wait()
            assert await wire.is_answered()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(one())
