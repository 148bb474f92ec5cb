"""The table of the timeline: its columns and keys, and the two things that lie over it."""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QPushButton, QTableView

from helios_desktop.qt.derivation import DERIVED_MARK
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_cells import Column
from helios_desktop.qt.timeline_model import Index, TimelineModel
from helios_desktop.words import _

_LEAST_ROW_PX: Final = 21
_CELL_PADDING_PX: Final = 16
_WIDEST_PX: Final = 190


class TimelineTable(QTableView):
    """Says which row the user chose and which key was pressed; moves nothing by itself but the current row."""

    row_chosen = Signal(int)
    """This row was made the current one, by the user unless rows are just coming or going."""
    unfold_asked = Signal(int)
    """Double-click or Right on a row of several: give each event a row of its own, or fold them again."""
    jump_asked = Signal(int)
    """To the next problem (1) or the previous one (-1)."""
    first_asked = Signal()
    last_asked = Signal()
    inspect_asked = Signal()
    copy_asked = Signal()
    menu_asked = Signal(QModelIndex, QPoint)
    """A cell, and where on the screen the menu belongs."""

    def __init__(self, model: TimelineModel) -> None:
        super().__init__()
        self.newer = QPushButton(self)
        self.notice = QLabel(self)
        self._is_choosing = False
        self._fitted: set[str] = set()
        self.setModel(model)
        self.setAccessibleName(_("Timeline"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_menu)
        self.doubleClicked.connect(lambda index: self.unfold_asked.emit(index.row()))
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(Column.SUMMARY, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(20)
        self.newer.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.newer.hide()
        self.notice.setProperty("kind", "dim")
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setWordWrap(True)
        self.notice.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.notice.hide()

    @property
    def is_at_end(self) -> bool:
        """True where the last row is in view."""
        return self.verticalScrollBar().value() >= self.verticalScrollBar().maximum()

    def show_row(self, row: int | None, *, hint: QAbstractItemView.ScrollHint | None = None) -> None:
        """Make this row the current one without saying so; scroll to it only where `hint` says how."""
        self._is_choosing = True
        if row is None:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        else:
            index = self.model().index(row, Column.TIME)
            self.setAutoScroll(False)
            self.setCurrentIndex(index)
            self.setAutoScroll(True)
            if hint is not None:
                self.scrollTo(index, hint)
        self._is_choosing = False

    @property
    def top_row(self) -> int:
        """The first row in view; -1 where there is none."""
        return self.rowAt(0)

    def put_on_top(self, row: int) -> None:
        """Scroll until this row is the first in view, as far as there are enough below."""
        self.executeDelayedItemsLayout()
        self.verticalScrollBar().setValue(row)

    def show_in_view(self, row: int) -> None:
        """Scroll no more than is needed to see this row."""
        self.executeDelayedItemsLayout()
        self.scrollTo(self.model().index(row, Column.TIME), QAbstractItemView.ScrollHint.EnsureVisible)

    def fit_names(self, types: Iterable[str], nodes: Iterable[str], observers: Iterable[str]) -> None:
        """Make the columns as wide as their longest name needs. They only grow, so that nothing moves to and fro."""
        metrics, header = self.fontMetrics(), self.horizontalHeader()
        for column, names in (
            (Column.TYPE, (f"{DERIVED_MARK} {name}" for name in types)),
            (Column.NODE, nodes),
            (Column.OBSERVER, observers),
        ):
            fresh = {name for name in names if name not in self._fitted}
            if fresh:
                self._fitted |= fresh
                widest = max(metrics.horizontalAdvance(name) for name in fresh) + _CELL_PADDING_PX
                header.resizeSection(column, min(_WIDEST_PX, max(header.sectionSize(column), widest)))

    def set_notice(self, text: str) -> None:
        """Lay a sentence over the empty table, or over the last line of a full one; "" for none."""
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
        self._place()

    def set_newer(self, text: str) -> None:
        """Show the button that leads to the end; "" for none."""
        self.newer.setVisible(bool(text))
        if text != self.newer.text():
            self.newer.setText(text)
            self._place()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and fonts."""
        words, digits = QFontMetrics(theme.ui), QFontMetrics(theme.mono)
        header = self.horizontalHeader()
        header.resizeSection(Column.TIME, digits.horizontalAdvance("00:00:00.000") + 20)
        header.resizeSection(Column.MARK, 26)
        for column in (Column.TYPE, Column.NODE, Column.OBSERVER):
            header.resizeSection(column, words.horizontalAdvance("node00") + _CELL_PADDING_PX)
        self._fitted.clear()
        self.verticalHeader().setMinimumSectionSize(_LEAST_ROW_PX)
        self.verticalHeader().setDefaultSectionSize(max(_LEAST_ROW_PX, words.height() + 5))
        palette = self.notice.palette()
        palette.setColor(self.notice.backgroundRole(), theme.panel_raised)
        self.notice.setPalette(palette)

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Qt's."""
        super().currentChanged(current, previous)
        if not self._is_choosing and current.isValid() and current.row() != previous.row():
            self.row_chosen.emit(current.row())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's, which would make the oldest row the current one."""
        self._is_choosing = True
        super().focusInEvent(event)
        if not self.selectionModel().hasSelection():
            self.setCurrentIndex(QModelIndex())
        self._is_choosing = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        match event.key():
            case Qt.Key.Key_E:
                self.jump_asked.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            case Qt.Key.Key_Home:
                self.first_asked.emit()
            case Qt.Key.Key_End:
                self.last_asked.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.inspect_asked.emit()
            case Qt.Key.Key_Right | Qt.Key.Key_Left if self.currentIndex().isValid():
                self.unfold_asked.emit(self.currentIndex().row())
            case _ if event.matches(QKeySequence.StandardKey.Copy):
                self.copy_asked.emit()
            case Qt.Key.Key_Space:
                event.ignore()  # the window's: it holds
            case Qt.Key.Key_Up | Qt.Key.Key_Down | Qt.Key.Key_PageUp if not self.currentIndex().isValid():
                last = self.rowAt(self.viewport().height() - 1)
                row = last if last >= 0 else self.model().rowCount() - 1
                if row >= 0:
                    self.setCurrentIndex(self.model().index(row, Column.TIME))
            case _:
                super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Qt's: typing jumps nowhere, since letters are shortcuts here."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's."""
        super().resizeEvent(event)
        self._place()

    def _ask_menu(self, at: QPoint) -> None:
        index = self.indexAt(at)
        if index.isValid():
            self.menu_asked.emit(index, self.viewport().mapToGlobal(at))

    def _place(self) -> None:
        area = self.viewport().geometry()
        size = self.newer.sizeHint()
        left = area.center().x() - size.width() // 2
        self.newer.setGeometry(QRect(QPoint(left, area.bottom() - size.height() - 8), size))
        is_full = self.model().rowCount() > 0
        self.notice.setAutoFillBackground(is_full)
        if is_full:
            height = self.notice.heightForWidth(area.width()) + 6
            self.notice.setGeometry(area.left(), area.bottom() - height + 1, area.width(), height)
        else:
            self.notice.setGeometry(area.adjusted(24, 0, -24, 0))
