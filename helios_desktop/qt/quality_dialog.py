"""How good what was seen is: the data-quality ledger of each observer, beside the window for as long as one likes."""

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.labels import make_note
from helios_desktop.qt.quality_rows import QualityRow, quality_rows
from helios_desktop.qt.theme import Theme
from helios_desktop.store.state import ClusterState
from helios_desktop.words import _

_EVERY_MS: Final = 1000
_ROW_PX: Final = 22
_LEAST_COLUMN_PX: Final = 110
_SIZE_PX: Final = (660, 560)

Index = QModelIndex | QPersistentModelIndex


class QualityModel(QAbstractTableModel):
    """The rows of `quality_rows`; `show` keeps selection and place wherever only figures changed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._observers: tuple[str, ...] = ()
        self._rows: tuple[QualityRow, ...] = ()
        self._title_colour = theme.text_dim

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._title_colour = theme.text_dim

    def show(self, state: ClusterState) -> None:
        """Show the ledgers of this state."""
        rows = quality_rows(state)
        observers = tuple(state.observers) if rows else ()
        if rows == self._rows and observers == self._observers:
            return
        is_same_shape = observers == self._observers and [one.title for one in rows] == [
            one.title for one in self._rows
        ]
        if not is_same_shape:
            self.beginResetModel()
        self._observers, self._rows = observers, rows
        if not is_same_shape:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(observers)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else 1 + len(self._observers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._observers[section - 1] if section else ""

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], index.column()
        text = row.cells[column - 1] if column else row.title
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return text
            case Qt.ItemDataRole.ToolTipRole:
                return row.meaning
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ForegroundRole:
                return None if column else self._title_colour
            case Qt.ItemDataRole.AccessibleTextRole:
                name = row.title.strip()
                return f"{self._observers[column - 1]}, {name}: {text}" if column else name
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return row.meaning
            case _:
                return None


class QualityDialog(QDialog):
    """Show it with `show()`; it stops nothing. While visible it follows `show_monitor`'s monitor once a second."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._monitor: Watched | None = None
        self.model = QualityModel(theme)
        self.table = QTableView()
        self.empty = make_note(
            _("Nothing has come yet, so there is nothing to judge. Connect to a gateway, or wait for a first message.")
        )
        self._pages = QStackedWidget()
        self._second = QTimer(self, interval=_EVERY_MS)
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.model.set_theme(theme)

    def show_monitor(self, monitor: Watched | None) -> None:
        """Show this one's ledgers from now on."""
        self._monitor = monitor
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's."""
        super().showEvent(event)
        self._refresh()
        self._second.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Qt's: what nobody sees is not counted up."""
        super().hideEvent(event)
        self._second.stop()

    def _refresh(self) -> None:
        if not self.isVisible():
            return
        self.model.show(ClusterState() if self._monitor is None else self._monitor.state)
        self._pages.setCurrentWidget(self.table if self.model.rowCount() else self.empty)

    def _build(self) -> None:
        self.setWindowTitle(_("Data quality"))
        self.resize(*_SIZE_PX)
        table = self.table
        table.setModel(self.model)
        table.setProperty("kind", "ledger")
        table.setAccessibleName(_("Data quality, a column for each gateway"))
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setCornerButtonEnabled(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.verticalHeader().setMinimumSectionSize(_ROW_PX)
        table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(_LEAST_COLUMN_PX)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(table)
        self._pages.addWidget(self.empty)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(
            make_note(
                _("What came from each gateway since its session began, what is missing, and what was concluded.")
            )
        )
        layout.addWidget(self._pages, 1)
        layout.addWidget(buttons)
        self._second.timeout.connect(self._refresh)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
