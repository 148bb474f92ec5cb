"""What is painted behind the curves of a plot: grid lines, hatched gaps, and a mark for each notable event."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from helios_desktop.event import Severity
from helios_desktop.qt.curves import Span
from helios_desktop.qt.markers import Mark
from helios_desktop.qt.theme import Theme

MARK_HEIGHT_PX: Final = 8
_MARK_HALF_WIDTH_PX: Final = 4.0


class Backdrop(QGraphicsObject):
    """Fills the rectangle given by `set_rect`, which is in epoch seconds and amounts.

    Painted in pixels, not in those units: hatching keeps its slope and triangles their shape at any zoom.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rect = QRectF(0, 0, 1, 1)
        self._levels: Sequence[float] = ()
        self._gaps: Sequence[Span] = ()
        self._marks: Sequence[Mark] = ()
        self._selected_s: float | None = None
        self.setZValue(-100)

    def set_rect(self, rect: QRectF) -> None:
        """Follow the view."""
        self.prepareGeometryChange()
        self._rect = QRectF(rect)

    def set_levels(self, levels: Sequence[float]) -> None:
        """Draw grid lines at these amounts."""
        self._levels = levels
        self.update()

    def set_facts(self, gaps: Sequence[Span], marks: Sequence[Mark], selected_s: float | None) -> None:
        """Hatch these spans and mark these events; one instant may stand out."""
        self._gaps, self._marks, self._selected_s = gaps, marks, selected_s
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        """Qt's."""
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Qt's."""
        to_pixels = painter.worldTransform()
        area = to_pixels.mapRect(self._rect)
        painter.save()
        painter.resetTransform()
        painter.setClipRect(area)
        self._paint_gaps(painter, area)
        painter.setPen(QPen(self._theme.line, 1))
        for level in self._levels[1:]:
            y = round(to_pixels.map(QPointF(self._rect.left(), level)).y()) + 0.5
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
        self._paint_marks(painter, area)
        painter.restore()

    def _x(self, at_s: float, area: QRectF) -> float:
        # In double precision: a QTransform of epoch seconds over a view of minutes is off by pixels.
        return area.left() + (at_s - self._rect.left()) / self._rect.width() * area.width()

    def _paint_gaps(self, painter: QPainter, area: QRectF) -> None:
        if not self._gaps:
            return
        ground, hatch, edge = (QColor(self._theme.text_faint) for _number in range(3))
        ground.setAlpha(22)
        hatch.setAlpha(90)
        edge.setAlpha(120)
        brush = QBrush(hatch, Qt.BrushStyle.BDiagPattern)
        for start_s, end_s in self._gaps:
            left, right = self._x(start_s, area), self._x(end_s, area)
            if right < area.left() or left > area.right():
                continue
            span = QRectF(left, area.top(), max(2.0, right - left), area.height()).intersected(area)
            painter.fillRect(span, ground)
            painter.fillRect(span, brush)
            painter.setPen(QPen(edge, 1))
            painter.drawLine(QLineF(span.topLeft(), span.bottomLeft()))
            painter.drawLine(QLineF(span.topRight(), span.bottomRight()))

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        for mark in self._marks:
            colour = self._mark_colour(mark.severity)
            x = round(self._x(mark.at_s, area)) + 0.5
            stroke = QColor(colour)
            stroke.setAlpha(70 if mark.severity is Severity.NOTICE else 150)
            painter.setPen(QPen(stroke, 1))
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
            self._paint_head(painter, x, area.top(), colour, mark.severity)
        if self._selected_s is not None:
            x = round(self._x(self._selected_s, area)) + 0.5
            painter.setPen(QPen(self._theme.focus, 1))
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))

    def _paint_head(self, painter: QPainter, x: float, top: float, colour: QColor, severity: Severity) -> None:
        # A shape each: a filled triangle for what is bad, an open one for what merely happened.
        half = _MARK_HALF_WIDTH_PX if severity >= Severity.WARNING else _MARK_HALF_WIDTH_PX - 1
        height = MARK_HEIGHT_PX if severity >= Severity.WARNING else MARK_HEIGHT_PX - 2
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QBrush(colour) if severity >= Severity.WARNING else Qt.BrushStyle.NoBrush)
        painter.drawPolygon(
            QPolygonF([QPointF(x - half, top + 0.5), QPointF(x + half, top + 0.5), QPointF(x, top + height)])
        )

    def _mark_colour(self, severity: Severity) -> QColor:
        match severity:
            case Severity.PROBLEM:
                return self._theme.problem
            case Severity.WARNING:
                return self._theme.warning
            case _:
                return self._theme.accent
