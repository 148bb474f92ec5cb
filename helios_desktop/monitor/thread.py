"""A call in a thread that is always waited for, so that two never use one file at a time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Give what it gives. Cancelled, it ends only when the call has ended: a thread cannot be stopped from outside."""
    working = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        if not working.cancelled():
            working.exception()  # nobody waits for it any more
        raise
