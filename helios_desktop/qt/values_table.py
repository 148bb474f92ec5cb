"""The graphs' twin: the same samples as a table, for eyes and screen readers that take nothing from a curve."""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from helios_desktop.qt.curves import value_at
from helios_desktop.qt.latency_choice import STATS, LatencyView
from helios_desktop.qt.quantities import UNKNOWN, latency_text, rate_text
from helios_desktop.qt.times import TimeStyle, full_text, row_text, zone_label
from helios_desktop.store.series import SeriesBook, SeriesKey
from helios_desktop.words import _

MAX_ROWS: Final = 500
COMMIT_RATE: Final = SeriesKey("commit_rate", "", "value")
_NS: Final = 1_000_000_000
_BEAT_REACH_S: Final = 6.0

Index = QModelIndex | QPersistentModelIndex


class ValuesModel(QAbstractTableModel):
    """One row an instant at which latency (or, without any, the commit rate) was told; the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[int, tuple[float | None, ...]]] = []
        self._style = TimeStyle.UTC
        self._now_ns = 0

    def show(self, book: SeriesBook, view: LatencyView | None, commit: SeriesKey, start_s: float, end_s: float) -> None:
        """Take the samples in [start_s, end_s], at most `MAX_ROWS`, the newest of them."""
        latencies = [book.get(view.key(stat)) if view is not None else None for stat in STATS]
        rate = book.get(commit)
        lead = next((series for series in (*reversed(latencies), rate) if series is not None), None)
        rows: list[tuple[int, tuple[float | None, ...]]] = []
        if lead is not None:
            times = lead.times_s
            first, last = np.searchsorted(times, (start_s, end_s))
            for at_s in reversed(times[max(first, last - MAX_ROWS) : last].tolist()):
                told = [value_at(series, at_s, 1e-6) if series is not None else None for series in latencies]
                beat = value_at(rate, at_s, _BEAT_REACH_S) if rate is not None else None
                values = tuple(sample[1] if sample is not None else None for sample in (*told, beat))
                rows.append((round(at_s * _NS), values))
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()

    def set_time(self, style: TimeStyle, now_ns: int) -> None:
        """Write instants in `style`, as of `now_ns`."""
        is_other = style is not self._style or style is TimeStyle.RELATIVE
        self._style, self._now_ns = style, now_ns
        if is_other and self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(STATS) + 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        if section == 0:
            return _("Time ({zone})").format(zone=zone_label(self._style, self._now_ns))
        return STATS[section - 1] if section <= len(STATS) else _("Commit rate")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        at_ns, values = self._rows[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            value = values[column - 1] if column else None
            return full_text(at_ns, self._style) if not column else UNKNOWN if value is None else repr(value)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if column == 0:
            return row_text(at_ns, self._now_ns, self._style)
        return latency_text(values[column - 1]) if column <= len(STATS) else rate_text(values[column - 1])


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
