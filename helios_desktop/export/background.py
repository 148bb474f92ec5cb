"""Long work in a thread, so that the loop goes on: with progress, and an end where it is not wanted any more."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")
Progress = Callable[[float], None]
IsCancelled = Callable[[], bool]

TELL_EVERY_S: Final = 0.05
BREATH_S: Final = 0.002
"""How long a thread beside a window rests after each slice, so that the window has the interpreter to itself."""


async def in_background(
    work: Callable[[Progress, IsCancelled], T],
    *,
    progress: Progress,
    is_cancelled: IsCancelled = lambda: False,
    breath_s: float = 0.0,
) -> T:
    """Run `work` in a thread, and give or raise what it does.

    `work` is to call the first of its arguments with 0 to 1, and ask the second, many times a second; `progress` is
    called on the loop, some twenty times a second. Where the task is cancelled, it waits until `work` has ended.
    """
    loop = asyncio.get_running_loop()
    is_unwanted = False
    told_at = 0.0

    def tell(done: float) -> None:
        nonlocal told_at
        now = time.monotonic()
        if done >= 1.0 or now - told_at >= TELL_EVERY_S:
            told_at = now
            loop.call_soon_threadsafe(progress, done)
        if breath_s:
            time.sleep(breath_s)  # in the thread of `work`: the window goes on meanwhile, as `BREATH_S` says

    working = asyncio.create_task(asyncio.to_thread(work, tell, lambda: is_unwanted or is_cancelled()))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        is_unwanted = True
        await asyncio.wait({working})
        if not working.cancelled():
            working.exception()  # whatever became of it, nobody is there to be told
        raise
