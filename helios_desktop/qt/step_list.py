"""What the steps of a check found, as a text that scrolls, can be copied, and is read out line by line."""

from typing import Final

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QFont, QPalette, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from helios_desktop.monitor.check import Outcome, Result, step_name
from helios_desktop.qt.quantities import tick_latency_text
from helios_desktop.qt.style_sheet import GAP, SPACE
from helios_desktop.qt.theme import DARK, LIGHT, Theme
from helios_desktop.words import _

MARKS: Final = {Outcome.OK: "✓", Outcome.FAILED: "✗", Outcome.NOTE: "!", Outcome.SKIPPED: "–"}
_HEIGHT_PX: Final = 220
_INDENT_PX: Final = 20


class StepList(QTextEdit):
    """A paragraph a result, and a heading a gateway where there are several. It follows its end as it grows."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "field")
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFixedHeight(_HEIGHT_PX)
        self.setTabStopDistance(_INDENT_PX)
        self.setAccessibleName(_("What the test found"))
        self._results: list[Result] = []
        self._has_headings = False
        self._failure_at: int | None = None

    def begin(self, *, has_headings: bool) -> None:
        """Show nothing yet."""
        self._results = []
        self._has_headings = has_headings
        self._failure_at = None
        self.clear()

    def add(self, result: Result) -> None:
        """Show one more."""
        is_next = not self._results or self._results[-1].gateway != result.gateway
        self._results.append(result)
        self._write(result, with_heading=is_next and self._has_headings)
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def show_failure(self) -> None:
        """Go to the first that failed, if any did."""
        if self._failure_at is not None:
            cursor = QTextCursor(self.document())
            cursor.setPosition(self._failure_at)
            # From the end, so that it comes to stand at the top.
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
            self.setTextCursor(cursor)
            self.ensureCursorVisible()

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            results = self._results
            self.begin(has_headings=self._has_headings)
            for result in results:
                self.add(result)

    def _write(self, result: Result, *, with_heading: bool) -> None:
        theme = DARK if self.palette().color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if with_heading:
            _begin_paragraph(cursor, above_px=GAP)
            cursor.insertText(result.gateway, _format(theme.text, is_strong=True))
        _begin_paragraph(cursor, above_px=SPACE, hangs_px=_INDENT_PX)
        if result.outcome is Outcome.FAILED and self._failure_at is None:
            self._failure_at = cursor.position()
        cursor.insertText(f"{MARKS[result.outcome]}\t", _format(_colour(result.outcome, theme), is_strong=True))
        is_skipped = result.outcome is Outcome.SKIPPED
        cursor.insertText(step_name(result.step), _format(theme.text_faint if is_skipped else theme.text))
        cursor.insertText(f"  {result.text}", _format(theme.text_faint if is_skipped else theme.text_dim))
        if not is_skipped:
            cursor.insertText(f"  {tick_latency_text(round(result.took_s * 1000))}", _format(theme.text_faint))
        if result.advice:
            _begin_paragraph(cursor, left_px=_INDENT_PX)
            cursor.insertText(result.advice, _format(theme.text))


def _colour(outcome: Outcome, theme: Theme) -> QColor:
    match outcome:
        case Outcome.OK:
            return theme.good
        case Outcome.FAILED:
            return theme.problem
        case Outcome.NOTE:
            return theme.warning
        case Outcome.SKIPPED:
            return theme.text_faint


def _format(colour: QColor, *, is_strong: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(colour)
    made.setFontWeight(QFont.Weight.DemiBold if is_strong else QFont.Weight.Normal)
    return made


def _begin_paragraph(cursor: QTextCursor, *, above_px: int = 0, left_px: int = 0, hangs_px: int = 0) -> None:
    """Begin a paragraph, whose first line stands `hangs_px` to the left of the others."""
    made = QTextBlockFormat()
    made.setTopMargin(above_px)
    made.setLeftMargin(left_px + hangs_px)
    made.setTextIndent(-hangs_px)
    if cursor.position() == 0:
        made.setTopMargin(0)
        cursor.setBlockFormat(made)
    else:
        cursor.insertBlock(made)
