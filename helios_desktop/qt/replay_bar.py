"""Where a replay stands and what moves it: the instant, large; play, speed, steps; and the way back."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from helios_desktop.monitor.replay import SPEEDS, Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.labels import ElidedLabel, make_label, show_text, show_tip, tint
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.theme import Theme, ui_font
from helios_desktop.qt.times import TimeStyle, date_text, full_text, time_text, zone_label
from helios_desktop.words import _, ngettext

_INSTANT_POINTS: Final = 16.0
_SMALL_POINTS: Final = 8.5


class ReplayBar(QFrame):
    """Shown while a replay is. The pacer calls `refresh`. A click leaves the focus where it is."""

    play_toggled = Signal()
    speed_chosen = Signal(float)
    stepped = Signal(bool)
    """To the next event, or the one before."""
    problem_asked = Signal(bool)
    """To the next problem, or the one before."""
    left = Signal()
    """Back to live, or, where nothing is live, close the recording."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(_("Replay"))
        self._theme = theme
        self._style = TimeStyle.UTC
        self._replay: Replay | None = None
        self._live: Watched | None = None
        self._live_end = 0
        self.date = make_label(kind="dim", font=ui_font(_SMALL_POINTS))
        self.instant = make_label(font=ui_font(_INSTANT_POINTS, QFont.Weight.DemiBold))
        self.zone = make_label(kind="dim", font=ui_font(_SMALL_POINTS))
        self.previous_problem = _button("◀ " + _("Problem"), _("The problem before (Shift+E)"))
        self.previous_event = _button("◀ " + _("Event"), _("One event back (←)"))
        self.play = _button(_("Pause"), _("Let time go on, or stand still (Space)"))
        self.next_event = _button(_("Event") + " ▶", _("One event on (→)"))
        self.next_problem = _button(_("Problem") + " ▶", _("The next problem (E)"))
        self.speed = QComboBox()
        self.news = ElidedLabel("dim")
        self.leave = QPushButton()
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.refresh()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write the instant in this convention; a relative one has no clock, and writes local time."""
        self._style = TimeStyle.LOCAL if style is TimeStyle.RELATIVE else style
        self.refresh()

    def show_replay(self, replay: Replay | None, live: Watched | None) -> None:
        """Show where this one stands from now on; `live` goes on beneath, and is None where there is none."""
        self._replay, self._live = replay, live
        self._live_end = live.log.end if live is not None else 0
        self.setVisible(replay is not None)
        if replay is not None:
            self.speed.setCurrentIndex(SPEEDS.index(replay.speed) if replay.speed in SPEEDS else -1)
        is_back = live is not None
        self.leave.setText(_("Back to live") if is_back else _("Close recording"))
        show_tip(self.leave, _("Show what happens now (L)") if is_back else _("Back to what one can choose (L)"))
        self.refresh()

    def refresh(self) -> None:
        """Draw what changed."""
        replay = self._replay
        if replay is None:
            return
        at_ns = replay.now_ns()
        show_text(self.date, date_text(at_ns, self._style))
        show_text(self.instant, time_text(at_ns, self._style))
        show_text(self.zone, zone_label(self._style, at_ns))
        show_tip(self.instant, full_text(at_ns, self._style))
        tint(self.instant, self._theme.replay)
        goes_on = self._live is not None and self._live.history == replay.history
        is_at_end = at_ns >= replay.last_ns and not goes_on
        text = _("Pause") if replay.is_playing else _("Play")
        if text != self.play.text():
            self.play.setText(text)
        self.play.setEnabled(replay.is_playing or not is_at_end)
        new = 0 if self._live is None else max(0, self._live.log.end - self._live_end)
        text = ngettext("live: +{n} event", "live: +{n} events", new).format(n=count_text(new))
        self.news.show_line(text if self._live is not None else "")

    def _choose_speed(self, row: int) -> None:
        self.speed_chosen.emit(SPEEDS[row])

    def _build(self) -> None:
        self.instant.setAccessibleName(_("The instant that is shown"))
        # So that nothing moves when the one takes the place of the other, or a digit that of another.
        self.play.setMinimumWidth(self.play.sizeHint().width())
        self.instant.setMinimumWidth(self.instant.fontMetrics().horizontalAdvance("88:88:88.888") + 2)
        for speed in SPEEDS:
            self.speed.addItem(_("{speed}×").format(speed=f"{speed:g}"))
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.speed.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.speed.setMinimumContentsLength(5)
        self.speed.setAccessibleName(_("Speed"))
        self.speed.setToolTip(_("How fast time goes on"))
        self.speed.activated.connect(self._choose_speed)
        self.leave.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.leave.clicked.connect(self.left)
        self.play.clicked.connect(self.play_toggled)
        for button, signal, forwards in (
            (self.previous_problem, self.problem_asked, False),
            (self.next_problem, self.problem_asked, True),
            (self.previous_event, self.stepped, False),
            (self.next_event, self.stepped, True),
        ):
            button.clicked.connect(lambda _is_checked=False, told=signal, way=forwards: told.emit(way))
        row = QHBoxLayout(self)
        row.setContentsMargins(PAD, SPACE, GAP, SPACE)
        row.setSpacing(GAP)
        small = QVBoxLayout()
        small.setSpacing(0)
        small.addWidget(self.date)
        small.addWidget(self.zone)
        row.addWidget(self.instant)
        row.addLayout(small)
        row.addStretch(1)
        for button in (self.previous_problem, self.previous_event, self.play, self.next_event, self.next_problem):
            row.addWidget(button)
        row.addWidget(self.speed)
        # Where there is no room for all, the news go first.
        self.news.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.news, 1)
        row.addWidget(self.leave)
        self.setVisible(False)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
