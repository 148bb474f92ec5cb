"""A figure among others that can be clicked for more: it looks as the labels beside it, but for a dotted line."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from helios_desktop.qt.theme import Theme

_REACH_PX = 2
"""How far the frame of the focus stands from the text."""


class FigureButton(QAbstractButton):
    """Shows a figure by `show_figure`; `purpose` is what a click does, for screen readers."""

    def __init__(self, theme: Theme, purpose: str) -> None:
        super().__init__()
        self._theme = theme
        self._purpose = purpose
        self._is_trouble = False
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def show_figure(self, text: str, *, is_trouble: bool) -> None:
        """Show it from now on."""
        if (text, is_trouble) == (self.text(), self._is_trouble):
            return
        self._is_trouble = is_trouble
        self.setText(text)
        self.setAccessibleName(f"{text}. {self._purpose}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2 * _REACH_PX, metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        theme, painter, metrics = self._theme, QPainter(self), self.fontMetrics()
        colour = theme.warning if self._is_trouble else theme.text_dim
        baseline = metrics.ascent() + (self.height() - metrics.height()) // 2
        width = metrics.horizontalAdvance(self.text())
        painter.setPen(QPen(colour if self.underMouse() else theme.text_faint, 1, Qt.PenStyle.DotLine))
        painter.drawLine(_REACH_PX, baseline + 2, _REACH_PX + width, baseline + 2)
        painter.setPen(colour)
        painter.drawText(_REACH_PX, baseline, self.text())
        if self.hasFocus():
            painter.setPen(QPen(theme.focus, 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
