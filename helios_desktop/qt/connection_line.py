"""The line below everything: the connection in figures. It never stands still, not even while the view is held."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from helios_desktop.client.address import short_name
from helios_desktop.monitor.replay import Replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.figure_button import FigureButton
from helios_desktop.qt.labels import make_label, show_text, show_tip, tint
from helios_desktop.qt.losses import is_estimated, lost_text, total_lost
from helios_desktop.qt.naming import observer_title
from helios_desktop.qt.quantities import UNKNOWN, count_text, latency_text, offset_text, rate_text
from helios_desktop.qt.recording_words import recording_words
from helios_desktop.qt.standing import phase_words, standing, watched
from helios_desktop.qt.style_sheet import PAD, SPACE
from helios_desktop.qt.theme import LEVEL_GLYPHS, Theme
from helios_desktop.qt.times import span_text
from helios_desktop.store.silence import is_told_down
from helios_desktop.store.state import ObserverState
from helios_desktop.words import _, ngettext

_NS_PER_MS: Final = 1_000_000
_FIGURES: Final = 5

Observers = tuple[ObserverState, ...]


class Figure(Struct, frozen=True, gc=False):
    """One figure of the line; `tip` has a line for each observer, `is_trouble` asks for attention."""

    text: str
    tip: str
    is_trouble: bool = False


class ConnectionLine(QFrame):
    """Shows the connection of a monitor. The pacer calls `refresh`."""

    quality_requested = Signal()
    """The figure of the losses was clicked: there is more to say of them."""
    set_aside = Signal(object)
    """A damaged journal was moved to this path. Told once."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("kind", "panel")
        self.setAccessibleName(_("Connection"))
        self._theme = theme
        self._monitor: Watched | None = None
        self.glyph, self.phase = make_label(), make_label()
        self.figures = tuple(make_label() for _number in range(_FIGURES))
        self.losses = FigureButton(theme, _("Data quality…"))
        self.losses.clicked.connect(self.quality_requested)
        self.recording = make_label()
        self.recording.setAccessibleName(_("Recording"))
        self.address = make_label(kind="faint")
        self._aside: Path | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(PAD, SPACE, PAD, SPACE)
        row.setSpacing(PAD + SPACE)
        head = QHBoxLayout()
        head.setSpacing(SPACE + 2)
        head.addWidget(self.glyph)
        head.addWidget(self.phase)
        row.addLayout(head)
        for figure in self.figures:
            row.addWidget(figure)
        row.addWidget(self.losses)
        row.addWidget(self.recording)
        row.addStretch(1)
        row.addWidget(self.address)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.losses.set_theme(theme)
        self.refresh()

    def show_monitor(self, monitor: Watched | None) -> None:
        """Watch this one from now on."""
        self._monitor = monitor
        self.setVisible(monitor is not None)
        self.refresh()

    def refresh(self) -> None:
        """Draw what changed."""
        monitor = self._monitor
        if monitor is None:
            return
        state, now_ns = monitor.state, monitor.now_ns()
        observers = watched(state)
        stands = standing(state, now_ns)
        show_text(self.glyph, LEVEL_GLYPHS[stands.level])
        words = f"{stands.text}  {stands.live_text}".rstrip()
        is_replay = isinstance(monitor, Replay)
        # What was live then must not look so now.
        tint(self.glyph, self._theme.text_faint if is_replay else self._theme.level_colour(stands.level))
        show_text(self.phase, _("then: {phase}").format(phase=words) if is_replay else words)
        show_tip(self.phase, _each(observers, lambda observer: phase_words(observer, now_ns)[1]))
        *figures, losses = connection_figures(observers, now_ns)
        for label, figure in zip(self.figures, figures, strict=True):
            show_text(label, figure.text)
            show_tip(label, figure.tip)
            tint(label, self._theme.text_dim)
        self.losses.show_figure(losses.text, is_trouble=losses.is_trouble)
        show_tip(self.losses, losses.tip)
        self._show_recording(monitor)
        show_text(self.address, short_name(monitor.target.addresses))
        show_tip(self.address, "\n".join(str(address) for address in monitor.target.addresses))

    def _show_recording(self, monitor: Watched) -> None:
        words = recording_words(monitor)
        show_text(self.recording, words.text)
        show_tip(self.recording, words.tip)
        tint(self.recording, self._theme.problem if words.is_trouble else self._theme.text_dim)
        self.recording.setVisible(bool(words.text))
        aside = None if monitor.recording is None else monitor.recording.set_aside
        if aside is not None and aside != self._aside:
            self._aside = aside
            self.set_aside.emit(aside)


def connection_figures(observers: Observers, now_ns: int) -> tuple[Figure, ...]:
    """Round trip, clock, beat, token, rate and losses. Of several observers the worst; rates and losses are sums."""
    # A stopped node's gateway sends none, and says so.
    beats = [observer.beat_ns for observer in observers if not is_told_down(observer)]
    # A beat that never came is older than any other.
    oldest_ns = None if None in beats else min((beat for beat in beats if beat is not None), default=None)
    offset_ns = max(_known(observer.clock_offset_ns for observer in observers), key=abs, default=None)
    expiry_ns = min(_known(observer.token_expires_at_ns for observer in observers), default=None)
    rtt_ns = max(_known(observer.rtt_ns for observer in observers), default=None)
    rate_hz = sum(observer.rate_hz for observer in observers)
    return (
        Figure(
            _("RTT {rtt}").format(rtt=_ms_text(rtt_ns)),
            _("Round trip of a ping and its pong") + _each(observers, lambda one: _ms_text(one.rtt_ns), "\n"),
        ),
        Figure(
            _("clock {offset}").format(offset=offset_text(offset_ns)),
            _("The server's clock against this machine's, by the last pong")
            + _each(observers, lambda one: offset_text(one.clock_offset_ns), "\n"),
        ),
        Figure(
            _("beat {age}").format(age=_ago(oldest_ns, now_ns)),
            _("The last status") + _each(observers, lambda one: _ago(one.beat_ns, now_ns), "\n"),
        ),
        Figure(
            _("token {left}").format(left=_left(expiry_ns, now_ns)),
            _("How long the token still lives; it is renewed before that")
            + _each(observers, lambda one: _left(one.token_expires_at_ns, now_ns), "\n"),
        ),
        Figure(
            _("{rate} msg/s").format(rate=f"{rate_hz:.1f}"),
            _("Messages a second, over the last ten") + _each(observers, _traffic, "\n"),
        ),
        _losses(observers),
    )


def _losses(observers: Observers) -> Figure:
    lost = total_lost(observers)
    malformed = sum(observer.malformed for observer in observers)
    if lost is None:
        text = _("lost {unknown}").format(unknown=UNKNOWN)
    else:
        words = _("≈ {n} lost") if any(is_estimated(observer) for observer in observers) else _("{n} lost")
        text = words.format(n=count_text(lost))
    if malformed:
        text += "  ·  " + _("{n} malformed").format(n=count_text(malformed))
    tip = _(
        "Messages that are missing, and frames that could not be read, since the session began.\n"
        "≈ is an estimate, by statuses that should have come: the real gateway does not number its messages.\n"
        "Click for all that is counted (Ctrl+I)."
    )
    return Figure(text, tip + _each(observers, _losses_of_one, "\n"), is_trouble=bool(lost or malformed))


def _losses_of_one(observer: ObserverState) -> str:
    return _("{lost} lost, {malformed} malformed").format(lost=lost_text(observer), malformed=observer.malformed)


def _traffic(observer: ObserverState) -> str:
    count = ngettext("{n} message", "{n} messages", observer.messages).format(n=count_text(observer.messages))
    return f"{rate_text(observer.rate_hz)}, {count}"


def _each(observers: Observers, describe: Callable[[ObserverState], str], before: str = "") -> str:
    """Give one line an observer."""
    return before * bool(observers) + "\n".join(
        f"{observer_title(observer)}: {describe(observer)}" for observer in observers
    )


def _known(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None]


def _ms_text(span_ns: int | None) -> str:
    return UNKNOWN if span_ns is None else latency_text(span_ns / _NS_PER_MS)


def _ago(at_ns: int | None, now_ns: int) -> str:
    return UNKNOWN if at_ns is None else _("{age} ago").format(age=span_text(max(0, now_ns - at_ns)))


def _left(expiry_ns: int | None, now_ns: int) -> str:
    if expiry_ns is None:
        return UNKNOWN
    return _("expired") if expiry_ns <= now_ns else span_text(expiry_ns - now_ns)
