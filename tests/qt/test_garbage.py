"""Cycles die in the window's thread alone."""

import gc
import threading
import weakref
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from helios_desktop.qt.garbage import collecting_here

Until = Callable[[Callable[[], bool]], Awaitable[None]]


class Ring(QObject):
    """An object that only the collector can free."""

    def __init__(self) -> None:
        super().__init__()
        self.itself = self


def allocate(kept: list[list[int]], count: int) -> None:
    """What makes Python collect by itself, many times over."""
    kept += [[number] for number in range(count)]


async def test_a_busy_thread_frees_nothing_and_the_window_does(qapp: QApplication, until: Until) -> None:
    freed_in: list[int] = []
    with collecting_here():
        ring = Ring()
        weakref.finalize(ring, lambda: freed_in.append(threading.get_ident()))
        del ring
        busy = threading.Thread(target=allocate, args=([], 200_000))
        busy.start()
        busy.join()
        assert freed_in == []
        kept: list[list[int]] = []

        def is_freed() -> bool:
            allocate(kept, 1_000)
            return bool(freed_in)

        await until(is_freed)
    assert freed_in == [threading.get_ident()]


async def test_at_the_end_it_is_as_before(qapp: QApplication) -> None:
    gc.enable()
    with collecting_here():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    with collecting_here():
        assert not gc.isenabled()
    assert not gc.isenabled()
