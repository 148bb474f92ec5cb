"""JSON to read: indented, coloured, selectable, and never altered."""

import re
from typing import Final

import msgspec
from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument, QTextOption
from PySide6.QtWidgets import QPlainTextEdit

from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.words import _

MAX_CHARACTERS: Final = 200_000
"""A longer text is cut, and the cut said: laying it out would hold up the window."""
_TOKENS: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>true|false|null)"
)


def pretty(text: str) -> str:
    """Indented where it is JSON, else as it came. Numbers keep the digits that they were sent with."""
    if len(text) > MAX_CHARACTERS:
        return (
            text[:MAX_CHARACTERS]
            + "\n"
            + _("… cut after {n} of {all} characters; Copy takes all.").format(
                n=count_text(MAX_CHARACTERS), all=count_text(len(text))
            )
        )
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return text


class JsonView(QPlainTextEdit):
    """Shows one text; read only."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._raw = ""
        self._highlighter = _Highlighter(self.document(), theme)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.set_theme(theme)

    @property
    def raw(self) -> str:
        """The text as it was given, whole."""
        return self._raw

    def show_text(self, text: str) -> None:
        """Show another text, from its top."""
        if text != self._raw or not self.toPlainText():
            self._raw = text
            self.setPlainText(pretty(text))

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.setFont(theme.mono)
        self._highlighter.set_theme(theme)


class _Highlighter(QSyntaxHighlighter):
    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours. Keys lead the eye; values have the strongest contrast."""
        colours = {"key": theme.accent, "string": theme.text, "number": theme.text, "word": theme.text_dim}
        self._formats = {}
        for name, colour in colours.items():
            self._formats[name] = QTextCharFormat()
            self._formats[name].setForeground(colour)
        self._formats["rest"] = QTextCharFormat()
        self._formats["rest"].setForeground(theme.text_faint)
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """Qt's."""
        self.setFormat(0, len(text), self._formats["rest"])
        for token in _TOKENS.finditer(text):
            kind = token.lastgroup
            if kind is not None:
                self.setFormat(token.start(), token.end() - token.start(), self._formats[kind])
