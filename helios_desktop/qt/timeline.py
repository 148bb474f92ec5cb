"""The timeline: every event that is recorded, filtered, followed, and never lost from sight."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QVBoxLayout, QWidget

from helios_desktop.journal.census import Census, census
from helios_desktop.monitor.watched import Watched
from helios_desktop.profiles.filters import SavedFilters
from helios_desktop.qt.export_dialog import ExportDialog
from helios_desktop.qt.filter_bar import FilterBar, Shown
from helios_desktop.qt.labels import fill
from helios_desktop.qt.naming import observer_title
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_cells import Column
from helios_desktop.qt.timeline_counts import Counts
from helios_desktop.qt.timeline_density import DensityStrip
from helios_desktop.qt.timeline_feed import Feed
from helios_desktop.qt.timeline_jumps import Jumps
from helios_desktop.qt.timeline_menu import Menus, copy_text
from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.qt.timeline_notice import notice
from helios_desktop.qt.timeline_searcher import Haste
from helios_desktop.qt.timeline_table import TimelineTable
from helios_desktop.qt.timeline_view import View
from helios_desktop.qt.times import TimeStyle
from helios_desktop.store.log import EventLog
from helios_desktop.words import _, ngettext

_BATCH_MS: Final = 100
"""New rows are taken in ten times a second at most."""
_CENSUS_MS: Final = 30_000
"""How often all that is recorded is counted anew, since retention takes from it."""
_SOONEST_MS: Final = 2_000
"""How soon again at most, where memory lets go of what is not counted yet."""
_NEAR_EDGE: Final = 500
"""So many rows from an end of what is held, more is fetched."""
_NEAR: Final = QAbstractItemView.ScrollHint.EnsureVisible
_MIDDLE: Final = QAbstractItemView.ScrollHint.PositionAtCenter


class TimelinePanel(QWidget):
    """Rows of what is watched, from memory and from its journal.

    The pacer calls `refresh`; nothing is done while hidden. It follows the end only while it stands there. Scrolling up
    or choosing a row asks for a hold; while held, new events are counted and not shown. `close_files` before the loop
    ends.
    """

    event_activated = Signal(object)
    """The user chose a row: the event's number, of 64 bits."""
    inspect_requested = Signal(object)
    """Enter on a row: its event, and the focus, belong into the inspector."""
    hold_requested = Signal()
    """The user scrolled up or chose a row: the window should hold."""
    live_requested = Signal()
    """The user wants the newest events while held: the window should end the hold."""

    def __init__(self, theme: Theme, saved: SavedFilters | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._style = TimeStyle.UTC
        self._watched: Watched | None = None
        self.bar = FilterBar(theme, saved or SavedFilters())
        self.density = DensityStrip(theme)
        self.model = TimelineModel(theme, self)
        self.table = TimelineTable(self.model)
        self._view = View(self.table, self.model)
        self._counts = Counts()
        self.feed = Feed(self.model, self._view.moving, self._counts.add, self)
        self._jumps = Jumps(self.feed)
        self._menus = Menus(self.model, self.bar.choose, self._toggle_fold)
        self._batch = QTimer(self)
        self._batch.setSingleShot(True)
        self._batch.setInterval(_BATCH_MS)
        self._census = QTimer(self)
        self._census.setInterval(_CENSUS_MS)
        self._counted = QTimer(self)
        self._counted.setSingleShot(True)
        self._counted.setInterval(_SOONEST_MS)
        self.visible_ns: Callable[[], tuple[int, int] | None] = lambda: None
        """The range that the graphs show, which an export offers; None where nothing is drawn."""
        self._is_going = False  # to the instant of a replay, which is outside the rows that are held
        self._described = (0, 0)  # the log's end and revision when the rows were last looked at
        self._is_owed = False  # something came while the batch timer ran
        self._build()
        self._join()
        self.set_theme(theme)
        self.show_monitor(None)

    # What the window calls

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.model.set_theme(theme)
        self.bar.set_theme(theme)
        self.density.set_theme(theme)
        self.table.set_theme(theme)
        fill(self, theme.panel)

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self.model.set_time(style, self._now_ns())
        self.bar.set_time_style(style)
        self.density.set_time_style(style)

    def show_monitor(self, watched: Watched | None, selected: int | None = None) -> None:
        """Show another cluster's events, None for none. The filter stays; `selected` is chosen and not gone to."""
        self._watched = watched
        self._view.selected = selected
        self._view.follows = True
        self.feed.hold(None)
        self._show_rows()

    def set_held(self, held_at_ns: int | None) -> None:
        """Show nothing newer from now on; None takes in what came and follows the end again."""
        if held_at_ns is None:
            was_elsewhere = self.feed.held_end is not None and not self.feed.is_at_newest
            self.feed.hold(None)
            self._view.follows = True
            if was_elsewhere:
                self._show_rows()
            else:
                self._count_all()
        elif self.feed.held_end is None:
            self._take_in()
            self.feed.hold(self.feed.log.end)
        self._take_in()

    def set_instant(self, at_ns: int | None) -> None:
        """Mark the row at which a replay stands, and follow it until the user scrolls away; None marks none."""
        is_other, self._view.instant_ns = at_ns != self._view.instant_ns, at_ns
        self.model.set_instant(at_ns)
        if is_other and self._view.follows and self.isVisible():
            self._follow_instant()

    def select(self, number: int) -> None:
        """Choose the row of this event, as from a graph. Where the filter hides it, the panel says so."""
        self._view.selected = number
        self._jumps.to_event(number, self._show_chosen)

    def refresh(self) -> None:
        """Take in what came, at most ten times a second."""
        if not self.isVisible():
            return
        if self._is_another():
            self._show_rows()
            return
        log = self.feed.log
        if (log.end, log.revision) == self._described and self._style is not TimeStyle.RELATIVE:
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
        self._jumps.to_problem(self._view.selected if self._view.selected_row is not None else None, step, self._choose)

    def close_files(self) -> None:
        """Let go of the journal. Nothing may be shown after that."""
        self._census.stop()
        self.feed.close()

    # Rows

    def _show_rows(self) -> None:
        watched, chosen = self._watched, self.bar.filter.events
        log = EventLog(1) if watched is None else watched.log
        has_file = watched is not None and watched.history is not None
        reads_all = watched is not None and has_file and watched.recording is None
        self._is_going = False
        with self._view.moving():
            self.model.set_time(self._style, self._now_ns())
            self._counts.begin(log, chosen, has_file=has_file, reads_all=reads_all)
            self.feed.show(watched, chosen)
            self._view.show_selected(None if self._view.follows else _NEAR)
        self._count_all()
        self._describe()

    def _is_another(self) -> bool:
        """True where what is watched keeps its events elsewhere than before: after a jump, or a recording's end."""
        watched, searcher = self._watched, self.feed.searcher
        if watched is None:
            return False
        path = None if searcher is None else searcher.path
        return watched.history != path or (watched.log is not self.feed.log and not self.feed.reads_all)

    def _take_in(self) -> None:
        self.model.set_time(self._style, self._now_ns())
        self.feed.catch_up()
        if self._counts.lags and not self._counted.isActive():
            self._count_all()
        self._describe()

    def _follow_instant(self) -> None:
        if self._view.instant_ns is None or not self.feed.reads_all or self._is_going:
            return
        row, last = self.model.instant_row, len(self.model.rows) - 1
        is_held = (row is not None or self.feed.has_no_older) and (row != last or self.feed.is_at_newest)
        if is_held or self.feed.is_searching:
            self._view.show_instant()
            return
        self._is_going = True
        self._jumps.to_time(self._view.instant_ns, self._arrive)

    def _arrive(self, _number: int) -> None:
        self._is_going = False
        self._view.show_instant()

    def _batch_over(self) -> None:
        if self._is_owed:
            self._is_owed = False
            self.refresh()

    def _count_all(self) -> None:
        searcher = self.feed.searcher
        if searcher is None:
            return
        self._counted.start()
        since_ns, until_ns = self.feed.chosen.since_ns, self.feed.chosen.until_ns
        searcher.ask(Haste.COUNTS, lambda reader: census(reader, since_ns, until_ns), self._take_census)

    def _take_census(self, counted: Census) -> None:
        self._counts.take(counted, self.feed.high)
        self.model.told.forget_missing()
        self._describe()

    def _count_again(self) -> None:
        if self.isVisible() and not self.feed.reads_all:
            self._count_all()

    @property
    def _is_at_end(self) -> bool:
        return self.table.is_at_end and self.feed.is_at_newest

    def _scrolled(self, value: int) -> None:
        if self._view.is_moving:
            return
        if self._view.follows and (self.feed.reads_all or not self._is_at_end):
            self._view.follows = False
            self._ask_to_hold()
        elif self._is_at_end and self.feed.held_end is None and not self.feed.reads_all:
            self._view.follows = True
        if value < _NEAR_EDGE:
            self.feed.want_older()
        if value > self.table.verticalScrollBar().maximum() - _NEAR_EDGE:
            self.feed.want_newer()
        self._describe()

    def _to_newest(self) -> None:
        """To the end, and on from there."""
        self._view.follows = True
        if self.feed.held_end is not None:
            self.live_requested.emit()
        if self._view.instant_ns is not None and self.feed.reads_all:
            self._follow_instant()
            return
        if not self.feed.is_at_newest:
            self._show_rows()
        self._take_in()

    def _ask_to_hold(self) -> None:
        if self.feed.held_end is None:
            self.hold_requested.emit()

    # What is said around the rows

    def _describe(self) -> None:
        feed, watched = self.feed, self._watched
        log = feed.log
        self._described = (log.end, log.revision)
        by_type = self._counts.by_type()
        has_file = feed.searcher is not None
        held = len(self.model.rows.numbers)
        self.bar.show_counts(
            Shown(
                by_type,
                max(self._counts.shown, held) if has_file else held,
                gone=0 if has_file else log.gone,
                is_counting=not self._counts.is_counted and not feed.is_unreadable,
                is_searching=feed.is_searching,
                can_stop=feed.can_stop,
                is_stopped=feed.is_stopped,
            )
        )
        self.density.show_density(self._counts.density(self.model.rows.numbers))
        if watched is not None:
            state = watched.state
            types = (name for name in by_type if self.bar.filter.shows_type(name))
            titles = {name: observer_title(observer) for name, observer in state.observers.items()}
            self.model.set_titles(titles)
            self.table.fit_names(types, state.nodes, titles.values())
        below = feed.unseen
        if below and not self._view.follows:
            self.table.set_newer(ngettext("{n} new ↓", "{n} new ↓", below).format(n=count_text(below)))
        elif self._view.instant_ns is not None and feed.reads_all:
            self.table.set_newer("" if self._view.follows else _("To the instant that is shown"))
        else:
            self.table.set_newer("" if self._view.follows or self._is_at_end else _("To the end ↓"))
        self.table.set_notice(
            notice(
                feed,
                is_watching=watched is not None,
                has_rows=held > 0,
                missing=self._view.selected if self._view.selected_row is None else None,
            )
        )

    # Selection

    def _show_chosen(self, number: int) -> None:
        if number != self._view.selected:
            return  # another was chosen meanwhile
        if self._view.selected_row is not None:
            self._view.follows = False
        self._view.show_selected(_NEAR)
        self._describe()

    def _row_chosen(self, row: int) -> None:
        if not self._view.is_moving:
            self._take_choice(self.model.number_at(row))

    def _take_choice(self, number: int) -> None:
        self._view.selected = number
        self._view.follows = False
        self._ask_to_hold()
        self.event_activated.emit(number)
        self._describe()

    def _choose(self, number: int) -> None:
        """Choose this event, and bring it into view."""
        row = self.model.row_of(number)
        if row is not None:
            self._view.follows = False
            self._view.selected = number
            self._view.show_selected(_MIDDLE)
            self._take_choice(number)

    def _go_to(self, number: int) -> None:
        """Bring this event to the top of the view."""
        self._view.follows = False
        self._view.show_on_top(number)
        self._ask_to_hold()
        self._describe()

    def _inspect(self) -> None:
        if self._view.selected is not None:
            self.inspect_requested.emit(self._view.selected)

    def _toggle_fold(self, row: int) -> None:
        with self._view.moving():
            if self.model.count_at(row) > 1:
                self.model.unfold(row)
            elif self.model.rows.is_unfolded(row):
                self.model.fold(row)

    # Menu, clipboard, export

    def _show_menu(self, index: QModelIndex, at: QPoint) -> None:
        menu = self.cell_menu(index.row(), Column(index.column()))
        if not menu.isEmpty():
            menu.popup(at)

    def cell_menu(self, row: int, column: Column) -> QMenu:
        """What a right click on that cell offers."""
        return self._menus.menu(row, column, self.bar.filter, self)

    def _copy_line(self) -> None:
        row = self._view.selected_row
        if row is not None:
            copy_text(self.model.line(row))

    def open_export(self) -> ExportDialog | None:
        """Open the export dialog; None where there is nothing to export from."""
        if self._watched is None:
            return None
        dialog = ExportDialog(self._watched, self.bar.filter, self._style, self._theme, self, self.visible_ns())
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
        with self._view.moving():
            super().resizeEvent(event)

    def _now_ns(self) -> int:
        return self._watched.now_ns() if self._watched is not None else 0

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        self.bar.add_strip(self.density)
        # So that the text of the first column stands under that of the bar.
        indented = QVBoxLayout()
        indented.setContentsMargins(5, 0, 0, 0)
        indented.addWidget(self.table)
        layout.addLayout(indented, 1)
        self.setFocusProxy(self.table)

    def _join(self) -> None:
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WindowShortcut)
        find.activated.connect(self.focus_search)
        self._batch.timeout.connect(self._batch_over)
        self._census.timeout.connect(self._count_again)
        self._census.start()
        self.feed.changed.connect(self._describe)
        self.feed.failed.connect(self.bar.show_error)
        self.bar.changed.connect(lambda _chosen: self._show_rows())
        self.bar.stop_requested.connect(self.feed.stop)
        self.bar.export_requested.connect(self.open_export)
        self.bar.left_downwards.connect(self.table.setFocus)
        self.density.time_chosen.connect(lambda at_ns: self._jumps.to_time(at_ns, self._go_to))
        self.density.range_chosen.connect(self._keep_range)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.table.row_chosen.connect(self._row_chosen)
        self.table.unfold_asked.connect(self._toggle_fold)
        self.table.jump_asked.connect(self.jump_to_problem)
        self.table.first_asked.connect(lambda: self._jumps.to_first(self._choose))
        self.table.last_asked.connect(self._to_newest)
        self.table.inspect_asked.connect(self._inspect)
        self.table.copy_asked.connect(self._copy_line)
        self.table.menu_asked.connect(self._show_menu)
        self.table.newer.clicked.connect(self._to_newest)

    def _keep_range(self, since_ns: int, until_ns: int) -> None:
        self.bar.choose(self.bar.filter.with_times(since_ns, until_ns))
