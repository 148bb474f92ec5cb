"""The controls above the timeline: search, severity, filters under names, chips, and what and how much is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter, Finder, PatternError
from helios_desktop.profiles.filters import SavedFilters
from helios_desktop.qt.chips import ChipRow
from helios_desktop.qt.labels import ElidedLabel, show_tip
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import CHANGES, EVERYTHING, TimelineFilter
from helios_desktop.qt.timeline_saved import SavedMenu
from helios_desktop.qt.timeline_words import filter_words
from helios_desktop.qt.times import TimeStyle
from helios_desktop.words import _

_TYPING_MS: Final = 120
"""How long the user pauses before the search starts."""


@dataclass(frozen=True)
class Shown:
    """How much is shown.

    by_type:    how many there are of each type
    shown:      how many pass; where `is_counting`, so many as are known by now
    gone:       how many older ones are nowhere any more
    is_searching: rows, or their number, are still looked for; can_stop: by a search that may take long
    is_stopped: the user stopped that search
    """

    by_type: Mapping[str, int]
    shown: int
    gone: int = 0
    is_counting: bool = False
    is_searching: bool = False
    can_stop: bool = False
    is_stopped: bool = False

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.by_type.values())


class FilterBar(QWidget):
    """Holds the filter that the user chose and says when it changed."""

    changed = Signal(object)
    """The new `TimelineFilter`."""
    export_requested = Signal()
    stop_requested = Signal()
    """End the search that takes long."""
    left_downwards = Signal()
    """Enter, Escape or Down in the search: back to the list."""

    def __init__(self, theme: Theme, saved: SavedFilters) -> None:
        super().__init__()
        self._theme = theme
        self._style = TimeStyle.UTC
        self._filter = CHANGES
        self._error = ""
        self._severities: tuple[tuple[str, frozenset[Severity] | None], ...] = (
            (_("All severities"), None),
            (_("Notices and worse"), frozenset({Severity.NOTICE, Severity.WARNING, Severity.PROBLEM})),
            (_("Warnings and worse"), frozenset({Severity.WARNING, Severity.PROBLEM})),
            (_("Problems"), frozenset({Severity.PROBLEM})),
            (_("Some severities"), frozenset()),
        )
        self.search = QLineEdit()
        self.pattern = QToolButton()
        self.severity = QComboBox()
        self.saved = SavedMenu(saved)
        self.chips = ChipRow(theme)
        self.shown = QLabel()
        self.said = ElidedLabel("dim")
        self.stop = QToolButton()
        self.clear = QToolButton()
        self.export = QToolButton()
        self._typing = QTimer(self)
        self._told = QHBoxLayout()
        self._build()
        self._join()
        self.set_theme(theme)
        self._say()

    @property
    def filter(self) -> TimelineFilter:
        """What the user chose."""
        return self._filter

    def choose(self, chosen: TimelineFilter) -> None:
        """Set the filter, and the controls to it."""
        self._typing.stop()
        self._error = ""
        events = chosen.events
        text = events.pattern or events.text
        if self.search.text().strip() != text:
            self.search.blockSignals(True)
            self.search.setText(text)
            self.search.blockSignals(False)
        if text:
            self.pattern.setChecked(bool(events.pattern))
        rows = [row for row, (_name, severities) in enumerate(self._severities) if severities == events.severities]
        self.severity.setCurrentIndex(rows[0] if rows else len(self._severities) - 1)
        self.saved.in_force = events
        is_other, self._filter = chosen != self._filter, chosen
        self._say()
        if is_other:
            self.changed.emit(chosen)

    def show_error(self, sentence: str) -> None:
        """Say what is wrong with the search, or with reading; the next filter clears it."""
        self._error = sentence
        self._say()

    def show_counts(self, shown: Shown) -> None:
        """Say how many of all events are shown, of which types there are how many, and how many went."""
        self.chips.show_counts(shown.by_type, self._filter)
        text = _("{shown} of {kept}").format(shown=count_text(shown.shown), kept=count_text(shown.total))
        if shown.is_searching:
            text = _("{shown}, searching…").format(shown=text)
        elif shown.is_stopped:
            text = _("{shown}, search stopped").format(shown=text)
        elif shown.is_counting:
            text = _("{shown}, counting…").format(shown=text)
        if shown.gone:
            text = _("{shown} · older went: {gone}").format(shown=text, gone=count_text(shown.gone))
        self.shown.setText(text)
        tip = _("Showing {shown} of {kept} events.").format(shown=count_text(shown.shown), kept=count_text(shown.total))
        if shown.gone:
            went = _("{gone} older events went: nothing is recorded, and memory keeps the latest only.")
            tip += " " + went.format(gone=count_text(shown.gone))
        self.shown.setToolTip(tip)
        self.stop.setVisible(shown.can_stop)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.chips.set_theme(theme)
        self._say()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self._say()

    def focus_search(self) -> None:
        """Put the cursor into the search."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: Escape clears the search, then leaves it; Down and Enter leave it."""
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        elif event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take_text()
            self.left_downwards.emit()
        else:
            super().keyPressEvent(event)

    def _say(self) -> None:
        is_all = self._filter.is_everything
        words = filter_words(self._filter, self._style)
        line = self._error or (_("Filtered: {words}").format(words=words) if words else _("Nothing is filtered"))
        self.said.show_line(line)
        show_tip(self.said, line)
        self.said.setProperty("kind", "problem" if self._error else "dim")
        self.style().polish(self.said)
        self.clear.setText(_("Only changes") if is_all else _("Show all"))
        self.clear.setToolTip(
            _("Hide what only repeats: statuses, latency, uptime, metrics, pongs")
            if is_all
            else _("Clear every filter and show all types")
        )

    def _take_text(self) -> None:
        self._typing.stop()
        text = self.search.text()
        if not self.pattern.isChecked():
            self.choose(self._filter.with_text(text))
            return
        try:
            Finder(EventFilter(pattern=text))
        except PatternError as error:
            self.show_error(str(error))
            return
        self.choose(self._filter.with_pattern(text))

    def _take_severity(self, row: int) -> None:
        severities = self._severities[row][1]
        if severities is not None and not severities:
            self.choose(self._filter)  # which some are chosen by a right click on a mark
        else:
            self.choose(self._filter.with_severities(severities))

    def _take_type(self, event_type: str, is_shown: bool) -> None:
        self.choose(self._filter.with_type_hidden(event_type, is_hidden=not is_shown))

    def _clear(self) -> None:
        self.choose(CHANGES if self._filter.is_everything else EVERYTHING)

    def add_strip(self, strip: QWidget) -> None:
        """Let a strip stand in the line that tells what is shown, which needs no height then."""
        self._told.insertWidget(self._told.indexOf(self.clear), strip, 2)

    def _build(self) -> None:
        self.search.setPlaceholderText(_("Search  (Ctrl+F)"))
        self.search.setAccessibleName(_("Search the timeline"))
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(140)
        self.search.setMaximumWidth(260)
        self.pattern.setText(".*")
        self.pattern.setCheckable(True)
        self.pattern.setAccessibleName(_("Regular expression"))
        self.pattern.setToolTip(_("Search by a regular expression, in what a row shows"))
        self.severity.addItems([name for name, _severities in self._severities])
        self.severity.setAccessibleName(_("Severities to show"))
        self.export.setText(_("Export…"))
        self.export.setToolTip(_("Write the timeline to a file"))
        self.shown.setProperty("kind", "dim")
        self.shown.setAccessibleName(_("Events shown"))
        self.stop.setText(_("Stop"))
        self.stop.setToolTip(_("End this search; what was found stays"))
        self.stop.hide()
        for quiet in (self.clear, self.stop):
            quiet.setProperty("kind", "quiet")
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        controls = QHBoxLayout()
        controls.setSpacing(8)
        controls.addWidget(self.search, 1)
        for control in (self.pattern, self.severity, self.saved):
            controls.addWidget(control)
        controls.addStretch(1)
        controls.addWidget(self.export)
        told = self._told
        told.setSpacing(8)
        told.addWidget(self.shown)
        told.addWidget(self.stop)
        told.addWidget(self.said, 1)
        told.addWidget(self.clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(6)
        layout.addLayout(controls)
        layout.addWidget(self.chips)
        layout.addLayout(told)

    def _join(self) -> None:
        self.search.textEdited.connect(lambda _text: self._typing.start())
        self.search.textChanged.connect(lambda text: self._take_text() if not text else None)
        self._typing.timeout.connect(self._take_text)
        self.pattern.clicked.connect(self._take_text)
        self.severity.activated.connect(self._take_severity)
        self.saved.chosen.connect(lambda events: self.choose(TimelineFilter(events=events)))
        self.saved.failed.connect(self.show_error)
        self.chips.type_toggled.connect(self._take_type)
        self.stop.clicked.connect(self.stop_requested)
        self.clear.clicked.connect(self._clear)
        self.export.clicked.connect(self.export_requested)
