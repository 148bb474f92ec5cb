"""Labels that show data: plain text only, changed only where it differs, in the theme's colours."""

import html

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QWidget

_BUTTON_PADDING_PX = 20


def make_label(text: str = "", *, kind: str = "", font: QFont | None = None) -> QLabel:
    """A label for plain text. `kind` is a look of the style sheet: heading, dim, faint, problem."""
    label = QLabel(text)
    # What a server says must never be taken for markup.
    label.setTextFormat(Qt.TextFormat.PlainText)
    if kind:
        label.setProperty("kind", kind)
    if font is not None:
        label.setFont(font)
    return label


class ElidedLabel(QLabel):
    """One line that is cut with an ellipsis where it does not fit; `show_line` sets it, its tool tip has it whole."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("kind", kind)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._line = ""

    def show_line(self, line: str) -> None:
        """Show this line from now on."""
        self._line = line
        self.setAccessibleName(line)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut it anew."""
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        show_text(self, self.fontMetrics().elidedText(self._line, Qt.TextElideMode.ElideRight, self.width()))


class ElidedButton(QPushButton):
    """A button whose one line is cut with an ellipsis where it does not fit; `show_line` sets it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "line")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._line = ""

    def show_line(self, line: str) -> None:
        """Show this line from now on."""
        self._line = line
        self.setAccessibleName(line)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut it anew."""
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        text = self.fontMetrics().elidedText(self._line, Qt.TextElideMode.ElideRight, self.width() - _BUTTON_PADDING_PX)
        # An ampersand is no mnemonic here.
        self.setText(text.replace("&", "&&"))


def make_note(text: str = "", *, kind: str = "dim") -> QLabel:
    """A label of whole sentences, wrapped, that can be selected and copied."""
    label = make_label(text, kind=kind)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def make_panel() -> QFrame:
    """A frame with the panel's ground."""
    frame = QFrame()
    frame.setProperty("kind", "panel")
    return frame


def make_rule() -> QFrame:
    """A thin line across."""
    rule = QFrame()
    rule.setProperty("kind", "rule")
    return rule


def show_text(label: QLabel, text: str) -> None:
    """Set it where it differs: each `setText` costs a layout."""
    if label.text() != text:
        label.setText(text)


def show_tip(widget: QWidget, text: str) -> None:
    """Give a tool tip that is never taken for markup."""
    tip = html.escape(text).replace("\n", "<br>") if "<" in text else text
    if widget.toolTip() != tip:
        widget.setToolTip(tip)


def tint(label: QWidget, colour: QColor) -> None:
    """Colour its text, where it differs. Only for labels without a `kind` that has a colour."""
    palette = label.palette()
    if palette.color(QPalette.ColorRole.WindowText) != colour:
        palette.setColor(QPalette.ColorRole.WindowText, colour)
        label.setPalette(palette)


def fill(widget: QWidget, colour: QColor) -> None:
    """Colour its ground, where it differs."""
    palette = widget.palette()
    if palette.color(QPalette.ColorRole.Window) != colour or not widget.autoFillBackground():
        palette.setColor(QPalette.ColorRole.Window, colour)
        widget.setPalette(palette)
        widget.setAutoFillBackground(True)
