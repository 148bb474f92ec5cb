"""What a bookmark is on, and the words that one may give it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from helios_desktop.journal.note import MAX_CHARACTERS
from helios_desktop.qt.labels import make_label, make_note
from helios_desktop.words import _

_WIDTH_PX = 420
_TEXT_PX = 96


class _Text(QPlainTextEdit):
    """Enter is for the dialog, Shift+Enter begins a line, Tab goes on to the buttons."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's."""
        is_enter = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            event.ignore()
            return
        super().keyPressEvent(event)


class NoteDialog(QDialog):
    """Open it by `show_dialog`; `text` is what was written when it is accepted, "" for a bare bookmark."""

    def __init__(self, parent: QWidget, *, title: str, on: str, text: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.edit = _Text(text)
        self.edit.setProperty("kind", "field")
        self.edit.setTabChangesFocus(True)
        self.edit.setFixedHeight(_TEXT_PX)
        self.edit.setAccessibleName(_("Note"))
        self.edit.setPlaceholderText(_("What is it? May stay empty. Enter keeps it, Shift+Enter begins a new line."))
        self.edit.selectAll()
        self.on = make_note(on)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.on)
        layout.addWidget(self.edit)
        layout.addWidget(make_label(_("{n} characters at most").format(n=MAX_CHARACTERS), kind="faint"))
        layout.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH_PX)
        self.edit.setFocus()

    @property
    def text(self) -> str:
        """What is written."""
        return self.edit.toPlainText().strip()
