"""All bookmarks and notes of what is shown, to go to, edit and remove."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from helios_desktop.journal.note import Note
from helios_desktop.qt.labels import make_note, show_text
from helios_desktop.qt.note_words import note_about
from helios_desktop.qt.times import TimeStyle, full_text, second_text, zone_label
from helios_desktop.words import _

_ROW_PX: Final = 22
_SIZE_PX: Final = (620, 360)

Index = QModelIndex | QPersistentModelIndex


class NoteColumn(IntEnum):
    """From left to right."""

    TIME = 0
    TEXT = 1
    WHAT = 2


class NotesModel(QAbstractTableModel):
    """The notes by time; `told` are the summaries of the events that they are on, by number."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Note] = []
        self._told: dict[int, str] = {}
        self._style = TimeStyle.UTC

    def show(self, notes: Sequence[Note], told: dict[int, str], style: TimeStyle) -> None:
        """Show these."""
        # A relative style has no clock.
        style = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
        if (list(notes), told, style) == (self.notes, self._told, self._style):
            return
        self.beginResetModel()
        self.notes, self._told, self._style = list(notes), told, style
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(self.notes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Qt's."""
        return 0 if parent.isValid() else len(NoteColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        zone = zone_label(self._style, self.notes[0].at_ns) if self.notes else ""
        return (f"{_('Time')} {zone}".rstrip(), _("Note"), _("On"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's."""
        if not index.isValid() or index.row() >= len(self.notes):
            return None
        note = self.notes[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(note, NoteColumn(index.column()))
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return note.text
            case _:
                return None

    def _text(self, note: Note, column: NoteColumn) -> str:
        match column:
            case NoteColumn.TIME:
                return second_text(note.at_ns, self._style)
            case NoteColumn.TEXT:
                return note.text.replace("\n", " ⏎ ") or _("(bookmark)")
            case NoteColumn.WHAT:
                return note_about(note, self._told, self._style)


class NotesDialog(QDialog):
    """Show it with `show()`; it stops nothing."""

    chosen = Signal(object)
    """Enter or a double click: the `Note` to go to."""
    edit_asked = Signal(object)
    """This `Note` is to be edited."""
    remove_asked = Signal(object)
    """This `Note` is to be removed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._style = TimeStyle.UTC
        self.told: dict[int, str] = {}
        self.model = NotesModel()
        self.table = QTableView()
        self.whole = make_note()
        self.go = QPushButton(_("Go there"))
        self.edit = QPushButton(_("Edit…"))
        self.remove = QPushButton(_("Remove"))
        self._build()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self.show_notes(self.model.notes, self.told)

    def show_notes(self, notes: Sequence[Note], told: dict[int, str]) -> None:
        """List these; the chosen one stays chosen."""
        self.told = told
        before = self._note()
        self.model.show(notes, told, self._style)
        known = None if before is None else before.id
        row = next((at for at, note in enumerate(self.model.notes) if note.id == known), None)
        if row is not None:
            self.table.setCurrentIndex(self.model.index(row, 0))
        self._show_chosen()

    def _note(self) -> Note | None:
        row = self.table.currentIndex().row()
        return self.model.notes[row] if 0 <= row < len(self.model.notes) else None

    def _show_chosen(self) -> None:
        note = self._note()
        for button in (self.go, self.edit, self.remove):
            button.setEnabled(note is not None)
        if note is not None:
            show_text(self.whole, f"{full_text(note.at_ns, self._style)}\n{note.text}".strip())
        elif self.model.notes:
            show_text(self.whole, _("Enter goes to the chosen one."))
        else:
            show_text(self.whole, _("No bookmarks yet. “Bookmark this” (B) makes one on the chosen event or instant."))

    def _tell(self, signal: Any) -> None:
        note = self._note()
        if note is not None:
            signal.emit(note)

    def _build(self) -> None:
        self.setWindowTitle(_("Bookmarks and notes"))
        self.resize(*_SIZE_PX)
        self.table.setModel(self.model)
        self.table.setAccessibleName(_("Bookmarks and notes, by time"))
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
        header.setSectionResizeMode(NoteColumn.TEXT, QHeaderView.ResizeMode.Stretch)
        close = QPushButton(_("Close"))
        for button in (self.edit, self.remove, close):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        for button in (self.go, self.edit, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.whole)
        layout.addLayout(buttons)
        self.table.selectionModel().currentRowChanged.connect(lambda _now, _before: self._show_chosen())
        self.table.activated.connect(lambda _index: self._tell(self.chosen))
        self.go.clicked.connect(lambda: self._tell(self.chosen))
        self.edit.clicked.connect(lambda: self._tell(self.edit_asked))
        self.remove.clicked.connect(lambda: self._tell(self.remove_asked))
        close.clicked.connect(self.reject)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: self._tell(self.remove_asked))
        self._show_chosen()
