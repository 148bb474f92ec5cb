"""The timeline's rows: a virtual model over the event log with a row index of its own.

A row is an absolute number of the log. The index holds the numbers that match the filter, oldest first; it grows at
the end as events come, shrinks at the front as the log lets old ones go, and after another filter is filled from
the newest part backwards in steps, so that the rows that the user looks at are there at once.
"""

import html
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from helios_desktop.event import Event, Severity
from helios_desktop.qt.derivation import DERIVED_MARK, happened_text, origin_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import CHANGES, TimelineFilter
from helios_desktop.qt.times import TimeStyle, full_text, row_text, zone_label
from helios_desktop.store.log import EventFilter, EventLog
from helios_desktop.store.summary import summary
from helios_desktop.words import _

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """In the order of the screen."""

    TIME = 0
    MARK = 1
    TYPE = 2
    NODE = 3
    OBSERVER = 4
    SUMMARY = 5


def severity_mark(severity: Severity) -> str:
    """A glyph for each, so that colour is never alone."""
    return {Severity.INFO: "·", Severity.NOTICE: "◆", Severity.WARNING: "▲", Severity.PROBLEM: "✕"}[severity]


def severity_name(severity: Severity) -> str:
    """For tooltips and screen readers."""
    return {
        Severity.INFO: _("Info"),
        Severity.NOTICE: _("Notice"),
        Severity.WARNING: _("Warning"),
        Severity.PROBLEM: _("Problem"),
    }[severity]


def plain_tip(text: str) -> str:
    """A tool tip's text, which Qt would take for markup where it looks like some: a server wrote it."""
    return f"<span>{html.escape(text).replace(chr(10), '<br>')}</span>" if "<" in text else text


class TimelineModel(QAbstractTableModel):
    """Rows of `log` that pass `filter`. Whoever owns it calls `search` until done, then `catch_up` now and then.

    `held_end` is the number from which on nothing is shown; None shows all that came.
    """

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mono = theme.mono
        self._style = TimeStyle.UTC
        self._now_ns = 0
        self._log = EventLog(1)
        self._filter = CHANGES
        self._rows: list[int] = []
        self._newer = 0  # all numbers in [_older, _newer) have been looked at
        self._older = 0
        self._held_end: int | None = None
        self._revision = 0
        self._titles: Mapping[str, str] = {}

    @property
    def log(self) -> EventLog:
        """What the rows are of."""
        return self._log

    @property
    def filter(self) -> TimelineFilter:
        """The filter in force."""
        return self._filter

    @property
    def is_searching(self) -> bool:
        """True while older events have not been looked at: call `search`."""
        return self._older > self._log.first

    @property
    def unseen(self) -> int:
        """How many events came that are not looked at yet, or held back."""
        return self._log.end - self._newer

    @property
    def held_end(self) -> int | None:
        """The number from which on events are held back, if they are."""
        return self._held_end

    def show(self, log: EventLog, chosen: TimelineFilter) -> None:
        """Show another log or filter: the newest matches at once, older ones by `search`."""
        self.beginResetModel()
        self._log = log
        self._filter = chosen
        self._newer = log.end if self._held_end is None else min(self._held_end, log.end)
        self._older = max(log.first, self._newer - chosen.step_rows)
        self._rows = chosen.select(log, self._older, self._newer)
        self._revision = log.revision
        self.endResetModel()

    def search(self) -> int:
        """Look at one step of older events; gives the number of rows that came in at the top."""
        until = self._older
        self._older = max(self._log.first, until - self._filter.step_rows)
        found = self._filter.select(self._log, self._older, until)
        if found:
            self.beginInsertRows(QModelIndex(), 0, len(found) - 1)
            self._rows[:0] = found
            self.endInsertRows()
        return len(found)

    def hold(self, end: int | None) -> None:
        """Show nothing from number `end` on; None shows all again at the next `catch_up`."""
        self._held_end = end

    def catch_up(self) -> tuple[int, int]:
        """Drop what the log let go, take in what came: gives the rows removed at the top and added at the end."""
        gone = bisect_left(self._rows, self._log.first)
        if gone:
            self.beginRemoveRows(QModelIndex(), 0, gone - 1)
            del self._rows[:gone]
            self.endRemoveRows()
        if self._revision != self._log.revision:
            # Some row's event was completed in its place; only those in view are painted.
            self._revision = self._log.revision
            self._repaint()
        end = self._log.end if self._held_end is None else self._held_end
        if end <= self._newer:
            return gone, 0
        # After a flood some have come and gone already: start no earlier than what is kept.
        found = self._filter.select(self._log, self._newer, end)
        self._newer = end
        if found:
            row = len(self._rows)
            self.beginInsertRows(QModelIndex(), row, row + len(found) - 1)
            self._rows += found
            self.endInsertRows()
        return gone, len(found)

    def number_at(self, row: int) -> int:
        """The absolute number of a row. Raises IndexError where there is none."""
        return self._rows[row]

    def event_at(self, row: int) -> Event | None:
        """The event of a row; None where there is none or the log let it go just now."""
        try:
            return self._log[self._rows[row]]
        except IndexError:
            return None

    def row_of(self, number: int) -> int | None:
        """Where that event stands; None where the filter hides it or it went."""
        row = bisect_left(self._rows, number)
        return row if row < len(self._rows) and self._rows[row] == number else None

    def numbers(self) -> Sequence[int]:
        """All that are shown, oldest first."""
        return tuple(self._rows)

    def next_problem(self, row: int, step: int) -> int | None:
        """The row of the nearest problem after `row` (step 1) or before it (step -1); None where there is none."""
        problems = self._log.select(EventFilter(severities=frozenset({Severity.PROBLEM})), self._log.first)
        at = self._rows[row] if 0 <= row < len(self._rows) else (-1 if step > 0 else self._log.end)
        candidates = [number for number in problems if (number > at if step > 0 else number < at)]
        for number in candidates if step > 0 else reversed(candidates):
            found = self.row_of(number)
            if found is not None:
                return found
        return None

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._mono = theme.mono
        self._repaint()

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Call observers so, by name: what a gateway's node is becomes known in time."""
        if titles != self._titles:
            self._titles = titles
            self._repaint()

    def set_time(self, style: TimeStyle, now_ns: int) -> None:
        """Write instants in `style`, as of `now_ns`."""
        if style is self._style and style is not TimeStyle.RELATIVE:
            self._now_ns = now_ns
            return
        self._style, self._now_ns = style, now_ns
        self._repaint()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.TIME, Column.TIME)

    def line(self, row: int) -> str:
        """One row as a line of text, for the clipboard."""
        event = self.event_at(row)
        if event is None:
            return ""
        parts = (full_text(event.at_ns, self._style), severity_name(event.severity), event.type)
        return "  ".join(part for part in (*parts, event.node, event.observer, summary(event)) if part)

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
                return _("Time ({zone})").format(zone=zone_label(self._style, self._now_ns))
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
        event = self.event_at(index.row())
        if event is None:
            return None
        column = index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(event, column)
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(event, column)
            case Qt.ItemDataRole.FontRole:
                return self._mono if column in (Column.TIME, Column.MARK) else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignCenter if column == Column.MARK else None
            case Qt.ItemDataRole.ToolTipRole:
                return self._tooltip(event, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return severity_name(event.severity) if column == Column.MARK else self._text(event, column)
            case _:
                return None

    def _text(self, event: Event, column: int) -> str:
        match column:
            case Column.TIME:
                return row_text(event.at_ns, self._now_ns, self._style)
            case Column.MARK:
                return severity_mark(event.severity)
            case Column.TYPE:
                return f"{DERIVED_MARK} {event.type}" if event.is_derived else event.type
            case Column.NODE:
                return event.node
            case Column.OBSERVER:
                return self._title(event)
            case _:
                return summary(event)

    def _colour(self, event: Event, column: int) -> Any:
        theme = self._theme
        severity = event.severity
        if column in (Column.TIME, Column.OBSERVER):
            return theme.text_dim
        if column == Column.MARK or (column == Column.TYPE and severity >= Severity.WARNING):
            return {
                Severity.INFO: theme.text_faint,
                Severity.NOTICE: theme.accent,
                Severity.WARNING: theme.warning,
                Severity.PROBLEM: theme.problem,
            }[severity]
        return theme.text_dim if severity is Severity.INFO and column == Column.TYPE else theme.text

    def _tooltip(self, event: Event, column: int) -> str | None:
        match column:
            case Column.TIME:
                return full_text(event.at_ns, self._style)
            case Column.MARK:
                return severity_name(event.severity)
            case Column.TYPE if event.evidence:
                words = (origin_text(event), happened_text(event, self._style))
                return "\n".join(word for word in words if word)
            case Column.SUMMARY:
                return plain_tip(summary(event))
            case Column.NODE:
                return plain_tip(event.node)
            case Column.OBSERVER:
                return plain_tip(self._title(event))
            case _:
                return None

    def _title(self, event: Event) -> str:
        return self._titles.get(event.observer, event.observer)

    def _repaint(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(Column) - 1))
