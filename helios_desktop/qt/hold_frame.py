"""The frame that turns amber while the view is held."""

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
        self.setContentsMargins(_WIDTH_PX, _WIDTH_PX, _WIDTH_PX, _WIDTH_PX)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def set_held(self, is_held: bool) -> None:
        """Show or hide it."""
        self._is_held = is_held
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, and the frame where it is held."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.window)
        if self._is_held:
            pen = QPen(self._theme.hold, _WIDTH_PX)
            half = _WIDTH_PX // 2
            painter.setPen(pen)
            painter.drawRect(self.rect().adjusted(half, half, -half, -half))
