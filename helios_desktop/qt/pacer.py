"""One pace for all that is painted from data: at most thirty times a second, and nothing that nobody sees."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

FRAME_MS: Final = 33
AGE_MS: Final = 1000
"""Ages grow although nothing comes: a silent cluster must dim by itself."""


class Pacer(QObject):
    """Calls each panel's `refresh` when something is new, and once a second for the ages.

    A panel compares its own slice by identity and does little where it did not change. A panel that is hidden, or
    whose window is minimised, is not called; all are called once when the window comes back.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._panels: list[tuple[QWidget, Callable[[], None]]] = []
        self._is_new = False
        self._since = QElapsedTimer()
        self._since.start()
        self._frame = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._frame.timeout.connect(self.refresh)
        self._age = QTimer(self, interval=AGE_MS)
        self._age.timeout.connect(self.refresh)
        window.installEventFilter(self)

    def add(self, panel: QWidget, refresh: Callable[[], None]) -> None:
        """Pace a panel."""
        self._panels.append((panel, refresh))

    def note(self) -> None:
        """Something is new: refresh when the next frame is due. Cheap: call it for every message."""
        if self._is_new:
            return
        self._is_new = True
        if self._is_seen():
            self._frame.start(max(0, FRAME_MS - self._since.elapsed()))

    def refresh(self) -> None:
        """Refresh now: for what the user just did."""
        self._frame.stop()
        self._is_new = False
        self._since.restart()
        if not self._is_seen():
            return
        for panel, refresh in self._panels:
            if panel.isVisible():
                refresh()

    def stop(self) -> None:
        """Call nothing any more."""
        self._window.removeEventFilter(self)
        self._frame.stop()
        self._age.stop()
        self._panels.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window: seen again, it shows the present at once; unseen, it costs nothing."""
        if event.type() in {QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange}:
            if self._is_seen():
                self._age.start()
                self._is_new = True
                self._frame.start(0)
            else:
                self._age.stop()
                self._frame.stop()
                self._is_new = False
        return False

    def _is_seen(self) -> bool:
        return self._window.isVisible() and not self._window.isMinimized()
