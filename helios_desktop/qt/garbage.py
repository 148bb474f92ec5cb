"""Python's cycles are collected in the window's thread alone.

Else whichever thread happens to allocate collects them, and a Qt object that dies in another thread than its own takes
the process with it: its timers stay on the list of the thread that it lived in (Qt, "Threads and QObjects").
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QTimer

EVERY_MS: Final = 200
"""What comes in between waits in memory: some thousand objects in a flood."""
_GROWTH: Final = 1.25
"""As Python's own rule: all is looked at only when a quarter has been added, since that takes long."""


@contextmanager
def collecting_here() -> Iterator[None]:
    """From here to the end of the block, by Python's own thresholds. Needs Qt's loop in this thread."""
    was_enabled = gc.isenabled()
    gc.disable()
    collector, timer = Collector(), QTimer(interval=EVERY_MS)
    timer.timeout.connect(collector.collect_due)
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        if was_enabled:
            gc.enable()


class Collector:
    """Collects the generations that are due."""

    def __init__(self) -> None:
        self._survivors = len(gc.get_objects())

    def collect_due(self) -> None:
        """As Python does by itself where it is let to."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        if counts[0] <= thresholds[0]:
            return
        if counts[1] <= thresholds[1]:
            gc.collect(0)
        elif counts[2] <= thresholds[2] or len(gc.get_objects()) < _GROWTH * self._survivors:
            gc.collect(1)
        else:
            gc.collect(2)
            self._survivors = len(gc.get_objects())
