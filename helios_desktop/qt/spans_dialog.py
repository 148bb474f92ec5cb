"""The overview of a recording as a table: who led from when to when, what is missing, and the problems in each."""

from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.monitor.survey import Survey
from helios_desktop.qt.labels import make_note
from helios_desktop.qt.quantities import UNKNOWN, count_text
from helios_desktop.qt.strip_words import SpanRow, length_text, span_rows
from helios_desktop.qt.times import TimeStyle, second_text, zone_label
from helios_desktop.words import _

_ROW_PX: Final = 22
_SIZE_PX: Final = (760, 420)

Index = QModelIndex | QPersistentModelIndex


class SpanColumn(IntEnum):
    """From left to right."""

    SINCE = 0
    UNTIL = 1
    LENGTH = 2
    WHAT = 3
    PROBLEMS = 4


class SpansModel(QAbstractTableModel):
    """The rows of `span_rows`, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[SpanRow] = []
        self._style = TimeStyle.UTC

    def show(self, rows: list[SpanRow], style: TimeStyle) -> None:
        """Show these, given oldest first."""
        # A relative style has no clock.
        style = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
        newest_first = rows[::-1]
        if newest_first == self.rows and style is self._style:
            return
        self.beginResetModel()
        self.rows, self._style = newest_first, style
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(SpanColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(SpanColumn(section)) if orientation is Qt.Orientation.Horizontal else None
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._title(SpanColumn(section))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(self.rows[index.row()], SpanColumn(index.column()))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(SpanColumn(index.column()))
            case _:
                return None

    def _title(self, column: SpanColumn) -> str:
        match column:
            case SpanColumn.SINCE:
                zone = zone_label(self._style, self.rows[0].since_ns) if self.rows else ""
                return f"{_('From')} {zone}".rstrip()
            case SpanColumn.UNTIL:
                return _("To")
            case SpanColumn.LENGTH:
                return _("Length")
            case SpanColumn.WHAT:
                return _("What")
            case SpanColumn.PROBLEMS:
                return _("Problems")

    def _text(self, row: SpanRow, column: SpanColumn) -> str:
        match column:
            case SpanColumn.SINCE:
                return second_text(row.since_ns, self._style)
            case SpanColumn.UNTIL:
                return second_text(row.until_ns, self._style)
            case SpanColumn.LENGTH:
                return length_text(max(0, row.until_ns - row.since_ns))
            case SpanColumn.WHAT:
                return row.what
            case SpanColumn.PROBLEMS:
                return UNKNOWN if row.problems is None else count_text(row.problems)


class SpansDialog(QDialog):
    """Show it with `show()`; it stops nothing. It follows the strip until the user is in it: rows must not run away."""

    sought = Signal(object)
    """Enter or a double click on a row: its first instant."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._survey: Survey | None = None
        self._style = TimeStyle.UTC
        self.model = SpansModel()
        self.table = QTableView()
        self._build()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self._show()

    def show_survey(self, survey: Survey | None) -> None:
        """Show this one from now on."""
        self._survey = survey
        if self.isVisible() or survey is None:
            self._show()

    def setVisible(self, visible: bool) -> None:
        """Qt's: what came while it was hidden is shown now."""
        if visible:
            self._show()
        super().setVisible(visible)

    def _show(self) -> None:
        chosen = self.table.currentIndex().row()
        since_ns = self.model.rows[chosen].since_ns if 0 <= chosen < len(self.model.rows) else None
        self.model.show([] if self._survey is None else span_rows(self._survey), self._style)
        row = next((at for at, one in enumerate(self.model.rows) if one.since_ns == since_ns), None)
        if row is not None:
            self.table.setCurrentIndex(self.model.index(row, 0))

    def _seek(self, index: QModelIndex) -> None:
        if index.isValid():
            self.sought.emit(self.model.rows[index.row()].since_ns)

    def _build(self) -> None:
        self.setWindowTitle(_("Recorded, as a table"))
        self.resize(*_SIZE_PX)
        self.table.setModel(self.model)
        self.table.setAccessibleName(_("Leaders and gaps, newest first"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setProperty("kind", "ledger")
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setMinimumSectionSize(_ROW_PX)
        self.table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(SpanColumn.WHAT, QHeaderView.ResizeMode.Stretch)
        self.table.activated.connect(self._seek)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(make_note(_("Enter shows the beginning of a row again.")))
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)


def _alignment(column: SpanColumn) -> Qt.AlignmentFlag:
    side = (
        Qt.AlignmentFlag.AlignRight
        if column in {SpanColumn.LENGTH, SpanColumn.PROBLEMS}
        else Qt.AlignmentFlag.AlignLeft
    )
    return side | Qt.AlignmentFlag.AlignVCenter
