"""The graphs: latency of one RPC kind or peer, and the commit rate, over one time axis."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCursor, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QStackedWidget,
    QTableView,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.journal.stored import Row
from helios_desktop.monitor.watched import Watched
from helios_desktop.protocol.subscription import Topic
from helios_desktop.qt.absences import commit_absence, latency_absence
from helios_desktop.qt.charts_bar import FIRST_RANGE_S, ChartsBar
from helios_desktop.qt.curves import Polyline, blind_spans, highest, polyline, value_at
from helios_desktop.qt.labels import fill
from helios_desktop.qt.latency_choice import STATS, latency_views, views_told_since
from helios_desktop.qt.legend import Legend
from helios_desktop.qt.markers import Mark, Markers, nearest
from helios_desktop.qt.past_marks import PastMarks
from helios_desktop.qt.plots import TimePlot
from helios_desktop.qt.quantities import UNKNOWN, latency_text, rate_text, tick_latency_text, tick_rate_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_cells import plain_tip
from helios_desktop.qt.timeline_told import row_of
from helios_desktop.qt.times import NS, TimeStyle, clock_text, zone_label
from helios_desktop.qt.values_table import COMMIT_RATE, ValuesModel
from helios_desktop.store.series import Series, SeriesBook, SeriesKey
from helios_desktop.store.state import ClusterState
from helios_desktop.words import _

_NS: Final = 1_000_000_000
_REDRAW_NS: Final = 250_000_000
"""Values come once a second at most: drawing more often only costs."""
_STEP_S: Final = 1.0
"""By how much the view follows the time at least, for the same reason."""
_FRESH_S: Final = 20.0
"""A latency is told of at present where it was within so long: the slowest way brings one every 15 s."""
_ROW_PX: Final = 21
_LEAST_SPAN_S: Final = 60.0
"""The shortest view that is chosen without the user."""
_SAMPLE_REACH_S: Final = 7.5
"""How far the crosshair looks for a sample: one and a half status periods."""


class ChartsPanel(QWidget):
    """Draws what a monitor's series hold. The pacer calls `refresh`; nothing is drawn while hidden.

    The view follows the present until the user pans or zooms, which asks for a hold; a double click or a range
    button lets it follow again. While held it stays as it is, and the series go on growing.
    """

    event_activated = Signal(object)
    """A mark was clicked: the event's number in the log."""
    hold_requested = Signal()
    """The user panned or zoomed: the window should hold."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._style = TimeStyle.UTC
        self._monitor: Watched | None = None
        self._markers: Markers | None = None
        self._past = PastMarks(self._redraw)
        self._marks: list[Mark] = []
        self._held_at_ns: int | None = None
        self._opened_ns = 0
        self._selected: int | None = None
        self._range_s = FIRST_RANGE_S
        self._is_free = False  # moved by the user: it does not follow
        self._drawn: tuple[object, ...] = ()
        self._drawn_ns = 0
        self._offered_ns = 0
        self._pointed_s: float | None = None

        self.bar = ChartsBar()
        self.latency = TimePlot(theme, tick_latency_text, has_time_axis=False)
        self.commits = TimePlot(theme, tick_rate_text, has_time_axis=True)
        self.latency_legend = Legend(_("Latency"), STATS, "888 ms", theme, theme.series[: len(STATS)])
        self.commit_legend = Legend(
            _("Commit rate"), (_("entries"),), "888 /s", theme, theme.series[len(STATS) : len(STATS) + 1]
        )
        self.values = ValuesModel()
        self._table = QTableView()
        self._pages = QStackedWidget()
        self._build()
        self.set_theme(theme)
        self.show_monitor(None)

    # What the window calls

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        colours = theme.series[: len(STATS)]
        self.latency_legend.set_theme(theme, colours)
        self.commit_legend.set_theme(theme, theme.series[len(STATS) : len(STATS) + 1])
        self.latency.set_theme(theme)
        self.commits.set_theme(theme)
        self.latency.set_colours(colours)
        self.commits.set_colours(theme.series[len(STATS) : len(STATS) + 1])
        fill(self, theme.panel)
        self._redraw()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self._redraw()

    def show_monitor(self, monitor: Watched | None) -> None:
        """Draw another cluster, None for none."""
        self._monitor = monitor
        self._markers = Markers(monitor.log) if monitor is not None else None
        self._past.open(None if monitor is None else monitor.history)
        self._opened_ns = monitor.state.now_ns if monitor is not None else 0
        self._held_at_ns = None
        self._is_free = False
        self._selected = None
        self._offered_ns = 0
        self.bar.choice.offer([])
        self._redraw()

    def show_jump(self) -> None:
        """The monitor's log and series are others now, and the instant is another: follow it, with the same choices."""
        monitor = self._monitor
        self._markers = Markers(monitor.log) if monitor is not None else None
        self._past.open(None if monitor is None else monitor.history)
        self._opened_ns = monitor.state.now_ns if monitor is not None else 0
        self._is_free = False
        self._offered_ns = 0
        self._redraw()

    def set_held(self, held_at_ns: int | None) -> None:
        """Freeze the view as of then; None lets it follow the present again."""
        self._held_at_ns = held_at_ns
        if held_at_ns is None:
            self._is_free = False
        self._redraw()

    def select(self, number: int | None) -> None:
        """Let the mark of this event stand out; None for none."""
        self._selected = number
        self._redraw()

    def close_files(self) -> None:
        """Let go of the journal. Nothing may be shown after that."""
        self._past.close()

    def refresh(self) -> None:
        """Draw what changed since. Cheap where nothing did; never more than four times a second."""
        if self._monitor is None or not self.isVisible():
            return
        now_ns = self._monitor.now_ns()
        if now_ns - self._drawn_ns >= _REDRAW_NS:
            self._draw(now_ns)

    # Drawing

    def _redraw(self) -> None:
        """Draw at once: the user did something."""
        self._drawn = ()
        if self.isVisible():
            self._draw(self._monitor.now_ns() if self._monitor is not None else 0)

    def _draw(self, now_ns: int) -> None:
        monitor = self._monitor
        self._drawn_ns = now_ns
        if monitor is None or self._markers is None:
            for plot in (self.latency, self.commits):
                plot.set_background((), (), None)
            for number in range(len(STATS)):
                self.latency.set_curve(number, None)
            self.commits.set_curve(0, None)
            self.latency.set_reason(latency_absence(None))
            self.commits.set_reason("")
            self._show_values()
            return
        if now_ns - self._offered_ns >= _NS or not self._offered_ns:
            self._offered_ns = now_ns
            views = latency_views(monitor.series.keys())
            # What is held stays as it is.
            fresh = views_told_since(monitor.series, views, now_ns / _NS - _FRESH_S) if self._held_at_ns is None else []
            self.bar.choice.offer(views, fresh)
        self._follow(monitor.series, now_ns)
        self._markers.catch_up()
        start_s, end_s = self.latency.view
        columns = self.latency.columns
        series = self._latency_series()
        rate = monitor.series.get(_commit_key(monitor.series))
        self._past.want(start_s, end_s, monitor.log)
        marks = self._past.in_view(start_s, end_s, columns, monitor.log)
        marks += self._markers.in_view(start_s, end_s, columns)
        now = (
            (start_s, end_s, columns, tuple(marks), monitor.state.gaps, monitor.state.leader),
            tuple((id(one), one.version) for one in (*series, rate) if one is not None),
            now_ns // _NS if any(gap.until_ns is None for gap in monitor.state.gaps) else 0,
        )
        if now == self._drawn:
            return
        self._drawn = now
        self._marks = marks
        self._draw_curves(series, rate)
        self._draw_background(monitor.state, now_ns, marks)
        zone = zone_label(self._style, now_ns)
        for plot in (self.latency, self.commits):
            plot.set_time(self._style, now_ns / _NS, zone)
        has_latency = any(one is not None for one in series)
        self.latency.set_reason("" if has_latency else latency_absence(monitor.state, now_ns))
        why = "" if rate is not None else commit_absence(monitor.state, now_ns)
        # What holds for both is said once.
        self.commits.set_reason("" if why == self.latency.reason else why)
        self._show_values()
        if self.bar.is_table:
            self.values.set_time(self._style, now_ns)
            self.values.show(monitor.series, self.bar.choice.chosen, _commit_key(monitor.series), start_s, end_s)

    def _draw_curves(self, series: list[Series | None], rate: Series | None) -> None:
        start_s, end_s = self.latency.view
        columns = self.latency.columns
        for plot, legend, curves in (
            (self.latency, self.latency_legend, series),
            (self.commits, self.commit_legend, [rate]),
        ):
            tops: list[float] = []
            for number, (entry, one) in enumerate(zip(legend.entries, curves, strict=True)):
                is_shown = entry.isChecked() and one is not None
                line: Polyline | None = polyline(one, start_s, end_s, columns) if is_shown and one is not None else None
                plot.set_curve(number, line)
                top = highest(line, start_s, end_s) if line is not None else None
                if top is not None:
                    tops.append(top)
            if tops:
                plot.set_top(max(tops))

    def _draw_background(self, state: ClusterState, now_ns: int, marks: list[Mark]) -> None:
        for plot, topic in ((self.latency, Topic.LATENCY), (self.commits, Topic.STATUS)):
            gaps = blind_spans(state.gaps, state.observers, topic, 0, now_ns)
            plot.set_background(gaps, marks, self._selected_s())

    def _follow(self, book: SeriesBook, now_ns: int) -> None:
        """Move the view to the present, or to the instant of the hold, unless the user moved it."""
        if self._is_free:
            return
        end_s = (self._held_at_ns if self._held_at_ns is not None else now_ns) / _NS
        # No more than there is: the first minute would be a line at the edge of an empty graph.
        there_is_s = max(_LEAST_SPAN_S, end_s - self._first_s(book, end_s))
        span_s = min(self._range_s or there_is_s, there_is_s)
        step_s = max(_STEP_S, span_s / self.latency.columns)
        if self._held_at_ns is None:
            end_s = (end_s // step_s + 1) * step_s
        if self.latency.view != (end_s - span_s, end_s):
            self.latency.set_view(end_s - span_s, end_s)

    def _first_s(self, book: SeriesBook, end_s: float) -> float:
        all_series = (book.get(key) for key in book.keys())  # noqa: SIM118 - no mapping
        starts = [float(one.times_s[0]) for one in all_series if one is not None and len(one)]
        return min((*starts, self._opened_ns / _NS, end_s))

    def _latency_series(self) -> list[Series | None]:
        view, monitor = self.bar.choice.chosen, self._monitor
        if view is None or monitor is None:
            return [None for _stat in STATS]
        return [monitor.series.get(view.key(stat)) for stat in STATS]

    def _selected_s(self) -> float | None:
        row = None if self._selected is None else self._row_of(self._selected)
        return None if row is None else row.at_ns / _NS

    def _row_of(self, number: int) -> Row | None:
        """An event, as far as memory or a mark knows of it."""
        if self._monitor is None:
            return None
        try:
            return row_of(number, self._monitor.log[number])
        except IndexError:
            return self._past.row(number)

    # Values under the pointer

    def _show_values(self) -> None:
        """The crosshair's values, and without one the latest in view."""
        monitor = self._monitor
        if monitor is None:
            self.latency_legend.set_values([UNKNOWN] * len(STATS), "")
            self.commit_legend.set_values([UNKNOWN], "")
            return
        at_s = self._pointed_s if self._pointed_s is not None else self.latency.view[1]
        latencies = [
            value_at(one, at_s, _SAMPLE_REACH_S) if one is not None else None for one in self._latency_series()
        ]
        rate_series = monitor.series.get(_commit_key(monitor.series))
        rate = value_at(rate_series, at_s, _SAMPLE_REACH_S) if rate_series is not None else None
        told = next((sample for sample in (*latencies, rate) if sample is not None), None)
        when = ""
        if self._pointed_s is not None:
            when = clock_text(round((told[0] if told is not None else at_s) * _NS), self._style)
        self.latency_legend.set_values(
            [latency_text(sample[1]) if sample is not None else UNKNOWN for sample in latencies], when
        )
        self.commit_legend.set_values([rate_text(rate[1]) if rate is not None else UNKNOWN], "")

    def _point(self, at_s: float | None) -> None:
        self._pointed_s = at_s if self._monitor is not None else None
        for plot in (self.latency, self.commits):
            plot.set_crosshair(self._pointed_s)
        self._show_values()
        self._show_mark_tip(at_s)

    def _show_mark_tip(self, at_s: float | None) -> None:
        mark = nearest(self._marks, at_s, self.latency.reach_s()) if at_s is not None else None
        if mark is None or self._monitor is None:
            QToolTip.hideText()
            return
        row = self._row_of(mark.number)
        if row is None:
            return
        text = f"{clock_text(row.at_ns, self._style)}\n{row.type} {row.node}\n{row.summary}"
        QToolTip.showText(QCursor.pos(), plain_tip(text), self)

    def _click(self, at_s: float) -> None:
        mark = nearest(self._marks, at_s, self.latency.reach_s())
        if mark is not None:
            self.select(mark.number)
            self.event_activated.emit(mark.number)

    # What the user does to the view

    def _moved(self) -> None:
        self._is_free = True
        if self._held_at_ns is None:
            self.hold_requested.emit()
        self._redraw()

    def _reset(self) -> None:
        self._is_free = False
        self._redraw()

    def visible_ns(self) -> tuple[int, int]:
        """The instants that are in view: the first, and the first one after the last."""
        start_s, end_s = self.latency.view
        return round(start_s * NS), round(end_s * NS) + 1

    def _choose_range(self, range_s: float) -> None:
        self._range_s = range_s
        self._reset()

    def _show_table(self, is_table: bool) -> None:
        self._pages.setCurrentIndex(int(is_table))
        self._redraw()

    def _move_by_keys(self, key: int) -> bool:
        start_s, end_s = self.latency.view
        span_s = end_s - start_s
        match key:
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                shift_s = span_s / 10 * (1 if key == Qt.Key.Key_Right else -1)
                self.latency.set_view(start_s + shift_s, end_s + shift_s)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.latency.set_view(start_s + span_s / 8, end_s - span_s / 8)
            case Qt.Key.Key_Minus:
                self.latency.set_view(start_s - span_s / 6, end_s + span_s / 6)
            case Qt.Key.Key_0:
                self._reset()
                return True
            case _:
                return False
        self._moved()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan, plus and minus zoom, 0 goes back."""
        if not self._move_by_keys(event.key()):
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's: what changed while hidden is drawn now."""
        super().showEvent(event)
        self._redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Qt's."""
        super().hideEvent(event)
        self._point(None)

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Graphs of latency and commit rate"))
        self.setAccessibleDescription(_("The button Table shows the same values as a table."))
        plots = QWidget()
        stack = QVBoxLayout(plots)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.latency_legend)
        stack.addWidget(self.latency, 3)
        stack.addWidget(self.commit_legend)
        stack.addWidget(self.commits, 2)
        self._table.setModel(self.values)
        self._table.setAccessibleName(_("Values in view, newest first"))
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setMinimumSectionSize(_ROW_PX)
        self._table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._table.setShowGrid(False)
        self._pages.addWidget(plots)
        self._pages.addWidget(self._table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self._pages, 1)

        self.commits.link(self.latency)
        self.bar.range_chosen.connect(self._choose_range)
        self.bar.table_toggled.connect(self._show_table)
        self.bar.choice.changed.connect(self._redraw)
        for plot in (self.latency, self.commits):
            plot.moved.connect(self._moved)
            plot.reset_asked.connect(self._reset)
            plot.hovered.connect(self._point)
            plot.clicked.connect(self._click)
        for legend in (self.latency_legend, self.commit_legend):
            legend.toggled.connect(self._redraw)


def _commit_key(book: SeriesBook) -> SeriesKey:
    """The cluster's commit rate; where no leader tells it, the one that somebody tells."""
    if book.get(COMMIT_RATE) is not None:
        return COMMIT_RATE
    keys = (key for key in book.keys() if key.kind == "commit_rate")  # noqa: SIM118 - no mapping
    return next(keys, COMMIT_RATE)
