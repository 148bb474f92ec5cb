"""Ctrl-C and the system's wish to end, as calls instead of exceptions."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def caught_signals(on_signal: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Within it, SIGINT and SIGTERM call `on_signal` on the running loop. Twice sent, they do what they always do."""
    # Not by the loop: these act, twice pressed, even while a write to a full pipe holds the loop up.
    loop = asyncio.get_running_loop()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        loop.call_soon_threadsafe(on_signal, signal.Signals(number))

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
