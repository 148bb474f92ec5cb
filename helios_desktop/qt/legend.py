"""The line above a graph: one entry a curve, with its value, and a click to hide it."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QWidget

from helios_desktop.qt.quantities import UNKNOWN
from helios_desktop.qt.theme import Theme
from helios_desktop.words import _

_SWATCH_PX = 14
_SPACE_PX = 6


class LegendEntry(QAbstractButton):
    """A stroke in the curve's colour, its name, its value. Checked while the curve is drawn."""

    def __init__(self, name: str, theme: Theme, colour: QColor, widest: str) -> None:
        super().__init__()
        self._name, self._value, self._widest = name, UNKNOWN, widest
        self._theme, self._colour = theme, colour
        self.setCheckable(True)
        self.setChecked(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._describe()

    @property
    def value(self) -> str:
        """What is shown beside the name."""
        return self._value

    def set_value(self, value: str) -> None:
        """Show this value."""
        if value != self._value:
            self._value = value
            self._describe()
            self.update()

    def set_theme(self, theme: Theme, colour: QColor) -> None:
        """Take other colours."""
        self._theme, self._colour = theme, colour
        self.setFont(theme.ui)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's: wide enough for the widest value, so that nothing moves while values change."""
        metrics = self.fontMetrics()
        text = metrics.horizontalAdvance(self._name) + _SPACE_PX + metrics.horizontalAdvance(self._widest)
        return QSize(_SWATCH_PX + _SPACE_PX + text + 10, metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        painter = QPainter(self)
        middle = self.height() // 2
        is_shown = self.isChecked()
        if is_shown:
            painter.setPen(QPen(self._colour, 2))
            painter.drawLine(2, middle, _SWATCH_PX, middle)
        else:
            painter.setPen(QPen(self._theme.text_faint, 1))
            painter.drawRect(2, middle - 3, _SWATCH_PX - 3, 6)
        metrics = self.fontMetrics()
        rest = self.rect().adjusted(_SWATCH_PX + _SPACE_PX, 0, 0, 0)
        painter.setPen(self._theme.text_dim if is_shown else self._theme.text_faint)
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._name)
        if is_shown:
            painter.setPen(self._theme.text)
            value = rest.adjusted(metrics.horizontalAdvance(self._name) + _SPACE_PX, 0, 0, 0)
            painter.drawText(value, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._value)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.focus, 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _describe(self) -> None:
        self.setAccessibleName(f"{self._name} {self._value}")
        self.setToolTip(
            _("{name}: {value}. Click to hide or show the curve.").format(name=self._name, value=self._value)
        )


class Legend(QWidget):
    """A title, an entry a curve, and at the right the instant whose values these are."""

    toggled = Signal()
    """A curve was hidden or shown."""

    def __init__(self, title: str, names: Sequence[str], widest: str, theme: Theme, colours: Sequence[QColor]) -> None:
        super().__init__()
        self._title = QLabel(title)
        self._when = QLabel()
        self.entries = [LegendEntry(name, theme, colour, widest) for name, colour in zip(names, colours, strict=True)]
        self._title.setProperty("kind", "heading")
        self._when.setProperty("kind", "dim")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 0)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        for entry in self.entries:
            entry.toggled.connect(lambda _is_shown: self.toggled.emit())
            layout.addWidget(entry)
        layout.addStretch(1)
        layout.addWidget(self._when)
        self.set_theme(theme, colours)

    def set_values(self, values: Sequence[str], when: str) -> None:
        """Show a value for each entry, and when it was."""
        for entry, value in zip(self.entries, values, strict=True):
            entry.set_value(value)
        if when != self._when.text():
            self._when.setText(when)

    def set_theme(self, theme: Theme, colours: Sequence[QColor]) -> None:
        """Take other colours."""
        for entry, colour in zip(self.entries, colours, strict=True):
            entry.set_theme(theme, colour)
