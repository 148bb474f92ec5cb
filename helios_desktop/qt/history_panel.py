"""Below the panels: the overview of all that is recorded, to be taken hold of, and the same as a table."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QElapsedTimer, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.labels import make_label, show_text, show_tip
from helios_desktop.qt.scrubber import Scrubber
from helios_desktop.qt.spans_dialog import SpansDialog
from helios_desktop.qt.strip_words import survey_words
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.surveying import Seen, Surveying, Wish
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.qt.times import TimeStyle
from helios_desktop.words import _

_FIRST_MS: Final = 1_000
_MOST_MS: Final = 10_000
_LOOKS_A_RECORDING: Final = 600
"""A recording that grew by such a part looks no different."""
_NS_PER_MS: Final = 1_000_000


class HistoryPanel(QFrame):
    """Hidden where nothing is recorded. The pacer calls `refresh`; `close_files` at the end."""

    sought = Signal(object)
    """The user wants to see that instant."""

    def __init__(self, theme: Theme, node_colour: Callable[[str], QColor]) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self._theme = theme
        self._watched: Watched | None = None
        self._live: Watched | None = None
        self._surveying = Surveying(self)
        self._since_look = QElapsedTimer()
        self._seen: Seen | None = None
        self._is_wanted = True
        self.scrubber = Scrubber(theme, node_colour)
        self.length = make_label(kind="dim")
        self.table = QPushButton(_("Table…"))
        self.spans = SpansDialog(self)
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.scrubber.set_theme(theme)

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self.scrubber.set_time_style(style)
        self.spans.set_time_style(style)

    def show_watched(self, watched: Watched | None, live: Watched | None) -> None:
        """Follow this one from now on; `live` goes on beneath, and may be the same."""
        before = None if self._watched is None else self._watched.history
        self._watched, self._live = watched, live
        path = None if watched is None else watched.history
        self._place()
        if path != before:
            self._seen = None
            self._since_look.invalidate()
            self.scrubber.forget()
            self.spans.show_survey(None)
        self.refresh()

    def look_again(self) -> None:
        """Something in the file changed, as a note: show it at once."""
        self._since_look.invalidate()
        self.refresh()

    def set_wanted(self, is_wanted: bool) -> None:
        """Whether the user wants to see it, where there is something to see."""
        self._is_wanted = is_wanted
        self._place()

    def refresh(self) -> None:
        """Draw what changed, and look over the recording where it is time to."""
        watched = self._watched
        if watched is None or watched.history is None or not self._is_wanted:
            return
        goes_on = self._recorder()
        at_ns = watched.now_ns()
        match watched:
            case Replay():
                end_ns, colour = watched.last_ns if goes_on is None else goes_on.now_ns(), self._theme.replay
            case _:
                end_ns, colour = at_ns, self._theme.text
        self.scrubber.show_instant(at_ns, end_ns, colour)
        if self._is_due(end_ns):
            self._since_look.start()
            state = None if goes_on is None else goes_on.state
            self._surveying.look(Wish(watched.history, self.scrubber.view, state))

    def close_files(self) -> None:
        """Let go of the recording."""
        self.spans.close()
        self._surveying.close()

    def _recorder(self) -> Watched | None:
        """Who records into what is shown, now."""
        watched, live = self._watched, self._live
        return live if live is not None and watched is not None and live.history == watched.history else None

    def _is_due(self, end_ns: int) -> bool:
        if not self._since_look.isValid():
            return True
        survey = None if self._seen is None else self._seen.survey
        if survey is None or not survey.is_whole:
            return self._since_look.elapsed() >= _FIRST_MS
        every_ms = min(max(_FIRST_MS, (end_ns - survey.first_ns) // _NS_PER_MS // _LOOKS_A_RECORDING), _MOST_MS)
        return self._recorder() is not None and self._since_look.elapsed() >= every_ms

    def _show(self, seen: Seen) -> None:
        watched = self._watched
        if watched is None or seen.wish.path != watched.history:
            return
        self._seen = seen
        self.scrubber.show_survey(seen.survey, seen.notes, seen.reason)
        self.spans.show_survey(seen.survey)
        self.table.setEnabled(seen.survey is not None)
        show_text(self.length, "" if seen.survey is None else survey_words(seen.survey))

    def _zoomed(self) -> None:
        """What is in view is another: it is counted anew."""
        self._since_look.invalidate()
        self.refresh()

    def _place(self) -> None:
        self.setVisible(self._is_wanted and self._watched is not None and self._watched.history is not None)

    def _show_table(self) -> None:
        self.spans.show()
        self.spans.raise_()
        self.spans.activateWindow()

    def _build(self) -> None:
        self.setAccessibleName(_("Recorded"))
        self._surveying.seen.connect(self._show)
        self.scrubber.sought.connect(self.sought)
        self.scrubber.view_changed.connect(self._zoomed)
        self.spans.sought.connect(self.sought)
        self.table.setProperty("kind", "quiet")
        self.table.clicked.connect(self._show_table)
        show_tip(self.table, _("Who led when, what is missing and how many problems there were, as a table"))
        head = QVBoxLayout()
        head.setSpacing(1)
        head.addStretch(1)
        head.addWidget(make_label(_("RECORDED"), kind="heading", font=ui_font(8.5, QFont.Weight.DemiBold)))
        head.addWidget(self.length)
        head.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(PAD, SPACE, GAP, SPACE)
        row.setSpacing(GAP)
        row.addLayout(head)
        row.addWidget(self.scrubber, 1)
        row.addWidget(self.table)
        # So that the strip stands still while the length grows.
        self.length.setMinimumWidth(self.length.fontMetrics().horizontalAdvance("88 m 88 s"))
        self._place()
