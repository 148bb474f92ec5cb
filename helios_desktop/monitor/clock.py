"""The one clock of a running program: wall time that never goes back and counts the machine's sleep."""

import time
from collections.abc import Callable
from functools import partial

NS = 1_000_000_000


def make_clock() -> Callable[[], int]:
    """Give a function for "now" in epoch nanoseconds, anchored to the wall clock once.

    Later steps of the wall clock are not followed: a difference of two instants is always the time that passed.
    """
    elapsed_ns = _elapsed_ns()
    offset_ns = time.time_ns() - elapsed_ns()
    return lambda: offset_ns + elapsed_ns()


def _elapsed_ns() -> Callable[[], int]:
    # Linux's monotonic clock stops while the machine sleeps, and ages must not.
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns if boottime is None else partial(time.clock_gettime_ns, boottime)
