"""The histogram above the timeline: how much happened when, and how bad. Click to go there, drag to keep that part."""

from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from helios_desktop.event import Severity
from helios_desktop.qt.quantities import count_text
from helios_desktop.qt.theme import Theme
from helios_desktop.qt.timeline_counts import NOTHING, Density
from helios_desktop.qt.times import TimeStyle, full_text, interval_text
from helios_desktop.words import _, ngettext

_HEIGHT_PX: Final = 30
_LEAST_PX: Final = 2.0
_PROBLEM_PX: Final = 4.0
_DRAG_PX: Final = 4
_GROUND_ALPHA: Final = 100


class DensityStrip(QWidget):
    """Paints a `Density`. Warnings are hatched, and problems solid with a tick below: never by colour alone."""

    time_chosen = Signal(object)
    """Go there: nanoseconds since the epoch."""
    range_chosen = Signal(object, object)
    """Keep only what lies between: nanoseconds since the epoch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._style = TimeStyle.UTC
        self._density = NOTHING
        self._pressed_px: float | None = None
        self._at_px = 0.0
        self._cursor: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setFixedHeight(_HEIGHT_PX)
        self.setAccessibleName(_("Events over time"))

    @property
    def density(self) -> Density:
        """What is painted."""
        return self._density

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style

    def show_density(self, density: Density) -> None:
        """Paint this one."""
        before = self._density
        if (
            density.first_ns == before.first_ns
            and density.width_ns == before.width_ns
            and density.searched_ns == before.searched_ns
            and density.counts.shape == before.counts.shape
            and (density.counts == before.counts).all()
        ):
            return
        # A copy, since whoever counts goes on.
        self._density = Density(density.first_ns, density.width_ns, density.counts.copy(), density.searched_ns)
        self.setAccessibleDescription(self._describe())
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's."""
        return QSize(320, _HEIGHT_PX)

    # What it says

    def stretch_text(self, stretch: int) -> str:
        """One stretch in words."""
        density = self._density
        begin_ns = density.first_ns + stretch * density.width_ns
        counts = density.counts[stretch]
        total, problems, warnings = int(counts.sum()), int(counts[Severity.PROBLEM]), int(counts[Severity.WARNING])
        parts = [ngettext("{n} event", "{n} events", total).format(n=count_text(total))]
        if problems:
            parts.append(ngettext("{n} problem", "{n} problems", problems).format(n=count_text(problems)))
        if warnings:
            parts.append(ngettext("{n} warning", "{n} warnings", warnings).format(n=count_text(warnings)))
        when = interval_text(begin_ns, begin_ns + density.width_ns, self._style)
        return _("{events} {when}").format(events=", ".join(parts), when=when)

    def _describe(self) -> str:
        density = self._density
        totals = density.counts.sum(axis=1)
        total, problems = int(totals.sum()), int(density.counts[:, Severity.PROBLEM].sum())
        if not total:
            return _("No event passes the filter.")
        words = ngettext("{n} event", "{n} events", total).format(n=count_text(total))
        bad = ngettext("{n} problem", "{n} problems", problems).format(n=count_text(problems))
        sentence = _("{events}, {problems}, from {first} until {last}. Most of them: {most}.")
        return sentence.format(
            events=words,
            problems=bad,
            first=full_text(density.first_ns, self._style),
            last=full_text(density.end_ns, self._style),
            most=self.stretch_text(int(totals.argmax())),
        )

    # Qt's

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's."""
        painter, theme, density = QPainter(self), self._theme, self._density
        painter.fillRect(self.rect(), theme.panel)
        base = self.height() - 5.0
        painter.setPen(QPen(theme.line, 1))
        painter.drawLine(0, int(base), self.width(), int(base))
        totals = density.counts.sum(axis=1)
        most = int(totals.max())
        if most:
            width = self.width() / len(totals)
            for stretch in totals.nonzero()[0].tolist():
                counts = density.counts[stretch].tolist()
                self._paint_bar(painter, QRectF(stretch * width, 0, max(width - 0.5, 1), base), counts, most)
        self._paint_unsearched(painter)
        if self._pressed_px is not None:
            left, right = sorted((self._pressed_px, self._at_px))
            colour = QColor(theme.selection)
            colour.setAlpha(120)
            painter.fillRect(QRectF(left, 0, right - left, self.height()), colour)
        if self._cursor is not None and self.hasFocus():
            x = (self._cursor + 0.5) * self.width() / len(totals)
            painter.setPen(QPen(theme.focus, 1))
            painter.drawLine(int(x), 0, int(x), self.height())

    def _paint_bar(self, painter: QPainter, room: QRectF, counts: list[int], most: int) -> None:
        theme = self._theme
        quiet = counts[Severity.INFO] + counts[Severity.NOTICE]
        bottom = room.bottom()
        # The worst stands at the bottom and is never too low to be seen.
        for count, brush, least in (
            (counts[Severity.PROBLEM], QBrush(theme.problem), _PROBLEM_PX),
            (counts[Severity.WARNING], QBrush(theme.warning, Qt.BrushStyle.BDiagPattern), _PROBLEM_PX),
            (quiet, QBrush(theme.text_faint), _LEAST_PX),
        ):
            if count:
                height = min(max(room.height() * count / most, least), bottom)
                bar = QRectF(room.left(), bottom - height, room.width(), height)
                if brush.style() is not Qt.BrushStyle.SolidPattern:
                    ground = QColor(brush.color())
                    ground.setAlpha(_GROUND_ALPHA)
                    painter.fillRect(bar, ground)
                painter.fillRect(bar, brush)
                bottom -= height
        if counts[Severity.PROBLEM]:
            painter.fillRect(QRectF(room.left(), room.bottom() + 1, max(room.width(), 3), 4), theme.problem)

    def _paint_unsearched(self, painter: QPainter) -> None:
        density = self._density
        if density.searched_ns is not None:
            part = (density.searched_ns - density.first_ns) / (density.end_ns - density.first_ns)
            room = QRectF(0, 0, self.width() * min(max(part, 0.0), 1.0), self.height())
            painter.fillRect(room, QBrush(self._theme.line, Qt.BrushStyle.DiagCrossPattern))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed_px = self._at_px = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        self._at_px = event.position().x()
        if self._pressed_px is not None:
            self.update()
        if self._density is not NOTHING:
            stretch = self._density.stretch_at(self._instant(self._at_px))
            QToolTip.showText(event.globalPosition().toPoint(), self.stretch_text(stretch), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click goes there, a drag keeps what is between."""
        pressed, self._pressed_px = self._pressed_px, None
        self.update()
        if pressed is None or self._density is NOTHING:
            return
        left, right = sorted((pressed, event.position().x()))
        if right - left < _DRAG_PX:
            self.time_chosen.emit(self._stretch_begin(self._density.stretch_at(self._instant(pressed))))
        else:
            self.range_chosen.emit(self._instant(left), self._instant(right))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the arrows move from stretch to stretch, Enter goes there."""
        last = len(self._density.counts) - 1
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                step = 1 if event.key() == Qt.Key.Key_Right else -1
                self._cursor = last if self._cursor is None else min(max(self._cursor + step, 0), last)
                self.setAccessibleDescription(self.stretch_text(self._cursor))
                self.update()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._cursor is not None:
                self.time_chosen.emit(self._stretch_begin(min(self._cursor, last)))
            case _:
                super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        super().leaveEvent(event)
        QToolTip.hideText()

    def _instant(self, x_px: float) -> int:
        density = self._density
        part = min(max(x_px / max(self.width(), 1), 0.0), 1.0)
        return density.first_ns + int((density.end_ns - density.first_ns) * part)

    def _stretch_begin(self, stretch: int) -> int:
        return self._density.first_ns + stretch * self._density.width_ns
