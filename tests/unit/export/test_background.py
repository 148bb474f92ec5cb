"""Long work in a thread: the loop goes on, hears of it, and ends it."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from helios_desktop.export.background import in_background


async def test_the_loop_goes_on_and_hears_how_far_it_is() -> None:
    told: list[float] = []
    heard = threading.Event()

    def hear(done: float) -> None:
        told.append(done)
        heard.set()

    def work(progress: Callable[[float], None], _is_cancelled: Callable[[], bool]) -> int:
        progress(0.5)
        assert heard.wait(10)  # the loop ran while this thread did
        progress(1.0)
        return 7

    assert await in_background(work, progress=hear) == 7
    await asyncio.sleep(0)
    assert told == [0.5, 1.0]


async def test_what_it_raises_is_raised() -> None:
    def work(_progress: Callable[[float], None], _is_cancelled: Callable[[], bool]) -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_background(work, progress=lambda _done: None)


async def test_a_cancelled_task_waits_until_the_thread_has_ended() -> None:
    has_begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    ended = threading.Event()

    def work(progress: Callable[[float], None], is_cancelled: Callable[[], bool]) -> None:
        loop.call_soon_threadsafe(has_begun.set)
        while not is_cancelled():
            progress(0.0)
        ended.set()

    task = asyncio.create_task(in_background(work, progress=lambda _done: None, breath_s=0.001))
    await has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
