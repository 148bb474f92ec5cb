"""The whole of what is recorded as a strip that one takes hold of: click, drag or arrow to any instant."""

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QLineF, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from helios_desktop.journal.note import Note
from helios_desktop.monitor.survey import Survey
from helios_desktop.qt.strip import HEIGHT_PX, Look, paint_strip
from helios_desktop.qt.strip_words import instant_words
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.qt.time_scale import LEAST_SPAN_NS, TimeScale
from helios_desktop.qt.timeline_cells import plain_tip
from helios_desktop.qt.times import TimeStyle
from helios_desktop.words import _

LEAST_VIEW_NS: Final = 60 * 1_000_000_000
"""What is shown of a recording that has just begun."""
ZOOM: Final = 1.5
_STEP: Final = 0.01
_PAGE: Final = 0.1
_MARGIN_PX: Final = 6
"""On either side, so that the handle is whole at the ends."""
_HANDLE_PX: Final = 7
_REACH_PX: Final = 4

Range = tuple[int, int]


class Scrubber(QWidget):
    """Shows a `Survey` and the present instant. Instants are epoch nanoseconds, which no `int` signal could carry.

    Shift with a drag or an arrow chooses a range; Escape lets go of it.
    """

    sought = Signal(object)
    """The user wants to see that instant. While dragging it is told again and again."""
    range_chosen = Signal(object)
    """`(since_ns, until_ns)`, or None for none."""
    view_changed = Signal()
    """Zoomed or moved: `view` is another."""

    def __init__(self, theme: Theme, node_colour: Callable[[str], QColor]) -> None:
        super().__init__()
        self._theme = theme
        self._style = TimeStyle.UTC
        self._node_colour = node_colour
        self._survey: Survey | None = None
        self._notes: Sequence[Note] = ()
        self._reason = ""
        self._at_ns = 0
        self._end_ns = 0
        self._handle = theme.text
        self._zoom: Range | None = None
        self._range: Range | None = None
        self._range_from: int | None = None
        self._layer: QPixmap | None = None
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(_("Overview of all that is recorded"))

    # What is shown

    @property
    def whole(self) -> Range:
        """From the first instant to the last."""
        first_ns = self._survey.first_ns if self._survey is not None else self._at_ns
        last_ns = self._survey.last_ns if self._survey is not None else self._at_ns
        return first_ns, max(first_ns + LEAST_VIEW_NS, last_ns, self._end_ns)

    @property
    def view(self) -> Range | None:
        """What is zoomed to; None for the whole."""
        return self._zoom

    @property
    def chosen_range(self) -> Range | None:
        """The range that the user chose."""
        return self._range

    @property
    def scale(self) -> TimeScale:
        """Where instants are, counted from the margin."""
        return TimeScale(*(self._zoom or self.whole), max(1, self.width() - 2 * _MARGIN_PX))

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._repaint()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self._repaint()

    def show_survey(self, survey: Survey | None, notes: Sequence[Note] = (), reason: str = "") -> None:
        """Show this one; where there is none, `reason` says why. Another recording forgets zoom and range: `forget`."""
        self._survey, self._notes, self._reason = survey, notes, reason
        self._repaint()

    def forget(self) -> None:
        """Show nothing, as for another recording."""
        self._zoom = None
        self._set_range(None)
        self.show_survey(None)

    def show_instant(self, at_ns: int, end_ns: int, colour: QColor) -> None:
        """Put the handle there, in that colour; `end_ns` is the present where the recording goes on."""
        if (at_ns, end_ns, colour) == (self._at_ns, self._end_ns, self._handle):
            return
        before = self.scale
        self._at_ns, self._end_ns, self._handle = at_ns, end_ns, colour
        # Of a long recording a second is no pixel.
        if abs(before.x_of(before.until_ns) - self.scale.x_of(before.until_ns)) >= 1:
            self._layer = None
        self.setAccessibleDescription(self._words(at_ns))
        self.update()

    def _words(self, at_ns: int) -> str:
        return instant_words(at_ns, self._survey, self._notes, self.scale, self._style)

    def _repaint(self) -> None:
        self._layer = None
        self.update()

    # What the user does

    def _seek(self, at_ns: int) -> None:
        first_ns, last_ns = self.whole
        at_ns = min(max(at_ns, first_ns), last_ns)
        if self._zoom is not None and not self._zoom[0] <= at_ns <= self._zoom[1]:
            middle = at_ns - (self._zoom[0] + self._zoom[1]) // 2
            self._set_scale(self.scale.moved(middle, self.whole))
        self.sought.emit(at_ns)

    def _set_range(self, chosen: Range | None) -> None:
        if chosen is not None and chosen[1] - chosen[0] < LEAST_SPAN_NS:
            chosen = None
        if chosen != self._range:
            self._range = chosen
            self.range_chosen.emit(chosen)
            self.update()

    def _extend(self, at_ns: int) -> None:
        """Choose from where the range began until there."""
        if self._range_from is None:
            self._range_from = self._at_ns
        self._set_range((min(self._range_from, at_ns), max(self._range_from, at_ns)))

    def _set_scale(self, scale: TimeScale) -> None:
        view = (scale.since_ns, scale.until_ns)
        self._zoom = None if view[0] <= self.whole[0] and view[1] >= self.whole[1] else view
        self._repaint()
        self.view_changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if self._survey is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        at_ns = self.scale.at(event.position().x() - _MARGIN_PX)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._range_from = at_ns
            self._set_range(None)
        else:
            self._range_from = None
            self._seek(at_ns)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if self._survey is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        at_ns = self.scale.at(event.position().x() - _MARGIN_PX)
        if self._range_from is not None:
            self._extend(at_ns)
        else:
            self._seek(at_ns)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's: zoom around the pointer; sideways, or with Shift, move."""
        turns, aside = event.angleDelta().y() / 120, event.angleDelta().x() / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            turns, aside = 0, aside or turns
        scale = self.scale
        if aside:
            self._set_scale(scale.moved(round(-aside * scale.span_ns * _PAGE), self.whole))
        elif turns:
            at_ns = scale.at(event.position().x() - _MARGIN_PX)
            self._set_scale(scale.zoomed(ZOOM**turns, at_ns, self.whole))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: arrows by a hundredth of what is in view, Page by a tenth, Home and End; plus, minus and 0 zoom."""
        step_ns, page_ns = (round(part * self.scale.span_ns) for part in (_STEP, _PAGE))
        is_range = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        edge_ns = self._edge() if is_range else self._at_ns
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self._go(edge_ns - step_ns, is_range=is_range)
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self._go(edge_ns + step_ns, is_range=is_range)
            case Qt.Key.Key_PageDown:
                self._go(edge_ns + page_ns, is_range=is_range)
            case Qt.Key.Key_PageUp:
                self._go(edge_ns - page_ns, is_range=is_range)
            case Qt.Key.Key_Home:
                self._go(self.whole[0], is_range=is_range)
            case Qt.Key.Key_End:
                self._go(self.whole[1], is_range=is_range)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._set_scale(self.scale.zoomed(ZOOM, self._at_ns, self.whole))
            case Qt.Key.Key_Minus:
                self._set_scale(self.scale.zoomed(1 / ZOOM, self._at_ns, self.whole))
            case Qt.Key.Key_0:
                self._set_scale(TimeScale(*self.whole, self.scale.width_px))
            case Qt.Key.Key_Escape if self._range is not None:
                self._range_from = None
                self._set_range(None)
            case _:
                super().keyPressEvent(event)

    def _edge(self) -> int:
        """The end of the range that moves."""
        if self._range is None or self._range_from is None:
            return self._at_ns
        return self._range[0] if self._range[1] == self._range_from else self._range[1]

    def _go(self, at_ns: int, *, is_range: bool) -> None:
        if self._survey is None:
            return
        if is_range:
            self._extend(min(max(at_ns, self.whole[0]), self.whole[1]))
        else:
            self._range_from = None
            self._seek(at_ns)

    # Painting

    def sizeHint(self) -> QSize:
        """Qt's."""
        return QSize(400, HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._layer = None

    def event(self, event: QEvent) -> bool:
        """Qt's: what is there, under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            if self._survey is not None:
                self._show_tip(event.pos(), event.globalPos())
            return True
        return super().event(event)

    def _show_tip(self, at: QPoint, on_screen: QPoint) -> None:
        words = self._words(self.scale.at(at.x() - _MARGIN_PX))
        near = QRect(at.x() - _REACH_PX, 0, 2 * _REACH_PX, self.height())
        QToolTip.showText(on_screen, plain_tip(words), self, near)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt's."""
        painter = QPainter(self)
        if self._survey is None:
            painter.setFont(ui_font())
            painter.setPen(self._theme.text_faint)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._reason)
        else:
            if self._layer is None:
                self._layer = self._paint_layer(self._survey)
            painter.drawPixmap(0, 0, self._layer)
            self._paint_range(painter)
            self._paint_handle(painter)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.focus, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_layer(self, survey: Survey) -> QPixmap:
        ratio = self.devicePixelRatioF()
        layer = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        painter.translate(_MARGIN_PX, 0)
        look = Look(self._theme, self._style, self.scale, self.whole[1], self._node_colour)
        paint_strip(painter, look, survey, self._notes)
        painter.end()
        return layer

    def _paint_range(self, painter: QPainter) -> None:
        if self._range is None:
            return
        scale = self.scale
        left, right = (_MARGIN_PX + min(max(scale.x_of(at_ns), 0), scale.width_px) for at_ns in self._range)
        ground = QColor(self._theme.accent)
        ground.setAlpha(60)
        box = QRectF(left, 0.5, max(1.0, right - left), self.height() - 1)
        painter.fillRect(box, ground)
        painter.setPen(QPen(self._theme.accent, 1))
        painter.drawLine(QLineF(box.topLeft(), box.bottomLeft()))
        painter.drawLine(QLineF(box.topRight(), box.bottomRight()))

    def _paint_handle(self, painter: QPainter) -> None:
        scale = self.scale
        if not scale.since_ns <= self._at_ns <= scale.until_ns:
            return
        x = _MARGIN_PX + round(scale.x_of(self._at_ns))
        painter.fillRect(QRectF(x - 1.5, 2, 3, self.height() - 16), self._theme.panel)
        painter.fillRect(QRectF(x - 0.5, 0, 1.5, self.height() - 12), self._handle)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.panel, 1))
        painter.setBrush(self._handle)
        painter.drawRoundedRect(QRectF(x - _HANDLE_PX / 2, 0.5, _HANDLE_PX, 10), 2, 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
