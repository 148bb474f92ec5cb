"""The frame that says that the window does not show the present: amber while held, violet in a replay."""

from typing import Final

from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from helios_desktop.qt.theme import Theme

_WIDTH_PX: Final = 2


class HoldFrame(QWidget):
    """A container with room for the frame on all sides, so that nothing moves when it appears."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._is_held = False
        self._is_replay = False
        self.setContentsMargins(_WIDTH_PX, _WIDTH_PX, _WIDTH_PX, _WIDTH_PX)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def set_held(self, is_held: bool) -> None:
        """Show or hide it."""
        self._is_held = is_held
        self.update()

    def set_replay(self, is_replay: bool) -> None:
        """Show or hide that of a replay, which comes before the other."""
        self._is_replay = is_replay
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, and the frame where it is held."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.window)
        if self._is_held or self._is_replay:
            pen = QPen(self._theme.replay if self._is_replay else self._theme.hold, _WIDTH_PX)
            half = _WIDTH_PX // 2
            painter.setPen(pen)
            painter.drawRect(self.rect().adjusted(half, half, -half, -half))
