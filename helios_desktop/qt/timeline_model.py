"""The timeline's rows as Qt's model: events by number, of which only those in view are read.

It holds a stretch of all that pass the filter; `timeline_feed` says which, and fills it at either end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from helios_desktop.event import Event
from helios_desktop.journal.stored import Row
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_cells import Cells, Column, Run, severity_name
from helios_desktop.qt.timeline_rows import Numbers, Repeats, Rows
from helios_desktop.qt.timeline_told import BLOCK, Told
from helios_desktop.qt.times import TimeStyle, zone_label
from helios_desktop.store.log import EventLog
from helios_desktop.words import _

Index = QModelIndex | QPersistentModelIndex


class TimelineModel(QAbstractTableModel):
    """Rows of `told`. What is told again stands in one row with a count, until it is unfolded."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cells = Cells(theme)
        self._instant_row: int | None = None
        self._told = Told(EventLog(1), None, reads_all=False)
        self._rows = Rows()

    # What the feed calls

    @property
    def told(self) -> Told:
        """Where the rows' words come from."""
        return self._told

    @property
    def rows(self) -> Rows:
        """Which events are held."""
        return self._rows

    def show(self, told: Told, numbers: Numbers, repeats: Repeats) -> None:
        """Show other rows, with words from `told`."""
        self.beginResetModel()
        self._told = told
        self._rows = Rows().appended(numbers, repeats)
        self._instant_row = None
        self.endResetModel()

    def append(self, numbers: Numbers, repeats: Repeats) -> None:
        """Show these too, all greater than any; whether the first of them repeats the last row is found out here."""
        if not len(numbers):
            return
        before = len(self._rows)
        if before:
            repeats = repeats.copy()
            repeats[0] = self._is_same(int(self._rows.numbers[-1]), int(numbers[0]))
        self._put(self._rows.appended(numbers, repeats), before)
        if before and repeats[0]:
            self._repaint(before - 1, before - 1)

    def prepend(self, numbers: Numbers, repeats: Repeats) -> None:
        """Show these too, all less than any."""
        if not len(numbers):
            return
        is_same = bool(len(self._rows)) and self._is_same(int(numbers[-1]), int(self._rows.numbers[0]))
        before = len(self._rows)
        self._put(self._rows.prepended(numbers, repeats, repeats_last=is_same), 0)
        if is_same:
            at = len(self._rows) - before
            self._repaint(at, at)

    def drop_before(self, number: int) -> None:
        """Let go of all that is less."""
        self._put(self._rows.without_before(number), 0)

    def drop_from(self, number: int) -> None:
        """Let go of this one and all that is greater."""
        rows = self._rows.without_from(number)
        self._put(rows, len(rows))

    def repaint(self) -> None:
        """What some row tells has changed; only those in view are painted."""
        self._told.forget()
        self._repaint(0, len(self._rows) - 1)

    def _put(self, rows: Rows, at: int) -> None:
        """Hold these instead: those that are more came in at `at`, those that are less went there."""
        more = len(rows) - len(self._rows)
        self._instant_row = None
        if more > 0:
            self.beginInsertRows(QModelIndex(), at, at + more - 1)
            self._rows = rows
            self.endInsertRows()
        elif more < 0:
            self.beginRemoveRows(QModelIndex(), at, at - more - 1)
            self._rows = rows
            self.endRemoveRows()
        else:
            self._rows = rows

    def _is_same(self, before: int, after: int) -> bool:
        first, second = self._told.row(before, lambda: (before,)), self._told.row(after, lambda: (after,))
        return first is not None and second is not None and is_repeat(first, second)

    # Rows

    @property
    def instant_row(self) -> int | None:
        """The row that is marked as the last until an instant."""
        return self._instant_row

    def number_at(self, row: int) -> int:
        """The event of a row; of a run, its last. Raises IndexError where there is none."""
        return self._rows.number_at(row)

    def row_at(self, row: int) -> Row | None:
        """What a row tells; None where there is none, or its event is nowhere any more."""
        if not 0 <= row < len(self._rows):
            return None
        return self._told.row(self._rows.number_at(row), lambda: self._near(row))

    def event_at(self, row: int) -> Event | None:
        """The whole event of a row; None where there is none, or it is nowhere any more."""
        return self._told.event(self._rows.number_at(row)) if 0 <= row < len(self._rows) else None

    def row_of(self, number: int) -> int | None:
        """Where that event stands, be it folded away; None where it is not held."""
        return self._rows.row_of(number)

    def numbers(self) -> Sequence[int]:
        """All that are held, oldest first."""
        return tuple(self._rows.numbers.tolist())

    def count_at(self, row: int) -> int:
        """How many events stand in a row."""
        return len(self._rows.run_at(row))

    def unfold(self, row: int) -> None:
        """Give each event of a row a row of its own."""
        self._put(self._rows.unfolded(row), row)
        self._repaint(row, len(self._rows) - 1)

    def fold(self, row: int) -> None:
        """Put what was unfolded there into one row again."""
        first = self._rows.first_of_run(row)
        self._put(self._rows.folded(row), first)
        self._repaint(first, first)

    def _run_at(self, row: int) -> Run:
        run = self._rows.run_at(row)
        first = int(run[0])
        return Run(len(run), lambda: self._told.row(first, lambda: (first,)), lambda: self.event_at(row))

    def _near(self, row: int) -> Sequence[int]:
        begin = row // BLOCK * BLOCK
        return [self._rows.number_at(near) for near in range(begin, min(begin + BLOCK, len(self._rows)))]

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._cells.set_theme(theme)
        self._repaint(0, len(self._rows) - 1)

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Call observers so, by name: what a gateway's node is becomes known in time."""
        if titles != self._cells.titles:
            self._cells.titles = titles
            self._repaint(0, len(self._rows) - 1)

    def set_time(self, style: TimeStyle, now_ns: int) -> None:
        """Write instants in `style`, as of `now_ns`."""
        cells = self._cells
        is_other, cells.style, cells.now_ns = style is not cells.style, style, now_ns
        if not is_other and style is not TimeStyle.RELATIVE:
            return
        self._repaint(0, len(self._rows) - 1)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.TIME, Column.TIME)

    def line(self, row: int) -> str:
        """One row as a line of text, for the clipboard."""
        told = self.row_at(row)
        return "" if told is None else self._cells.line(told)

    def set_instant(self, at_ns: int | None) -> None:
        """Mark the last row until that instant: of a replay, where it stands. None marks none."""
        row = None if at_ns is None else self._last_until(at_ns)
        if row != self._instant_row:
            before, self._instant_row = self._instant_row, row
            for changed in (before, row):
                if changed is not None and changed < len(self._rows):
                    self._repaint(changed, changed)

    def _last_until(self, at_ns: int) -> int | None:
        low, high = 0, len(self._rows)
        while low < high:
            middle = (low + high) // 2
            told = self.row_at(middle)
            if told is not None and told.at_ns <= at_ns:
                low = middle + 1
            else:
                high = middle
        return low - 1 if low else None

    # QAbstractTableModel

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Qt's."""
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        match section:
            case Column.TIME:
                return _("Time ({zone})").format(zone=zone_label(self._cells.style, self._cells.now_ns))
            case Column.TYPE:
                return _("Type")
            case Column.NODE:
                return _("Node")
            case Column.OBSERVER:
                return _("Told by")
            case Column.SUMMARY:
                return _("What happened")
            case _:
                return ""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if not index.isValid():
            return None
        row, column, cells = index.row(), index.column(), self._cells
        told = self.row_at(row)
        if told is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cells.text(told, column, self.count_at(row))
            case Qt.ItemDataRole.ForegroundRole:
                return cells.colour(told, column)
            case Qt.ItemDataRole.FontRole:
                return cells.mono if column in (Column.TIME, Column.MARK) else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignCenter if column == Column.MARK else None
            case Qt.ItemDataRole.ToolTipRole:
                return cells.tooltip(told, column, self._run_at(row))
            case Qt.ItemDataRole.AccessibleTextRole:
                return (
                    severity_name(told.severity)
                    if column == Column.MARK
                    else cells.text(told, column, self.count_at(row))
                )
            case Qt.ItemDataRole.BackgroundRole:
                return cells.theme.panel_raised if row == self._instant_row else None
            case _:
                return None

    def _repaint(self, first: int, last: int) -> None:
        if 0 <= first <= last < len(self._rows):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))


def is_repeat(before: Row, after: Row) -> bool:
    """True where the second tells the same again."""
    return (before.type, before.node, before.observer, before.summary) == (
        after.type,
        after.node,
        after.observer,
        after.summary,
    )
