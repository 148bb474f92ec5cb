"""Waiting until a window is really there."""

import asyncio
import contextlib

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class _Watcher(QObject):
    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.painted = asyncio.Event()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self.painted.set()
        return False


async def first_paint(widget: QWidget, within_s: float = 1.0) -> None:
    """Return once `widget` has been painted, or after `within_s` where nobody looks at it (minimised, another desk)."""
    watcher = _Watcher(widget)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await watcher.painted.wait()
    widget.removeEventFilter(watcher)
    watcher.deleteLater()
