"""A field for the gateways of one cluster: as high as a line edit needs for two, and grows to four."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit

from helios_desktop.client.address import split_addresses
from helios_desktop.words import _

_FEWEST_LINES: Final = 2
_MOST_LINES: Final = 4
_FRAME_PX: Final = 2 * (1 + 3)
"""Border and padding of the style sheet's fields, above and below."""
_ENTER: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class AddressField(QPlainTextEdit):
    """One gateway a line, or several with commas or spaces between them.

    Tab leaves it and Enter is the dialog's, as in a field of one line; Enter with Shift or Ctrl begins a line. Its
    height is set before whoever connects to `textChanged` is told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "field")
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.setPlaceholderText("https://node1.example.com:8443,\nhttps://node2.example.com:8443")
        self.setToolTip(_("The gateways of one cluster: one a line (Shift+Enter), or with commas between them"))
        self.textChanged.connect(self._fit)
        self._fit()

    def text(self) -> str:
        """What is typed, without space around it."""
        return self.toPlainText().strip()

    def setText(self, text: str) -> None:
        """Show this, as if it were typed."""
        self.setPlainText(text)

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is typed, one by one; one that is empty where nothing is."""
        return split_addresses(self.toPlainText()) or ("",)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave Enter to the dialog."""
        if event.key() not in _ENTER:
            super().keyPressEvent(event)
        elif event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier):
            self.insertPlainText("\n")  # Qt's own would be a line within a paragraph
        else:
            event.ignore()

    def showEvent(self, event: QShowEvent) -> None:
        """Measure again: only now the font is the one that it is drawn in."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = min(max(self.blockCount(), _FEWEST_LINES), _MOST_LINES)
        margins = 2 * round(self.document().documentMargin()) + _FRAME_PX
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + margins)
