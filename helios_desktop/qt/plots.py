"""A plot of amounts over time: the only file that knows pyqtgraph.

Its settings are the measured ones: lines one pixel wide, no antialiasing, data already clipped and thinned by
`curves.polyline`, the grid painted as a few lines of our own.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from helios_desktop.qt.backdrop import Backdrop
from helios_desktop.qt.curves import Polyline, Span
from helios_desktop.qt.markers import Mark
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.time_axis import tick_text, time_ticks, value_ticks
from helios_desktop.qt.times import TimeStyle

AXIS_WIDTH_PX: Final = 64
MARK_REACH_PX: Final = 6
_LEAST_TICK_PX: Final = 16
_SHORTEST_VIEW_S: Final = 0.5
_LONGEST_VIEW_S: Final = 400 * 86_400.0


class TimePlot(QWidget):
    """Curves over epoch seconds, from zero up, with hatched gaps and event marks behind them.

    The view is moved by `set_view` and by the user; whoever draws asks `view` and `columns` and gives what is in it.
    `axis_text` writes the amounts. With `has_time_axis` the instants are written below.
    """

    moved = Signal()
    """The user panned or zoomed."""
    reset_asked = Signal()
    """A double click."""
    hovered = Signal(object)
    """Epoch seconds under the pointer; None when it left."""
    clicked = Signal(float)
    """Epoch seconds of a single click."""

    def __init__(self, theme: Theme, axis_text: Callable[[float], str], *, has_time_axis: bool) -> None:
        super().__init__()
        self._theme = theme
        self._time_axis = _TimeAxis()
        self._value_axis = _ValueAxis(axis_text)
        self._axes: tuple[Any, Any] = (self._time_axis, self._value_axis)  # pyqtgraph names no types for them
        self._has_time_axis = has_time_axis
        self._plot = pg.PlotWidget(axisItems={"bottom": self._time_axis, "left": self._value_axis})
        self._item: Any = self._plot.getPlotItem()
        self._box: Any = self._item.getViewBox()
        self._backdrop = Backdrop(theme)
        self._crosshair = pg.InfiniteLine(angle=90, movable=False)
        self._curves: list[Any] = []
        self._reason = QLabel(self)
        self._zone = QLabel(self)
        self._top = 1.0
        self._set_up()
        self.set_theme(theme)

    @property
    def view(self) -> Span:
        """First and last epoch second that is shown."""
        start, end = self._box.viewRange()[0]
        return float(start), float(end)

    @property
    def columns(self) -> int:
        """How many pixels wide the plot is."""
        return max(1, int(self._box.width()))

    @property
    def top(self) -> float:
        """The highest amount that the axis has room for."""
        return self._top

    def link(self, other: "TimePlot") -> None:
        """Show the same time range as `other` from now on, whoever of the two is moved."""
        self._item.setXLink(other._item)

    def set_view(self, start_s: float, end_s: float) -> None:
        """Show this range."""
        self._box.setXRange(start_s, end_s, padding=0)

    def set_time(self, style: TimeStyle, now_s: float, zone: str) -> None:
        """Write instants in `style`; `zone` labels the axis."""
        self._zone.setText(zone)
        self._time_axis.set_time(style, now_s)

    def set_top(self, highest: float) -> None:
        """Make room for amounts up to `highest`; the axis ends at a round one."""
        ticks = value_ticks(highest * 1.02)
        top = ticks[-1]
        if top != self._top:
            self._top = top
            self._box.setYRange(0, top, padding=0)
            self._draw_levels()

    def set_colours(self, colours: Sequence[QColor]) -> None:
        """Have one curve for each of these, drawn in this order."""
        for curve in self._curves:
            self._item.removeItem(curve)
        self._curves = [
            pg.PlotCurveItem(pen=pg.mkPen(colour, width=1), antialias=False, skipFiniteCheck=True) for colour in colours
        ]
        for curve in self._curves:
            self._item.addItem(curve, ignoreBounds=True)

    def set_curve(self, number: int, line: Polyline | None) -> None:
        """Draw this line, None for nothing."""
        curve = self._curves[number]
        if line is None or not len(line.x):
            curve.clear()
            return
        curve.setData(x=line.x, y=line.y, connect=line.joins.astype("int32"))

    def set_background(self, gaps: Sequence[Span], marks: Sequence[Mark], selected_s: float | None) -> None:
        """Hatch `gaps`, mark events, and the one that is selected."""
        self._backdrop.set_facts(gaps, marks, selected_s)

    def set_crosshair(self, at_s: float | None) -> None:
        """Draw the vertical line that both plots share."""
        if at_s is None:
            self._crosshair.hide()
        else:
            self._crosshair.setPos(at_s)
            self._crosshair.show()

    def set_reason(self, text: str) -> None:
        """Say why nothing is drawn; "" when something is."""
        if text != self._reason.text():
            self._reason.setText(text)
            self._place_labels()
            self._draw_levels()
        self._reason.setVisible(bool(text))

    def _draw_levels(self) -> None:
        # A grid line through the sentence would strike it out, and there is no curve to read by it.
        self._backdrop.set_levels(() if self._reason.text() else value_ticks(self._top))

    @property
    def reason(self) -> str:
        """What `set_reason` said."""
        return self._reason.text()

    def reach_s(self) -> float:
        """How far beside a mark a click still means it."""
        start, end = self.view
        return MARK_REACH_PX * (end - start) / self.columns

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and fonts. Curves keep theirs until `set_colours`."""
        self._theme = theme
        self._plot.setBackground(theme.panel)
        font = QFont(theme.ui)
        font.setPixelSize(11)
        for axis in self._axes:
            axis.setPen(pg.mkPen(theme.line))
            axis.setTextPen(pg.mkPen(theme.text_dim))
            axis.setStyle(tickFont=font)
        self._crosshair.setPen(pg.mkPen(theme.text_dim, style=Qt.PenStyle.DotLine))
        self._backdrop.set_theme(theme)
        self._zone.setFont(font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._place_labels()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's: the scene does not tell when the pointer leaves the window."""
        if event.type() is QEvent.Type.Leave:
            self.hovered.emit(None)
        return False

    def _set_up(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        plot, box = self._item, self._box
        time_axis, value_axis = self._axes
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.setContentsMargins(0, 8, 8, 0 if self._has_time_axis else 7)
        plot.disableAutoRange()
        box.setMouseEnabled(x=True, y=False)
        box.setDefaultPadding(0)
        box.setLimits(minXRange=_SHORTEST_VIEW_S, maxXRange=_LONGEST_VIEW_S)
        box.setYRange(0, self._top, padding=0)
        value_axis.setWidth(AXIS_WIDTH_PX)
        value_axis.setStyle(tickLength=0, tickTextOffset=6)
        time_axis.setStyle(tickLength=3, showValues=self._has_time_axis)
        time_axis.setHeight(20 if self._has_time_axis else 1)
        self._item.addItem(self._backdrop, ignoreBounds=True)
        self._item.addItem(self._crosshair, ignoreBounds=True)
        self._draw_levels()
        self._crosshair.hide()
        self._zone.setVisible(self._has_time_axis)
        self._reason.setProperty("kind", "dim")
        self._zone.setProperty("kind", "faint")
        self._reason.setWordWrap(True)
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._reason.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        for label in (self._reason, self._zone):
            label.raise_()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box.sigRangeChangedManually.connect(lambda _mouse: self.moved.emit())
        scene: Any = self._plot.scene()
        scene.sigMouseMoved.connect(self._point)
        scene.sigMouseClicked.connect(self._click)
        box.sigRangeChanged.connect(lambda: self._backdrop.set_rect(box.viewRect()))
        self._plot.viewport().installEventFilter(self)

    def _place_labels(self) -> None:
        below = 22 if self._has_time_axis else 2
        self._reason.setGeometry(
            AXIS_WIDTH_PX + 16, 4, max(0, self.width() - AXIS_WIDTH_PX - 32), max(0, self.height() - below - 4)
        )
        self._zone.setGeometry(6, self.height() - 19, AXIS_WIDTH_PX - 8, 16)

    def _point(self, at: QPointF) -> None:
        if self._box.sceneBoundingRect().contains(at):
            self.hovered.emit(float(self._box.mapSceneToView(at).x()))
        else:
            self.hovered.emit(None)

    def _click(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._box.sceneBoundingRect().contains(event.scenePos()):
            return
        event.accept()
        if event.double():
            self.reset_asked.emit()
        else:
            self.clicked.emit(float(self._box.mapSceneToView(event.scenePos()).x()))


class _TimeAxis(pg.AxisItem):
    """Round instants in the zone that the window writes."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self._style = TimeStyle.UTC
        self._now_s = 0.0

    def set_time(self, style: TimeStyle, now_s: float) -> None:
        """Write instants in `style`; relative ones as of `now_s`."""
        if style is self._style and (style is not TimeStyle.RELATIVE or now_s == self._now_s):
            return
        self._style, self._now_s = style, now_s
        self.picture = None
        self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803 - pyqtgraph names them so
        """As pyqtgraph asks."""
        ticks = time_ticks(minVal, maxVal, size, self._style, self._now_s)
        return [(ticks.step_s, ticks.at_s)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """As pyqtgraph asks."""
        return [tick_text(value, spacing, self._style, self._now_s) for value in values]


class _ValueAxis(pg.AxisItem):
    """Amounts from zero up, in the units that fit them."""

    def __init__(self, text: Callable[[float], str]) -> None:
        super().__init__("left")
        self._text = text

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803 - pyqtgraph names them so
        """As pyqtgraph asks. `maxVal` is a round amount already."""
        ticks = value_ticks(maxVal)
        steps = len(ticks) - 1
        strides = (n for n in range(1, steps) if steps % n == 0 and size >= _LEAST_TICK_PX * len(ticks[::n]))
        stride = next(strides, steps)
        return [(ticks[1], ticks[::stride])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """As pyqtgraph asks."""
        return [self._text(value) for value in values]
