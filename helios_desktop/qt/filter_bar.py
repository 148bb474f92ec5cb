"""The controls above the timeline: search, severity, chips, and how much of all is shown."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from helios_desktop.event import Severity
from helios_desktop.qt.chips import ChipRow
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_filter import CHANGES, EVERYTHING, TimelineFilter
from helios_desktop.words import _

_TYPING_MS = 120
"""How long the user pauses before the search starts."""


class FilterBar(QWidget):
    """Holds the filter that the user chose and says when it changed."""

    changed = Signal(object)
    """The new `TimelineFilter`."""
    export_requested = Signal()
    left_downwards = Signal()
    """Enter, Escape or Down in the search: back to the list."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._filter = CHANGES
        self._severities: tuple[tuple[str, frozenset[Severity] | None], ...] = (
            (_("All severities"), None),
            (_("Notices and worse"), frozenset({Severity.NOTICE, Severity.WARNING, Severity.PROBLEM})),
            (_("Warnings and worse"), frozenset({Severity.WARNING, Severity.PROBLEM})),
            (_("Problems"), frozenset({Severity.PROBLEM})),
        )
        self.search = QLineEdit()
        self.severity = QComboBox()
        self.chips = ChipRow(theme)
        self.shown = QLabel()
        self.clear = QToolButton()
        self.export = QToolButton()
        self._typing = QTimer(self)
        self._build()
        self.set_theme(theme)

    @property
    def filter(self) -> TimelineFilter:
        """What the user chose."""
        return self._filter

    def choose(self, chosen: TimelineFilter) -> None:
        """Set the filter, and the controls to it."""
        self._typing.stop()
        if self.search.text().strip() != chosen.events.text:
            self.search.blockSignals(True)
            self.search.setText(chosen.events.text)
            self.search.blockSignals(False)
        for row, (_name, severities) in enumerate(self._severities):
            if severities == chosen.events.severities:
                self.severity.setCurrentIndex(row)
        if chosen != self._filter:
            self._filter = chosen
            self.changed.emit(chosen)

    def show_counts(self, counts: Mapping[str, int], shown: int, kept: int, gone: int, *, is_searching: bool) -> None:
        """Say how many of the kept events are shown, of which types there are how many, and how many went."""
        self.chips.show_counts(counts, self._filter)
        text = _("{shown} of {kept}").format(shown=count_text(shown), kept=count_text(kept))
        if is_searching:
            text = _("{shown}, searching…").format(shown=text)
        if gone:
            text = _("{shown} · older went: {gone}").format(shown=text, gone=count_text(gone))
        self.shown.setText(text)
        self.shown.setToolTip(
            _("Showing {shown} of the {kept} events that are kept.").format(
                shown=count_text(shown), kept=count_text(kept)
            )
            + (
                " " + _("{gone} older events went: memory keeps the latest only.").format(gone=count_text(gone))
                if gone
                else ""
            )
        )
        is_all = self._filter.is_everything
        self.clear.setText(_("Only changes") if is_all else _("Show all"))
        self.clear.setToolTip(
            _("Hide what only repeats: statuses, latency, uptime, metrics, pongs")
            if is_all
            else _("Clear every filter and show all types")
        )

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.chips.set_theme(theme)

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

    def _take_text(self) -> None:
        self._typing.stop()
        self.choose(self._filter.with_text(self.search.text()))

    def _take_severity(self, row: int) -> None:
        self.choose(self._filter.with_severities(self._severities[row][1]))

    def _take_type(self, event_type: str, is_shown: bool) -> None:
        self.choose(self._filter.with_type_hidden(event_type, is_hidden=not is_shown))

    def _clear(self) -> None:
        self.choose(CHANGES if self._filter.is_everything else EVERYTHING)

    def _build(self) -> None:
        self.search.setPlaceholderText(_("Search  (Ctrl+F)"))
        self.search.setAccessibleName(_("Search the timeline"))
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(140)
        self.search.setMaximumWidth(260)
        self.severity.addItems([name for name, _severities in self._severities])
        self.severity.setAccessibleName(_("Severities to show"))
        self.export.setText(_("Export…"))
        self.export.setToolTip(_("Write the timeline to a file"))
        self.shown.setProperty("kind", "dim")
        self.clear.setProperty("kind", "quiet")
        self.shown.setAccessibleName(_("Events shown"))
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)

        controls = QHBoxLayout()
        controls.setSpacing(8)
        controls.addWidget(self.search, 1)
        controls.addWidget(self.severity)
        controls.addWidget(self.shown)
        controls.addWidget(self.clear)
        controls.addStretch(1)
        controls.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(6)
        layout.addLayout(controls)
        layout.addWidget(self.chips)

        self.search.textEdited.connect(lambda _text: self._typing.start())
        self.search.textChanged.connect(lambda text: self._take_text() if not text else None)
        self._typing.timeout.connect(self._take_text)
        self.severity.activated.connect(self._take_severity)
        self.chips.type_toggled.connect(self._take_type)
        self.clear.clicked.connect(self._clear)
        self.export.clicked.connect(self.export_requested)
