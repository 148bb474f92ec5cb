"""The timeline: every event, filtered, followed, and never lost from sight."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QVBoxLayout, QWidget

from helios_desktop.event import Event
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.qt.export_dialog import ExportDialog
from helios_desktop.qt.filter_bar import FilterBar
from helios_desktop.qt.labels import fill
from helios_desktop.qt.naming import observer_title
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import EVERYTHING, TimelineFilter
from helios_desktop.qt.timeline_menu import cell_choices
from helios_desktop.qt.timeline_model import Column, TimelineModel
from helios_desktop.qt.timeline_table import TimelineTable
from helios_desktop.qt.times import TimeStyle
from helios_desktop.store.log import EventLog
from helios_desktop.words import _, ngettext

_BATCH_MS: Final = 100
"""New rows are taken in ten times a second at most."""
_SLICE_S: Final = 0.006
"""How long a search may hold up the window at a time."""
_NEAR: Final = QAbstractItemView.ScrollHint.EnsureVisible
_MIDDLE: Final = QAbstractItemView.ScrollHint.PositionAtCenter


class TimelinePanel(QWidget):
    """Rows of a monitor's log. The pacer calls `refresh`; nothing is done while hidden.

    It follows the end only while it stands there. Scrolling up or choosing a row asks for a hold; while held, new
    events are counted and not shown.
    """

    event_activated = Signal(int)
    """The user chose a row: the event's number in the log."""
    inspect_requested = Signal(int)
    """Enter on a row: its event, and the focus, belong into the inspector."""
    hold_requested = Signal()
    """The user scrolled up or chose a row: the window should hold."""
    live_requested = Signal()
    """The user wants the newest events while held: the window should end the hold."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._style = TimeStyle.UTC
        self._monitor: Monitor | None = None
        self._selected: int | None = None
        self._follows = True
        self._is_moving = False  # the scroll bar moves because rows came or went, not by the user
        self.bar = FilterBar(theme)
        self.model = TimelineModel(theme, self)
        self.table = TimelineTable(self.model)
        self._batch = QTimer(self)
        self._batch.setSingleShot(True)
        self._batch.setInterval(_BATCH_MS)
        self._search = QTimer(self)
        self._described = (0, 0)  # the log's end and revision when the rows were last looked at
        self._is_owed = False  # something came while the batch timer ran
        self._build()
        self.set_theme(theme)
        self.show_monitor(None)

    # What the window calls

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.model.set_theme(theme)
        self.bar.set_theme(theme)
        self.table.set_theme(theme)
        fill(self, theme.panel)

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self.model.set_time(style, self._now_ns())

    def show_monitor(self, monitor: Monitor | None) -> None:
        """Show another cluster's events, None for none. The filter stays."""
        self._monitor = monitor
        self._selected = None
        self._follows = True
        self.model.hold(None)
        self._show_rows(monitor.log if monitor is not None else EventLog(1), self.bar.filter)

    def set_held(self, held_at_ns: int | None) -> None:
        """Show nothing newer from now on; None takes in what came and follows the end again."""
        if held_at_ns is None:
            self.model.hold(None)
            self._follows = True
        elif self.model.held_end is None:
            self._take_in()
            self.model.hold(self.model.log.end)
        self._take_in()

    def select(self, number: int) -> None:
        """Choose the row of this event, as from a graph. Where the filter hides it, the panel says so."""
        self._selected = number
        if self._selected_row() is not None:
            self._follows = False
        self._show_selection(_NEAR)
        self._describe()

    def refresh(self) -> None:
        """Take in what came, at most ten times a second."""
        log = self.model.log
        is_unchanged = (log.end, log.revision) == self._described and self._style is not TimeStyle.RELATIVE
        if is_unchanged or not self.isVisible():
            return
        if self._batch.isActive():
            self._is_owed = True
            return
        self._batch.start()
        self._take_in()

    def focus_search(self) -> None:
        """Put the cursor into the search."""
        self.bar.focus_search()

    def jump_to_problem(self, step: int) -> None:
        """Choose the next problem (1) or the previous one (-1) from the chosen row, or from the end of that side."""
        row = self._selected_row()
        start = row if row is not None else (-1 if step > 0 else self.model.rowCount())
        found = self.model.next_problem(start, step)
        if found is not None:
            self._choose_row(found)

    # Rows

    def _show_rows(self, log: EventLog, chosen: TimelineFilter) -> None:
        with self._moving():
            self.model.set_time(self._style, self._now_ns())
            self.model.show(log, chosen)
            self._show_selection(None if self._follows else _NEAR)
        if self.model.is_searching:
            self._search.start()
        self._describe()

    def _search_on(self) -> None:
        """Look at one slice of older events: between two of them the window is free."""
        with self._moving():
            bar = self.table.verticalScrollBar()
            at, had_selection = bar.value(), self._selected_row() is not None
            started = time.perf_counter()
            found = self.model.search()
            while self.model.is_searching and time.perf_counter() - started < _SLICE_S:
                found += self.model.search()
            if found and not self._follows:
                bar.setValue(at + found)
            if found and not had_selection:
                self._show_selection(None if self._follows else _NEAR)
        if not self.model.is_searching:
            self._search.stop()
        self._describe()

    def _take_in(self) -> None:
        with self._moving():
            self.model.set_time(self._style, self._now_ns())
            bar = self.table.verticalScrollBar()
            at = bar.value()
            gone, _came = self.model.catch_up()
            if gone and not self._follows:
                bar.setValue(max(0, at - gone))
            if gone and self._selected_row() is None:
                self.table.show_row(None)
        self._describe()

    def _batch_over(self) -> None:
        if self._is_owed:
            self._is_owed = False
            self.refresh()

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """While rows come and go: what the scroll bar does is not the user's doing."""
        was_moving, self._is_moving = self._is_moving, True
        try:
            yield
            if self._follows:
                self.table.scrollToBottom()
        finally:
            self._is_moving = was_moving

    def _scrolled(self) -> None:
        if self._is_moving:
            return
        if self._follows and not self.table.is_at_end:
            self._follows = False
            self._ask_to_hold()
        elif self.table.is_at_end and self.model.held_end is None:
            self._follows = True
        self._describe()

    def _to_newest(self) -> None:
        """To the end, and on from there."""
        self._follows = True
        if self.model.held_end is not None:
            self.live_requested.emit()
        self._take_in()

    def _ask_to_hold(self) -> None:
        if self.model.held_end is None:
            self.hold_requested.emit()

    # What is said around the rows

    def _describe(self) -> None:
        log = self.model.log
        self._described = (log.end, log.revision)
        self.bar.show_counts(
            log.count_by_type(),
            self.model.rowCount(),
            log.end - log.first,
            log.first,
            is_searching=self.model.is_searching,
        )
        if self._monitor is not None:
            state = self._monitor.state
            types = (name for name in log.count_by_type() if self.bar.filter.shows_type(name))
            titles = {name: observer_title(observer) for name, observer in state.observers.items()}
            self.model.set_titles(titles)
            self.table.fit_names(types, state.nodes, titles.values())
        below = self.model.unseen
        if below and not self._follows:
            self.table.set_newer(ngettext("{n} new ↓", "{n} new ↓", below).format(n=count_text(below)))
        else:
            self.table.set_newer("" if self._follows or self.table.is_at_end else _("To the end ↓"))
        self.table.set_notice(self._notice())

    def _notice(self) -> str:
        if not self.model.rowCount() and not self.model.is_searching:
            if self._monitor is None:
                return _("No events: not connected. Choose the demo or connect to a gateway.")
            if not self.model.log.end:
                return _("No events yet. Each message, connection change and derived fact will be a row here.")
            return _("No event passes the filter. “Show all” clears it.")
        if self._selected is None or self._selected_row() is not None or self.model.is_searching:
            return ""
        log = self.model.log
        if self._selected < log.first:
            return _("The chosen event went: memory keeps the latest {n} only.").format(
                n=count_text(log.end - log.first)
            )
        if self._selected >= log.end - self.model.unseen:
            return _("The chosen event came after the hold.")
        return _("The chosen event is hidden by the filter. “Show all” clears it.")

    # Selection

    def _selected_row(self) -> int | None:
        return self.model.row_of(self._selected) if self._selected is not None else None

    def _show_selection(self, hint: QAbstractItemView.ScrollHint | None) -> None:
        """Let the chosen event's row be the current one, wherever it stands now."""
        with self._moving():
            self.table.show_row(self._selected_row(), hint=hint)

    def _row_chosen(self, row: int) -> None:
        if self._is_moving:
            return
        self._selected = self.model.number_at(row)
        self._follows = False
        self._ask_to_hold()
        self.event_activated.emit(self._selected)
        self._describe()

    def _choose_row(self, row: int) -> None:
        self._follows = False
        with self._moving():
            self.table.show_row(row, hint=_MIDDLE)
        self._row_chosen(row)

    def _to_first(self) -> None:
        if self.model.rowCount():
            self._choose_row(0)

    def _inspect(self) -> None:
        if self._selected is not None:
            self.inspect_requested.emit(self._selected)

    # Menu, clipboard, export

    def _show_menu(self, index: QModelIndex, at: QPoint) -> None:
        event = self.model.event_at(index.row())
        if event is not None:
            self.cell_menu(index.row(), Column(index.column()), event).popup(at)

    def cell_menu(self, row: int, column: Column, event: Event) -> QMenu:
        """What a right click on that cell offers."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for text, chosen in cell_choices(self.bar.filter, column, event):
            menu.addAction(text, partial(self.bar.choose, chosen))
        if not menu.isEmpty():
            menu.addSeparator()
        line, raw = self.model.line(row), event.observation.text
        menu.addAction(_("Copy line"), lambda: _copy(line))
        if raw:
            menu.addAction(_("Copy raw text"), lambda: _copy(raw))
        if not self.bar.filter.is_everything:
            menu.addSeparator()
            menu.addAction(_("Show all"), lambda: self.bar.choose(EVERYTHING))
        return menu

    def _copy_line(self) -> None:
        row = self._selected_row()
        if row is not None:
            _copy(self.model.line(row))

    def open_export(self) -> ExportDialog | None:
        """Open the export dialog; None where there is nothing to export from."""
        if self._monitor is None:
            return None
        dialog = ExportDialog(self._monitor, self.bar.filter, self._style, self._theme, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    # Qt's

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's: what came while hidden is taken in now."""
        super().showEvent(event)
        self._take_in()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        with self._moving():
            super().resizeEvent(event)

    def _now_ns(self) -> int:
        return self._monitor.now_ns() if self._monitor is not None else 0

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        # So that the text of the first column stands under that of the bar.
        indented = QVBoxLayout()
        indented.setContentsMargins(5, 0, 0, 0)
        indented.addWidget(self.table)
        layout.addLayout(indented, 1)
        self.setFocusProxy(self.table)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WindowShortcut)
        find.activated.connect(self.focus_search)

        self._batch.timeout.connect(self._batch_over)
        self._search.timeout.connect(self._search_on)
        self.bar.changed.connect(lambda chosen: self._show_rows(self.model.log, chosen))
        self.bar.export_requested.connect(self.open_export)
        self.bar.left_downwards.connect(self.table.setFocus)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.jump_asked.connect(self.jump_to_problem)
        self.table.first_asked.connect(self._to_first)
        self.table.last_asked.connect(self._to_newest)
        self.table.inspect_asked.connect(self._inspect)
        self.table.copy_asked.connect(self._copy_line)
        self.table.menu_asked.connect(self._show_menu)
        self.table.newer.clicked.connect(self._to_newest)


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
