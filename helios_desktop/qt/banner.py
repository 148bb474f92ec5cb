"""What is wrong, in words, where it is wrong, and the next step: never a box that stops the view."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Phase
from helios_desktop.qt.labels import fill, make_label, show_text, tint
from helios_desktop.qt.naming import observer_title
from helios_desktop.qt.standing import needs_sign_in, phase_words, watched
from helios_desktop.qt.style_sheet import GAP, PAD, SPACE
from helios_desktop.qt.theme import LEVEL_GLYPHS, Theme
from helios_desktop.qt.times import TimeStyle, full_text
from helios_desktop.qt.trouble import Trouble, TroubleWatch
from helios_desktop.store.state import ObserverState
from helios_desktop.store.verdict import Level
from helios_desktop.words import _


class Banner(QFrame):
    """Shows why a connection is not as it should be, or a sentence of the program's own; hidden where all is well.

    It stands still: from one attempt to the next it says the same.
    """

    reconnect_requested = Signal()
    sign_in_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._monitor: Watched | None = None
        self._can_act = True
        self._troubles = TroubleWatch()
        self._notice = ""
        self._details = ""
        self.glyph = make_label()
        self.text = make_label()
        self.reconnect = QPushButton(_("Reconnect now"))
        self.sign_in = QPushButton(_("Sign in again…"))
        self.copy = QPushButton(_("Copy details"))
        self.dismiss = QPushButton(_("Dismiss"))
        self._build()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.refresh()

    def show_monitor(self, monitor: Watched | None, *, can_act: bool = True) -> None:
        """Watch this one from now on. Where one cannot act on it, as in a replay, nothing is offered but to copy."""
        self._monitor = monitor
        self._can_act = can_act
        self._troubles = TroubleWatch()
        self._notice = ""
        self.refresh()

    def show_jump(self) -> None:
        """The instant of a replay is quite another: what was wrong before it says nothing of it."""
        self._troubles = TroubleWatch()

    def say(self, sentence: str) -> None:
        """Show a failure that is not the connection's, until it is dismissed."""
        self._notice = sentence
        self.refresh()

    def refresh(self) -> None:
        """Draw what changed."""
        if self._notice:
            self._draw(Level.PROBLEM, self._notice, "")
            self._details = self._notice
            self._offer(dismiss=True)
            return
        monitor = self._monitor
        now_ns = 0 if monitor is None else monitor.now_ns()
        trouble = None if monitor is None else self._troubles.look(watched(monitor.state), now_ns)
        if trouble is None:
            self.setVisible(False)
            return
        self._draw(trouble.level, trouble.sentence, trouble.next_step)
        self._details = _details(trouble, now_ns)
        self._offer_next(trouble.observer)

    def _offer_next(self, observer: ObserverState) -> None:
        asks = needs_sign_in(observer)
        is_rejected = observer.phase is Phase.REJECTED
        self.reconnect.setText(
            _("Try again") if observer.phase in {Phase.REJECTED, Phase.POLLING} else _("Reconnect now")
        )
        self.sign_in.setText(_("Sign in again…") if asks else _("Change connection…"))
        # Nothing can be tried anew where the connection is open.
        can_reconnect = self._can_act and not asks and observer.phase is not Phase.LIVE
        self._offer(reconnect=can_reconnect, sign_in=self._can_act and is_rejected)

    def _draw(self, level: Level, text: str, next_step: str) -> None:
        fill(self, self._theme.panel_raised)
        show_text(self.glyph, LEVEL_GLYPHS[level])
        tint(self.glyph, self._theme.level_colour(level))
        show_text(self.text, f"{text} {next_step}".rstrip())
        tint(self.text, self._theme.text)
        self.setAccessibleName(f"{text} {next_step}".strip())
        self.setVisible(True)

    def _offer(self, *, reconnect: bool = False, sign_in: bool = False, dismiss: bool = False) -> None:
        for button, is_offered in ((self.reconnect, reconnect), (self.sign_in, sign_in), (self.dismiss, dismiss)):
            button.setVisible(is_offered)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._details)

    def _dismiss(self) -> None:
        self._notice = ""
        self.refresh()

    def _build(self) -> None:
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.reconnect.clicked.connect(self.reconnect_requested)
        self.sign_in.clicked.connect(self.sign_in_requested)
        self.copy.clicked.connect(self._copy)
        self.dismiss.clicked.connect(self._dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(PAD, SPACE + 2, GAP, SPACE + 2)
        row.setSpacing(GAP)
        row.addWidget(self.glyph)
        row.addWidget(self.text, 1)
        for button in (self.reconnect, self.sign_in, self.copy, self.dismiss):
            row.addWidget(button)
        self.setVisible(False)


def _details(trouble: Trouble, now_ns: int) -> str:
    observer = trouble.observer
    since = "" if observer.since_ns is None else full_text(observer.since_ns, TimeStyle.UTC)
    answer = observer.raft_off.value.strip() if observer.raft_off is not None else ""
    detail = answer or (observer.detail if observer.phase is Phase.POLLING else "")
    words = phase_words(observer, now_ns)[1]
    lines = (since, observer_title(observer), words, trouble.sentence, trouble.next_step, detail)
    return "\n".join(line for line in lines if line)
