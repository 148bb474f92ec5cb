"""What stands in the cells of the timeline, and what the pointer is told there. Pure words and colours."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtGui import QColor

from helios_desktop.event import Event, Severity
from helios_desktop.journal.stored import Row
from helios_desktop.qt.derivation import DERIVED_MARK, happened_text, origin_text
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.times import TimeStyle, full_text, row_text
from helios_desktop.words import _, ngettext


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


@dataclass(frozen=True)
class Run:
    """The events of a row: how many, and the way to the first of them and to the whole of the last."""

    count: int
    first: Callable[[], Row | None]
    event: Callable[[], Event | None]


class Cells:
    """How cells are written now; whoever owns it changes these, and paints anew.

    titles: what to call observers, by name
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.mono = theme.mono
        self.style = TimeStyle.UTC
        self.now_ns = 0
        self.titles: Mapping[str, str] = {}

    def set_theme(self, theme: Theme) -> None:
        """Take other colours and fonts."""
        self.theme = theme
        self.mono = theme.mono

    def line(self, told: Row) -> str:
        """A row as a line of text, for the clipboard."""
        parts = (full_text(told.at_ns, self.style), severity_name(told.severity), told.type)
        return "  ".join(part for part in (*parts, told.node, told.observer, told.summary) if part)

    def text(self, told: Row, column: int, count: int) -> str:
        """What stands in a cell of a row of so many events."""
        match column:
            case Column.TIME:
                return row_text(told.at_ns, self.now_ns, self.style)
            case Column.MARK:
                return severity_mark(told.severity)
            case Column.TYPE:
                return f"{DERIVED_MARK} {told.type}" if told.is_derived else told.type
            case Column.NODE:
                return told.node
            case Column.OBSERVER:
                return self._title(told)
            case _:
                return told.summary if count == 1 else _("×{n}  {what}").format(n=count_text(count), what=told.summary)

    def colour(self, told: Row, column: int) -> QColor:
        """Of that text."""
        theme = self.theme
        severity = told.severity
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

    def tooltip(self, told: Row, column: int, run: Run) -> str | None:
        """What the pointer is told there."""
        match column:
            case Column.TIME:
                return full_text(told.at_ns, self.style)
            case Column.MARK:
                return severity_name(told.severity)
            case Column.TYPE if told.is_told or told.is_derived:
                event = run.event()
                if event is None:
                    return None
                words = (origin_text(event), happened_text(event, self.style))
                return "\n".join(word for word in words if word) or None
            case Column.SUMMARY:
                return plain_tip(self._whole_summary(told, run))
            case Column.NODE:
                return plain_tip(told.node)
            case Column.OBSERVER:
                return plain_tip(self._title(told))
            case _:
                return None

    def _whole_summary(self, told: Row, run: Run) -> str:
        first = run.first() if run.count > 1 else None
        if first is None:
            return told.summary
        sentence = ngettext("{n} time since {at}: {what}", "{n} times since {at}: {what}", run.count)
        return sentence.format(n=count_text(run.count), at=full_text(first.at_ns, self.style), what=told.summary)

    def _title(self, told: Row) -> str:
        return self.titles.get(told.observer, told.observer)
